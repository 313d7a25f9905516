"""A small discord.py bot that uses what the product will use, and the way to run one in a playground."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import aiohttp
import discord
import yarl
from discord import app_commands

from bot.playground.server import Playground

COLOURS = ("red", "green", "blue", "indigo")


@contextmanager
def pointed_at(playground: Playground) -> Iterator[None]:
    """Send every discord.py client of this process to a playground, until the block ends."""
    route, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = playground.api_base
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(
        playground.url.replace("http", "ws", 1) + "/gateway"
    )
    try:
        yield
    finally:
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = route, gateway


async def bot_token(playground: Playground, name: str = "Guest") -> str:
    """Make a bot, or find the one of this name, and give its token."""
    url = f"{playground.url}/playground/bots"
    async with aiohttp.ClientSession() as http, http.post(url, json={"name": name}) as response:
        token: str = (await response.json())["token"]
        return token


@asynccontextmanager
async def running(client: discord.Client, token: str) -> AsyncIterator[discord.Client]:
    """Run a client until the block ends; what kills the client fails the test."""
    async with client:
        await client.login(token)
        connected = asyncio.create_task(client.connect())
        ready = asyncio.create_task(client.wait_until_ready())
        try:
            await asyncio.wait([connected, ready], return_when=asyncio.FIRST_COMPLETED, timeout=15)
            if connected.done():
                connected.result()
            assert client.is_ready()
            yield client
        finally:
            await client.close()
            ready.cancel()
            # A parser that met a payload it cannot read has killed the client: that fails the test.
            await asyncio.gather(connected)
            await asyncio.gather(ready, return_exceptions=True)


class Guest(discord.Client):
    """Answer commands of every shape, and remember the messages and the gateway's turns."""

    def __init__(self, *, intents: discord.Intents | None = None, **options: Any) -> None:
        super().__init__(
            intents=intents or discord.Intents.default(),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.2,
            **options,
        )
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.resumed = asyncio.Event()
        self.connects = 0
        add_commands(self.tree)

    async def setup_hook(self) -> None:
        """Tell the server of the commands, as the product does at its start."""
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        """Remember every message."""
        self.heard.append(message)

    async def on_connect(self) -> None:
        """Count new sessions."""
        self.connects += 1

    async def on_resumed(self) -> None:
        """Note that a session was taken up again."""
        self.resumed.set()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Leave out the five seconds that Discord wants between sessions."""


class Row(discord.ui.View):
    """Show two buttons, one that cannot be pressed, and a menu."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="More", custom_id="more")
    async def more(self, interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        """Change the message that the button is on."""
        assert interaction.message is not None
        await interaction.response.edit_message(content=interaction.message.content + " more")

    @discord.ui.button(label="Whisper", custom_id="whisper")
    async def whisper(self, interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        """Say something to who pressed, and to nobody else."""
        await interaction.response.send_message("only you", ephemeral=True)

    @discord.ui.button(label="Off", custom_id="off", disabled=True)
    async def off(self, _interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        """Never run."""
        raise AssertionError("a disabled button was pressed")

    @discord.ui.select(
        custom_id="menu",
        placeholder="Which?",
        max_values=2,
        options=[discord.SelectOption(label=colour) for colour in COLOURS],
    )
    async def menu(self, interaction: discord.Interaction, select: discord.ui.Select[Self]) -> None:
        """Defer, then edit the message that the menu is on."""
        await interaction.response.defer()
        await interaction.edit_original_response(content=" and ".join(select.values))

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who", placeholder="Who?")
    async def who(self, interaction: discord.Interaction, select: discord.ui.UserSelect[Self]) -> None:
        """Name the chosen user."""
        await interaction.response.send_message(f"chosen: {select.values[0].name}")


class Form(discord.ui.Modal, title="A form"):
    """Ask for a text, a choice and a file, each beneath a label."""

    words: discord.ui.Label[Self] = discord.ui.Label(
        text="Words", component=discord.ui.TextInput(custom_id="words", min_length=3, max_length=20)
    )
    colour: discord.ui.Label[Self] = discord.ui.Label(
        text="Colour",
        component=discord.ui.Select(
            custom_id="colour", options=[discord.SelectOption(label=c) for c in COLOURS]
        ),
    )
    page: discord.ui.Label[Self] = discord.ui.Label(
        text="Page", component=discord.ui.FileUpload(custom_id="page", required=False)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Say what was filled in."""
        words, colour, page = self.words.component, self.colour.component, self.page.component
        assert isinstance(words, discord.ui.TextInput)
        assert isinstance(colour, discord.ui.Select)
        assert isinstance(page, discord.ui.FileUpload)
        files = [file.filename for file in page.values]
        await interaction.response.send_message(f"{words.value} {colour.values[0]} {files}")


class OldForm(discord.ui.Modal, title="An old form"):
    """Ask in the way of before labels: a text input in an action row."""

    words: discord.ui.TextInput[Self] = discord.ui.TextInput(label="Words", custom_id="words", required=False)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Put what was filled in where the button is, if there is one."""
        if interaction.message is None:
            await interaction.response.send_message(f"old: {self.words.value!r}")
        else:
            await interaction.response.edit_message(content=f"old: {self.words.value!r}")


class Layout(discord.ui.LayoutView):
    """Show components of the second version: a container with a text and a button beside it."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        button: discord.ui.Button[Self] = discord.ui.Button(label="Turn", custom_id="turn")
        button.callback = self.turn  # type: ignore[method-assign]  # discord.py's own way without a subclass
        section: discord.ui.Section[Self] = discord.ui.Section("# A page", accessory=button)
        self.add_item(discord.ui.Container(section, discord.ui.Separator(), accent_colour=0xC08040))

    async def turn(self, interaction: discord.Interaction) -> None:
        """Put another page in the same place."""
        view = discord.ui.LayoutView()
        view.add_item(discord.ui.TextDisplay("The end"))
        await interaction.response.edit_message(view=view)


def add_commands(tree: app_commands.CommandTree[Any]) -> None:
    """Declare the commands."""
    tree.add_command(app_commands.Command(name="hello", description="Greet", callback=_hello))
    tree.add_command(app_commands.Command(name="slow", description="Defer", callback=_slow))
    tree.add_command(app_commands.Command(name="secret", description="Whisper", callback=_secret))
    tree.add_command(app_commands.Command(name="row", description="Show components", callback=_row))
    tree.add_command(app_commands.Command(name="layout", description="Show a page", callback=_layout))
    tree.add_command(app_commands.Command(name="form", description="Ask", callback=_form))
    tree.add_command(app_commands.Command(name="silent", description="Never answer", callback=_silent))
    tree.add_command(app_commands.Command(name="look", description="Look at things", callback=_look))
    tree.add_command(app_commands.ContextMenu(name="Count words", callback=_count_words))
    tree.add_command(app_commands.ContextMenu(name="Wave at", callback=_wave))
    tree.add_command(_Palette())
    guarded: app_commands.Command[Any, ..., None] = app_commands.Command(
        name="guarded", description="For moderators", callback=_hello_plain
    )
    guarded.default_permissions = discord.Permissions(manage_messages=True)
    guarded.guild_only = True
    tree.add_command(guarded)


class _Palette(app_commands.Group):
    """Hold subcommands with autocomplete and limits."""

    def __init__(self) -> None:
        super().__init__(name="palette", description="Colours")

    @app_commands.command(description="Pick a colour")
    @app_commands.describe(colour="Which", times="How often")
    async def pick(
        self, interaction: discord.Interaction, colour: str, times: app_commands.Range[int, 1, 5] = 1
    ) -> None:
        """Name the colour as often as asked."""
        await interaction.response.send_message(" ".join([colour] * times))

    @pick.autocomplete("colour")
    async def _colours(
        self, _interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=c.title(), value=c) for c in COLOURS if c.startswith(current)]


async def _hello(interaction: discord.Interaction, who: str) -> None:
    await interaction.response.send_message(f"hello {who} in {interaction.locale.value}")


async def _hello_plain(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("hello, moderator")


async def _slow(interaction: discord.Interaction) -> None:
    await interaction.response.defer()
    await interaction.edit_original_response(content="first")
    await interaction.edit_original_response(content="second")
    await interaction.followup.send("third", file=discord.File(io.BytesIO(b"ink"), "page.txt"))


async def _secret(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("hush", ephemeral=True, view=Row())


async def _row(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("row", view=Row())


async def _layout(interaction: discord.Interaction) -> None:
    await interaction.response.send_message(view=Layout())


async def _form(interaction: discord.Interaction, old: bool = False) -> None:
    await interaction.response.send_modal(OldForm() if old else Form())


async def _silent(_interaction: discord.Interaction) -> None:
    """Let the three seconds pass."""


async def _look(
    interaction: discord.Interaction,
    user: discord.Member,
    channel: discord.TextChannel,
    file: discord.Attachment,
) -> None:
    content = (await file.read()).decode()
    await interaction.response.send_message(f"{user.name} {channel.name} {file.filename} {content}")


async def _count_words(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"{len(message.content.split())} words", ephemeral=True)


async def _wave(interaction: discord.Interaction, member: discord.Member) -> None:
    await interaction.response.send_message(f"waves at {member.name}")

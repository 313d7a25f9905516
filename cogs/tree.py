"""Walk a story's tree: `/branch`, `/fix`, and what can be done with any passage from its message's menu."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.errors import Refused
from bot.locales import _
from bot.reply.answers import answering, dismiss
from bot.reply.performance import Performance
from bot.reply.rewriting import Rewriting
from bot.reply.tree_lines import branch_opened, branch_told, elsewhere, taken_back
from bot.reply.who import person_of, place_of, require_voice
from bot.reply.windows.tree import BranchWindow, Filled, filled, open_editor
from bot.story.tree.editing import Editor, Found
from bot.story.tree.walking import NAME, Branched, Forester

CHOICES = 25


class Tree(commands.Cog):
    """Change passages anywhere in a story, and lead it along its branches."""

    def __init__(
        self,
        *,
        bot: StoryBot,
        editor: Editor,
        forester: Forester,
        rewriting: Rewriting,
        performance: Performance,
    ) -> None:
        self._tree = bot.tree
        self._rewriting = rewriting
        self._editor = editor
        self._forester = forester
        self._performance = performance
        self._menus = [
            app_commands.ContextMenu(name="Edit passage", callback=self.edit_passage),
            app_commands.ContextMenu(name="Retake", callback=self.retake),
            app_commands.ContextMenu(name="Branch from here", callback=self.branch_from),
            app_commands.ContextMenu(name="Take back", callback=self.take_back),
        ]

    async def cog_load(self) -> None:
        """Put the menus under every message."""
        for menu in self._menus:
            self._tree.add_command(menu)

    async def cog_unload(self) -> None:
        """Take the menus away again."""
        for menu in self._menus:
            self._tree.remove_command(menu.name, type=menu.type)

    @app_commands.command(
        description="Open a branch at the newest passage, or switch to the one of that name"
    )
    @app_commands.describe(name="What the branch is called; the first one is called main")
    async def branch(self, interaction: discord.Interaction, name: app_commands.Range[str, 1, NAME]) -> None:
        """Open a branch or switch to it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        person = person_of(interaction)
        done = await self._forester.branch(place_of(interaction), person, name)
        await self._show_branch(interaction, done)
        await dismiss(interaction)

    @branch.autocomplete("name")
    async def complete(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the branches that are there."""
        try:
            names = await self._forester.names(place_of(interaction))
        except Refused:
            return []  # no story is told here, and the command itself says so
        found = [name for name in names if typed.strip().casefold() in name.casefold()]
        return [app_commands.Choice(name=name, value=name) for name in found[:CHOICES]]

    @app_commands.command(description="Let the narrator change its newest passage as you tell it")
    @app_commands.describe(instruction="What to change; everything else stays")
    async def fix(
        self, interaction: discord.Interaction, instruction: app_commands.Range[str, 1, 500]
    ) -> None:
        """Ask the narrator to change its newest passage."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        await self._performance.fix(place_of(interaction), person_of(interaction), instruction)
        await dismiss(interaction)

    async def edit_passage(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Open the window with the passage that a message shows."""
        passage_id = await self._passage(message)
        found = await self._editor.look(place_of(interaction), person_of(interaction), passage_id)
        await open_editor(interaction, found)

    async def retake(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Let the narrator write another take of the passage that a message shows."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        found = await self._found(interaction, message)
        place, person = place_of(interaction), person_of(interaction)
        await self._performance.retake(place, person, passage_id=found.passage.id)
        await self._rewriting.tell_takes(interaction, found.leaf.slot)

    async def branch_from(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Ask for the name of a branch that begins at the passage that a message shows."""
        passage_id = await self._passage(message)
        await interaction.response.send_modal(BranchWindow(passage_id, interaction.locale.value))

    async def take_back(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Take back the passage that a message shows."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        found = await self._found(interaction, message)
        place, person = place_of(interaction), person_of(interaction)
        moved = await self._editor.take_back(place, person, found.passage.id)
        await self._performance.show_move(moved, taken_back(person))
        await dismiss(interaction)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take what was written in the windows, also in one that was opened before a restart."""
        answer = filled(interaction)
        if answer is None:
            return
        async with answering(interaction):
            await interaction.response.defer(ephemeral=True, thinking=True)
            require_voice(interaction)
            if answer.window == "edit":
                await self._rewriting.rewrite(interaction, answer.passage_id, answer.text)
            else:
                await self._branch_from(interaction, answer)

    @commands.Cog.listener()
    async def on_take_button(self, interaction: discord.Interaction, passage_id: int, step: int) -> None:
        """Turn to another take of a passage in the middle, and let the arrows follow."""
        async with answering(interaction):
            await interaction.response.defer()
            require_voice(interaction)
            await self._rewriting.turn(interaction, passage_id, step=step)

    async def _passage(self, message: discord.Message) -> int:
        passage_id = await self._performance.board.passage_of(message.channel.id, message.id)
        if passage_id is None:
            raise Refused(_("This message shows no passage of a story. Choose one that does."))
        return passage_id

    async def _found(self, interaction: discord.Interaction, message: discord.Message) -> Found:
        return await self._editor.find(place_of(interaction), await self._passage(message))

    async def _branch_from(self, interaction: discord.Interaction, answer: Filled) -> None:
        place, person = place_of(interaction), person_of(interaction)
        done = await self._forester.branch_from(place, person, answer.passage_id, answer.text)
        await self._show_branch(interaction, done)
        await dismiss(interaction)

    async def _show_branch(self, interaction: discord.Interaction, done: Branched) -> None:
        person, before, now = person_of(interaction), done.moved.before, done.moved.now
        await self._performance.show_move(done.moved, elsewhere(before.branch.name))
        say = branch_opened if done.opened else branch_told
        link = await self._performance.board.link_to(now)
        await self._performance.board.say(now.story, say(person, now.branch.name, link))


async def setup(bot: StoryBot) -> None:
    """Add branches, fixes, and the menus of passages."""
    services = bot.services
    await bot.add_cog(
        Tree(
            bot=bot,
            editor=services.editor,
            forester=services.forester,
            rewriting=services.rewriting,
            performance=services.performance,
        )
    )

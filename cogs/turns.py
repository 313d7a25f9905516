"""Take turns: `/turn join`, `leave`, `skip`, `next`, `order`, `mode`, `host` and `reveal`."""

from typing import cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.errors import Refused
from bot.locales import Text, _
from bot.reply.answers import answering, dismiss, tell
from bot.reply.cards.turn import order_card, turn_text
from bot.reply.performance import Performance
from bot.reply.turn_line import duration
from bot.reply.who import person_of, place_of, require_voice
from bot.story.people import Person
from bot.story.turns import lengths
from bot.story.turns.state import Mode, Then
from bot.story.turns.table import TurnTable, View, Wish

CHOICE = app_commands.Choice[str]
MODES = [
    CHOICE(name="free: everyone writes when they like", value="free"),
    CHOICE(name="in turn, in the order of the seats", value="robin"),
    CHOICE(name="random order, everyone once", value="random"),
    CHOICE(name="others between: after you, others first", value="between"),
    CHOICE(name="blind: in turn, seeing only the last lines", value="blind"),
    CHOICE(name="round: all hand in, the narrator weaves", value="round"),
    CHOICE(name="vote: all propose, the group votes", value="vote"),
]
THEN = [
    CHOICE(name="the next one is up", value="skip"),
    CHOICE(name="the narrator fills in", value="narrator"),
]


class TurnGroup(
    commands.GroupCog, group_name="turn", group_description="Who may write next in the story of this channel"
):
    """Hand people's wishes about turns to the table."""

    def __init__(self, *, table: TurnTable, performance: Performance) -> None:
        self._table = table
        self._performance = performance

    @app_commands.command(description="Take a seat in the story of this channel")
    async def join(self, interaction: discord.Interaction) -> None:
        """Take a seat."""
        await self._join(interaction)

    @app_commands.command(description="Give up your seat in the story of this channel")
    async def leave(self, interaction: discord.Interaction) -> None:
        """Give up one's seat."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._table.leave(place_of(interaction), person_of(interaction))
        await self._told(interaction, view, _("Your seat is free again. `/turn join` takes one anew."))

    @app_commands.command(description="Skip a turn: yours, or as host or moderator anyone's")
    async def skip(self, interaction: discord.Interaction) -> None:
        """Let the turn pass on."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        view = await self._table.skip(place_of(interaction), person_of(interaction))
        await self._told(interaction, view, _("The turn has passed on."))

    @app_commands.command(name="next", description="See whose turn it is, or give the turn to someone")
    @app_commands.describe(member="Who shall write now; for who has the turn, the host and moderators")
    async def next_(
        self, interaction: discord.Interaction, member: discord.User | discord.Member | None = None
    ) -> None:
        """Tell whose turn it is; with a member, give them the turn."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        place, person = place_of(interaction), person_of(interaction)
        if member is None:
            view = await self._table.look(place, person)
            await self._told(interaction, view, turn_text(view, person.id))
            return
        require_voice(interaction)
        view = await self._table.give(place, person, Person(member.id, member.display_name))
        await self._told(interaction, view, _("The turn is theirs now."))

    @app_commands.command(description="See the order of the turns, or as host or moderator set it")
    @app_commands.describe(people="Who shall write first, and after them: names or mentions in their order")
    async def order(
        self, interaction: discord.Interaction, people: app_commands.Range[str, 1, 1000] | None = None
    ) -> None:
        """Show the order, privately; with people, put them first in it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        place, person = place_of(interaction), person_of(interaction)
        if people is not None:
            require_voice(interaction)
            changed = await self._table.arrange(place, person, people)
            self._performance.board.tell(changed.story.id)
        view = await self._table.look(place, person)
        embed = order_card(view, interaction.user.id, interaction.locale.value)
        await interaction.edit_original_response(embed=embed)

    @app_commands.command(description="Choose how turns go; for the host and moderators")
    @app_commands.describe(
        mode="Who may write next",
        length="How long a turn lasts: 10m, 2h, 1d (one minute to 14 days)",
        nudge="After how many percent of a turn its one reminder comes; 0 for none",
        then="What happens at the end of a turn in which nothing came",
        patience="After how many silent turns in a row a seat is free again",
        others="How many others must write before the same person again (others between)",
    )
    @app_commands.choices(mode=MODES, then=THEN)
    async def mode(
        self,
        interaction: discord.Interaction,
        mode: CHOICE | None = None,
        length: app_commands.Range[str, 1, 40] | None = None,
        nudge: app_commands.Range[int, 0, 95] | None = None,
        then: CHOICE | None = None,
        patience: app_commands.Range[int, 1, 20] | None = None,
        others: app_commands.Range[int, 1, 20] | None = None,
    ) -> None:
        """Set what is given; without anything, show how turns go."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        wish = Wish(
            mode=cast(Mode, mode.value) if mode else None,
            length=lengths.parse(length) if length else None,
            nudge=nudge,
            then=cast(Then, then.value) if then else None,
            patience=patience,
            others=others,
        )
        place, person = place_of(interaction), person_of(interaction)
        if wish != Wish():
            require_voice(interaction)
            switched = await self._table.switch(place, person, wish)
            await self._performance.unseal(switched.story, switched.revealed)
            self._performance.board.tell(switched.story.id)
        view = await self._table.look(place, person)
        embed = order_card(view, interaction.user.id, interaction.locale.value)
        await interaction.edit_original_response(embed=embed)

    @mode.autocomplete("length")
    async def complete(self, interaction: discord.Interaction, typed: str) -> list[CHOICE]:
        """Offer usual lengths."""
        offered = [(duration(one).render(interaction.locale.value), one) for one in lengths.SUGGESTED]
        wanted = typed.strip().casefold()
        return [
            CHOICE(name=name, value=lengths.written(one))
            for name, one in offered
            if wanted in name.casefold() or lengths.written(one).startswith(wanted)
        ]

    @app_commands.command(description="Make someone else the host; for the host and moderators")
    @app_commands.describe(member="Who shall be the host")
    async def host(self, interaction: discord.Interaction, member: discord.User | discord.Member) -> None:
        """Hand over."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        if member.bot or (interaction.guild_id is not None and isinstance(member, discord.User)):
            raise Refused(_("Only a person who is in this server can be the host. Choose another."))
        to = Person(member.id, member.display_name)
        view = await self._table.hand_over(place_of(interaction), person_of(interaction), to)
        await self._told(interaction, view, _("You have handed the story over."))

    @app_commands.command(
        description="Show the secret passages of a blind story; for the host and moderators"
    )
    async def reveal(self, interaction: discord.Interaction) -> None:
        """Show what was secret."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        view = await self._table.reveal(place_of(interaction), person_of(interaction))
        await self._performance.unseal(view.story, view.revealed)
        await dismiss(interaction)

    @commands.Cog.listener()
    async def on_turn_join(self, interaction: discord.Interaction, story_id: int) -> None:
        """Take a seat by the button, if the story of that button is the one told here now."""
        async with answering(interaction):
            await self._join(interaction, story_id)

    async def _join(self, interaction: discord.Interaction, story_id: int | None = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        place, person = place_of(interaction), person_of(interaction)
        view = await self._table.join(place, person, story_id=story_id)
        await self._told(interaction, view, turn_text(view, person.id))

    async def _told(self, interaction: discord.Interaction, view: View, text: Text) -> None:
        """Answer privately, and let the channel hear what came of it."""
        await tell(interaction, text)
        self._performance.board.tell(view.story.id)


async def setup(bot: StoryBot) -> None:
    """Add the `/turn` family."""
    await bot.add_cog(TurnGroup(table=bot.services.turns, performance=bot.services.performance))

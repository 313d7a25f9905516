"""Turn the story: `/twist`, the Twist button, and the buttons under votes."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.errors import Refused
from bot.locales import Text, _
from bot.reply.answers import answering, tell
from bot.reply.cards.vote import letter
from bot.reply.voting import Voting
from bot.reply.who import person_of, place_of, require_voice
from bot.reply.windows.propose import ProposeModal, proposal_of
from bot.story.turns import lengths
from bot.story.votes.polls import Poll

CHOICE = app_commands.Choice[str]


class Twist(commands.Cog):
    """Take what people press and propose, and hand it to the votes."""

    def __init__(self, *, voting: Voting) -> None:
        self._voting = voting

    async def cog_unload(self) -> None:
        """Let no task outlive the cog."""
        await self._voting.rest()

    @app_commands.command(description="Let the narrator offer three twists, and the group vote on them")
    @app_commands.describe(
        length="How long the group may vote: 10m, 2h, 1d; as long as a turn if you give nothing",
        hidden="Show the count only at the end",
    )
    async def twist(
        self,
        interaction: discord.Interaction,
        length: app_commands.Range[str, 1, 40] | None = None,
        hidden: bool = False,
    ) -> None:
        """Put three twists to the group."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        seconds = lengths.parse(length) // 1000 if length else None
        await self._offer(interaction, hidden=hidden, seconds=seconds)

    @commands.Cog.listener()
    async def on_story_button(self, interaction: discord.Interaction, action: str, about: int) -> None:
        """Put three twists to the group, from the button under the newest passage."""
        if action == "twist":
            async with answering(interaction):
                await interaction.response.defer(ephemeral=True, thinking=True)
                await self._offer(interaction, hidden=False, seconds=None)

    @commands.Cog.listener()
    async def on_vote_button(self, interaction: discord.Interaction, vote_id: int, choice: str) -> None:
        """Do what a button under a vote says."""
        async with answering(interaction):
            if choice == "propose":
                await interaction.response.send_modal(ProposeModal(vote_id, interaction.locale.value))
                return
            await interaction.response.defer(ephemeral=True, thinking=True)
            await tell(interaction, await self._press(interaction, vote_id, choice))

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take what was proposed in the window, also in one that was opened before a restart."""
        proposal = proposal_of(interaction)
        if proposal is None:
            return
        async with answering(interaction):
            await interaction.response.defer(ephemeral=True, thinking=True)
            try:
                await self._voting.propose(
                    place_of(interaction),
                    person_of(interaction),
                    proposal.vote_id,
                    proposal.text,
                    verbatim=proposal.verbatim,
                )
            except Refused as refusal:
                raise Refused(refusal.text, words=refusal.words or proposal.text) from None
            await tell(interaction, _("Your proposal is among the choices. Press it to vote for it."))

    async def _offer(self, interaction: discord.Interaction, *, hidden: bool, seconds: int | None) -> None:
        require_voice(interaction)
        poll, trouble = await self._voting.offer_twists(
            place_of(interaction), person_of(interaction), hidden=hidden, seconds=seconds
        )
        await tell(interaction, _offered(poll, trouble))

    async def _press(self, interaction: discord.Interaction, vote_id: int, choice: str) -> Text:
        """Carry out a press; return what to say about it."""
        require_voice(interaction)
        place, person = place_of(interaction), person_of(interaction)
        if choice.isdigit():
            option = await self._voting.cast(place, person, vote_id, int(choice))
            if option is None:
                return _("You have broken the tie.")
            return _(
                "Your vote is for {letter}. You can change it until the votes are counted.",
                letter=letter(option.number),
            )
        match choice:
            case "close":
                await self._voting.close(place, person, vote_id)
                return _("The votes are counted.")
            case "runoff":
                await self._voting.run_off(place, person, vote_id)
                return _("The run-off has begun.")
            case "go":
                await self._voting.go(place, person, vote_id)
                return _("What was chosen is in the story.")
        raise Refused(
            _("This button has no use any more. Use the buttons under the newest passage, or a command.")
        )


def _offered(poll: Poll, trouble: Text | None) -> Text:
    """Return what to say of a vote that was put to the group."""
    if poll.options:
        return _("The group can vote now. You may count the votes early with the button Count now.")
    if not poll.story.narrates:
        return _(
            "This story is told without the narrator, so the twists are yours: everyone can propose one with the"
            " button Propose. `/story settings narrator` lets the narrator in."
        )
    if trouble is not None:
        return _(
            "The narrator could not think of twists: {reason} Everyone can propose one with the button Propose.",
            reason=trouble,
        )
    return _(
        "No good twist came to the narrator this time. Everyone can propose one with the button Propose."
    )


async def setup(bot: StoryBot) -> None:
    """Add `/twist` and the votes."""
    await bot.add_cog(Twist(voting=bot.services.voting))

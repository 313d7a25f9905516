"""Keep stories within what people agreed on: `/boundaries`, and the buttons that leave a scene."""

from typing import cast

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.errors import Refused
from bot.locales import Text, _
from bot.reply.answers import UNSAID, answering, dismiss
from bot.reply.boundary_buttons import single
from bot.reply.cards.boundary import buttons, card
from bot.reply.performance import Performance
from bot.reply.who import person_of, place_of, require_age
from bot.story.boundaries.agreement import Agreement, Boundaries
from bot.story.boundaries.scenes import Scenes
from bot.story.people import Person, Place
from bot.story.shelf import Shelf
from storage.boundaries import Kind
from storage.stories import Rating

log = structlog.get_logger(__name__)

OFFERED = 25  # Discord's most
WORDS = app_commands.Range[str, 1, 100]
CHOICE = app_commands.Choice[str]
UNSET = "unset"
RATINGS = [
    CHOICE(name="for everyone", value="everyone"),
    CHOICE(name="for teens and up", value="teen"),
    CHOICE(name="for adults", value="mature"),
    CHOICE(name="not set here", value=UNSET),
]


class BoundaryCog(commands.Cog, name="boundaries"):
    """Take what people want left out, and let them leave a scene."""

    def __init__(
        self, *, boundaries: Boundaries, scenes: Scenes, shelf: Shelf, performance: Performance
    ) -> None:
        self._boundaries = boundaries
        self._scenes = scenes
        self._shelf = shelf
        self._performance = performance

    @app_commands.command(description="What stories here leave out, and private ways to leave a scene")
    @app_commands.describe(
        line="What is never to happen: a word or a few, with commas between them",
        veil="What may happen, but out of sight",
        remove="Take one away; for moderators",
        rating="Who the stories here are for at the most; for moderators",
        whole_server="Let it hold on the whole server",
    )
    @app_commands.choices(rating=RATINGS)
    async def boundaries(
        self,
        interaction: discord.Interaction,
        line: WORDS | None = None,
        veil: WORDS | None = None,
        remove: WORDS | None = None,
        rating: CHOICE | None = None,
        whole_server: bool = False,
    ) -> None:
        """Change what is given, then show what holds, privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        place, person = place_of(interaction), person_of(interaction)
        serves = interaction.permissions.manage_guild
        said = []
        for kind, words in (("line", line), ("veil", veil)):
            if words is not None:
                said.append(await self._draw(place, person, cast(Kind, kind), words, whole_server, serves))
        if remove is not None:
            await self._boundaries.remove(place, person, remove, serves=serves)
            said.append(_("That holds no more."))
        if rating is not None:
            wanted = None if rating.value == UNSET else cast(Rating, rating.value)
            require_age(interaction, wanted)
            await self._boundaries.rate(place, person, wanted, whole_server=whole_server, serves=serves)
            said.append(_("The rating is set. Stories that were stronger are told more mildly from now on."))
        await self._show(interaction, place, person, said)

    @boundaries.autocomplete("remove")
    async def complete(self, interaction: discord.Interaction, typed: str) -> list[CHOICE]:
        """Offer what could be taken away."""
        agreement = await self._boundaries.show(place_of(interaction), person_of(interaction))
        wanted = typed.strip().casefold()
        found = [boundary.text for boundary in agreement.all if wanted in boundary.text.casefold()]
        return [CHOICE(name=text, value=text) for text in dict.fromkeys(found)][:OFFERED]

    @commands.Cog.listener()
    async def on_boundary_button(self, interaction: discord.Interaction, action: str, about: int) -> None:
        """Do what a button says, and answer the one who pressed it alone."""
        async with answering(interaction):
            await interaction.response.defer(ephemeral=True, thinking=True)
            place, person = place_of(interaction), person_of(interaction)
            match action:
                case "open":
                    await self._show(interaction, place, person, [])
                case "agree" | "refuse":
                    serves = interaction.permissions.manage_guild
                    agreed = action == "agree"
                    await self._boundaries.decide(place, person, about, agreed=agreed, serves=serves)
                    await self._show(interaction, place, person, [_("Decided.")])
                case "pause" | "rewind" | "skip":
                    await self._leave(interaction, place, person, action, about)
                case "resume":
                    await self._resume(interaction, place, person, about)
                case _:
                    raise Refused(_("This button has no use any more. `/boundaries` has new ones."))

    async def _draw(
        self, place: Place, person: Person, kind: Kind, words: str, whole_server: bool, serves: bool
    ) -> Text:
        drawn = await self._boundaries.draw(
            place, person, kind=kind, text=words, whole_server=whole_server, serves=serves
        )
        if drawn.agreed:
            return _("From now on stories here keep to that.")
        return _(
            "Your proposal waits for the moderators. It carries no name, so nobody can tell you about it."
        )

    async def _show(
        self, interaction: discord.Interaction, place: Place, person: Person, said: list[Text]
    ) -> None:
        locale = interaction.locale.value
        agreement: Agreement = await self._boundaries.show(place, person)
        await interaction.edit_original_response(
            content="\n".join(text.render(locale) for text in said) or None,
            embed=card(agreement, locale),
            view=buttons(agreement, await self._shelf.find(place), locale),
        )

    async def _leave(
        self, interaction: discord.Interaction, place: Place, person: Person, action: str, story_id: int
    ) -> None:
        """Do it, tell the channel in calm words, and the one who asked that nobody knows."""
        if action == "pause":
            await self._pause(place, person, story_id)
        elif action == "rewind":
            moved = await self._scenes.rewind(place, person, story_id)
            await self._performance.show_move(moved, _("This passage was taken back with its scene."))
            line = _("⏪ The story goes back to before this scene. Nothing more needs to be said about it.")
            await self._performance.board.say(moved.now.story, line)
        else:
            story = await self._scenes.leave(place, person, story_id)
            line = _("⏭️ This scene is over. The narrator's next passage begins later, somewhere else.")
            await self._performance.board.say(story, line)
        log.info("a scene was left", how=action, story=story_id)
        done = _("Done. Nobody can see that it was you.")
        await interaction.edit_original_response(content=done.render(interaction.locale.value))

    async def _pause(self, place: Place, person: Person, story_id: int) -> None:
        story = (await self._scenes.pause(place, person, story_id)).story
        board = self._performance.board
        await board.take_away_buttons(story)
        calm = _("⏸️ The story rests for a while. Take a breath; it goes on when everybody is ready.")
        await board.channel(story.channel_id).send(
            calm.render(story.language),
            view=single("resume", story.id, story.language),
            allowed_mentions=discord.AllowedMentions.none(),
        )

    async def _resume(
        self, interaction: discord.Interaction, place: Place, person: Person, story_id: int
    ) -> None:
        story = (await self._scenes.resume(place, person, story_id)).story
        await self._performance.board.say(story, _("▶️ The story goes on."))
        await self._performance.board.settle(story)
        await _take_button_off(interaction)
        await dismiss(interaction)


async def _take_button_off(interaction: discord.Interaction) -> None:
    """Take the button off the message that offered to go on; one that stays answers that it has no use any more."""
    if interaction.message is None:
        return
    try:
        await interaction.message.edit(view=None, allowed_mentions=discord.AllowedMentions.none())
    except UNSAID as error:
        log.warning("a button stays", error=repr(error))


async def setup(bot: StoryBot) -> None:
    """Add `/boundaries`."""
    services = bot.services
    await bot.add_cog(
        BoundaryCog(
            boundaries=services.boundaries,
            scenes=services.scenes,
            shelf=services.shelf,
            performance=services.performance,
        )
    )

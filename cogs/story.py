"""Start, show, list, change, pause, end and export stories: the `/story` family."""

import io
import re
from typing import cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.locales import _
from bot.pictures.studio import Studio
from bot.reply.adapter_choices import choices
from bot.reply.answers import dismiss
from bot.reply.cards.quality import quality_card, trend_file
from bot.reply.cards.story import card, shelf_page
from bot.reply.curtain import show_shift
from bot.reply.gathering import Gathering
from bot.reply.performance import Performance
from bot.reply.who import person_of, place_of, require_age, require_voice, sight_of
from bot.story.narration.adapters import Adapters
from bot.story.narration.creativity import MIDDLE
from bot.story.narration.styles import NO_STYLE, STYLES
from bot.story.pausing import Pausing, handle
from bot.story.shelf import Changes, Outline, Shelf
from bot.story.survey.surveying import Survey
from storage.stories import NEVER, ON_REQUEST, Language, Rating, State

OFFERED = 25  # Discord's most
TITLE = app_commands.Range[str, 1, 100]
PREMISE = app_commands.Range[str, 1, 1000]
CHOICE = app_commands.Choice[str]
DIAL = app_commands.Range[int, 1, 5]
LANGUAGES = [CHOICE(name="English", value="en"), CHOICE(name="中文", value="zh")]
RATINGS = [
    CHOICE(name="for everyone", value="everyone"),
    CHOICE(name="for teens and up", value="teen"),
    CHOICE(name="for adults", value="mature"),
]
NARRATORS = [
    CHOICE(name="when somebody asks", value=str(ON_REQUEST)),
    CHOICE(name="by itself after each passage", value="1"),
    CHOICE(name="by itself after 2 passages of people", value="2"),
    CHOICE(name="by itself after 3 passages of people", value="3"),
    CHOICE(name="by itself after 5 passages of people", value="5"),
    CHOICE(name="by itself after 8 passages of people", value="8"),
    CHOICE(name="never: people alone tell this story", value=str(NEVER)),
]
STYLE_CHOICES = [
    CHOICE(name="none", value=NO_STYLE),
    *(CHOICE(name=text.msgid, value=name) for name, text in STYLES.items()),
]
SHELVES = [
    CHOICE(name="all", value="all"),
    CHOICE(name="being told", value="running"),
    CHOICE(name="paused", value="paused"),
    CHOICE(name="ended", value="ended"),
    CHOICE(name="mine", value="mine"),
]


class StoryGroup(
    commands.GroupCog, group_name="story", group_description="Tell a story together in this channel"
):
    """Keep the stories of a server."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        pausing: Pausing,
        survey: Survey,
        studio: Studio,
        performance: Performance,
        gathering: Gathering,
        adapters: Adapters,
    ) -> None:
        self._shelf = shelf
        self._pausing = pausing
        self._survey = survey
        self._studio = studio
        self._adapters = adapters
        self._performance = performance
        self._gathering = gathering

    @app_commands.command(description="Start a story in this channel")
    @app_commands.describe(
        title="What the story is called",
        premise="Where it begins: place, people, mood",
        language="The language in which it is told",
        rating="Who may read it",
        free_typing="Take every message in this channel as a passage",
        style="How the narrator tells: a named style, or that of the writers' own passages",
        creativity="How daring the narrator is, from 1 (the likeliest words) to 5 (wild); 3 is the usual",
        narrator="When the narrator writes",
    )
    @app_commands.choices(language=LANGUAGES, rating=RATINGS, style=STYLE_CHOICES, narrator=NARRATORS)
    async def start(
        self,
        interaction: discord.Interaction,
        title: TITLE,
        premise: PREMISE | None = None,
        language: CHOICE | None = None,
        rating: CHOICE | None = None,
        free_typing: bool = False,
        style: CHOICE | None = None,
        creativity: DIAL | None = None,
        narrator: CHOICE | None = None,
    ) -> None:
        """Start a story; without a language it is told in that of the one who starts it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        spoken: Language = "zh" if interaction.locale.value.startswith("zh") else "en"
        outline = Outline(
            title=title,
            premise=premise or "",
            language=_language(language) or spoken,
            rating=_rating(rating) or "everyone",
            free_typing=free_typing,
            style=style.value if style else "",
            creativity=creativity or MIDDLE,
            ai_share=int(narrator.value) if narrator else ON_REQUEST,
        )
        require_age(interaction, outline.rating)
        standing = await self._shelf.start(place_of(interaction), person_of(interaction), outline)
        await self._performance.open(standing)
        await dismiss(interaction)

    @app_commands.command(description="Show how the story of this channel stands")
    async def show(self, interaction: discord.Interaction) -> None:
        """Show a card of the running story, privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        overview = await self._shelf.overview(place_of(interaction))
        await interaction.edit_original_response(embed=card(overview, interaction.locale.value))

    @app_commands.command(name="list", description="List the stories of this server")
    @app_commands.describe(page="Which page of the list", which="Which stories to list")
    @app_commands.choices(which=SHELVES)
    async def list_(
        self,
        interaction: discord.Interaction,
        page: app_commands.Range[int, 1, 1000] = 1,
        which: CHOICE | None = None,
    ) -> None:
        """List a server's stories, the newest first, privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        wanted = which.value if which else "all"
        found = await self._shelf.list_page(
            place_of(interaction),
            page,
            may_see=sight_of(interaction),
            state=cast(State, wanted) if wanted not in ("all", "mine") else None,
            writer_id=interaction.user.id if wanted == "mine" else None,
        )
        shown = shelf_page(found, page, interaction.locale.value, chosen=wanted != "all")
        await interaction.edit_original_response(embed=shown)

    @app_commands.command(description="Change the story of this channel; for its starter and moderators")
    @app_commands.describe(
        title="What the story is called",
        premise="Where it begins: place, people, mood",
        language="The language in which it is told",
        rating="Who may read it",
        words="How long the narrator's passages are, in words or characters",
        free_typing="Take every message in this channel as a passage",
        adapter="The narrator's voice: a LoRA adapter that the host has added",
        style="How the narrator tells: a named style, or that of the writers' own passages",
        creativity="How daring the narrator is, from 1 (the likeliest words) to 5 (wild); 3 is the usual",
        narrator="When the narrator writes",
        lore_check="Ask before a passage that goes against the lore is saved",
    )
    @app_commands.choices(language=LANGUAGES, rating=RATINGS, style=STYLE_CHOICES, narrator=NARRATORS)
    async def settings(
        self,
        interaction: discord.Interaction,
        title: TITLE | None = None,
        premise: PREMISE | None = None,
        language: CHOICE | None = None,
        rating: CHOICE | None = None,
        words: app_commands.Range[int, 30, 400] | None = None,
        free_typing: bool | None = None,
        adapter: app_commands.Range[str, 1, 50] | None = None,
        style: CHOICE | None = None,
        creativity: DIAL | None = None,
        narrator: CHOICE | None = None,
        lore_check: bool | None = None,
    ) -> None:
        """Change what is given; without anything, show how it is set."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        changes = Changes(
            title=title,
            premise=premise,
            language=_language(language),
            rating=_rating(rating),
            words=words,
            free_typing=free_typing,
            adapter=adapter,
            style=style.value if style else None,
            creativity=creativity,
            ai_share=int(narrator.value) if narrator else None,
            lore_check=lore_check,
        )
        require_age(interaction, changes.rating)
        place = place_of(interaction)
        if changes != Changes():
            story = await self._shelf.change(place, person_of(interaction), changes)
            await self._performance.mention_language(story)
            if narrator is not None:
                await self._performance.board.place_buttons(story)
            if free_typing is not None:
                await self._performance.announce_typing(story)
        overview = await self._shelf.overview(place)
        await interaction.edit_original_response(embed=card(overview, interaction.locale.value))

    @settings.autocomplete("adapter")
    async def complete(self, interaction: discord.Interaction, typed: str) -> list[CHOICE]:
        """Offer the voices that the host has."""
        return choices(self._adapters.names, typed, interaction.locale.value)

    @app_commands.command(description="Pause the story of this channel, which frees it for another")
    async def pause(self, interaction: discord.Interaction) -> None:
        """Let the running story rest."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        person = person_of(interaction)
        shift = await self._pausing.pause(place_of(interaction), person)
        await show_shift(self._performance.board, shift, person)
        await dismiss(interaction)

    @app_commands.command(description="Go on with a story that was paused or ended in this channel")
    @app_commands.describe(story="Which story; not needed where only one rests")
    async def resume(self, interaction: discord.Interaction, story: TITLE | None = None) -> None:
        """Go on with a resting story."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        place, person = place_of(interaction), person_of(interaction)
        found = await self._pausing.find(place, story)
        require_age(interaction, found.rating)
        shift = await self._pausing.resume(place, person, handle(found))
        await show_shift(self._performance.board, shift, person)
        await dismiss(interaction)

    @app_commands.command(description="Pause the story of this channel and go on with another one here")
    @app_commands.describe(story="The story to go on with")
    async def switch(self, interaction: discord.Interaction, story: TITLE) -> None:
        """Pause one story and go on with another."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        place, person = place_of(interaction), person_of(interaction)
        found = await self._pausing.find(place, story)
        require_age(interaction, found.rating)
        shift = await self._pausing.switch(place, person, handle(found))
        await show_shift(self._performance.board, shift, person)
        await dismiss(interaction)

    @resume.autocomplete("story")
    @switch.autocomplete("story")
    async def complete_story(self, interaction: discord.Interaction, typed: str) -> list[CHOICE]:
        """Offer the stories that rest in this channel."""
        wanted = typed.strip().casefold()
        found = [
            s for s in await self._pausing.offered(place_of(interaction)) if wanted in s.title.casefold()
        ]
        return [CHOICE(name=story.title, value=handle(story)) for story in found[:OFFERED]]

    @app_commands.command(description="Measure how the story is written: repetition, variety, shares, pace")
    async def quality(self, interaction: discord.Interaction) -> None:
        """Show a story's figures, privately, with a picture of how they changed where it is long enough."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        locale = interaction.locale.value
        story, report = await self._survey.quality(place_of(interaction))
        files = []
        if len(report.stretches) > 1:
            png = await self._studio.trend(story.title, report, locale=locale)
            files.append(trend_file(png, story, report, locale))
        await interaction.edit_original_response(
            embed=quality_card(story, report, locale, drawn=bool(files)), attachments=files
        )

    @app_commands.command(description="End the story of this channel; it stays readable and can be exported")
    async def end(self, interaction: discord.Interaction) -> None:
        """End the running story."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        place, person = place_of(interaction), person_of(interaction)
        story, written = await self._shelf.end(place, person)
        await self._gathering.show(story, written)
        await self._performance.close(story, person)
        await dismiss(interaction)

    @app_commands.command(description="Get the story of this channel as a Markdown file")
    async def export(self, interaction: discord.Interaction) -> None:
        """Hand over the story as a file, privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        story, text = await self._shelf.export(place_of(interaction), locale=interaction.locale.value)
        name = re.sub(r"[^\w-]+", "-", story.title).strip("-")[:60] or "story"
        file = discord.File(io.BytesIO(text.encode()), f"{name}.md")
        line = _("Here is “{title}”, as far as it has been told.", title=story.title)
        await interaction.edit_original_response(
            content=line.render(interaction.locale.value), attachments=[file]
        )


def _language(choice: CHOICE | None) -> Language | None:
    return cast(Language, choice.value) if choice else None


def _rating(choice: CHOICE | None) -> Rating | None:
    return cast(Rating, choice.value) if choice else None


async def setup(bot: StoryBot) -> None:
    """Add the `/story` family."""
    services = bot.services
    await bot.add_cog(
        StoryGroup(
            shelf=services.shelf,
            pausing=services.pausing,
            survey=services.survey,
            studio=services.studio,
            performance=services.performance,
            gathering=services.gathering,
            adapters=services.adapters,
        )
    )

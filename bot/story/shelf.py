"""Keep the stories of a server: start, show, list, change, end, export."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from bot.clock import now
from bot.engine.request import ModelInfo
from bot.errors import Refused
from bot.locales import Text, _
from bot.story import standing
from bot.story.boundaries.agreement import note_place, require_rating, require_within
from bot.story.export import ExportedPassage, ExportedStory, markdown
from bot.story.languages import LANGUAGES
from bot.story.narration.adapters import Adapters, Voice
from bot.story.narration.creativity import MIDDLE
from bot.story.narration.styles import NO_STYLE
from bot.story.people import Person, Place
from bot.story.standing import Standing
from bot.story.text import clean_passage
from bot.story.turns.rights import require_unsealed
from bot.story.votes import polls
from bot.story.votes.rounds import put_in
from storage import actions, notices, proposals, rounds, stories, trail
from storage.database import Database, Transaction
from storage.passages import Passage
from storage.rounds import Contribution
from storage.stories import ON_REQUEST, Language, NewStory, Rating, State, Story

TITLE = 100
PREMISE = 1000
WORDS = 90
PAGE = 10
_PLAIN = ("language", "rating", "words", "free_typing", "creativity", "ai_share", "lore_check")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Describe a story that someone wants to start."""

    title: str
    premise: str = ""
    language: Language = "en"
    rating: Rating = "everyone"
    free_typing: bool = False
    style: str = ""
    creativity: int = MIDDLE
    ai_share: int = ON_REQUEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Describe what shall change in a story; None leaves as it is."""

    title: str | None = None
    premise: str | None = None
    language: Language | None = None
    rating: Rating | None = None
    words: int | None = None
    free_typing: bool | None = None
    adapter: str | None = None
    style: str | None = None
    creativity: int | None = None
    ai_share: int | None = None
    lore_check: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Hold one page of a server's stories; `more` is whether older ones follow."""

    stories: tuple[Story, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Tell how a story stands: its newest passage, how many there are, which model narrates, and in which voice.

    There is no voice to tell of where the host has but the model's own. `proposals` is how many facts wait to be
    decided about.
    """

    standing: Standing
    passages: int
    model: ModelInfo
    voice: Voice | None
    proposals: int


class Shelf:
    """Hold a server's stories."""

    def __init__(
        self, *, database: Database, model: ModelInfo, adapters: Adapters, hears_typing: bool
    ) -> None:
        """Know the narrator's model and voices, and whether the bot can read what people type."""
        self._database = database
        self._adapters = adapters
        self._model = model
        self._hears_typing = hears_typing

    async def start(self, place: Place, person: Person, outline: Outline) -> Standing:
        """Start a story in a place that has none running."""
        self._require_hearing(place, outline.free_typing)
        title = _line(outline.title, limit=TITLE)
        premise = clean_passage(outline.premise, limit=PREMISE) if outline.premise.strip() else ""
        async with self._database.transaction() as tx:
            await note_place(tx, place)
            await require_rating(tx, place, outline.rating)
            if running := await stories.running_in(tx, place.channel_id):
                raise Refused(
                    _(
                        "“{title}” is being told here. Let it rest with `/story pause`, end it with `/story end`,"
                        " or start yours in another channel or thread.",
                        title=running.title,
                    ),
                    words=outline.premise or None,
                )
            story = await stories.create(
                tx,
                NewStory(
                    guild_id=place.guild_id,
                    channel_id=place.channel_id,
                    title=title,
                    premise=premise,
                    language=outline.language,
                    rating=outline.rating,
                    free_typing=outline.free_typing,
                    words=WORDS,
                    started_by=person.id,
                    starter_name=person.name,
                    created=now(),
                    style=_style(outline.style),
                    creativity=outline.creativity,
                    ai_share=outline.ai_share,
                ),
            )
            await require_within(tx, story, f"{title}\n{premise}".rstrip())
            await _log(tx, story, person, "start")
            return await standing.of(tx, story)

    async def overview(self, place: Place) -> Overview:
        """Return how a place's story stands; refused where none runs."""
        stand = await standing.of(self._database, await standing.running(self._database, place))
        voice = await self._adapters.voice(stand.story)
        told = voice if voice.name or self._adapters.names else None
        waiting = await proposals.open_on(self._database, stand.story.id, stand.branch.id)
        length = await trail.count(self._database, stand.branch.id)
        return Overview(stand, length, self._model, told, len(waiting))

    async def find(self, place: Place) -> Story | None:
        """Return the story that runs in a place, if one does."""
        return await stories.running_in(self._database, place.channel_id)

    async def list_page(
        self,
        place: Place,
        page: int,
        *,
        may_see: Callable[[int], bool],
        state: State | None = None,
        writer_id: int | None = None,
    ) -> Page:
        """Return a page, counted from 1, of the stories in channels that the one who asks may see; newest first.

        With `state` or `writer_id` only those in that state, or those that this person began or wrote in.
        """
        first = (page - 1) * PAGE
        seen: list[Story] = []
        before: int | None = None
        while len(seen) <= first + PAGE:
            some = await stories.list_of(
                self._database,
                guild_id=place.guild_id,
                channel_id=place.channel_id,
                state=state,
                writer_id=writer_id,
                before=before,
                limit=100,
            )
            if not some:
                break
            seen += [story for story in some if may_see(story.channel_id)]
            before = some[-1].id
        return Page(tuple(seen[first : first + PAGE]), len(seen) > first + PAGE)

    async def change(self, place: Place, person: Person, changes: Changes) -> Story:
        """Change a running story; for its starter or a moderator."""
        self._require_hearing(place, bool(changes.free_typing))
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            standing.require_host(story, person)
            wanted = {key: value for key in _PLAIN if (value := getattr(changes, key)) is not None}
            if changes.title is not None:
                wanted["title"] = _line(changes.title, limit=TITLE)
            if changes.premise is not None:
                wanted["premise"] = clean_passage(changes.premise, limit=PREMISE)
            if changes.adapter is not None:
                wanted["adapter"] = self._adapters.chosen(changes.adapter)
            if changes.style is not None:
                wanted["style"] = _style(changes.style)
            if changes.rating is not None:
                await require_rating(tx, place, changes.rating)
            changed = replace(story, **wanted)
            await require_within(tx, changed, "\n".join(filter(None, (changes.title, changes.premise))))
            await stories.update(tx, changed)
            await _log(tx, story, person, "settings", **{key: True for key in wanted})
            return changed

    async def end(self, place: Place, person: Person) -> tuple[Story, list[Passage]]:
        """End a story, also a paused one; for its starter or a moderator, while the narrator is not writing.

        Return it with the passages that were made of what had been handed in for its round until then.
        """
        async with self._database.transaction() as tx:
            story = await standing.to_end(tx, place)
            standing.require_host(story, person)
            written = await put_in(tx, story, now=now())
            await stories.end(tx, story.id, ended=now())
            await polls.story_ended(tx, story.id, now=now())
            await _log(tx, story, person, "end")
            return await stories.get(tx, story.id), written

    async def language_notice(self, story: Story) -> Text | None:
        """Return, once per story and language, that the model does not write the story's language."""
        if self._model.writes(story.language):
            return None
        async with self._database.transaction() as tx:
            if not await notices.first_time(
                tx, f"story:{story.id}", f"language:{story.language}", created=now()
            ):
                return None
        return _(
            "This bot's language model does not write {language} well. Your own passages are fine; for the narrator,"
            ' the host can set a larger model: `model = "owner/repository:file.gguf"` under [model] in config.toml.',
            language=LANGUAGES[story.language].name,
        )

    async def typing_notice(self, story: Story) -> Text | None:
        """Return, once per story, how what people type can become part of it."""
        async with self._database.transaction() as tx:
            if not await notices.first_time(tx, f"story:{story.id}", "typing", created=now()):
                return None
        return _(
            "Plain messages are not part of “{title}”. To add a passage, use `/write`; to make every message one:"
            " `/story settings free_typing:True`.",
            title=story.title,
        )

    async def export(self, place: Place, *, locale: str) -> tuple[Story, str]:
        """Return a place's newest story as Markdown."""
        story = await stories.newest_in(self._database, place.channel_id)
        if story is None:
            raise Refused(_("No story has been told here yet. Start one with `/story start`."))
        await require_unsealed(self._database, story)
        read: list[ExportedPassage] = []
        async for some in trail.whole(self._database, story.branch_id):
            written = [told.passage for told in some]
            handed_in = await rounds.handed_in_for(self._database, written)
            read += [_exported(passage, handed_in.get(passage.id, ())) for passage in written]
        ended = _day(story.ended) if story.ended is not None else None
        outline = ExportedStory(story.title, story.premise, story.language, _day(story.created), ended)
        # A long story takes longer than the event loop may be held.
        return story, await asyncio.to_thread(markdown, outline, read, locale=locale)

    def _require_hearing(self, place: Place, free_typing: bool) -> None:
        if free_typing and place.guild_id and not self._hears_typing:
            raise Refused(
                _(
                    "Free typing is off: Discord does not let this bot read messages (the message content intent is"
                    " not granted). Use `/write` instead, or ask the host to grant it."
                )
            )


async def _log(tx: Transaction, story: Story, person: Person, kind: str, **detail: object) -> None:
    await actions.append(
        tx,
        story_id=story.id,
        kind=kind,
        created=now(),
        actor_id=person.id,
        actor_name=person.name,
        detail=detail,
    )


def _exported(passage: Passage, handed_in: Sequence[Contribution]) -> ExportedPassage:
    parts = [(one.author_name, one.text) for one in handed_in]
    return ExportedPassage(passage.text, passage.author_name, passage.model, parts)


def _line(raw: str, *, limit: int) -> str:
    """Clean a title: one line."""
    return " ".join(clean_passage(raw, limit=limit).split())


def _day(milliseconds: int) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()


def _style(wish: str) -> str:
    """Return the name of a style to keep; nothing for none."""
    return "" if wish == NO_STYLE else wish

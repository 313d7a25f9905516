"""Carry a person's wish through: tell the story, and show in the channel what happened."""

from collections.abc import Awaitable, Sequence

import structlog

from bot.errors import StoryloomError, Unavailable
from bot.locales import Text, _
from bot.reply.answers import UNSAID
from bot.reply.board import Board
from bot.reply.boundary_buttons import single
from bot.reply.buttons import only
from bot.reply.cards.story import ending, opening
from bot.reply.folding import Folding
from bot.reply.sheet import NOBODY, Sheet
from bot.reply.stream import stream
from bot.story.narration.finishing import Done
from bot.story.narration.interruptions import Suspended
from bot.story.narration.narrator import Narration, Narrator
from bot.story.people import Person, Place
from bot.story.shelf import Shelf
from bot.story.standing import Standing
from bot.story.storyteller import Storyteller, Written
from bot.story.text import inline_name
from bot.story.tree.moved import Moved
from bot.story.turns import keeping
from storage import controls, displays
from storage.controls import Astray
from storage.database import Database
from storage.displays import Display
from storage.narrations import Narration as Job
from storage.passages import Passage
from storage.stories import Story

log = structlog.get_logger(__name__)


class Performance:
    """Perform stories in channels, for the commands, the buttons and the typing alike."""

    def __init__(
        self, *, storyteller: Storyteller, narrator: Narrator, shelf: Shelf, board: Board, database: Database
    ) -> None:
        self.board = board
        self._folding = Folding(board=board, database=database)
        self._storyteller = storyteller
        self._narrator = narrator
        self._shelf = shelf
        self._database = database

    async def write(self, place: Place, person: Person, words: str) -> None:
        """Commit a person's passage, then show it; words that wait for the narrator are shown without buttons."""
        await self.show_saved(await self._storyteller.write(place, person, words), place, person)

    async def show_saved(self, written: Written, place: Place, person: Person) -> None:
        """Show someone's words, which are safe whatever Discord says to that."""
        try:
            await self.show_written(written, place, person)
        except UNSAID as error:
            log.warning("a passage could not be shown", error=repr(error), story=written.story.id)
            raise Unavailable(
                _(
                    "Your passage is in the story, but Discord did not let me show it here."
                    " You need not send it again."
                )
            ) from error

    async def show_written(self, written: Written, place: Place, person: Person) -> None:
        """Show someone's words that were committed just now, as a passage or as words that wait."""
        sheet = self.board.sheet(place.channel_id)
        if written.passage is not None:
            await self.board.show(sheet, written.passage, written.story)
            return
        secret = (await keeping.read(self._database, written.story.id)).secret
        await sheet.show("" if secret else written.text, foot=_waits(written, person))
        joined = await self._storyteller.shown(written, place.channel_id, sheet.message_ids)
        if joined is not None:
            await self.board.show(sheet, joined, written.story)

    async def go_on(
        self, place: Place, person: Person, *, direction: str | None = None, passage_id: int | None = None
    ) -> None:
        """Let the narrator write the next passage."""
        narration = await self._narrator.begin(place, person, direction=direction, passage_id=passage_id)
        await self._perform(narration)

    async def go_on_in(self, story: Story, person: Person) -> None:
        """Let the narrator write the next passage of a story; NotTold where that rests by now."""
        place = Place(story.guild_id, story.channel_id)
        await self._perform(await self._narrator.begin(place, person, story_id=story.id))

    async def weave(self, story: Story, person: Person, handed_in: str) -> bool:
        """Let the narrator make one passage of what was handed in; tell whether it is in the story."""
        narration = await self._narrator.weave(story, person, handed_in)
        return await self._perform(narration)

    async def again(
        self, place: Place, person: Person, *, note: str | None = None, passage_id: int | None = None
    ) -> None:
        """Let the narrator write another take, in the messages of the one before it."""
        narration = await self._narrator.retry(place, person, note=note, passage_id=passage_id)
        await self._perform(narration)

    async def retake(self, place: Place, person: Person, *, passage_id: int) -> None:
        """Let the narrator write another take of any passage of its own, in the messages of that one."""
        await self._perform(await self._narrator.retake(place, person, passage_id=passage_id))

    async def fix(self, place: Place, person: Person, instruction: str) -> None:
        """Let the narrator change its newest passage as it is told, in the same messages."""
        await self._perform(await self._narrator.fix(place, person, instruction))

    async def show_move(self, moved: Moved, line: Text) -> None:
        """Show that a story is read differently; what is not read any more folds into a line."""
        await self._folding.show(moved, line)

    async def open(self, standing: Standing) -> None:
        """Open a story in its channel: its card, and the buttons to begin with."""
        channel = self.board.channel(standing.story.channel_id)
        story = standing.story
        view = single("open", story.id, story.language)
        await channel.send(embed=opening(story), view=view, allowed_mentions=NOBODY)
        await self.mention_language(standing.story)
        await self.board.place_buttons(standing.story)

    async def close(self, story: Story, person: Person) -> None:
        """Close a story in its channel."""
        await self.board.take_away_buttons(story)
        channel = self.board.channel(story.channel_id)
        await channel.send(embed=ending(story, person.name), allowed_mentions=NOBODY)
        await self.unseal(story, await keeping.secrets_of(self._database, story))
        self.board.tell(story.id)

    async def unseal(self, story: Story, passages: Sequence[Passage]) -> None:
        """Show passages that were secret in the messages that said no more than their size."""
        for passage in passages:
            sheet = await self.board.sheet_of(passage, story.channel_id)
            if sheet.pages:
                await self.board.show(sheet, passage, story)
        if passages:
            await self.board.say(
                story,
                _("Nothing is secret any more: read from the top, or take it with you by `/story export`."),
            )

    async def announce_typing(self, story: Story) -> None:
        """Say in the story's channel that plain messages are passages from now on, or are no more."""
        on = _(
            "From now on every message here is a passage of the story; (parentheses) and // are table talk."
        )
        off = _("From now on plain messages are not part of the story; `/write` adds a passage.")
        line = (on if story.free_typing else off).render(story.language)
        await self.board.channel(story.channel_id).send(f"-# {line}", allowed_mentions=NOBODY)

    async def mention_language(self, story: Story) -> None:
        """Say once in the story's channel that the model does not know the story's language."""
        if notice := await self._shelf.language_notice(story):
            line = f"-# {notice.render(story.language)}"
            await self.board.channel(story.channel_id).send(line, allowed_mentions=NOBODY)

    def stop(self, job_id: int, person: Person) -> None:
        """Stop a narration."""
        self._narrator.stop(job_id, person)

    async def left_behind(self) -> list[Astray]:
        """Return the stories that the last run of the bot left with buttons out of place."""
        return await controls.astray(self._database)

    async def catch_up(self, astray: Sequence[Astray]) -> None:
        """Bring the messages of stories up to date: the newest passages, and what a crash left folded."""
        for story in astray:
            await self._try(self.board.catch_up(story), story.story_id)
        for story_id in await displays.folded_but_read(self._database):
            await self._try(self._folding.unfold(story_id), story_id)

    async def _try(self, showing: Awaitable[None], story_id: int) -> None:
        try:
            await showing
        except UNSAID as error:
            log.warning("a story could not be shown", error=repr(error), story=story_id)

    async def take_up(self, job: Job) -> None:
        """Go on with a narration that a restart interrupted, in the messages that began to show it."""
        try:
            await self._perform(await self._narrator.resume(job))
        except StoryloomError as error:
            # The interaction is long over, so nobody can be told; the channel shows that nothing came.
            log.warning("a narration taken up came to nothing", reason=error.text.msgid, story=job.story_id)

    async def _perform(self, narration: Narration) -> bool:
        """Stream a narration into the messages of the take whose place it takes, else into its own.

        Return whether the story has it now.
        """
        story, before, shown_in = narration.story, narration.before, narration.job.message_id
        sheet = self.board.sheet(story.channel_id, [shown_in] if shown_in else [])
        stood: list[Display] = []
        try:
            if before is not None:
                sheet = await self.board.sheet_of(before, story.channel_id)
                stood = await displays.of_passage(self._database, before.id)
            else:
                # Nothing under the older passage could be done while the narrator writes.
                await self.board.take_away_buttons(story)
            secret = (await keeping.read(self._database, story.id)).secret
            done = await stream(narration, sheet, narrator=self._narrator, secret=secret)
        except Suspended:
            raise  # the next start goes on in the same messages
        except Exception:
            await self._narrator.abandon(narration)
            await self._put_back(sheet, before, story)
            await self._show_joined(narration.joined, story)
            raise
        if done.kept:
            await self.board.show(sheet, done.passage, story)
            await self._folding.point_back(stood, sheet, done.passage, story)
        elif before is not None:
            await self.board.show(sheet, before, story)
        else:
            await self._offer(sheet, done, narration)
        await self._show_joined(done.joined, story)
        if done.joined or not done.kept:
            await self.board.place_buttons(story)
        if done.trouble is not None:
            raise done.trouble
        return done.kept

    async def _show_joined(self, joined: Sequence[Passage], story: Story) -> None:
        """Show words that waited for the narrator as what they are now: passages."""
        for passage in joined:
            sheet = await self.board.sheet_of(passage, story.channel_id)
            if sheet.pages:
                await self.board.show(sheet, passage, story)

    async def _put_back(self, sheet: Sheet, before: Passage | None, story: Story) -> None:
        """Show what stood there before a narration that came to nothing."""
        if before is not None:
            await self.board.show(sheet, before, story)
        else:
            await sheet.clear()
        await self.board.place_buttons(story)

    async def _offer(self, sheet: Sheet, done: Done, narration: Narration) -> None:
        """Show a stopped passage that its asker may keep; words that were not woven soon stand there by themselves."""
        if narration.job.kind == "weave":
            await sheet.clear()
            return
        language = narration.story.language
        line = _("Stopped. {name} may keep it.", name=inline_name(narration.job.asker_name))
        view = only("keep", done.passage.id, language)
        text, _foot = await self.board.face(done.passage, narration.story)
        await sheet.show(text, foot=line.render(language), view=view)
        await self.board.link(sheet, done.passage)


def _waits(written: Written, person: Person) -> str:
    line = _("✒️ {name} · joins the story when the narrator is done", name=inline_name(person.name))
    return line.render(written.story.language)

"""Bring a channel in step with how a story is read now: fold what is not read, unfold what is read again."""

import structlog

from bot.locales import Text
from bot.reply.board import Board
from bot.reply.links import message_link
from bot.reply.sheet import Sheet
from bot.reply.tree_lines import in_place_of
from bot.story import standing
from bot.story.tree.moved import Moved
from storage import displays, passages, stories, trail
from storage.database import Database
from storage.displays import Display, Fold
from storage.passages import Passage
from storage.stories import Story
from storage.trail import Change

log = structlog.get_logger(__name__)

FOLDED = 12  # passages, those next to where a move leads, that it folds
UNFOLDED = 50  # passages, the newest, that one move brings back to the eye


class Folding:
    """Show moves in channels; whatever happens meanwhile, each message ends as the story is read then."""

    def __init__(self, *, board: Board, database: Database) -> None:
        self._board = board
        self._database = database

    async def show(self, moved: Moved, line: Text) -> None:
        """Show what a move changed; a passage that is not read any more folds into a line."""
        story = moved.now.story
        taken = {await self._take_over(change, story) for change in moved.changes}
        await self._board.settle(story)
        gone = [change.before for change in moved.changes if change.before is not None]
        for passage_id in [one for one in gone if one not in taken][:FOLDED]:
            await self._fold(passage_id, story, line)
        await self.unfold(story.id)

    async def unfold(self, story_id: int) -> None:
        """Show what is read and whose messages are folded, the newest first."""
        story = await stories.get(self._database, story_id)
        for passage_id in await displays.to_unfold(self._database, story.branch_id, limit=UNFOLDED):
            await self._unfold(passage_id, story)

    async def _take_over(self, change: Change, story: Story) -> int | None:
        """Show what is read now and has no messages in those of another take; return which gave up its own.

        That one is what was read there before, or was read there on another branch.
        """
        if change.after is None:
            return None
        async with self._board.lock(story.id):
            if await displays.of_passage(self._database, change.after) or not await self._is_read(
                change.after, story
            ):
                return None
            after = await passages.get(self._database, change.after)
            other = await self._other_take(after, change.before, story)
            if other is None:
                return None
            shown = await displays.of_passage(self._database, other.id)
            sheet = await self._board.sheet_of(other, story.channel_id)
            had_messages = bool(sheet.pages)
            await self._board.paint(sheet, after, story)
            await self.point_back(shown, sheet, after, story)
            return other.id if had_messages else None

    async def _other_take(self, after: Passage, before: int | None, story: Story) -> Passage | None:
        """Return a take that has messages and is not read, rather one whose messages can be edited."""
        takes = await passages.takes(self._database, after)
        found: list[tuple[bool, bool, int]] = []
        for take in takes:
            shown = await displays.of_passage(self._database, take)
            if shown and not await self._is_read(take, story):
                found.append((shown[0].own, take == before, take))
        return await passages.get(self._database, max(found)[2]) if found else None

    async def point_back(self, shown: list[Display], sheet: Sheet, after: Passage, story: Story) -> None:
        """Say whose place a passage takes where it could not be shown in the messages of that one.

        The bot's messages that keep the old words, because they are too old to edit, wear a sign from now on.
        """
        for display in shown:
            if display.own and display.message_id not in {*sheet.message_ids, *sheet.deleted}:
                await self._board.sign(display, taken_back=True)
        newest = (await standing.of(self._database, story)).head
        known = {display.message_id for display in shown}
        if shown and not known.issuperset(sheet.message_ids) and newest is not None and newest.id != after.id:
            link = message_link(story.guild_id, shown[0].channel_id, shown[0].message_id)
            await self._board.say(story, in_place_of(link))

    async def _fold(self, passage_id: int, story: Story, line: Text) -> None:
        """Show that a passage is not read any more, unless it is read again by now."""
        async with self._board.lock(story.id):
            if await self._is_read(passage_id, story):
                return
            passage = await passages.get(self._database, passage_id)
            sheet = await self._board.sheet_of(passage, story.channel_id)
            folded = bool(sheet.pages) and await sheet.fold(line.render(story.language))
            for display in await displays.of_passage(self._database, passage_id):
                as_line = display.own and folded
                if not as_line:
                    await self._board.sign(display, taken_back=True)
                await self._note(display, "line" if as_line else "sign")

    async def _unfold(self, passage_id: int, story: Story) -> None:
        """Show a passage that is read again, unless it is not by now."""
        async with self._board.lock(story.id):
            if not await self._is_read(passage_id, story):
                return
            shown = await displays.of_passage(self._database, passage_id)
            for display in shown:
                if display.fold == "sign":
                    await self._board.sign(display, taken_back=False)
                await self._note(display, "")
            if any(display.fold == "line" for display in shown):
                passage = await passages.get(self._database, passage_id)
                await self._board.paint(await self._board.sheet_of(passage, story.channel_id), passage, story)

    async def _is_read(self, passage_id: int, story: Story) -> bool:
        branch = (await standing.of(self._database, await stories.get(self._database, story.id))).branch
        leaf = await trail.find(self._database, branch.id, passage_id)
        return leaf is not None and leaf.shown == passage_id

    async def _note(self, display: Display, fold: Fold) -> None:
        async with self._database.transaction() as tx:
            await displays.fold(tx, display.message_id, fold)

"""Keep a channel in step with its story: passages in messages, buttons under the newest one only."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from weakref import WeakValueDictionary

import discord
import structlog

from bot.locales import Text, _, _n
from bot.reply.answers import UNSAID
from bot.reply.buttons import controls
from bot.reply.links import message_link
from bot.reply.sheet import NOBODY, Page, Sheet
from bot.story import standing
from bot.story.languages import count_words
from bot.story.standing import Standing
from bot.story.storyteller import show_in
from bot.story.text import inline_name
from bot.story.turns import keeping
from storage import controls as controls_table
from storage import displays, edits, flags, narrations, rounds, stories
from storage.controls import Astray, Controls
from storage.database import Database, Transaction
from storage.displays import Display
from storage.edits import Edit
from storage.passages import Passage
from storage.stories import Story

log = structlog.get_logger(__name__)

TAKEN_BACK = "↩️"
PATIENCE = 1.5  # seconds; whoever asks for a window must get it within three


class Board:
    """Show passages in a story's channel; one change of a story's messages at a time."""

    def __init__(self, *, client: discord.Client, database: Database) -> None:
        self._client = client
        self._database = database
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._listeners: list[Callable[[int], None]] = []

    def listen(self, heard: Callable[[int], None]) -> None:
        """Let someone hear the id of each story whose newest state has just been shown."""
        self._listeners.append(heard)

    def tell(self, story_id: int) -> None:
        """Tell those who listen that what was committed in a story is shown, as far as it is to be shown."""
        for heard in self._listeners:
            heard(story_id)

    def channel(self, channel_id: int) -> discord.PartialMessageable:
        """Return a channel to send to, known to the client or not."""
        return self._client.get_partial_messageable(channel_id)

    def sheet(self, channel_id: int, message_ids: Sequence[int] = ()) -> Sheet:
        """Return a sheet in a channel: a new one, or one over messages that are there."""
        return Sheet(self.channel(channel_id), pages=[Page(message_id) for message_id in message_ids])

    async def sheet_of(self, passage: Passage, channel_id: int) -> Sheet:
        """Return a sheet over the bot's messages that show a passage; a new one where there are none."""
        shown = await displays.of_passage(self._database, passage.id)
        return self.sheet(channel_id, [display.message_id for display in shown if display.own])

    async def show(self, sheet: Sheet, passage: Passage, story: Story) -> None:
        """Show a passage on a sheet, with the buttons if it is the newest."""
        async with self.lock(story.id):
            await self.paint(sheet, passage, story)
        self.tell(story.id)

    async def paint(self, sheet: Sheet, passage: Passage, story: Story) -> None:
        """Show a passage as `show` does, for one who holds the story's lock."""
        story = await stories.get(self._database, story.id)
        stand = await standing.of(self._database, story)
        newest = story.state == "running" and stand.head is not None and stand.head.id == passage.id
        view = controls(stand, story.language) if newest else None
        text, foot = await self.face(passage, story)
        await sheet.show(text, foot=foot, view=view, keep=not newest)
        buttons = Controls(story.id, story.channel_id, sheet.message_ids[-1])
        async with self._database.transaction() as tx:
            await show_in(tx, passage.id, sheet.channel.id, sheet.message_ids, own=True)
            for message_id in sheet.deleted:
                await displays.forget(tx, message_id)
            before = await _move_buttons(tx, story, buttons) if newest else None
        if before is not None and before.message_id not in sheet.deleted:
            await self._take_off(before)

    async def link(self, sheet: Sheet, passage: Passage) -> None:
        """Note that a sheet's messages show a passage."""
        async with self._database.transaction() as tx:
            await show_in(tx, passage.id, sheet.channel.id, sheet.message_ids, own=True)

    async def place_buttons(self, story: Story) -> None:
        """Put the buttons under the newest passage, or under a line of their own where that cannot hold them.

        A story that does not run needs none, and the narrator brings its own when it is done.
        """
        async with self.lock(story.id):
            await self._place_buttons(story)
        self.tell(story.id)

    async def _place_buttons(self, story: Story) -> None:
        story = await stories.get(self._database, story.id)
        if story.state != "running" or await narrations.of_story(self._database, story.id):
            return
        stand = await standing.of(self._database, story)
        sheet = await self._sheet_for_buttons(stand)
        if sheet.pages and stand.head is not None:
            await self.paint(sheet, stand.head, story)
            return
        await sheet.show("", foot=_strip(stand).render(story.language), view=controls(stand, story.language))
        buttons = Controls(story.id, story.channel_id, sheet.message_ids[-1])
        async with self._database.transaction() as tx:
            before = await _move_buttons(tx, story, buttons)
        await self._take_off(before)

    async def catch_up(self, astray: Astray) -> None:
        """Show the newest passage with its buttons where a crash came in between, unless the story has moved on."""
        story = await stories.get(self._database, astray.story_id)
        if (await standing.of(self._database, story)).branch.head == astray.head:
            await self.settle(story)

    async def take_away_buttons(self, story: Story) -> None:
        """Take the buttons off the channel: the story has ended, or typing goes on below them."""
        async with self.lock(story.id):
            await self._take_away_buttons(story)
        self.tell(story.id)

    async def _take_away_buttons(self, story: Story) -> None:
        # While people type there mostly are none, and a look costs less than a transaction.
        if await controls_table.get(self._database, story.id) is None:
            return
        async with self._database.transaction() as tx:
            before = await _move_buttons(tx, story, None)
        await self._take_off(before)

    async def settle(self, story: Story) -> None:
        """See to it that the newest passage stands in the channel, with the buttons."""
        head = (await standing.of(self._database, await stories.get(self._database, story.id))).head
        if head is None or await displays.of_passage(self._database, head.id):
            await self.place_buttons(story)
        else:
            await self.show(self.sheet(story.channel_id), head, story)

    async def link_to(self, stand: Standing) -> str:
        """Return the address of the message that shows a story's newest passage; empty where none does."""
        return await self.link_of(stand.story, stand.head.id) if stand.head else ""

    async def link_of(self, story: Story, passage_id: int) -> str:
        """Return the address of the first message that shows a passage; empty where none does."""
        shown = await displays.of_passage(self._database, passage_id)
        if not shown:
            return ""
        return message_link(story.guild_id, shown[0].channel_id, shown[0].message_id)

    async def passage_of(self, channel_id: int, message_id: int) -> int | None:
        """Return which passage a message shows, if one; a message comes a moment before the note of what it shows."""
        display = await displays.by_message(self._database, message_id)
        story = await stories.running_in(self._database, channel_id)
        if display is None and story is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE), self.lock(story.id):
                    display = await displays.by_message(self._database, message_id)
        return display.passage_id if display else None

    async def say(self, story: Story, line: Text) -> None:
        """Tell everyone in the story's channel what was done, in one small line."""
        text = f"-# {line.render(story.language)}"
        await self.channel(story.channel_id).send(text, allowed_mentions=NOBODY)

    async def sign(self, display: Display, *, taken_back: bool) -> None:
        """Let a message that cannot be edited wear a sign as long as its passage is not read."""
        message = self.channel(display.channel_id).get_partial_message(display.message_id)
        me = self._client.user
        assert me is not None  # a connected client knows itself
        try:
            if taken_back:
                await message.add_reaction(TAKEN_BACK)
            else:
                await message.remove_reaction(TAKEN_BACK, me)
        except UNSAID as error:
            # Its writer may have deleted the message; the words are in the story all the same.
            log.warning("a message could not be signed", message=display.message_id, error=repr(error))

    async def face(self, passage: Passage, story: Story) -> tuple[str, str]:
        """Return what a passage's messages show, and the line under it; of a secret one its size alone."""
        line = foot(passage, await edits.of_passage(self._database, passage.id))
        if handed_in := (await rounds.handed_in_for(self._database, [passage])).get(passage.id):
            names = tuple(dict.fromkeys(inline_name(one.author_name or "—") for one in handed_in))
            line = _("{whose}, from the words of {names}", whose=line, names=names)
        if against := await flags.of_passage(self._database, passage.id):
            titles = tuple(dict.fromkeys(inline_name(flag.title) for flag in against))
            line = _("{whose} · ⚠️ goes against the lore: {titles}", whose=line, titles=titles)
        kept = await keeping.read(self._database, story.id)
        if story.state == "ended" or not kept.sealed(passage):
            return passage.text, line.render(story.language)
        return "", _(
            "{whose} · {size}, secret until the end", whose=line, size=size(passage.text, story)
        ).render(story.language)

    async def _sheet_for_buttons(self, stand: Standing) -> Sheet:
        """Return the sheet of the newest passage if the bot wrote its messages, else a new one."""
        if stand.head is not None:
            sheet = await self.sheet_of(stand.head, stand.story.channel_id)
            if sheet.pages:
                return sheet
        return self.sheet(stand.story.channel_id)

    async def _take_off(self, before: Controls | None) -> None:
        if before is None:
            return
        message = self.channel(before.channel_id).get_partial_message(before.message_id)
        try:
            if await displays.by_message(self._database, before.message_id) is None:
                await message.delete()
            else:
                await message.edit(view=None, allowed_mentions=NOBODY)
        except discord.NotFound:
            log.info("the message with the old buttons is gone", message=before.message_id)
        except UNSAID as error:
            # Old buttons that stay answer that the story has moved on; what was asked for is done.
            log.warning("the old buttons stay", message=before.message_id, error=repr(error))

    def lock(self, story_id: int) -> asyncio.Lock:
        """Return the lock that whoever changes a story's messages holds meanwhile."""
        return self._locks.setdefault(story_id, asyncio.Lock())


async def _move_buttons(tx: Transaction, story: Story, to: Controls | None) -> Controls | None:
    """Note where the buttons stand from now on; return where they are to be taken off."""
    before = await controls_table.get(tx, story.id)
    if before == to:
        return None
    if to is None:
        await controls_table.remove(tx, story.id)
    else:
        await controls_table.place(tx, to)
    return before


def foot(passage: Passage, edit: Edit | None) -> Text:
    """Return the line under a passage: whose it is, and who put other words there."""
    if passage.kind == "narrator":
        whose: Text = _("✒️ The narrator")
    else:
        whose = _("✒️ {name}", name=inline_name(passage.author_name or "—"))
    if edit is None:
        return whose
    if passage.kind == "person" and edit.editor_id == passage.author_id:
        return _("{whose} · edited", whose=whose)
    return _("{whose} · edited by {name}", whose=whose, name=inline_name(edit.editor_name or "—"))


def _strip(stand: Standing) -> Text:
    """Return the line that carries the buttons where no message of the bot can."""
    if stand.head is None:
        return _("The page is empty. Write the first lines, or let the narrator begin.")
    return _("{name}'s words are in the story.", name=inline_name(stand.head.author_name or "—"))


def size(text: str, story: Story) -> Text:
    """Return how long a passage is, in words or characters, as fits the story's language."""
    if story.language == "zh":
        return _n("{n} character", "{n} characters", count_words(text))
    return _n("{n} word", "{n} words", count_words(text))

"""Take plain messages as passages, in channels whose story has free typing on."""

import asyncio

import discord
import structlog
from discord.ext import commands

from bot.client import StoryBot
from bot.reply.answers import UNSAID, explain
from bot.reply.cards.held import told
from bot.reply.files import typed_words
from bot.reply.performance import Performance
from bot.reply.sheet import NOBODY
from bot.reply.tree_lines import taken_back
from bot.reply.who import place_in, writer_of
from bot.story.lore.lore_check import LoreCheck
from bot.story.people import Place
from bot.story.shelf import Shelf
from bot.story.storyteller import Storyteller, Written
from bot.story.text import is_table_talk
from bot.story.tree.editing import Editor
from bot.story.tree.moved import Moved
from storage.stories import Story

log = structlog.get_logger(__name__)

TAKEN = "✒️"
LULL = 3.0  # seconds without typing after which the buttons come to stand under the newest passage
FLAG_STAYS = 300.0  # seconds that a note on a passage that goes against the lore stays
HINT_STAYS = 60.0  # seconds that a refusal of a typed passage stays in the channel
WORDS = (discord.MessageType.default, discord.MessageType.reply)


class Typing(commands.Cog):
    """Hear what people type."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        storyteller: Storyteller,
        editor: Editor,
        check: LoreCheck,
        performance: Performance,
    ) -> None:
        self._shelf = shelf
        self._editor = editor
        self._check = check
        self._storyteller = storyteller
        self._performance = performance
        self._lulls: dict[int, asyncio.TimerHandle] = {}
        self._placing: set[asyncio.Task[None]] = set()
        self._told: set[int] = set()

    async def cog_unload(self) -> None:
        """Let no timer and no task outlive the cog."""
        for lull in self._lulls.values():
            lull.cancel()
        await asyncio.gather(*self._placing)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Take a message as a passage if the channel's story wants that."""
        if message.author.bot or message.type not in WORDS:
            return
        place = place_in(message)
        story = await self._shelf.find(place)
        if story is None or is_table_talk(message.content):
            return
        try:
            if story.free_typing:
                await self._take(message, place, story)
            elif message.content and story.id not in self._told:
                self._told.add(story.id)
                await self._tell(message, story)
        except Exception as error:  # the root of what one message set off
            await self._hint(message, error, story)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Let the story follow who changes what they typed into it."""
        message = payload.message
        if message.author.bot or message.type not in WORDS or is_table_talk(message.content):
            return
        passage_id = await self._performance.board.passage_of(message.channel.id, message.id)
        story = await self._shelf.find(place_in(message))
        if passage_id is None or story is None:
            return
        try:
            await self._follow(message, passage_id, story)
        except Exception as error:  # the root of what one message set off
            await self._hint(message, error, story)

    async def _follow(self, message: discord.Message, passage_id: int, story: Story) -> None:
        words, writer = await typed_words(message), writer_of(message)
        if not words:
            return  # pictures that Discord adds by itself come as edits too
        moved = await self._editor.retype(place_in(message), writer, passage_id, words, message_id=message.id)
        if moved is not None:
            await self._performance.show_move(moved, taken_back(writer))
            await self._flag(message, moved, story)

    async def _flag(self, message: discord.Message, moved: Moved, story: Story) -> None:
        changed = next(change.after for change in moved.changes if change.after)
        passage = (await self._editor.find(place_in(message), changed)).passage
        await self._say_flags(message, Written(story, passage.text, passage), story)

    async def _say_flags(self, message: discord.Message, written: Written, story: Story) -> None:
        if found := await self._check.flag_written(written, person_id=message.author.id):
            line = told(found, story.language)
            await message.reply(line, allowed_mentions=NOBODY, delete_after=FLAG_STAYS)

    async def _tell(self, message: discord.Message, story: Story) -> None:
        """Tell, once per story, who types where that is no way to write."""
        if notice := await self._shelf.typing_notice(story):
            line = f"-# {notice.render(story.language)}"
            await message.reply(line, allowed_mentions=NOBODY, delete_after=HINT_STAYS)

    async def _take(self, message: discord.Message, place: Place, story: Story) -> None:
        words = await typed_words(message)
        if not words:
            return  # a picture or a sticker is no passage
        written = await self._storyteller.write(place, writer_of(message), words, message_ids=[message.id])
        await self._sign(message, story)
        await self._say_flags(message, written, story)

    async def _sign(self, message: discord.Message, story: Story) -> None:
        """Show that a message is in the story; it stays there whatever Discord says to this."""
        try:
            await self._performance.board.take_away_buttons(story)
            self._wait_for_lull(story)
            await message.add_reaction(TAKEN)
        except UNSAID as error:
            log.warning("a passage could not be signed", error=repr(error))

    async def _hint(self, message: discord.Message, error: Exception, story: Story) -> None:
        """Say beside the message why it is not in the story; the words stay where they were typed."""
        text = explain(error).text.render(story.language)
        log.info("typed passage refused", error=type(error).__name__)
        try:
            await message.reply(text, allowed_mentions=NOBODY, delete_after=HINT_STAYS)
        except UNSAID as unsaid:
            log.warning("a hint could not be delivered", error=repr(unsaid))

    def _wait_for_lull(self, story: Story) -> None:
        if waiting := self._lulls.get(story.id):
            waiting.cancel()
        self._lulls[story.id] = asyncio.get_running_loop().call_later(LULL, self._lull_came, story)

    def _lull_came(self, story: Story) -> None:
        del self._lulls[story.id]
        # From here on nobody cancels it: half placed, the buttons would stay in two places.
        task = asyncio.create_task(self._place_buttons(story))
        self._placing.add(task)
        task.add_done_callback(self._placing.discard)

    async def _place_buttons(self, story: Story) -> None:
        try:
            await self._performance.board.place_buttons(story)
        except UNSAID as error:
            log.warning("the buttons could not be placed", error=repr(error))


async def setup(bot: StoryBot) -> None:
    """Add free typing."""
    services = bot.services
    await bot.add_cog(
        Typing(
            shelf=services.shelf,
            storyteller=services.storyteller,
            editor=services.editor,
            check=services.check,
            performance=services.performance,
        )
    )

"""Say in a story's channel what happened to its turns, once, and let the narrator write where that is due."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import discord
import structlog

from bot.clock import Clock
from bot.errors import StoryloomError
from bot.locales import _
from bot.reply.answers import UNSAID
from bot.reply.board import Board
from bot.reply.performance import Performance
from bot.reply.sheet import NOBODY
from bot.reply.turn_buttons import hand_in_buttons, join_button
from bot.reply.turn_line import mention_in, together, told
from bot.story.narration.interruptions import Suspended
from bot.story.people import Person
from bot.story.standing import NotTold
from bot.story.turns import keeping, moves
from bot.story.turns.keeping import Kept
from bot.story.turns.news import decoded, still_true
from bot.story.turns.state import Effect, NextUp, Nudge, RoundOpened, Switched
from bot.timekeeper import Timekeeper
from storage import narrations, stories, turns
from storage.database import Database
from storage.errors import StorageError
from storage.stories import Story

log = structlog.get_logger(__name__)

Attendant = Callable[[Story, Kept], Awaitable[None]]
"""Does what is due in a running story in which nobody narrates, and tells the board once it was done."""

ROUND = 15.0  # seconds between two looks for what nobody told of: a crash may have come in between
OLD = 5_000  # milliseconds after which a look finds it; before that, the passage itself is being shown
UNKNOWN_MEMBER = 10007
UNKNOWN_CHANNEL = 10003


class TurnNews:
    """Attend to stories, one thing at a time in each."""

    def __init__(
        self,
        *,
        client: discord.Client,
        database: Database,
        board: Board,
        performance: Performance,
        timekeeper: Timekeeper,
        clock: Clock,
    ) -> None:
        self._client = client
        self._database = database
        self._board = board
        self._performance = performance
        self._timekeeper = timekeeper
        self._clock = clock
        self._attendants: list[Attendant] = []
        self._due: set[int] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._running = False

    def attend_with(self, attendant: Attendant) -> None:
        """Let someone do what else is due in a story each time it is attended to."""
        self._attendants.append(attendant)

    def told(self, story_id: int) -> None:
        """Look what is to be said in a story: something has just been committed and shown there."""
        self._timekeeper.wake()
        self._due.add(story_id)
        if self._running and story_id not in self._tasks:
            self._tasks[story_id] = asyncio.create_task(self._attend(story_id))

    async def run(self) -> None:
        """Attend to everything until cancelled, beginning with what the last run left unsaid."""
        self._running = True
        before = self._clock.now()  # whoever showed a passage of the last run is gone
        try:
            while True:
                await self._look(before)
                await asyncio.sleep(ROUND)
                before = self._clock.now() - OLD
        finally:
            self._running = False
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _look(self, before: int) -> None:
        try:
            for story_id in await turns.unattended(self._database, before=before):
                self.told(story_id)
        except StorageError as error:
            log.error("turns cannot be looked at", error=str(error))

    async def _attend(self, story_id: int) -> None:
        try:
            while story_id in self._due:
                self._due.discard(story_id)
                await self._go_on(story_id)
        except (*UNSAID, StorageError) as error:
            log.warning("turns could not be told", story=story_id, error=repr(error))
        except Exception:  # the root of a task
            log.exception("turns could not be told", story=story_id)
        finally:
            del self._tasks[story_id]

    async def _go_on(self, story_id: int) -> None:
        if await narrations.of_story(self._database, story_id):
            return  # it tells when it is done
        # Read before what it is held against: else it would seem untrue where it came in between, and go unsaid.
        news = await turns.news_of(self._database, story_id)
        story = await stories.get(self._database, story_id)
        kept = await keeping.read(self._database, story.id)
        if kept.narrating == "due" and story.state == "running" and story.narrates:
            await self._narrate(story)
            self._due.add(story.id)
        elif news:
            effects = [decoded(one) for some in news for one in some.effects]
            # Discord takes the same nonce once: a crash between saying and noting it says nothing twice.
            nonce = f"{news[-1].id}-{news[-1].created}"
            if await self._said(story, kept, effects, nonce=nonce):
                async with self._database.transaction() as tx:
                    await turns.said(tx, story.id, up_to=news[-1].id)
            self._due.add(story.id)
        elif story.state == "running":
            for attend in self._attendants:
                await attend(story, kept)

    async def _narrate(self, story: Story) -> None:
        """Let the narrator write by itself, on account of the host."""
        me = self._client.user
        assert me is not None  # a connected client knows itself
        host = Person(story.hosted_by or me.id, me.display_name, moderator=True, locale=story.language)
        try:
            await self._performance.go_on_in(story, host)
        except Suspended:
            return  # the next start goes on
        except NotTold:
            log.info("the narrator writes by itself once the story goes on", story=story.id)
        except StoryloomError as error:
            log.warning("the narrator did not write by itself", reason=error.text.msgid, story=story.id)
            async with self._database.transaction() as tx:
                await turns.set_narrating(tx, story.id, "no")
            text = _("The narrator wanted to go on and could not. {reason}", reason=error.text)
            await self._send(story, f"-# {text.render(story.language)}")

    async def _said(self, story: Story, kept: Kept, effects: list[Effect], *, nonce: str) -> bool:
        """Say what is still true; False where that changed meanwhile and is to be looked at anew."""
        if story.state != "running":
            return True
        effects = still_true(effects, kept.state)
        called = mention_in(effects)
        if called is not None and not await self._is_here(story, called):
            async with self._database.transaction() as tx:
                now = self._clock.now()
                await keeping.move(tx, story, partial(moves.leave, person_id=called, now=now), now=now)
            return False
        lines = [text.render(story.language) for text in told(effects, kept.state)]
        if not lines:
            return True
        switched = any(isinstance(one, Switched) for one in effects)
        view = join_button(story) if switched and kept.state.rules.mode != "free" else None
        if kept.state.rules.mode == "round" and any(isinstance(one, RoundOpened) for one in effects):
            view = hand_in_buttons(story)
        message = await self._send(story, together(lines), called=called, view=view, nonce=nonce)
        if message is not None and isinstance(effects[-1], NextUp | Nudge):
            await self._replace_card(story, message.id if len(effects) == 1 else None)
        return True

    async def _send(
        self,
        story: Story,
        content: str,
        *,
        called: int | None = None,
        view: discord.ui.View | None = None,
        nonce: str | None = None,
    ) -> discord.Message | None:
        """Say something; a channel that is gone hears nothing more, and its story rests."""
        users = [discord.Object(called)] if called is not None else []
        only = discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=users)
        try:
            return await self._board.channel(story.channel_id).send(
                content,
                allowed_mentions=only if users else NOBODY,
                view=view or discord.utils.MISSING,
                nonce=nonce or discord.utils.MISSING,
            )
        except discord.Forbidden as error:
            log.warning("turns may not be told here", story=story.id, error=repr(error))
            return None
        except discord.NotFound as error:
            if error.code != UNKNOWN_CHANNEL:
                raise
        log.info("a story's channel is gone; it rests", story=story.id)
        async with self._database.transaction() as tx:
            await stories.pause(tx, story.id)
            await keeping.displaced(tx, story.id)
        return None

    async def _replace_card(self, story: Story, message_id: int | None) -> None:
        """Take away the message that said before who is next, unless it said more."""
        async with self._database.transaction() as tx:
            before = await turns.show_card(tx, story.id, message_id)
        if before is not None:
            try:
                await self._board.channel(story.channel_id).get_partial_message(before).delete()
            except discord.NotFound:
                log.info("an old card of turns is gone already", story=story.id)

    async def _is_here(self, story: Story, person_id: int) -> bool:
        """Tell whether someone is still in the server."""
        guild = self._client.get_guild(story.guild_id)
        if guild is None:
            return True
        try:
            await guild.fetch_member(person_id)
        except discord.HTTPException as error:
            return error.code != UNKNOWN_MEMBER
        return True

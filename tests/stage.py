"""Put the real bot on a stage: discord.py over real sockets, a playground, SQLite, and a model that follows a script.

    async with Stage.open(tmp_path) as stage:
        mara = await stage.seat("Mara")
        stage.says("The lamp went out.")
        await mara.command("story start", channel="fireside", options={"title": "The Lamp"})

When the stage closes it looks back: the bot must still have been connected, nothing may have been logged as an
error, Discord must not have refused a request, and every request must be as Discord's description has it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

from bot.client import StoryBot
from bot.composition import limits_of, open_engine
from bot.config import Config, StorageSettings
from bot.engine.engine import Engine
from bot.play import at_home
from bot.playground.server import Playground
from bot.story.people import Place
from bot.wiring import make_bot
from storage import stories, trail
from storage.database import Database
from tests.loglines import Log
from tests.movable_clock import MovableClock
from tests.openapi import described, violations_of
from tests.person import Answer, Person
from tests.person_forms import Payload
from tests.script import Script
from tests.scripted import ScriptedBackend

EPHEMERAL = 64
LOADING = 128
PATIENCE = 10.0  # seconds


class Stage:
    """Be a playground with the bot in it; get one from `Stage.open`."""

    def __init__(
        self,
        playground: Playground,
        config: Config,
        seats: AsyncExitStack,
        log: Log,
        *,
        hears_typing: bool,
        model: bool,
    ) -> None:
        self.playground = playground
        self.config = config
        self.script = Script()
        self.backend = ScriptedBackend(self.script.reply, delay=self.script.delay)
        self.clock = MovableClock()
        self.calls = False
        """Whether the bot may call people: one at a time, whose turn it is."""
        self.bot: StoryBot
        self.database: Database
        self.engine: Engine
        self.log = log
        self._hears_typing = hears_typing
        self._model = model
        self._seats = seats
        self._open: AsyncExitStack | None = None
        self._running: asyncio.Task[None]
        self._allowed: list[re.Pattern[str]] = []
        self._statuses: set[int] = set()
        self._seen = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        folder: Path,
        *,
        settings: Mapping[str, Any] | None = None,
        hears_typing: bool = True,
        rate_limits: bool = False,
        model: bool = False,
        playing: bool = True,
    ) -> AsyncIterator[Self]:
        """Open a stage whose data is kept in a folder; without `playing` the bot is not there yet.

        `settings` are sections of the configuration; with `model` the configured model narrates, not the script.
        """
        async with AsyncExitStack() as stack:
            log = stack.enter_context(Log.listening())
            playground = await stack.enter_async_context(Playground.open(page=True, rate_limits=rate_limits))
            seats = await stack.enter_async_context(AsyncExitStack())
            config = at_home(
                Config(storage=StorageSettings(path=folder / "stories.db"), **(settings or {})), playground
            )
            stage = cls(playground, config, seats, log, hears_typing=hears_typing, model=model)
            try:
                if playing:
                    await stage.enter()
                yield stage
                stage.look_back()
            finally:
                await stage.leave()
            stage.look_back()

    async def enter(self) -> None:
        """Let the bot come: open everything in the order of the product, and wait until it is ready."""
        async with AsyncExitStack() as stack:
            self.engine = await stack.enter_async_context(self._engine())
            self.database = await stack.enter_async_context(Database.open(self.config.storage.path))
            self.bot = make_bot(
                self.config,
                engine=self.engine,
                database=self.database,
                hears_typing=self._hears_typing,
                clock=self.clock,
            )
            await stack.enter_async_context(self.bot)
            self._running = asyncio.create_task(self.bot.start(self.config.discord.token.get_secret_value()))
            ready = asyncio.create_task(self.bot.wait_until_ready())
            await asyncio.wait({self._running, ready}, timeout=30, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                ready.cancel()
                await self._running
            self._open = stack.pop_all()

    def _engine(self) -> AbstractAsyncContextManager[Engine]:
        if self._model:
            return open_engine(self.config)
        return Engine.open(self.backend, limits=limits_of(self.config))

    async def leave(self) -> None:
        """Let the bot go, kindly."""
        if self._open is not None:
            stack, self._open = self._open, None
            await stack.aclose()
            await asyncio.wait_for(self._running, PATIENCE)

    async def restart(self) -> None:
        """Stop the bot and start it again on the same data, while people stay."""
        await self.leave()
        # What the script was holding is the old run's; the new run has a voice of its own.
        self.script = Script()
        self.backend = ScriptedBackend(self.script.reply, delay=self.script.delay)
        await self.enter()

    async def seat(self, name: str, *, locale: str = "en-US", roles: Iterable[str] = ("member",)) -> Person:
        """Let a person in, until the stage closes."""
        person = Person.open(self.playground, name=name, locale=locale, roles=list(roles))
        return await self._seats.enter_async_context(person)

    @property
    def user_id(self) -> int:
        """Return the bot's own id."""
        assert self.bot.user is not None
        return self.bot.user.id

    def allow(self, event: str = "", *, status: int = 0) -> None:
        """Expect an error in the log (a regular expression), or a refusal by Discord."""
        if event:
            self._allowed.append(re.compile(event))
        if status:
            self._statuses.add(status)

    def look_back(self) -> None:
        """Assert that the bot is well, and that all it did so far was proper."""
        if self._open is not None:
            assert not self._running.done(), "the gateway task has ended"
        errors = [line for line in self.log.errors() if not any(p.search(line) for p in self._allowed)]
        assert errors == []
        requests = list(self.playground.requests)[self._seen :]
        self._seen += len(requests)
        refused = [r for r in requests if r.status in range(400, 500) and r.status != 429]
        assert [r for r in refused if r.status not in self._statuses] == []
        if described():
            assert violations_of(requests) == []
        assert [r for r in requests if _pings(r.body) and not (self.calls and _calls_one(r.body))] == []
        said = [m for history in self.playground.world.histories.values() for m in history.all()]
        called = [m for m in said if m["author"].get("bot") and _pinged(m)]
        assert [m for m in called if not self.calls or len(m["mentions"]) != 1] == []

    # What people do most

    async def begin(self, person: Person, channel: object = "fireside", **options: object) -> Payload:
        """Let a person start a story, and give the message with the buttons to begin with."""
        await person.command("story start", channel=channel, options={"title": "The Lamp"} | options)
        return await self._newest_in(person, channel, with_button("Continue"))

    async def write(self, person: Person, text: str, channel: object = "fireside") -> Payload:
        """Let a person write a passage, and give the message that shows it as the newest."""
        await person.command("write", channel=channel, options={"text": text})
        return await self._newest_in(person, channel, saying(text, button="Continue"))

    async def narrate(self, person: Person, text: str, channel: object = "fireside") -> Payload:
        """Let the narrator say a text, and give the message that shows it as the newest."""
        self.script.says(text)
        await person.command("continue", channel=channel)
        return await self._newest_in(person, channel, saying(text, button="Retry"))

    async def _newest_in(self, person: Person, channel: object, wanted: Callable[[Payload], bool]) -> Payload:
        where = person.channel(channel)["id"]
        return await person.wait_for_message(lambda m: m["channel_id"] == where and wanted(m))

    # What happened

    async def told(self, channel: object = "fireside") -> list[str]:
        """Return the story of a channel as it is read, passage by passage."""
        place = self.place(channel)
        story = await stories.newest_in(self.database, place.channel_id)
        assert story is not None, "no story here"
        return [told.passage.text for told in await trail.read(self.database, story.branch_id)]

    def place(self, channel: object) -> Place:
        """Return where a channel is, by its name or what a person knows of it."""
        if isinstance(channel, dict):
            return Place(int(channel.get("guild_id") or 0), int(channel["id"]))
        for known in self.playground.world.channels.values():
            if known.get("name") == channel:
                return Place(int(known.get("guild_id") or 0), int(known["id"]))
        raise LookupError(channel)


async def answered(answer: Answer) -> Payload:
    """Wait for the private message with which a command or a press was answered."""

    def is_it(message: Payload) -> bool:
        asked = (message.get("interaction_metadata") or {}).get("id")
        return asked == answer.id and not message.get("flags", 0) & LOADING

    message = await answer.person.wait_for_message(is_it, timeout=PATIENCE)
    assert message["flags"] & EPHEMERAL, "an answer that everyone reads"
    return message


async def refused(answer: Answer, words: str) -> Payload:
    """Wait for a private refusal that has these words in it."""
    message = await answered(answer)
    assert words in message["content"], message["content"]
    return message


def buttons(message: Payload) -> list[str]:
    """List the labels of a message's buttons."""
    rows = message.get("components") or []
    return [str(button.get("label")) for row in rows for button in row["components"]]


def controls(message: Payload) -> list[str]:
    """List the labels of those of a message's buttons that tell the story on."""
    rows = message.get("components") or []
    found = [button for row in rows for button in row["components"]]
    return [str(button.get("label")) for button in found if str(button.get("custom_id")).startswith("story:")]


def with_button(label: str) -> Callable[[Payload], bool]:
    """Match messages that have a button."""
    return lambda message: label in buttons(message)


def saying(*words: str, button: str | None = None) -> Callable[[Payload], bool]:
    """Match messages with all of these words in them, and with a button if one is named."""
    return lambda message: (
        all(word in message["content"] for word in words) and (button is None or button in buttons(message))
    )


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something that tells no event has come about."""
    async with asyncio.timeout(PATIENCE):
        while not await check():  # noqa: ASYNC110  # nothing tells when a row is there
            await asyncio.sleep(0.02)


def _pinged(message: Payload) -> bool:
    """Tell whether a message called somebody."""
    return bool(message["mentions"] or message["mention_roles"] or message["mention_everyone"])


def _calls_one(body: Any) -> bool:
    """Tell whether a message's body calls exactly the one person whom it names."""
    allowed = body["allowed_mentions"]
    named = re.findall(r"<@!?(\d+)>", body["content"])
    everyone = allowed.get("parse") or allowed.get("roles") or allowed.get("replied_user")
    return not everyone and [str(user) for user in allowed.get("users", [])] == named and len(named) == 1


def _pings(body: Any) -> bool:
    """Tell whether a message's body would ping anyone: one with content must forbid it."""
    if not isinstance(body, dict):
        return False
    body = body.get("data") if isinstance(body.get("data"), dict) else body
    if "content" not in body or not body["content"]:
        return False
    mentions = body.get("allowed_mentions")
    return mentions is None or bool(
        mentions.get("parse")
        or mentions.get("users")
        or mentions.get("roles")
        or mentions.get("replied_user")
    )

"""Know which of several model servers are up, and which of them a story should go to."""

import asyncio
import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, Self

import structlog

from bot.engine.backends.cards import AnotherModel, Card, Dialect, read_card, root_of
from bot.engine.backends.chat import ChatClient, ServerRefused
from bot.engine.backends.dialects import body_for, refused_fields
from bot.engine.errors import GenerationFailed
from bot.engine.request import Request
from bot.errors import StartError
from bot.locales import _

log = structlog.get_logger(__name__)

START_SECONDS = 20.0  # within which a server that is just starting may begin to answer
START_STEP = 1.0
LOOK_SECONDS = 10.0  # within which a server that is well tells what it serves
UNWELCOME = {401, 403}


class Server:
    """Hold what is known of one server."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.card: Card | None = None  # as it last was
        self.up = False
        self.reason = "not asked yet"
        self.hopeless = False  # waiting will not make it answer
        self._refused: frozenset[str] = frozenset()
        self._rests_until = 0.0
        self._spoke = 0.0
        self._waiting: set[asyncio.Timeout] = set()

    def rank(self, key: str) -> bytes:
        """Return this server's score for a story: each of many has its own order of servers, always the same."""
        return hashlib.blake2b(f"{self.root}\0{key}".encode(), digest_size=8).digest()

    def body(self, request: Request) -> dict[str, Any]:
        """Return a request in its words; it must have been up once."""
        assert self.card is not None
        return body_for(request, self.card, refused=self._refused)

    def learns(self, error: ServerRefused, body: dict[str, Any]) -> bool:
        """Leave out from now on what it does not know; tell whether that changes anything."""
        fields = refused_fields(error, body)
        self._refused |= fields
        if fields:
            log.warning("model server does not know fields", url=self.root, fields=sorted(fields))
        return bool(fields)

    def rest(self, seconds: float) -> None:
        """Leave it alone for a while, as it asked."""
        self._rests_until = time.monotonic() + seconds

    @property
    def rests(self) -> float:
        """Return for how many seconds it is to be left alone."""
        return max(0.0, self._rests_until - time.monotonic())

    def speaks(self) -> None:
        """Take note of words that came from it."""
        self._spoke = time.monotonic()

    def spoke_since(self, then: float) -> bool:
        """Tell whether words came after a moment of the monotonic clock."""
        return self._spoke > then

    @contextmanager
    def first_word(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """Let a wait for the first word end when the server is given up."""
        self._waiting.add(deadline)
        try:
            yield
        finally:
            self._waiting.discard(deadline)

    def give_up(self) -> None:
        """End every wait for a first word: another server shall be asked."""
        waiting, self._waiting = self._waiting, set()
        for deadline in waiting:
            deadline.reschedule(asyncio.get_running_loop().time())


class Servers:
    """Watch servers in the background; opened as a context manager, which waits until one of them answers."""

    def __init__(
        self,
        client: ChatClient,
        urls: Iterable[str],
        *,
        model: str,
        dialect: Dialect | Literal["auto"],
        health_seconds: float,
    ) -> None:
        self.all = [Server(root) for root in dict.fromkeys(map(root_of, urls))]
        self.returns = 0  # how often one that was lost came back
        self._client = client
        self._model = model
        self._dialect = dialect
        self._seconds = health_seconds
        self._watch: asyncio.Task[None] | None = None

    @property
    def up(self) -> list[Server]:
        """Return those that answer, as far as is known."""
        return [server for server in self.all if server.up]

    async def __aenter__(self) -> Self:
        """Find the first server; raises StartError, naming one and its reason, if there is none for a while."""
        deadline = time.monotonic() + START_SECONDS
        await self.check()
        while not self.up:
            if time.monotonic() > deadline or all(server.hopeless for server in self.all):
                raise self._nobody()
            await asyncio.sleep(START_STEP)
            await self.check()
        self._watch = asyncio.create_task(self._keep_watch())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    def ranked(self, key: str, *, adapter: str = "") -> list[Server]:
        """Return the servers to ask for a story, best first, without those that rest.

        The best stays the same while it is up, so that its prefix cache is warm, and is again when it came back. If all
        are down, all that ever answered are tried: one may be back before the next check.
        """
        known = [s for s in self.all if s.card and (not adapter or adapter in s.card.served)]
        awake = [server for server in known if server.up] or known
        return sorted((s for s in awake if not s.rests), key=lambda s: s.rank(key))

    def lost(self, server: Server, reason: str) -> None:
        """Take note that a server failed; the next check may bring it back."""
        if server.up or reason != server.reason:
            log.warning("model server is down", url=server.root, reason=reason)
        server.up, server.reason = False, reason

    async def check(self) -> None:
        """Ask every server how it is."""
        await asyncio.gather(*map(self._check, self.all))
        for server in self.up:
            # Where no model was named, the first look at several found all models welcome.
            if server.card and self._wanted not in (server.card.label, server.card.model):
                self._ill(server, AnotherModel(f"serves {server.card.label}, not {self._wanted}"))
                server.card = None

    async def _check(self, server: Server) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                card = await read_card(self._client, server.root, model=self._wanted, dialect=self._dialect)
        except TimeoutError:
            if not server.spoke_since(began):  # else it is only too busy for questions
                self._ill(server, GenerationFailed("does not answer"))
            return
        except GenerationFailed as error:
            self._ill(server, error)
            return
        if not server.up:
            self.returns += server.card is not None
            log.info("model server is up", url=server.root, model=card.label, dialect=card.dialect)
        server.card, server.up, server.reason = card, True, ""

    def _ill(self, server: Server, error: GenerationFailed) -> None:
        refused = isinstance(error, ServerRefused) and error.status in UNWELCOME
        server.hopeless = refused or isinstance(error, AnotherModel)
        self.lost(server, error.detail)
        if self.up:
            server.give_up()

    @property
    def _wanted(self) -> str:
        """Return the model that all must serve: the one named, or that of the first server that answered."""
        return self._model or next((server.card.label for server in self.all if server.card), "")

    async def _keep_watch(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self.check()
            except Exception:
                log.exception("looking after model servers failed")

    def _nobody(self) -> StartError:
        return StartError(
            _(
                "No model server can be used: {servers}. Start one, or correct base_urls, model or api_key "
                "under [openai].",
                servers="; ".join(f"{server.root} ({server.reason})" for server in self.all),
            )
        )

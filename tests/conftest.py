"""Share what many tests stand on: a real database, a stage with the bot, seats in a playground."""

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

pytest.register_assert_rewrite("tests.stage", "tests.person", "tests.openapi", "tests.playground_client")

from bot.playground.server import Playground  # noqa: E402  # the rewriting must be asked for before the imports
from storage.database import Database  # noqa: E402  # likewise
from tests import converted  # noqa: E402  # likewise
from tests.playground_client import Client  # noqa: E402  # likewise
from tests.stage import Stage  # noqa: E402  # likewise

# As bot.logs has it: no local variables in tracebacks, whatever else is installed.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Open a new database, closed after the test."""
    async with Database.open(tmp_path / "storyloom.db") as opened:
        yield opened


@pytest.fixture
def patience() -> Iterator[None]:
    """End a test that would take minutes, if not hours: one look at a text for every character of it."""

    def give_up(*_: object) -> None:
        raise AssertionError("this takes far too long")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Put the bot on a stage, ready to play; what it did is looked at when the test is over."""
    async with Stage.open(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def smollm2_folder() -> Path:
    """Return the embedded model as a folder of safetensors, kept between runs."""
    return converted.smollm2()


@pytest.fixture
async def ann(playground: Playground) -> AsyncIterator[Client]:
    """Seat a person without any role in the module's own playground."""
    async with Client.open(playground, "Ann") as client:
        yield client


@pytest.fixture
async def mod(playground: Playground) -> AsyncIterator[Client]:
    """Seat a moderator."""
    async with Client.open(playground, "Mo", roles=["moderator"]) as client:
        yield client


@pytest.fixture
async def admin(playground: Playground) -> AsyncIterator[Client]:
    """Seat an administrator."""
    async with Client.open(playground, "Ada", roles=["admin"]) as client:
        yield client


@pytest.fixture
async def bot(playground: Playground) -> AsyncIterator[Client]:
    """Add a bot of which only its requests are played."""
    async with Client.open(playground, "Loom", bot=True) as client:
        yield client

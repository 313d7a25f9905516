"""Share what many tests stand on: a real database in a folder of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.stage", "tests.person", "tests.openapi")

from storage.database import Database  # noqa: E402  # the rewriting must be asked for before the imports
from tests.stage import Stage  # noqa: E402  # likewise


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Open a new database, closed after the test."""
    async with Database.open(tmp_path / "storyloom.db") as opened:
        yield opened


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Put the bot on a stage, ready to play; what it did is looked at when the test is over."""
    async with Stage.open(tmp_path) as opened:
        yield opened

"""Own the file of stories: open and migrate it, read from it, and write to it in transactions."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, Self, TypeVar

import aiosqlite
import structlog

from storage import lock
from storage.errors import UnwritableDatabase
from storage.inspection import explained, inspect, is_new, require_sqlite
from storage.migrations import MIGRATIONS

log = structlog.get_logger(__name__)

Parameters = Sequence[object] | Mapping[str, object]
_T = TypeVar("_T")

_SETTINGS = """
PRAGMA busy_timeout = 5000;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA recursive_triggers = ON; -- so that REPLACE cannot slip past a trigger on DELETE
"""


class Reader(Protocol):
    """Answer questions: the database outside a transaction, or a transaction that sees its own rows."""

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Return every row."""
        ...

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """Return the first row, or None."""
        ...


class Transaction:
    """Read and write inside one transaction; useless once that has ended."""

    def __init__(self, run: Callable[[str, Parameters], Awaitable[list[sqlite3.Row]]]) -> None:
        self._run = run
        self._ended = False

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Run one statement, which may be an INSERT … RETURNING; return its rows."""
        if self._ended:
            raise RuntimeError("This transaction has ended; open a new one.")
        return await self._run(sql, parameters)

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """Run one statement; return its first row, or None."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def change(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row:
        """Run one INSERT or UPDATE … RETURNING that is sure to touch a row; return that row."""
        return (await self.fetch_all(sql, parameters))[0]

    async def execute(self, sql: str, parameters: Parameters = ()) -> None:
        """Run one statement that answers nothing."""
        await self.fetch_all(sql, parameters)

    def end(self) -> None:
        """Refuse every further statement."""
        self._ended = True


class Database:
    """Give out reads, and transactions one at a time.

    Each has a connection of its own: a read waits for no transaction, and sees what was committed when it began.
    Errors about the file (damaged, disk full) come as StorageErrors.
    """

    def __init__(self, path: Path, *, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._path = path
        self._writer = writer
        self._reader = reader
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[object] | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Self]:
        """Lock, check, open and migrate the file at path, created with its folder where there is none.

        Everything that can be wrong with the file is found before anything is written to it.
        """
        await asyncio.to_thread(_make_folder, path)
        with lock.hold(path):
            version = await asyncio.to_thread(_version, path)
            async with _connected(path) as writer:
                with explained(path):
                    await _use_log(writer, path)
                    await _migrate(writer, version)
                async with _connected(path) as reader:
                    # So SQLite itself refuses to write outside of a transaction.
                    await reader.execute_fetchall("PRAGMA query_only = ON")
                    log.info("database open", path=str(path), version=len(MIGRATIONS), was=version)
                    yield cls(path, writer=writer, reader=reader)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open the one transaction there can be: committed at the end, rolled back on any exception.

        A commit that has begun is finished even when the task is cancelled meanwhile.
        """
        self._refuse_inside()
        async with self._lock:
            self._owner = asyncio.current_task()
            transaction = Transaction(self._run)
            try:
                await self._run("BEGIN IMMEDIATE")
                yield transaction
                await self._run("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    await self._run("ROLLBACK")
                raise
            finally:
                transaction.end()
                self._owner = None

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Return every row of a question asked outside of a transaction."""
        self._refuse_inside()
        with explained(self._path):
            return list(await self._reader.execute_fetchall(sql, parameters))

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """Return the first row, or None, of a question asked outside of a transaction."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    def _refuse_inside(self) -> None:
        if self._owner is not None and self._owner is asyncio.current_task():
            raise RuntimeError("This task is inside a transaction already; pass that transaction on.")

    async def _run(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        with explained(self._path):
            return list(await _uninterrupted(self._writer.execute_fetchall(sql, parameters)))


@asynccontextmanager
async def _connected(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    with explained(path):
        connection = await aiosqlite.connect(path, isolation_level=None)
    try:
        with explained(path):
            connection.row_factory = sqlite3.Row
            await connection.executescript(_SETTINGS)
        yield connection
    finally:
        await _uninterrupted(connection.close())


async def _uninterrupted(work: Awaitable[_T]) -> _T:
    """Wait for work to its end even when cancelled meanwhile, then let the cancellation go on.

    Otherwise the next statement would start from a state that nobody knows.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        task.exception()  # looked at, so that asyncio does not report it as never retrieved
        raise cancelled
    return task.result()


def _make_folder(path: Path) -> None:
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)


def _version(path: Path) -> int:
    require_sqlite()
    return 0 if is_new(path) else inspect(path, check="quick_check")


async def _use_log(connection: aiosqlite.Connection, path: Path) -> None:
    modes = list(await connection.execute_fetchall("PRAGMA journal_mode = WAL"))
    if modes[0][0] != "wal":
        raise UnwritableDatabase(path, "this file system cannot hold a write-ahead log; use a local disk")


async def _migrate(connection: aiosqlite.Connection, version: int) -> None:
    """Run the scripts that a file has not seen; one that fails is rolled back as its connection closes."""
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        await connection.executescript(
            f"BEGIN IMMEDIATE;\n{script};\nPRAGMA user_version = {number};\nCOMMIT"
        )

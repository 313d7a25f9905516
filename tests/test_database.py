"""The database opens only what is sound, and lets one transaction at a time write."""

import asyncio
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage import lock, notices
from storage.database import Database, Reader
from storage.errors import (
    DamagedDatabase,
    DatabaseInUse,
    ForeignDatabase,
    NewerDatabase,
    OldSQLite,
    UnwritableDatabase,
)
from storage.inspection import inspect, is_new
from storage.migrations import MIGRATIONS
from tests.stored import files_in, story_of


async def _said(reader: Reader) -> list[str]:
    return [row["name"] for row in await reader.fetch_all("SELECT name FROM notices ORDER BY name")]


async def _say(database: Database, name: str) -> None:
    async with database.transaction() as tx:
        await notices.first_time(tx, "test", name, created=1)


async def test_every_setting_that_durability_rests_on_is_set(database: Database) -> None:
    """WAL, synchronous=FULL, foreign keys, a busy timeout."""
    found = {
        name: (await database.fetch_all(f"PRAGMA {name}"))[0][0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "recursive_triggers")
    }

    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "recursive_triggers": 1,
    }


async def test_every_table_is_strict(database: Database) -> None:
    """No column takes a value of another type."""
    lax = await database.fetch_all(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict"
        " AND name NOT LIKE 'sqlite_%'"
    )

    assert [row["name"] for row in lax] == []


async def test_open_creates_the_folder_and_keeps_what_was_written(tmp_path: Path) -> None:
    """A new path works, and a second opening finds the rows."""
    path = tmp_path / "new" / "folder" / "a ?#%.db"
    async with Database.open(path) as database:
        await _say(database, "hello")

    async with Database.open(path) as database:
        assert await _said(database) == ["hello"]


async def test_exception_rolls_back_everything(database: Database) -> None:
    """Nothing of a failed transaction stays, and the next one works."""

    async def fail() -> None:
        async with database.transaction() as tx:
            await notices.first_time(tx, "test", "lost", created=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await _say(database, "kept")

    assert await _said(database) == ["kept"]


async def test_failed_statement_leaves_the_connection_usable(database: Database) -> None:
    """A broken constraint comes out as it is and rolls back."""

    async def show_nothing() -> None:
        async with database.transaction() as tx:
            await notices.first_time(tx, "test", "lost", created=1)
            await tx.execute("INSERT INTO controls VALUES (999, 1, 1)")

    with pytest.raises(sqlite3.IntegrityError):
        await show_nothing()
    assert await _said(database) == []


async def test_readers_never_see_uncommitted_rows(database: Database) -> None:
    """A read begun during a transaction answers at once, with what was committed before it."""
    await _say(database, "committed")
    async with database.transaction() as tx:
        await notices.first_time(tx, "test", "later rolled back or not", created=1)
        meanwhile = await asyncio.create_task(_said(database))
        await tx.execute("DELETE FROM notices")

    assert meanwhile == ["committed"]
    assert await _said(database) == []


async def test_transactions_run_one_after_another(database: Database) -> None:
    """Fifty tasks that read, wait and write lose no increment."""
    await _say(database, "0")

    async def increment() -> None:
        async with database.transaction() as tx:
            (name,) = await _said(tx)
            await asyncio.sleep(0)
            await tx.execute("UPDATE notices SET name = ?", (str(int(name) + 1),))

    await asyncio.gather(*(increment() for _ in range(50)))

    assert await _said(database) == ["50"]


async def test_nesting_is_refused_with_a_word_on_what_to_do(database: Database) -> None:
    """A second transaction or an outside read in the same task would wait for itself."""
    async with database.transaction() as tx:
        with pytest.raises(RuntimeError, match="pass that transaction on"):
            await _say(database, "inner")
        with pytest.raises(RuntimeError, match="pass that transaction on"):
            await _said(database)
        await notices.first_time(tx, "test", "outer", created=1)

    assert await _said(database) == ["outer"]


async def test_ended_transaction_refuses_statements(database: Database) -> None:
    """A transaction that leaked out of its block writes nothing."""
    async with database.transaction() as tx:
        pass

    with pytest.raises(RuntimeError, match="has ended"):
        await notices.first_time(tx, "test", "late", created=1)


async def test_writing_outside_a_transaction_is_refused(database: Database) -> None:
    """SQLite itself refuses, also after transactions that failed or succeeded."""
    await _say(database, "kept")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction():
            raise ZeroDivisionError

    with pytest.raises(UnwritableDatabase, match="readonly"):
        await database.fetch_all("DELETE FROM notices")
    assert await _said(database) == ["kept"]


@pytest.mark.parametrize("steps", range(30))
async def test_cancelling_anywhere_is_all_or_nothing(database: Database, steps: int) -> None:
    """However far a transaction got, both rows are there or none, and the database goes on."""

    async def two_rows() -> None:
        async with database.transaction() as tx:
            await notices.first_time(tx, "test", "a", created=1)
            await notices.first_time(tx, "test", "b", created=1)

    task = asyncio.create_task(two_rows())
    for _ in range(steps):
        await asyncio.sleep(0.0002 if steps % 2 else 0)
    task.cancel()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert await _said(database) in ([], ["a", "b"])
    await _say(database, "c")
    assert "c" in await _said(database)


async def test_cancelled_while_sqlite_waits_leaves_no_transaction_open(
    database: Database, tmp_path: Path
) -> None:
    """A BEGIN that succeeds after its task gave up is rolled back, so that the next one can begin."""
    with closing(sqlite3.connect(tmp_path / "storyloom.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(_say(database, "never"))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
    await asyncio.gather(task, return_exceptions=True)

    assert task.cancelled()
    await _say(database, "next")
    assert await _said(database) == ["next"]


async def test_cancelled_while_waiting_for_its_turn(database: Database) -> None:
    """A task that gives up in the queue does not disturb the one at work."""
    async with database.transaction() as tx:
        waiting = asyncio.create_task(_say(database, "never"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await notices.first_time(tx, "test", "kept", created=1)

    assert await _said(database) == ["kept"]


async def test_full_disk_is_named_and_survived(database: Database) -> None:
    """What does not fit is rolled back with a typed error; reading and small writes go on."""
    await _say(database, "kept")
    (pages,) = (await database.fetch_all("PRAGMA page_count"))[0]
    async with database.transaction() as tx:
        await tx.execute(f"PRAGMA max_page_count = {pages + 4}")

    with pytest.raises(UnwritableDatabase, match="full"):
        await story_of(database, "x" * 1_000_000)

    assert await _said(database) == ["kept"]
    await _say(database, "more")


async def test_second_opening_is_refused(tmp_path: Path) -> None:
    """Two bots never share a file, be they in one process or in two."""
    path = tmp_path / "storyloom.db"
    script = f"from pathlib import Path; from storage import lock\nwith lock.hold(Path({str(path)!r})): pass"
    command = [sys.executable, "-c", script]
    async with Database.open(path):
        with pytest.raises(DatabaseInUse, match="Stop it first"):
            async with Database.open(path):
                pass
        other = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)

    assert "DatabaseInUse" in other.stderr
    assert await asyncio.to_thread(subprocess.run, command, check=True)


async def test_file_system_without_locks_is_not_taken_for_another_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network folders know no locks; the host would look for a second bot in vain."""

    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock, "_try_lock", refuse)

    with pytest.raises(UnwritableDatabase, match="No locks available"):
        async with Database.open(tmp_path / "storyloom.db"):
            pass


@pytest.mark.parametrize("look", [is_new, lambda path: inspect(path, check="quick_check")])
def test_name_that_cannot_be_looked_at_is_named(tmp_path: Path, look: Callable[[Path], object]) -> None:
    """What the system says about it comes as the error of a database, in one line."""
    with pytest.raises(UnwritableDatabase, match="File name too long"):
        look(tmp_path / ("x" * 300))


async def test_newer_database_is_refused_untouched(tmp_path: Path) -> None:
    """A file of a later version stays as it is."""
    path = tmp_path / "storyloom.db"
    async with Database.open(path):
        pass
    _run(path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    await _refused_untouched(path, NewerDatabase, "update Storyloom")


async def test_foreign_database_is_refused_untouched(tmp_path: Path) -> None:
    """Tables of another program are left alone."""
    path = tmp_path / "storyloom.db"
    _run(path, "CREATE TABLE recipes (name)")
    await _refused_untouched(path, ForeignDatabase, "not a Storyloom database")


async def test_text_file_is_refused_untouched(tmp_path: Path) -> None:
    """A file that is no database at all is reported with the way to restore."""
    path = tmp_path / "storyloom.db"
    path.write_text("Once upon a time\n" * 1000)
    await _refused_untouched(path, DamagedDatabase, "python -m bot restore FILE")


@pytest.mark.parametrize("page", [0, 1, 2, 3, 7])
async def test_broken_page_is_refused_untouched(tmp_path: Path, page: int) -> None:
    """Wherever a page was overwritten, opening finds it."""
    path = tmp_path / "storyloom.db"
    async with Database.open(path) as database:
        await story_of(database, *["words " * 2000] * 5)
    content = bytearray(path.read_bytes())
    content[page * 4096 + 100 : (page + 1) * 4096] = b"\xa5" * 3996
    path.write_bytes(content)
    await _refused_untouched(path, DamagedDatabase, "restore your newest backup")


async def test_cut_file_is_refused_untouched(tmp_path: Path) -> None:
    """A file that lost its end is damaged."""
    path = tmp_path / "storyloom.db"
    async with Database.open(path) as database:
        await story_of(database, *["words " * 2000] * 5)
    path.write_bytes(path.read_bytes()[: -5 * 4096])
    await _refused_untouched(path, DamagedDatabase, "restore your newest backup")


async def test_log_of_a_broken_database_is_kept(tmp_path: Path) -> None:
    """After a crash the newest words are in the log alone; finding damage must not fold it in."""
    path = tmp_path / "crashed" / "storyloom.db"
    path.parent.mkdir()
    async with Database.open(tmp_path / "storyloom.db") as database:
        await story_of(database, *["words " * 2000] * 5)
        await database.fetch_all("PRAGMA wal_checkpoint")
        await _say(database, "in the log alone")
        content = bytearray((tmp_path / "storyloom.db").read_bytes())
        content[4096:8192] = b"\xa5" * 4096
        path.write_bytes(content)
        shutil.copy(tmp_path / "storyloom.db-wal", path.parent)
    await _refused_untouched(path, DamagedDatabase, "restore your newest backup")
    assert "storyloom.db-wal" in files_in(path.parent)


@pytest.mark.parametrize("left", ["nothing", "empty"])
async def test_log_without_its_database_is_kept(tmp_path: Path, left: str) -> None:
    """SQLite would throw the log of a lost or emptied file away; opening refuses first."""
    path = tmp_path / "storyloom.db"
    (tmp_path / "storyloom.db-wal").write_bytes(b"words that were acknowledged")
    if left == "empty":
        path.touch()
    await _refused_untouched(path, DamagedDatabase, "storyloom.db-wal is there")


@pytest.mark.parametrize("half", [b"", "header"], ids=["empty file", "header alone"])
async def test_crash_at_the_very_first_start_is_survived(tmp_path: Path, half: bytes | str) -> None:
    """A file that never got its tables is filled, not refused."""
    path = tmp_path / "storyloom.db"
    path.touch()
    if half == "header":
        _run(path, "PRAGMA journal_mode = WAL")

    async with Database.open(path) as database:
        assert await _said(database) == []


async def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the place of the folder, or a folder in the place of the file."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "storyloom.db", tmp_path / "folder"):
        with pytest.raises(UnwritableDatabase, match=r"belong to the user") as caught:
            async with Database.open(path):
                pass
        assert str(caught.value).startswith(f"{path}: ")


async def test_old_sqlite_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python whose SQLite knows no STRICT tables is told so."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))

    with pytest.raises(OldSQLite, match=r"needs 3\.37\.0"):
        async with Database.open(tmp_path / "storyloom.db"):
            pass


def _run(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


async def _refused_untouched(path: Path, error: type[Exception], words: str) -> None:
    before = files_in(path.parent)
    with pytest.raises(error, match=words) as caught:
        async with Database.open(path):
            pass

    assert before == files_in(path.parent)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)

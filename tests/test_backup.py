"""A backup is whole, taken from a running bot; restoring it destroys nothing."""

import asyncio
import resource
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage import passages
from storage.backup import backup, restore
from storage.database import Database
from storage.errors import (
    DamagedDatabase,
    DatabaseInUse,
    ForeignDatabase,
    MissingDatabase,
    NewerDatabase,
    StorageError,
    TargetExists,
    UnwritableDatabase,
)
from storage.migrations import MIGRATIONS
from tests.stored import by_person, files_in, story_of


async def _texts(path: Path) -> list[str]:
    async with Database.open(path) as database:
        rows = await database.fetch_all("SELECT text FROM passages ORDER BY id")
        return [row["text"] for row in rows]


async def _with_texts(path: Path, *texts: str) -> Path:
    async with Database.open(path) as database:
        await story_of(database, *texts)
    return path


async def test_backup_of_a_running_bot_has_every_committed_word(tmp_path: Path) -> None:
    """What was committed before is in it, what is in an open transaction is not, and the bot goes on."""
    copy = tmp_path / "copy.db"
    async with Database.open(tmp_path / "storyloom.db") as database:
        story, _, _ = await story_of(database, "committed", "也是")
        async with database.transaction() as tx:
            await passages.add(tx, by_person(story, None, "not yet"))
            await asyncio.to_thread(backup, tmp_path / "storyloom.db", copy)
        rows = await database.fetch_all("SELECT text FROM passages ORDER BY id")

    assert [row["text"] for row in rows] == ["committed", "也是", "not yet"]
    assert await _texts(copy) == ["committed", "也是"]


async def test_backup_under_constant_writing_is_whole(tmp_path: Path) -> None:
    """Ten backups while passages pour in: each opens clean, and none has less than the one before."""
    async with Database.open(tmp_path / "storyloom.db") as database:
        story, branch, _ = await story_of(database, "start")

        async def pour() -> None:
            while True:
                async with database.transaction() as tx:
                    await passages.add(tx, by_person(story, branch.head, "more " * 300))

        pouring = asyncio.create_task(pour())
        for number in range(10):
            await asyncio.to_thread(backup, tmp_path / "storyloom.db", tmp_path / f"{number}.db")
            async with database.transaction():  # begins after the one that is under way
                pass
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)

    counts = [len(await _texts(tmp_path / f"{number}.db")) for number in range(10)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


async def test_backup_never_overwrites(tmp_path: Path) -> None:
    """An existing file stays, whatever it is."""
    source = await _with_texts(tmp_path / "storyloom.db", "words")
    target = tmp_path / "precious"
    target.write_text("precious")

    with pytest.raises(TargetExists, match="Choose another name"):
        backup(source, target)
    assert target.read_text() == "precious"


async def test_failed_backup_leaves_nothing_behind(tmp_path: Path) -> None:
    """No half file under the target's or any other name."""
    source = await _with_texts(tmp_path / "storyloom.db", "words")
    before = files_in(tmp_path)

    with pytest.raises(UnwritableDatabase) as caught:
        backup(source, tmp_path / "no such folder" / "copy.db")
    with pytest.raises(MissingDatabase, match="no such file"):
        backup(tmp_path / "other.db", tmp_path / "copy.db")

    assert str(caught.value).startswith(str(tmp_path / "no such folder"))
    assert files_in(tmp_path) == before


async def test_backup_that_finds_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    """The half that was written is removed, and the error names the target."""
    source = await _with_texts(tmp_path / "storyloom.db", "x" * 500_000)
    before = files_in(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(UnwritableDatabase, match=r"copy\.db: .*room"):
            backup(source, tmp_path / "copy.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert files_in(tmp_path) == before


async def test_damaged_database_is_not_backed_up(tmp_path: Path) -> None:
    """A backup that looks fine but is not would be worse than none."""
    source = await _with_texts(tmp_path / "storyloom.db", *["words " * 2000] * 5)
    content = source.read_bytes()
    source.write_bytes(content[:8192] + b"\xa5" * 4096 + content[12288:])

    with pytest.raises(DamagedDatabase, match=r"storyloom\.db"):
        backup(source, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


async def test_restore_brings_the_backup_back_and_keeps_the_present_file(tmp_path: Path) -> None:
    """What was written after the backup is moved aside, complete and openable."""
    path = await _with_texts(tmp_path / "storyloom.db", "old")
    backup(path, tmp_path / "copy.db")
    async with Database.open(path) as database:
        async with database.transaction() as tx:
            await tx.execute("UPDATE stories SET state = 'ended'")
        await story_of(database, "new")

    aside = restore(tmp_path / "copy.db", path)

    assert aside is not None
    assert aside.name.startswith("storyloom.db.before-restore-")
    assert await _texts(path) == ["old"]
    assert await _texts(aside) == ["old", "new"]
    assert await _texts(tmp_path / "copy.db") == ["old"]


async def test_restore_moves_the_log_of_a_crashed_bot_aside_too(tmp_path: Path) -> None:
    """Words that are in the write-ahead log alone stay with the file they belong to."""
    crashed = tmp_path / "crashed" / "storyloom.db"
    crashed.parent.mkdir()
    async with Database.open(tmp_path / "storyloom.db") as database:
        await story_of(database, "in the log")
        for suffix in ("", "-wal", "-shm"):
            shutil.copy(tmp_path / f"storyloom.db{suffix}", crashed.parent)
    copy = await _with_texts(tmp_path / "other.db", "restored")

    aside = restore(copy, crashed)

    assert aside is not None
    assert await _texts(crashed) == ["restored"]
    assert await _texts(aside) == ["in the log"]


async def test_restore_to_a_new_place(tmp_path: Path) -> None:
    """After a lost disk there is not even the folder; an older backup is brought up to date at opening."""
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(f"{MIGRATIONS[0]}; PRAGMA user_version = 1")

    assert restore(old, tmp_path / "new" / "storyloom.db") is None
    assert await _texts(tmp_path / "new" / "storyloom.db") == []


async def test_restore_refuses_while_the_bot_runs(tmp_path: Path) -> None:
    """The running bot keeps its file and goes on."""
    copy = await _with_texts(tmp_path / "copy.db", "old")
    async with Database.open(tmp_path / "storyloom.db") as database:
        await story_of(database, "running")
        with pytest.raises(DatabaseInUse, match="Stop it first"):
            restore(copy, tmp_path / "storyloom.db")

    assert await _texts(tmp_path / "storyloom.db") == ["running"]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("PRAGMA user_version = 999", NewerDatabase),
        ("PRAGMA application_id = 1", ForeignDatabase),
        (None, DamagedDatabase),
        ("empty", ForeignDatabase),
        ("missing", MissingDatabase),
    ],
)
async def test_bad_backup_changes_nothing(
    tmp_path: Path, statement: str | None, error: type[StorageError]
) -> None:
    """The present database stays in place when the backup is not fit to replace it."""
    bad = await _with_texts(tmp_path / "backups" / "bad.db", *["words " * 2000] * 5)
    path = await _with_texts(tmp_path / "live" / "storyloom.db", "present")
    before = files_in(path.parent)
    _spoil(bad, statement)

    with pytest.raises(error, match=r"bad\.db: "):
        restore(bad, path)

    assert files_in(path.parent) == before
    assert await _texts(path) == ["present"]


def _spoil(path: Path, how: str | None) -> None:
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how is None:
        path.write_bytes(path.read_bytes()[:-8192])
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(how)

"""Every schema that was ever released becomes today's, with all its rows."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import Database
from storage.migrations import MIGRATIONS

# A script that was released is never edited. A new one adds its digest here and its rows below.
DIGESTS = (
    "e10201b2a4864a9e09462ca7935fc4485478b9a3f8b23fb43f8ca9df1a07f5aa",
    "fff7c1b9829e3ae1c277284c49d6042aaa6a49f8f11bbec146b5d40e617f9ddf",
    "43812e789a869e0fd7d3b2aa7f6640419965775c507f7a5b00c53e1e2150ebe5",
)

# One row at least for each table, in the words of the version that brought it.
ROWS = (
    """
    INSERT INTO stories VALUES (1, 0, 5, 'T', 'P', 'en', 'teen', 'running', 1, 120, NULL, 7, 'A', 10, NULL);
    INSERT INTO passages VALUES
        (1, 1, NULL, 0, 0, 7, 'A', 'person', '你好', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 11),
        (2, 1, 1, 1, 6, NULL, NULL, 'narrator', 'x', 7, 'd', 'm', 4, '{"top_k": 1}', 'ab', 'stop', 12);
    INSERT INTO branches VALUES (1, 1, 'main', 1, 2, 10);
    UPDATE stories SET branch_id = 1;
    INSERT INTO actions VALUES (1, 1, 7, 'A', 'write', 1, '{}', 11);
    """,
    """
    INSERT INTO narrations VALUES (1, 1, 'retry', 1, 7, 'A', 'zh-CN', NULL, NULL, 5, NULL, 13);
    INSERT INTO inbox VALUES (1, 1, 7, 'A', 'w', 5, '[51]', 0, 14);
    INSERT INTO displays VALUES (52, 2, 0, 5, 1);
    INSERT INTO controls VALUES (1, 5, 52);
    INSERT INTO notices VALUES ('channel:5', 'language', 15);
    """,
    """
    UPDATE stories SET adapter = 'noir';
    INSERT INTO guild_settings VALUES (9, 'none');
    """,
    """
    INSERT INTO revisions VALUES (1, 1, NULL);
    INSERT INTO steps VALUES (9, 1, 'take back', 1, 1, NULL, 1, 1);
    INSERT INTO edits VALUES (1, 7, 'A');
    """,
    "",  # an index only
    """
    UPDATE stories SET style = 'noir', creativity = 5;
    INSERT INTO threads VALUES (6, 5);
    INSERT INTO boundaries VALUES (1, 9, 5, 'line', 'spiders', 1, 18);
    INSERT INTO channel_ratings VALUES (9, 0, 'teen');
    INSERT INTO scenes_over VALUES (1, NULL);
    """,
    """
    INSERT INTO recaps VALUES (1, 1, 'scene', 0, 1, 1, 2, '1:-', 'r', NULL, 1, 19);
    INSERT INTO prompts_used VALUES (2, 1, x'00', 20);
    INSERT INTO visits VALUES (1, 7, 1, 21, NULL, NULL);
    """,
    """
    INSERT INTO votes VALUES (1, 1, 'twist', 'open', 1, 0, 7, 'A', 5, 54, 'open:1', 60, 99, NULL, 29, NULL);
    INSERT INTO vote_options VALUES (1, 1, 'w', 'minor', 'loss', NULL, NULL, 0, 1, 29);
    INSERT INTO ballots VALUES (1, 1, 7, 'A', 1, 30, 30);
    UPDATE votes SET state = 'decided', winner = 1;
    INSERT INTO directions VALUES (1, 1, 'w', 31);
    INSERT INTO rounds VALUES (1, 1, 'done', 2, 32, 33);
    INSERT INTO contributions VALUES (1, 1, 7, 'A', 'w', 32, 32);
    """,
    """
    INSERT INTO lore_entries VALUES (1, 1, 'fact', 7, 'A', 22);
    INSERT INTO lore_versions VALUES
        (1, 1, 1, 'T', 'w', '["k"]', 1, 0, '', 0, '', NULL, NULL, 0, 7, 'A', NULL, 'd', 'e', 22);
    INSERT INTO lore_uses VALUES (2, 1);
    INSERT INTO lore_slow_patterns VALUES (1, '/k/', 23);
    INSERT INTO documents VALUES (1, 1, 'lore', 1, 1, x'00');
    INSERT INTO documents_words (rowid, words) VALUES (1, '1qw');
    """,
    """
    UPDATE stories SET ai_share = 3, host_id = 8, host_name = 'B';
    INSERT INTO timers VALUES ('turn', 1, 99);
    INSERT INTO heartbeat VALUES (1, 22);
    INSERT INTO turns VALUES
        (1, 'robin', 60000, 50, 'skip', 2, 1, 22, 99, 0, 0, 5, 1, '[7]', '[]', 0, 1, NULL, 'no', 53);
    INSERT INTO turn_seats VALUES (1, 0, 7, 'A', 1);
    INSERT INTO turn_positions VALUES (1, 1, 1, '[7]', '[]', 0);
    INSERT INTO turn_news VALUES (1, 1, '[]', 22);
    """,
    """
    UPDATE stories SET lore_check = 0;
    INSERT INTO abilities VALUES ('m', 'reads en 1.1', 1, 24);
    INSERT INTO proposals_read VALUES (1, 25);
    INSERT INTO proposals VALUES (1, 1, 'T', 'w', '[[1, 1]]', 1, 'approved', 1, 7, 'A', 26, 25);
    INSERT INTO held VALUES (1, 1, 5, 7, 'A', 'w', 27);
    INSERT INTO flags VALUES (2, 1, 'number', 28);
    INSERT INTO mentions VALUES (1, 2, 1);
    INSERT INTO mentions_sought VALUES (2, 'n');
    """,
)

VERSIONS = range(len(MIGRATIONS) + 1)


def test_released_scripts_are_never_edited() -> None:
    """What a file has seen must be what a new file sees."""
    digests = tuple(hashlib.sha256(script.encode()).hexdigest() for script in MIGRATIONS)

    assert digests[: len(DIGESTS)] == DIGESTS


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_below_fill_every_table(tmp_path: Path, version: int) -> None:
    """The test of migrating sees each table with something in it."""
    path = _at_version(tmp_path, version)

    assert [table for table, rows in _content(path).items() if not rows] == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_version_becomes_todays(tmp_path: Path, version: int) -> None:
    """The schema is that of a new file, and no value of an old row is lost."""
    path = _at_version(tmp_path, version)
    before = _content(path)
    new = tmp_path / "new.db"
    async with Database.open(path), Database.open(new):
        pass

    assert _schema(path) == _schema(new)
    after = _content(path)
    for table, rows in before.items():
        for old, now in zip(rows, after[table], strict=True):
            assert old.items() <= now.items()


async def test_failed_migration_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first half of a script that fails is gone, and so is its version; what ran before stays."""
    path = _at_version(tmp_path, len(MIGRATIONS))
    before = _content(path)
    broken = (
        *MIGRATIONS,
        "CREATE TABLE fine (a TEXT) STRICT",
        "CREATE TABLE half (a TEXT) STRICT; CREATE nonsense",
    )
    monkeypatch.setattr("storage.database.MIGRATIONS", broken)

    with pytest.raises(sqlite3.OperationalError, match="nonsense"):
        async with Database.open(path):
            pass

    assert _content(path) == before | {"fine": []}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)


def _at_version(folder: Path, version: int) -> Path:
    """Make a database as the program of that version left it."""
    path = folder / "storyloom.db"
    with closing(sqlite3.connect(path)) as connection:
        for script, rows in zip(MIGRATIONS[:version], ROWS, strict=False):
            connection.executescript(f"PRAGMA foreign_keys = ON; {script}; {rows}")
        connection.execute(f"PRAGMA user_version = {version}")
    return path


def _content(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return every row of every table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in tables}


def _schema(path: Path) -> set[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        marks = connection.execute("SELECT * FROM pragma_user_version, pragma_application_id").fetchone()
        return {marks, *connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema")}

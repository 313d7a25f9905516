"""Look at a database file without changing it, and say in one typed error what is wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from storage.errors import (
    DamagedDatabase,
    ForeignDatabase,
    MissingDatabase,
    NewerDatabase,
    OldSQLite,
    StorageError,
    UnwritableDatabase,
)
from storage.migrations import APPLICATION_ID, MIGRATIONS

_NEEDED = (3, 37, 0)  # the first SQLite with STRICT tables

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_OBSTACLES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system says about a file into StorageErrors; let mistakes in SQL through."""
    try:
        yield
    except OSError as error:
        raise UnwritableDatabase(path, error.strerror or str(error)) from error
    except sqlite3.DatabaseError as error:
        if reason := _reason(path, error):
            raise reason from error
        raise


def _reason(path: Path, error: sqlite3.DatabaseError) -> StorageError | None:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _DAMAGE:
        return DamagedDatabase(path, str(error))
    if code in _OBSTACLES:
        return UnwritableDatabase(path, str(error))
    return None


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an existing file for reading alone.

    Only a file that was killed in the middle of leaving rollback mode is opened for writing: SQLite must
    first roll that back to be able to read.
    """
    journal = Path(f"{path}-journal")
    mode = "rw" if journal.exists() else "ro"
    with (
        explained(path),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)) as connection,
    ):
        yield connection


def require_sqlite() -> None:
    """Raise OldSQLite where Python's SQLite cannot hold the tables."""
    if sqlite3.sqlite_version_info < _NEEDED:
        raise OldSQLite(sqlite3.sqlite_version, ".".join(map(str, _NEEDED)))


def is_new(path: Path) -> bool:
    """Tell whether nothing has been stored under this name yet.

    A write-ahead log without its database is damage: SQLite would throw the log away.
    """
    log = Path(f"{path}-wal")
    with explained(path):
        if path.exists() and path.stat().st_size > 0:
            return False
        if log.exists() and log.stat().st_size > 0:
            raise DamagedDatabase(path, f"it is gone or empty, but its log {log.name} is there")
    return True


def inspect(path: Path, *, check: Literal["quick_check", "integrity_check"]) -> int:
    """Return the schema version of a sound Storyloom database, or raise the StorageError that fits.

    Version 0 is a database without any table, which a crash at the very first start may leave.
    """
    with explained(path):
        if not path.exists():
            raise MissingDatabase(path)
    with connected(path) as connection:
        (found,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
        if found != "ok":
            raise DamagedDatabase(path, " ".join(found.split()))
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (application, version, tables) != (0, 0, 0):
        raise ForeignDatabase(path)
    if version > len(MIGRATIONS):
        raise NewerDatabase(path, version, len(MIGRATIONS))
    return int(version)

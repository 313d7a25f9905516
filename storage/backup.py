"""Copy a database to a file while the bot runs, and put such a copy back while it does not.

Both functions block: they are for the command line.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from storage import lock
from storage.errors import ForeignDatabase, TargetExists
from storage.inspection import connected, explained, inspect, require_sqlite

_PARTS = ("", "-wal", "-shm", "-journal")


def backup(source: Path, target: Path) -> None:
    """Write a complete, checked copy of the database at source to the new file target."""
    if target.exists():
        raise TargetExists(target)
    with _checked_copy(source, beside=target) as copy, explained(target):
        _put(copy, target)


def restore(backup: Path, target: Path) -> Path | None:
    """Put a checked copy of backup in the place of the database at target.

    The present database is moved aside with its log, never deleted; returned is its new name, or None where
    there was none. Raises DatabaseInUse while a bot runs on target.
    """
    inspect(backup, check="quick_check")
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with lock.hold(target), _checked_copy(backup, beside=target) as copy, explained(target):
        aside = _move_aside(target)
        _put(copy, target)
    return aside


@contextmanager
def _checked_copy(source: Path, *, beside: Path) -> Iterator[Path]:
    """Make a copy under a passing name, so that the final name never shows half a file."""
    require_sqlite()
    if inspect(source, check="quick_check") == 0:
        raise ForeignDatabase(source)
    copy = beside.with_name(f"{beside.name}.{uuid4().hex}.part")
    try:
        with connected(source) as connection, explained(beside):
            connection.execute("VACUUM INTO ?", (str(copy),))
        inspect(copy, check="integrity_check")
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _put(copy: Path, target: Path) -> None:
    # VACUUM INTO leaves the copy in the system's cache; a power cut must not empty it under its final name.
    _sync(copy)
    copy.replace(target)
    if sys.platform != "win32":
        _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move_aside(target: Path) -> Path | None:
    """Rename a database and its log alike, so that they still belong together."""
    aside = target.with_name(f"{target.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    moved = False
    for part in _PARTS:
        present = Path(f"{target}{part}")
        if present.exists():
            present.rename(f"{aside}{part}")
            moved = True
    return aside if moved else None

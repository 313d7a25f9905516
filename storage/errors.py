"""Name what can be wrong with the database, each in one line that names the file and the remedy.

StorageError            the base; its message is ready to be shown to the host
├── DamagedDatabase     not a database, or one with broken pages
├── ForeignDatabase     a database of another program
├── NewerDatabase       written by a newer Storyloom
├── UnwritableDatabase  the disk, the folder or its permissions stand in the way
├── DatabaseInUse       another process holds the lock
├── MissingDatabase     nothing is there to back up or to restore from
├── TargetExists        a backup never overwrites a file
└── OldSQLite           Python's SQLite lacks what the tables need
"""

from pathlib import Path

RESTORE = "restore your newest backup with `python -m bot restore FILE`"


class StorageError(Exception):
    """Carry one line for the host: the file, what is wrong, what to do."""


class DamagedDatabase(StorageError):
    """Tell that the file cannot be trusted; it is left untouched."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: the database is damaged ({detail}). Nothing was changed; {RESTORE}.")


class ForeignDatabase(StorageError):
    """Tell that the file belongs to another program."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: this is not a Storyloom database. Nothing was changed; name another file.")


class NewerDatabase(StorageError):
    """Tell that the file's schema is newer than this program's."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path}: the database has version {found}, this Storyloom knows versions up to {known}. "
            f"Nothing was changed; update Storyloom, or {RESTORE}."
        )


class UnwritableDatabase(StorageError):
    """Tell that the operating system or the disk refuses."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"{path}: cannot be read and written ({detail}). Check that the disk has room and that "
            "file and folder belong to the user who runs Storyloom."
        )


class DatabaseInUse(StorageError):
    """Tell that another process works with the file."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: another Storyloom uses this database. Stop it first, or give this one its own file."
        )


class MissingDatabase(StorageError):
    """Tell that a file to be read is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: no such file. Check the name and the folder.")


class TargetExists(StorageError):
    """Tell that a backup would overwrite a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: this file exists and is never overwritten. Choose another name.")


class OldSQLite(StorageError):
    """Tell that Python was built with a SQLite that is too old."""

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(
            f"This Python has SQLite {found}; Storyloom needs {needed} or newer. Use a newer Python."
        )

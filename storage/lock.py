"""Hold a file's lock for as long as this process works with the database beside it.

The operating system frees the lock when the process ends, however it ends.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import DatabaseInUse
from storage.inspection import explained

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_HELD = {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}  # the last two are Windows' words for it


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold PATH.lock, or raise DatabaseInUse at once; UnwritableDatabase where the file system knows no locks.

    The lock file stays: removing it would let two processes lock two files of one name.
    """
    with explained(path):
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with explained(path):
            try:
                _try_lock(descriptor)
            except OSError as error:
                if error.errno in _HELD:
                    raise DatabaseInUse(path) from error
                raise
        yield
    finally:
        os.close(descriptor)

"""One process at a time in a folder: two agents on one spool would send each other's batches."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from core.errors import StartError

if sys.platform == "win32":
    import msvcrt

    # Windows locks bytes, and nobody else may read them: one far behind the pid that others read.
    _FAR = 1 << 30

    def _lock(file: IO[str]) -> None:
        os.lseek(file.fileno(), _FAR, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class InUse(StartError):
    """Another process holds the lock."""


@contextmanager
def hold(path: Path, noun: str, option: str) -> Iterator[None]:
    """Hold the lock file *path* for the length of a `with`; the system frees it at any end.

    Raises InUse, a sentence that names the holder's pid and the *option* to change, and StartError
    where the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise StartError(f"cannot write {path}: {error.strerror}. Change {option}.") from error
    with file:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError):
            raise InUse(
                f"another {noun} (pid {_pid(file)}) already uses {path.parent}. "
                f"Stop it first, or change {option}."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def holder(path: Path) -> str:
    """Return the pid of who holds the lock file *path*; an empty text where nobody does."""
    try:
        with path.open("a+" if sys.platform == "win32" else "r") as file:
            try:
                _lock(file)
            except (BlockingIOError, PermissionError):
                return _pid(file)
    except OSError:
        pass  # not there, or not for us to see
    return ""


def _pid(file: TextIOWrapper) -> str:
    file.seek(0)
    return file.read(20).strip() or "unknown"

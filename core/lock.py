"""One process at a time in a folder: two agents on one spool would send each other's batches."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StartError


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
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read(20).strip() or "unknown"
            raise InUse(
                f"another {noun} (pid {pid}) already uses {path.parent}. "
                f"Stop it first, or change {option}."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield

"""What it takes for a file to be there after a power cut, and to be nobody else's."""

import os
from collections.abc import Iterable
from io import FileIO
from pathlib import Path


def write_all(file: FileIO, data: bytes) -> None:
    """Write all of *data* to a file without a buffer; raises OSError."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def replace(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Have *data* in the file at *path* in place of what was there, or all of the old; OSError.

    *mode* is that of the file, less what the process's mask takes away.
    """
    replace_by(path, (data,), mode)


def replace_by(path: Path, parts: Iterable[bytes], mode: int = 0o666) -> None:
    """Do the same with *parts*, one after another, of which only one need be in memory."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def shut_others_out() -> None:
    """Leave other users of this machine no right to what this process makes from here on.

    A service manager may be stricter (UMask=); that the group may read is left to it.
    """
    os.umask(os.umask(0o077) | 0o007)


def sync_folder(folder: Path) -> None:
    """Have the names in *folder* on the disk: of a new file that one, not what is in it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

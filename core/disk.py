"""What it takes for a file to be there after a power cut."""

import os
from io import FileIO
from pathlib import Path


def write_all(file: FileIO, data: bytes) -> None:
    """Write all of *data* to a file without a buffer; raises OSError."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def sync_folder(folder: Path) -> None:
    """Have the names in *folder* on the disk: of a new file that one, not what is in it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

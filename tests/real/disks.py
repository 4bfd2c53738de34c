"""A small disk of a test's own, to be filled up and freed again: a tmpfs, unmounted at the end."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a disk of so many *megabytes* at *folder*, which is made if it is missing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "schoolwatch-test", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def resize(folder: Path, megabytes: int) -> None:
    """Make the disk at *folder* larger or smaller."""
    subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take every byte that is left, as a log that grew would; return the file that did it."""
    filler = folder / "somebody.log"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    assert shutil.disk_usage(folder).free < 4096
    return filler

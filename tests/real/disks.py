"""Disks of a test's own: a small one to be filled up, and one that never answers.

The small one is a tmpfs, unmounted at the end.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

# <sched.h>, <sys/mount.h>
CLONE_NEWNS: Final = 0x20000
MS_REC, MS_PRIVATE = 0x4000, 0x40000


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


def mount_silent(folder: Path) -> None:
    """Mount at *folder*, for this process alone, a file system that never answers (FUSE).

    Whoever asks it anything hangs in the kernel, as on a file server that has gone; until this
    process ends, or `replace_silent` is called. Raises OSError where nobody may mount.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *words: object) -> None:
        if getattr(libc, name)(*words):
            raise OSError(ctypes.get_errno(), f"{name} of {folder}")

    file = os.open("/dev/fuse", os.O_RDWR)  # held and never read
    call("unshare", CLONE_NEWNS)  # or else every df on this machine would hang
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    options = f"fd={file},rootmode=40000,user_id=0,group_id=0"
    call("mount", b"silent", str(folder).encode(), b"fuse", 0, options.encode())


def replace_silent(pid: int, folder: Path) -> None:
    """Let all who wait for the silent one have an error, and mount one that answers instead."""
    inside = ["nsenter", "--target", str(pid), "--mount"]
    off = ["umount", "--no-canonicalize", "--force", "--lazy", str(folder)]
    subprocess.run([*inside, *off], check=True, timeout=20)
    on = ["mount", "-t", "tmpfs", "-o", "size=1m", "schoolwatch-test", str(folder)]
    subprocess.run([*inside, *on], check=True, timeout=20)

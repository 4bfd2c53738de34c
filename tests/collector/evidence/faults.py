"""A disk that fails, or a machine that dies, at one chosen call.

Every call that changes the disk goes through here and is counted; at the chosen one an error is
raised, or everything ends. What a power cut takes with it is taken by `cut_power`: bytes and names
that were not synced.
"""

import errno
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FAULTS = ("ENOSPC", "EIO", "short", "dies", "dies half way")
_REAL_OPEN, _REAL_OS_OPEN = io.open, os.open


class Died(BaseException):
    """The process is no more; nothing after this reaches the disk."""


class Disk:
    """Under *folder*, call number *at* has the fault *what*."""

    def __init__(self, folder: Path, at: int, what: str) -> None:
        self.folder, self.at, self.what = str(folder), at, what
        self.calls, self.dead = 0, False
        self.synced = dict[str, bytes]()
        """What a file surely has after a power cut."""
        self.named = set[str]()
        """Files and folders whose names surely are on the disk."""

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Stand between the program and the disk until *patch* is undone."""
        for path in Path(self.folder).rglob("*"):
            self.named.add(str(path))
            if path.is_file():
                self.synced[str(path)] = path.read_bytes()
        patch.setattr(io, "open", self._open)
        patch.setattr(os, "open", self._os_open)
        patch.setattr(os, "fsync", self._fsync)
        for name in ("ftruncate", "mkdir", "unlink", "rmdir", "replace"):
            patch.setattr(os, name, self._watched(getattr(os, name)))

    def cut_power(self) -> None:
        """Leave on the disk what surely is there."""
        folder = Path(self.folder)
        for path in sorted(folder.rglob("*"), reverse=True):
            if str(path) not in self.named:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in folder.rglob("*"):
            if path.is_file():
                path.write_bytes(self.synced.get(str(path), b""))

    def step(self, do: Callable[[], Any], half: Callable[[], Any] | None = None) -> Any:
        """Do one call, or what its fault makes of it."""
        if self.dead:
            raise Died
        self.calls += 1
        if self.calls != self.at:
            return do()
        if self.what in ("ENOSPC", "EIO"):
            number = getattr(errno, self.what)
            raise OSError(number, os.strerror(number))
        if self.what == "short":
            if half:
                half()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.dead = True
        if self.what == "dies half way" and half:
            half()
        raise Died

    def _mine(self, path: Any) -> bool:
        return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self.folder)

    def _open(
        self, file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **more: Any
    ) -> Any:
        writes = any(sign in mode for sign in "wax+") and "b" in mode
        if not writes or not (isinstance(file, int) or self._mine(file)):
            return _REAL_OPEN(file, mode, buffering, *rest, **more)
        watched = self.step(lambda: _Watched(self, file, mode))
        if buffering == 0:
            return watched
        kind = io.BufferedRandom if "+" in mode else io.BufferedWriter
        return kind(watched)

    def _os_open(self, path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR) and self._mine(path):
            return int(self.step(lambda: _REAL_OS_OPEN(path, flags, *rest, **more)))
        return _REAL_OS_OPEN(path, flags, *rest, **more)

    def _fsync(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()

        def do() -> None:
            if path.is_dir():
                names = {str(one) for one in path.iterdir()}
                gone = {name for name in self.named if str(Path(name).parent) == str(path)} - names
                self.named = (self.named - gone) | names
            else:
                self.synced[str(path)] = path.read_bytes()

        self.step(do)

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if not isinstance(args[0], int) and not self._mine(args[0]):
                return real(*args, **named)

            def do() -> Any:
                found = real(*args, **named)
                if real.__name__ == "replace":
                    self._renamed(os.fspath(args[0]), os.fspath(args[1]))
                return found

            return self.step(do)

        return call

    def _renamed(self, old: str, new: str) -> None:
        """Have the synced bytes under the new name: the worst that a file system does with it."""
        self.synced[new] = self.synced.pop(old, b"")


class _Watched(io.FileIO):
    def __init__(self, disk: Disk, file: Any, mode: str) -> None:
        super().__init__(file, mode.replace("b", ""))
        self._disk = disk

    def write(self, data: Any) -> int:
        real, whole = super().write, bytes(data)
        return int(self._disk.step(lambda: real(whole), lambda: real(whole[: len(whole) // 2])))

    def truncate(self, size: int | None = None) -> int:
        real = super().truncate
        return int(self._disk.step(lambda: real(size)))

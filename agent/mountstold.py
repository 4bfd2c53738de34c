"""Told by the Linux kernel at the moment that something is mounted, remounted or taken away.

/proc/self/mountinfo can be polled for "priority" (proc_pid_mountinfo(5)). It can be read at any
time too, so it is watched through an epoll of its own, which asks for nothing else. Elsewhere
nobody tells, and the wait takes its whole time.
"""

import asyncio
import contextlib
import os
import select
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

MOUNTS: Final = Path("/proc/self/mountinfo")


@dataclass(slots=True)
class MountsTold:
    """Waits for a change of the mount table at `path`, from `open` to `close`."""

    path: Path = MOUNTS
    _file: int = -1
    _poll: Any = None
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self) -> bool:
        """Begin to hear of it; return whether this system tells at all."""
        self.close()
        epoll = getattr(select, "epoll", None)
        if epoll is None:
            return False
        try:
            self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            self._poll = epoll()
            self._poll.register(self._file, select.EPOLLPRI | select.EPOLLERR)
        except OSError:
            self.close()
            return False
        asyncio.get_running_loop().add_reader(self._poll.fileno(), self._hear)
        return True

    def close(self) -> None:
        """Hear of nothing any more."""
        if self._poll is not None:
            with contextlib.suppress(RuntimeError):  # the loop is gone already
                asyncio.get_running_loop().remove_reader(self._poll.fileno())
            self._poll.close()
        if self._file >= 0:
            os.close(self._file)
        self._file, self._poll = -1, None

    async def wait(self, seconds: float) -> bool:
        """Wait until something changed since the last wait, at most *seconds*; say whether."""
        try:
            async with asyncio.timeout(seconds):
                await self._told.wait()
        except TimeoutError:
            return False
        self._told.clear()
        return True

    def _hear(self) -> None:
        self._poll.poll(0)  # else the epoll stays ready for what was heard
        self._told.set()

"""Told by the Linux kernel at the moment that the machine's clock is set (timerfd_create(2)).

A timer on the wall clock that is cancelled when the clock jumps; what it was set by, whoever
waits finds out. Elsewhere nobody tells, and the wait takes its whole time.
"""

import asyncio
import contextlib
import ctypes
import errno
import os
from dataclasses import dataclass, field
from typing import Final

CLOCK_REALTIME: Final = 0
TFD_CLOEXEC, TFD_NONBLOCK = 0o2000000, 0o4000
TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET = 1, 2
NEVER_S: Final = 2 ** (31 if ctypes.sizeof(ctypes.c_long) == 4 else 33) - 1
"""The end of time, in seconds since 1970: in 2242, of 32 bits in 2038."""


class _Times(ctypes.Structure):
    """struct itimerspec: interval and first expiry, each in seconds and nanoseconds."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("every_s", "every_ns", "at_s", "at_ns"))


@dataclass(slots=True)
class ClockSet:
    """Waits for the clock to be set, from `open` to `close`."""

    _file: int = -1
    _told: asyncio.Event = field(default_factory=asyncio.Event)
    _was_set: bool = False

    def open(self) -> bool:
        """Begin to hear of it; return whether this system tells at all."""
        self.close()
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            self._file = libc.timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)
        except (AttributeError, OSError, TypeError):  # no such function, no such library
            return False
        if self._file < 0 or not self._arm():
            self.close()
            return False
        asyncio.get_running_loop().add_reader(self._file, self._hear)
        return True

    def close(self) -> None:
        """Hear of nothing any more."""
        if self._file >= 0:
            with contextlib.suppress(RuntimeError):  # the loop is gone already
                asyncio.get_running_loop().remove_reader(self._file)
            os.close(self._file)
        self._file = -1

    async def wait(self, seconds: float) -> bool:
        """Wait until the clock is set, at most *seconds*; return whether it was."""
        if self._file < 0:
            await asyncio.sleep(seconds)
            return False
        try:
            async with asyncio.timeout(seconds):
                await self._told.wait()
        except TimeoutError:
            return False
        self._told.clear()
        return self._was_set

    def _hear(self) -> None:
        self._was_set = self._read()
        self._told.set()

    def _read(self) -> bool:
        """Hear what the timer has to say; it is silent from then on where it ended by itself."""
        try:
            os.read(self._file, 8)
        except OSError as error:
            if error.errno == errno.ECANCELED and self._arm():
                return True
        self.close()
        return False

    def _arm(self) -> bool:
        libc, times = ctypes.CDLL(None, use_errno=True), _Times(0, 0, NEVER_S, 0)
        flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
        return bool(libc.timerfd_settime(self._file, flags, ctypes.byref(times), None) == 0)

"""How far a capture has been read, on one line of a terminal that is wiped again."""

import time
from collections.abc import Callable
from typing import Final, TextIO

from agent.sensor.captures import Capture

EVERY_S: Final = 0.25
WIPE: Final = "\r\x1b[K"


class Progress:
    """Writes to *out* now and then; silent unless that is a terminal."""

    def __init__(self, out: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        self._out, self._now = out, now
        self._shown = False
        self._on = out.isatty()
        self._next = now() + EVERY_S

    def show(self, capture: Capture, size: int, packets: int) -> None:
        """Say how much of *size* bytes is read; 0 where nobody knows how many there are."""
        if not self._on or self._now() < self._next:
            return
        self._next = self._now() + EVERY_S
        share = f"{min(100, 100 * capture.source.offset // size)} %, " if size else ""
        self._out.write(f"{WIPE}{capture.source.name}: {share}{packets:,} packets")
        self._out.flush()
        self._shown = True

    def wipe(self) -> None:
        """Leave the line empty for other words."""
        if self._shown:
            self._out.write(WIPE)
            self._out.flush()
            self._shown = False

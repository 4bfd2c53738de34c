"""Connects anew when the way to the broker changed, instead of waiting until a hung one is found.

After a fail-over nothing comes back to the address that the connection began from: paho would
find that out after a keepalive, the broker after one and a half, and the school's line, whose
first uplink is dead seen from outside, would be called down meanwhile.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

AT_MOST_EVERY_S: Final = 5.0


@dataclass(slots=True)
class Anew:
    """Calls `reconnect` at once, and at most every 5 s where the way changes again and again."""

    reconnect: Callable[[], None]
    _next: float = 0.0
    _waits: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        """Hear that the way changed."""
        if self._waits is not None:
            return
        loop = asyncio.get_running_loop()
        self._waits = loop.call_at(max(self._next, loop.time()), self._now)

    def _now(self) -> None:
        self._waits = None
        self._next = asyncio.get_running_loop().time() + AT_MOST_EVERY_S
        self.reconnect()

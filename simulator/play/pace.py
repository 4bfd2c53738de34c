"""Which time is played: the present, or a past that comes nearer by `speed` until it is over."""

from collections.abc import Callable
from dataclasses import dataclass

from core import clock
from core.clock import SECOND


@dataclass(slots=True)
class Pace:
    """Plays from `start` (ns) on; nothing of the future is ever played."""

    start: int
    speed: float = 1.0
    now: clock.Clock = clock.now
    monotonic: clock.Monotonic = clock.monotonic
    _began: float = 0.0

    def __post_init__(self) -> None:
        self._began = self.monotonic()

    def played(self) -> int:
        """Return the time (ns) that is played now."""
        passed = (self.monotonic() - self._began) * self.speed
        return min(self.now(), self.start + round(passed * SECOND))

    @property
    def caught_up(self) -> bool:
        """Whether what is played is the present."""
        return self.played() >= self.now() - SECOND


Played = Callable[[], int]
"""Gives the time (ns) that is played."""

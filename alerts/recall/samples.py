"""What is remembered of one series, bounded however often it speaks. Pure.

A value that does not change does not travel (the agents' change filter), so the last one before a
window counts as the value at its beginning.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from core.clock import SECOND
from core.types import Value

MOST: Final = 200
"""Samples of a window; what comes closer together is not remembered one by one."""
MOST_CHANGES: Final = 1_000


@dataclass(slots=True)
class Series:
    """What every series has: when it first and last spoke."""

    first_at: int
    at: int = 0

    def move(self, by: int) -> None:
        """Hear that the clock was set by so much (ns)."""
        self.first_at += by
        self.at += by


@dataclass(slots=True)
class Values(Series):
    """The values of the last `over` ns, for the difference to an earlier one."""

    over: int = 0
    kept: list[tuple[int, Value]] = field(default_factory=list)

    def add(self, at: int, value: Value) -> None:
        """Remember a value."""
        while len(self.kept) > 1 and self.kept[1][0] <= at - self.over:
            del self.kept[0]
        if len(self.kept) < 2 or not self.over or at - self.kept[-1][0] >= self.over // MOST:
            self.kept.append((at, value))
        while len(self.kept) > (MOST + 2 if self.over else 2):
            del self.kept[0]

    def move(self, by: int) -> None:
        """Move the values too."""
        Series.move(self, by)
        self.kept = [(at + by, value) for at, value in self.kept]

    def before(self, at: int) -> Value | None:
        """Return the value that was there `over` before *at*; None where that is not known."""
        if not self.over:
            return self.kept[-2][1] if len(self.kept) > 1 else None
        found = [value for when, value in self.kept if when <= at - self.over]
        return found[-1] if found else None


@dataclass(slots=True)
class Counter(Series):
    """How far a counter has grown, whatever it began anew from; of the last `over` ns."""

    over: int = 0
    last: float = 0
    total: float = 0
    kept: list[tuple[int, float]] = field(default_factory=list)

    def add(self, at: int, value: float) -> None:
        """Remember what the counter says."""
        if self.kept:
            # A machine that starts again begins at 0.
            self.total += value - self.last if value >= self.last else value
        self.last = value
        while len(self.kept) > 1 and self.kept[1][0] <= at - self.over:
            del self.kept[0]
        if len(self.kept) < 2 or at - self.kept[-1][0] >= self.over // MOST:
            self.kept.append((at, self.total))

    def move(self, by: int) -> None:
        """Move the counts too."""
        Series.move(self, by)
        self.kept = [(at + by, total) for at, total in self.kept]

    def per_second(self, at: int) -> float | None:
        """Return how fast it grew; None before half of the window is known."""
        if not self.kept:
            return None
        since, total = self.kept[0]
        if at - since < self.over / 2:
            return None
        return (self.total - total) * SECOND / (at - since)


@dataclass(slots=True)
class Changes(Series):
    """When a value was another than before, within the last `over` ns."""

    over: int = 0
    last: Value | None = None
    times: deque[int] = field(default_factory=lambda: deque(maxlen=MOST_CHANGES))
    is_told: bool = True
    """Whether somebody can tell now; `first_at` is since when that is so."""

    def untold(self, at: int) -> None:
        """Hear that nobody can tell."""
        self.is_told, self.at = False, at

    def hear(self, at: int, value: Value) -> None:
        """Remember a value that is looked at again and again, with gaps in which nobody could."""
        if not self.is_told:
            self.first_at, self.is_told = at, True
        self.add(at, value)
        self.at = at

    def move(self, by: int) -> None:
        """Move the changes too."""
        Series.move(self, by)
        self.times = deque((at + by for at in self.times), maxlen=MOST_CHANGES)

    def add(self, at: int, value: Value) -> None:
        """Remember a value; the first one is no change."""
        if self.last is not None and value != self.last:
            self.times.append(at)
        self.last = value

    def count(self, at: int) -> int:
        """Return how many changes there were."""
        while self.times and self.times[0] <= at - self.over:
            self.times.popleft()
        return len(self.times)

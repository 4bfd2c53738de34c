"""What the samples of the last days come to: the fastest, and what 95 of 100 stay under.

A day of samples a minute is 46 kB: plain arrays, the oldest taken off in front.
"""

import math
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

PERCENTILE: Final = 95


def _doubles() -> "array[float]":
    return array("d")


@dataclass(frozen=True, slots=True)
class Summary:
    """In the unit of the samples, each as received and sent; `known_s` is the time they cover."""

    peaks: tuple[float, float]
    p95: tuple[float, float]
    known_s: float


@dataclass(slots=True)
class Window:
    """Samples of the last `length_s` seconds, by a clock that goes on while the machine sleeps."""

    length_s: float
    _ends: "array[float]" = field(default_factory=_doubles)
    _lengths: "array[float]" = field(default_factory=_doubles)
    _certain: "array[float]" = field(default_factory=_doubles)
    _received: "array[float]" = field(default_factory=_doubles)
    _sent: "array[float]" = field(default_factory=_doubles)

    def add(
        self, end_s: float, length_s: float, received: float, sent: float, certain: float = 1.0
    ) -> None:
        """Take a sample of *length_s* that ended at *end_s*.

        *certain* is the share of its rates that it proves, whenever its counters were read.
        """
        row = (end_s, length_s, certain, received, sent)
        for values, value in zip(self._arrays(), row):
            values.append(value)

    def summary(self, now_s: float) -> Summary | None:
        """Forget what is too old and return what the rest comes to; None where there is none."""
        gone = bisect_left(self._ends, now_s - self.length_s)
        for values in self._arrays():
            del values[:gone]
        if not self._ends:
            return None
        both = (self._received, self._sent)
        first, second = (max(map(float.__mul__, rates, self._certain)) for rates in both)
        return Summary(
            (first, second), (percentile(both[0]), percentile(both[1])), sum(self._lengths)
        )

    def _arrays(self) -> tuple["array[float]", ...]:
        return self._ends, self._lengths, self._certain, self._received, self._sent


def percentile(rates: "array[float]", percent: int = PERCENTILE) -> float:
    """Return the smallest of *rates* that *percent* of 100 do not exceed (nearest rank)."""
    return sorted(rates)[math.ceil(len(rates) * percent / 100) - 1]

"""What a field was in one hour or day: least, most, mean by time, last, how often said, how known.

Pure. Values travel only when they change, so a plain mean of the points would say of a quiet hour
with a spike of ten seconds that most of it was a spike. A value holds until the next point of its
field, for the measurement's `holds_s` at most, and no longer than until the state of its series
changes without it being said anew (docs/change-filter.md); what no value holds in is unknown, and
counts for nothing. Times are ns; a value from before the window reaches into it in the same way.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

from core.clock import SECOND
from core.types import Value

Points = Sequence[tuple[int, Value]]
"""Time and value, in order of time; all values of one type."""

Spans = Sequence[tuple[int, int]]
"""From … to before …, in order and apart."""

SUFFIXES: Final = ("min", "max", "mean", "last", "count", "known")


class Said(NamedTuple):
    """What one series said of a field, from before the window on; what comes after is passed over.

    `changes`: when its state changed. `unknown`: where the field that it is `known_by` is 0.
    """

    points: Points
    changes: Sequence[int] = ()
    unknown: Spans = ()


@dataclass(frozen=True, slots=True)
class Rolled:
    """A field in one window. `known` in seconds, `count` of points that lie in it.

    Where nothing was known there is no `last`; `low`, `high` are for numbers, `mean` for numbers
    and for booleans, of which it is the share of time that they were true.
    """

    known: float
    count: int
    last: Value | None = None
    low: int | float | None = None
    high: int | float | None = None
    mean: float | None = None

    def fields(self, name: str) -> dict[str, Value]:
        """Return it as the fields of a rollup point; those that it has no value for are absent."""
        values = (self.low, self.high, self.mean, self.last, self.count, self.known)
        return {
            f"{name}_{suffix}": value
            for suffix, value in zip(SUFFIXES, values)
            if value is not None
        }

    @classmethod
    def of(cls, values: Mapping[str, Value]) -> "Rolled":
        """Return what *values*, by `SUFFIXES`, say; what is missing is unknown."""
        return cls(
            float(values.get("known", 0.0)),
            int(values.get("count", 0)),
            values.get("last"),
            _number(values.get("min")),
            _number(values.get("max")),
            _float(values.get("mean")),
        )


def hour(said: Said, start: int, stop: int, hold: int) -> Rolled | None:
    """Return what *said* was from *start* to before *stop*, each value for *hold* ns at most.

    None where no point lies in the window or could reach into it. Where one could, but its value
    ended before, all of the window is unknown, which has to be said: an earlier look may have
    taken the value for known.
    """
    first, end = bisect_left(said.points, (start,)), bisect_left(said.points, (stop,))
    count = end - first
    if not count and not (first and said.points[first - 1][0] + hold > start):
        return None
    values: list[Value] = []
    weights: list[int] = []
    for begin, until, value in _pieces(said, max(first - 1, 0), end, (start, stop), hold):
        values.append(value)
        weights.append(until - begin)
    return _weighed(values, weights, count)


def day(hours: Iterable[Rolled]) -> Rolled | None:
    """Return the day that *hours* make, in order of time; None of none."""
    found = list(hours)
    known = [one for one in found if one.known > 0 and one.last is not None]
    if not found:
        return None
    count = sum(one.count for one in found)
    if not known:
        return Rolled(0.0, count)
    seconds = [one.known for one in known]
    lows = [one.low for one in known if one.low is not None]
    highs = [one.high for one in known if one.high is not None]
    low, high = min(lows, default=None), max(highs, default=None)
    means = [one.mean for one in known if one.mean is not None]
    mean = None
    if len(means) == len(known):
        least, most = (min(means), max(means)) if low is None or high is None else (low, high)
        mean = min(max(_mean(means, seconds), least), most)
    return Rolled(math.fsum(seconds), count, known[-1].last, low, high, _float(mean))


def changes(states: Points, hold: int) -> list[int]:
    """Return when a state became another; what it was counts for *hold* ns, as of any field."""
    return [
        at for (before, was), (at, value) in pairwise(states) if value != was and at - before < hold
    ]


def unknown(known: Points, hold: int) -> list[tuple[int, int]]:
    """Return the spans in which a field that says whether others are *known* is 0."""
    ends = [*(at for at, _ in known[1:]), None]
    return [
        (at, at + hold if after is None else min(after, at + hold))
        for (at, value), after in zip(known, ends)
        if not value
    ]


def _pieces(
    said: Said, first: int, end: int, window: tuple[int, int], hold: int
) -> Iterator[tuple[int, int, Value]]:
    """Yield from when to when each of the points *first* to before *end* held in the window."""
    start, stop = window
    points, changed = said.points, said.changes
    for index in range(first, end):
        at, value = points[index]
        until = min(at + hold, stop)
        if index + 1 < len(points):
            until = min(until, points[index + 1][0])
        if changed:
            change = bisect_right(changed, at)
            if change < len(changed):
                until = min(until, changed[change])
        begin = max(at, start)
        for gone, back in said.unknown:
            if begin < gone < until:
                yield begin, gone, value
            if gone < until and back > begin:
                begin = back
        if begin < until:
            yield begin, until, value


def _weighed(values: Sequence[Value], weights: Sequence[int], count: int) -> Rolled:
    if not values:
        return Rolled(0.0, count)
    length, last = sum(weights), values[-1]
    known = length / SECOND
    if isinstance(last, str):
        return Rolled(known, count, last)
    numbers = [value for value in values if not isinstance(value, str)]
    if isinstance(last, bool):
        true = sum(weight for value, weight in zip(numbers, weights) if value)
        return Rolled(known, count, last, mean=true / length)
    low, high = min(numbers), max(numbers)
    if isinstance(last, int):
        # Exact: whole numbers of nanoseconds, divided once.
        total = sum(int(value) * weight for value, weight in zip(numbers, weights))
        return Rolled(known, count, last, low, high, total / length)
    mean = low if low == high else min(max(_mean(numbers, weights), low), high)
    return Rolled(known, count, last, low, high, float(mean))


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the weighted mean; rounded once for each product, and in no order of its own."""
    products = [value * weight for value, weight in zip(values, weights)]
    if all(map(math.isfinite, products)):
        try:
            return math.fsum(products) / math.fsum(weights)
        except OverflowError:
            pass
    exact = sum((Fraction(v) * Fraction(w) for v, w in zip(values, weights)), Fraction())
    return float(exact / sum(map(Fraction, weights), Fraction()))


def _number(value: Value | None) -> int | float | None:
    return None if isinstance(value, str) else value


def _float(value: Value | None) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)

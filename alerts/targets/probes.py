"""How many of a series' probes went well, by the time for which each outcome held (I-20).

What stays the same does not travel (docs/change-filter.md), so points must not be counted: an hour
of failures is 60 probes and twelve points. An outcome holds until the next one is said, and for
*hold* at most. A point counts for each day that it holds in, so days need nothing of each other.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from alerts.targets.days import Day


class Held(NamedTuple):
    """Time (ns) in which the outcome was good, was known, and was known in school time."""

    ok: int = 0
    known: int = 0
    in_lessons: int = 0

    def plus(self, other: "Held") -> "Held":
        """Return both together, for two series or two days."""
        return Held(
            self.ok + other.ok, self.known + other.known, self.in_lessons + other.in_lessons
        )


Points = Sequence[tuple[int, bool]]
"""When (ns), and whether all was well; in order of time."""


def held(points: Points, day: Day, until: int, hold: int) -> Held:
    """Return what *points* say of *day* until *until* (ns): the definition, from all of them."""
    total, stop = Held(), min(day.stop, until)
    for (at, ok), (after, _) in zip(points, (*points[1:], (stop, False))):
        total = total.plus(_span(at, ok, min(after, at + hold, stop), day))
    return total


def _span(at: int, ok: bool, end: int, day: Day) -> Held:
    begin = max(at, day.start)
    length = max(0, end - begin)
    if not length:
        return Held()
    lessons = day.lessons_until(end) - day.lessons_until(begin)
    return Held(length if ok else 0, length, lessons)


@dataclass(slots=True)
class Series:
    """One series on one day; the same as `held`, without looking at all points each time.

    What comes in order is added to what was before; a late point has all be worked out anew.
    """

    day: Day
    hold: int
    # A day of a thousand schools is a million points: as arrays a ninth of what lists take.
    times: "array[int]" = field(default_factory=lambda: array("q"))
    outcomes: bytearray = field(default_factory=bytearray)
    _over: Held = field(default_factory=Held)
    """Of all points but the last."""
    _stale: bool = False

    def add(self, at: int, ok: bool) -> bool:
        """Take one point in; return whether it is news. The same point again changes nothing."""
        if not self.times or at > self.times[-1]:
            if self.times and not self._stale:
                last, was = self.times[-1], bool(self.outcomes[-1])
                end = min(at, last + self.hold, self.day.stop)
                self._over = self._over.plus(_span(last, was, end, self.day))
            self.times.append(at)
            self.outcomes.append(ok)
            return True
        index = bisect_left(self.times, at)
        if self.times[index] == at:
            news = bool(self.outcomes[index]) != ok
            self.outcomes[index] = ok
        else:
            news = True
            self.times.insert(index, at)
            self.outcomes.insert(index, ok)
        self._stale = self._stale or news
        return news

    def until(self, until: int) -> Held:
        """Return what was held until *until*."""
        if not self.times:
            return Held()
        if self._stale:
            points = list(zip(self.times, map(bool, self.outcomes)))
            self._over = held(points, self.day, self.times[-1], self.hold)
            self._stale = False
        last, ok = self.times[-1], bool(self.outcomes[-1])
        end = min(until, last + self.hold, self.day.stop)
        return self._over.plus(_span(last, ok, end, self.day))


def best(found: Sequence[Held]) -> Held:
    """Return several series of one school as one: outcomes together, known as the best known.

    A machine that is off takes nothing from what another one of the school knows.
    """
    ok, known = sum(one.ok for one in found), sum(one.known for one in found)
    return Held(ok, known, max((one.in_lessons for one in found), default=0))

"""The days and months of a district's zone, and the school time in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from core import clock
from core.clock import SECOND

Hours = tuple[time, time]
"""From when to before when lessons are held, by the clock of the district."""

USUAL: Final[tuple[Hours, ...]] = ((time(8), time(17, 30)),)
WEEKEND: Final = 5
"""The first weekday that is not one of school; Monday is 0."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day: from `start` to before `stop`, with lessons in each of `spans` (ns), in order.

    On a day without lessons there are none.
    """

    date: date
    start: int
    stop: int
    spans: tuple[tuple[int, int], ...] = ()

    def lessons_until(self, at: int) -> int:
        """Return how much school time (ns) of this day lies before *at*."""
        return sum(min(at, ends) - begins for begins, ends in self.spans if at > begins)

    @property
    def lessons(self) -> int:
        """Its school time (ns)."""
        return self.lessons_until(self.stop)


def day_of(there: date, zone: tzinfo, hours: Sequence[Hours] | None = None) -> Day:
    """Return the day *there* in *zone*; without *hours* what is usual from Monday to Friday."""
    if hours is None:
        hours = usual(there)
    start, stop = _at(there, time(), zone), _at(there + timedelta(days=1), time(), zone)
    # Where the clock is put forward in lessons, or they would begin in the hour that is not there.
    spans = ((_at(there, one, zone), _at(there, other, zone)) for one, other in hours)
    return Day(there, start, stop, tuple((one, other) for one, other in spans if one < other))


def usual(there: date) -> Sequence[Hours]:
    """Return when lessons are held on a day as far as nobody says otherwise."""
    return USUAL if there.weekday() < WEEKEND else ()


def day_at(at: int, zone: tzinfo) -> Day:
    """Return the day that *at* (ns) lies in."""
    return day_of(clock.local(at, zone).date(), zone)


def month_of(there: date) -> date:
    """Return the first of the month."""
    return there.replace(day=1)


def month_before(there: date) -> date:
    """Return the first of the month before."""
    return month_of(month_of(there) - timedelta(days=1))


def days_of_month(first: date, until: date) -> list[date]:
    """Return the days of the month of *first*, those after *until* left out."""
    after = month_of(first + timedelta(days=31))
    last = min(after - timedelta(days=1), until)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _at(there: date, when: time, zone: tzinfo) -> int:
    return int(datetime.combine(there, when, zone).timestamp()) * SECOND

"""The days and months of a district's zone, and the school time in them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from alerts.schooltime import BEGINS, ENDS, lasting
from core import clock
from core.clock import SECOND


@dataclass(frozen=True, slots=True)
class Day:
    """One day: from `start` to before `stop`, with lessons from `begins` to before `ends` (ns).

    On a day without lessons the last two are equal.
    """

    date: date
    start: int
    stop: int
    begins: int
    ends: int

    def lessons_until(self, at: int) -> int:
        """Return how much school time (ns) of this day lies before *at*."""
        return min(max(at, self.begins), self.ends) - self.begins

    @property
    def lessons(self) -> int:
        """Its school time (ns)."""
        return self.ends - self.begins


def day_of(there: date, zone: tzinfo) -> Day:
    """Return the day *there* in *zone*."""
    start, stop = _at(there, time(), zone), _at(there + timedelta(days=1), time(), zone)
    begins = _at(there, BEGINS, zone)
    is_school_day = lasting(start, stop - 1, zone) > 0
    return Day(there, start, stop, begins, _at(there, ENDS, zone) if is_school_day else begins)


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

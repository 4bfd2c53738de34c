"""Maintenance windows: when, and of what: pure.

By the clock of its zone: a window from 02:30 on is there also in the night in which that hour is
left out or comes twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from alerts.calendar.file import Maintenance, WeeklyMaintenance, hours_of
from core import clock
from core.alerts import AlertKey
from core.clock import SECOND
from core.timefields import WEEKDAYS


@dataclass(frozen=True, slots=True)
class Maintained:
    """One window of the file."""

    row: Maintenance | WeeklyMaintenance

    def concerns(self, key: AlertKey, room: str) -> bool:
        """Return whether an alert of *key*, in *room* if in any, is of what is maintained."""
        row = self.row
        region, _, rest = key.place.partition("/")
        school = rest.partition("/")[0]
        return (
            row.region in ("", region)
            and row.school in ("", school)
            and row.room in ("", room)
            and row.rule in ("", key.rule)
        )

    def until(self, at: int, zone: tzinfo) -> int:
        """Return when the window that *at* lies in ends (ns), 0 where it lies in none."""
        return next((ends for begins, ends in self._near(at, zone) if begins <= at < ends), 0)

    def next_change(self, at: int, zone: tzinfo) -> int:
        """Return the next moment after *at* at which one begins or ends, 0 where there is none."""
        moments = (moment for span in self._near(at, zone) for moment in span if moment > at)
        return min(moments, default=0)

    def _near(self, at: int, zone: tzinfo) -> Iterator[tuple[int, int]]:
        """Yield the windows from the one before *at* to the next one."""
        row = self.row
        if isinstance(row, Maintenance):
            yield _span(row.begins, row.ends, zone)
            return
        zone = ZoneInfo(row.zone) if row.zone else zone
        begins, ends = hours_of(row.hours, over_night=True)
        today = clock.local(at, zone).date()
        days = {WEEKDAYS.index(one) for one in row.weekdays}
        for n in range(-1, 9):
            day: date = today + timedelta(days=n)
            if day.weekday() in days:
                over = day + timedelta(days=int(ends <= begins))
                moments = (datetime.combine(day, begins), datetime.combine(over, ends))
                yield _span(*moments, zone)


def _span(begins: datetime, ends: datetime, zone: tzinfo) -> tuple[int, int]:
    """Return a window in ns. One that begins in an hour that is left out is as long as any other:
    that hour's times are taken for those after it, and its end may be one of them."""
    first, last = _ns(begins, zone), _ns(ends, zone)
    there = begins.tzinfo or zone
    left_out = clock.local(first, there).replace(tzinfo=None) != begins.replace(tzinfo=None)
    left_out = left_out and not ends.tzinfo
    lasting = int((ends - begins).total_seconds()) * SECOND if left_out else 0
    return first, max(last, first + lasting)


def _ns(moment: datetime, zone: tzinfo) -> int:
    there = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return int(there.timestamp()) * SECOND

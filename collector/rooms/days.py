"""For how long a room was on, and for how long in order, day by day: exact, and kept each turn.

While nobody looked, because the collector was away, both are unknown: minutes that nobody saw do
not count, neither as on nor as off.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from alerts.schooltime import SchoolTime
from alerts.targets.days import Day
from alerts.targets.uptime import Uptime
from collector.rooms.past import Order, Orders, windows
from collector.rooms.rows import RoomDay, RoomKey, RoomRows, line
from collector.rooms.school import Room
from core.clock import SECOND

AWAY: Final = 180 * SECOND
"""Two looks that are further apart had nobody between them."""
HOLDS: Final = 60 * SECOND
"""So long what the last look saw holds then."""
KEEP_DAYS: Final = 70
MINUTE: Final = 60 * SECOND


class DayMinutes(NamedTuple):
    """One room's day until now, in minutes; `on` and `in_order` are None where nobody can tell."""

    key: RoomKey
    start: int
    on: int | None
    in_order: int | None
    known: int
    lessons: int


class RoomDays:
    """The day that goes on; changes wait in `changed` until they are kept."""

    def __init__(self, rows: RoomRows, times: SchoolTime) -> None:
        self._rows, self._times = rows, times
        self._week, self._month = windows(times)
        self.looked = rows.looked()
        self._day: Day | None = None
        self.today: dict[RoomKey, RoomDay] = {}
        self.changed: dict[tuple[date, RoomKey], RoomDay] = {}

    def look(self, at: int) -> int:
        """Begin a look at *at*; return when what was known before ended, 0 where it goes on."""
        if self._day is None:
            self._resume(at)
        ended = 0
        if self.looked and at - self.looked > AWAY:
            ended = self.looked + HOLDS
            for row in list(self.today.values()):
                self._put(self._turned(row, None, None, ended))
        day = self._times.day_at(at)
        assert self._day
        if day.date > self._day.date:  # not back, where the clock was set back
            self._turn_over(day)
        self.looked = at
        return ended

    def see(self, room: Room, at: int) -> None:
        """Take in how a room is at *at*."""
        assert self._day
        key = RoomKey(*room.key, room.room)
        row = self.today.get(key) or RoomDay(self._day.date, key, *self._nothing(key, at))
        verdict = room.verdict
        # Nobody heard anything of it since then, be it that this shows only now.
        moment = min(at, verdict.since) if verdict.state == "unknown" else at
        self._put(self._turned(row, verdict.on, verdict.in_order, moment))

    def gone(self, key: RoomKey, at: int) -> None:
        """Hear that there is no such room any more."""
        if row := self.today.get(key):
            self._put(self._turned(row, None, None, at))

    def minutes(self, at: int) -> Iterator[DayMinutes]:
        """Give the minutes of today until *at*; of a room of which nobody could tell, nothing."""
        assert self._day
        for row in self.today.values():
            yield from _minutes(row, self._day_of(self._day, row.key), at)

    def on_today(self, key: RoomKey, at: int) -> int | None:
        """Return the minutes that one room was on today until *at*; None where nobody knows."""
        row = self.today.get(key)
        if row is None or self._day is None:
            return None
        return next((found.on for found in _minutes(row, self._day_of(self._day, key), at)), None)

    def ended(self) -> Iterator[DayMinutes]:
        """Give the same of days that have ended and wait to be kept."""
        for (there, _), row in self.changed.items():
            if not row.open:
                day = self._day_of(self._times.day(there), row.key)
                yield from _minutes(row, day, day.stop)

    def orders(self, at: int, keys: Iterable[RoomKey]) -> Orders:
        """Return how far rooms were in order in school time until *at*."""
        if self._day is None:
            return Orders()
        wanted = list(keys)
        good = known = expected = 0
        for key in wanted:
            lessons = self._day_of(self._day, key).lessons_until(at)
            expected += lessons
            if row := self.today.get(key):
                one = row.order.until(lessons)
                good, known = good + one[0], known + one[1]
        day = Order(good, known, expected)
        week, month = (window.total(wanted) for window in (self._week, self._month))
        return Orders(day, week.plus(day), month.plus(day))

    def oldest(self) -> date | None:
        """Return the first day that is worth keeping."""
        return self._day.date - timedelta(days=KEEP_DAYS) if self._day else None

    def _resume(self, at: int) -> None:
        rows, now = self._rows.open_days(), self._times.day_at(at)
        # Not those of a day to come, which a clock that was wrong began.
        last = max((row.day for row in rows if row.day <= now.date), default=now.date)
        self._day = self._times.day(last)
        self.today = {row.key: row for row in rows if row.day == last}
        for window in (self._week, self._month):
            window.resume(self._rows, last)

    def _turn_over(self, to: Day) -> None:
        """End the day that was, and begin *to* with the states that go on."""
        assert self._day
        before, going_on = self._day, list(self.today.values())
        ended = []
        for row in going_on:
            usage = row.usage.closed(before.stop - before.start)
            order = row.order.closed(self._day_of(before, row.key).lessons)
            ended.append(row._replace(usage=usage, order=order, open=False))
            self._put(ended[-1])
        for window in (self._week, self._month):
            window.turn_over(ended, before.date, to.date)
        self._day, self.today = to, {}
        for row in going_on:
            usage, order = Uptime(line=row.usage.line), Uptime(line=row.order.line)
            if (usage.line, order.line) != ("unknown", "unknown"):
                self._put(RoomDay(to.date, row.key, usage, order))

    def _turned(self, row: RoomDay, on: bool | None, in_order: bool | None, at: int) -> RoomDay:
        assert self._day
        usage = row.usage.turned(line(on), max(0, min(at, self._day.stop) - self._day.start))
        lessons = self._day_of(self._day, row.key).lessons_until(at)
        return row._replace(usage=usage, order=row.order.turned(line(in_order), lessons))

    def _nothing(self, key: RoomKey, at: int) -> tuple[Uptime, Uptime]:
        assert self._day
        lessons = self._day_of(self._day, key).lessons_until(at)
        return Uptime(since=max(0, at - self._day.start)), Uptime(since=lessons)

    def _day_of(self, day: Day, key: RoomKey) -> Day:
        """Return *day* with the school time of a room's school."""
        return self._times.day(day.date, "/".join(key.of_school))

    def _put(self, row: RoomDay) -> None:
        if self.today.get(row.key) != row:
            self.today[row.key] = row
            self.changed[row.day, row.key] = row


def _minutes(row: RoomDay, day: Day, at: int) -> Iterator[DayMinutes]:
    lessons = day.lessons_until(at)
    on, on_known = row.usage.until(at - day.start)
    good, known = row.order.until(lessons)
    if on_known or known:
        yield DayMinutes(
            row.key,
            day.start,
            on=on // MINUTE if on_known else None,
            in_order=good // MINUTE if known else None,
            known=known // MINUTE,
            lessons=lessons // MINUTE,
        )

"""How far rooms were in order in the week and the month that go on: the days that are over, summed.

A day on which nobody looked counts as school time of which nothing is known.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import NamedTuple

from alerts.schooltime import SchoolTime
from alerts.targets.days import month_of
from collector.rooms.rows import RoomDay, RoomKey, RoomRows


class Order(NamedTuple):
    """How long rooms were in order, out of how long anybody knew, and of how long (ns)."""

    good: int = 0
    known: int = 0
    lessons: int = 0

    def plus(self, other: "Order") -> "Order":
        """Return both together."""
        return Order(self.good + other.good, self.known + other.known, self.lessons + other.lessons)


class Orders(NamedTuple):
    """Of today, of this week from Monday on, and of this month, each until now."""

    day: Order = Order()
    week: Order = Order()
    month: Order = Order()


def week_of(there: date) -> date:
    """Return the Monday of the week."""
    return there - timedelta(days=there.weekday())


class Past:
    """The days that are over of one window, by room; *begins* gives the first day of a day's."""

    def __init__(self, begins: Callable[[date], date], times: SchoolTime) -> None:
        self._begins, self._times = begins, times
        self._sums: dict[RoomKey, Order] = {}

    def resume(self, rows: RoomRows, today: date) -> None:
        """Go on with the days that an earlier process kept."""
        begin, lessons = self._begins(today), dict[tuple[date, int], int]()
        for key, first, good, known in rows.in_order(begin, today):
            since = max(begin, first)
            name = since, id(self._times.profile("/".join(key.of_school)))
            if name not in lessons:
                lessons[name] = self._lessons(key, since, today)
            self._sums[key] = Order(good, known, lessons[name])

    def turn_over(self, ended: Iterable[RoomDay], before: date, to: date) -> None:
        """Take in the day *before*, which has ended; the next one is *to*."""
        begin = self._begins(to)
        goes_on = self._begins(before) == begin
        first = before if goes_on else begin
        sums = self._sums if goes_on else {}
        self._sums = {}
        for row in ended:
            day = Order(row.order.up, row.order.known) if goes_on else Order()
            self._sums[row.key] = (
                sums.get(row.key, Order())
                .plus(day)
                .plus(Order(0, 0, self._lessons(row.key, first, to)))
            )

    def total(self, keys: Iterable[RoomKey]) -> Order:
        """Return what is over of the window of rooms; of thirty thousand too, so in plain sums."""
        good = known = lessons = 0
        for key in keys:
            if one := self._sums.get(key):
                good, known, lessons = good + one.good, known + one.known, lessons + one.lessons
        return Order(good, known, lessons)

    def _lessons(self, key: RoomKey, first: date, before: date) -> int:
        """Return the school time of a room's days from *first* on (ns)."""
        school = "/".join(key.of_school)
        days = (first + timedelta(days=n) for n in range((before - first).days))
        return sum(self._times.day(one, school).lessons for one in days)


def windows(times: SchoolTime) -> tuple[Past, Past]:
    """Return those of a week and of a month."""
    return Past(week_of, times), Past(month_of, times)

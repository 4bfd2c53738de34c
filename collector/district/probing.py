"""The outcomes of web probes by day: today's at hand, those of earlier days worked out again."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from alerts.schooltime import SchoolTime
from alerts.targets.days import Day
from alerts.targets.probes import Held, Series, best, held
from collector.district.harvest import Outcome
from collector.district.rows import Point, ProbeSeries, TargetRows
from collector.outside import SchoolKey
from core.catalog import CATALOG
from core.clock import SECOND

HOLD: Final = int(CATALOG["http_response"].holds_s * SECOND)
MS: Final = 1_000_000
MOST_OF_ONE_SCHOOL: Final = 200
"""Series whose outcomes count; a school with more has names that never come again."""


class Probing:
    """One thread at a time. What `take` has heard is kept by `TargetRows.keep`, then `kept`."""

    def __init__(self, rows: TargetRows, times: SchoolTime) -> None:
        self._rows, self._times = rows, times
        self._known = {one.head: one for one in rows.series()}
        self._of_school = Counter(one.key for one in self._known.values())
        self._last = max((one.number for one in self._known.values()), default=0)
        self._day: Day | None = None
        self._today: dict[SchoolKey, dict[int, Series]] = {}
        self._fresh_series: dict[int, ProbeSeries] = {}
        self.fresh: dict[date, list[Point]] = {}
        """What is not in the database yet."""
        self.left_out = 0

    @property
    def fresh_series(self) -> Collection[ProbeSeries]:
        """Series that are not in the database yet, or not as being heard on that day."""
        return self._fresh_series.values()

    def forget(self, before: date) -> None:
        """Forget the series that have no points of *before* and later: they make room."""
        old = [one for one in self._known.values() if one.heard < before]
        for one in old:
            del self._known[one.head]
            self._of_school[one.key] -= 1

    def begin(self, day: Day) -> None:
        """Go on with *day*, and with what is known of it already; raises sqlite3.Error."""
        points = [*self._rows.points(day.date), *self.fresh.get(day.date, ())]
        self._day, self._today = day, {}
        schools = {one.number: one.key for one in self._known.values()}
        for point in points:
            if point.series in schools:
                self._add(schools[point.series], point)

    def take(self, outcomes: Iterable[Outcome]) -> dict[date, set[SchoolKey]]:
        """Take outcomes in; return which schools have news of another day than today."""
        elsewhere: dict[date, set[SchoolKey]] = {}
        for one in outcomes:
            days = list(self._days(one.at))
            number = self._number(one, days[-1].date)
            if not number:
                self.left_out += 1
                continue
            for day in days:
                point = Point(number, (one.at - day.start) // MS, one.ok)
                if self._day and day.date == self._day.date:
                    if not self._add(one.key, point):
                        continue
                else:
                    elsewhere.setdefault(day.date, set()).add(one.key)
                self.fresh.setdefault(day.date, []).append(point)
        return elsewhere

    def kept(self) -> None:
        """Hear that all that is fresh is durable."""
        self._fresh_series.clear()
        self.fresh.clear()

    def until(self, at: int) -> dict[SchoolKey, Held]:
        """Return what was held today until *at*, by school."""
        return {
            key: best([one.until(at) for one in series.values()])
            for key, series in self._today.items()
        }

    def again(self, day: Day, keys: Collection[SchoolKey]) -> dict[SchoolKey, Held]:
        """Return what was held on the whole of *day* at the schools *keys*, from all points.

        Raises sqlite3.Error.
        """
        wanted = {one.number: one.key for one in self._known.values() if one.key in keys}
        found: dict[int, dict[int, bool]] = {}
        for point in [*self._rows.points(day.date), *self.fresh.get(day.date, ())]:
            if point.series in wanted:
                found.setdefault(point.series, {})[day.start + point.ms * MS] = point.ok
        of_school: dict[SchoolKey, list[Held]] = {key: [] for key in keys}
        for number, points in found.items():
            key = wanted[number]
            there = self._times.day(day.date, "/".join(key))
            of_school[key].append(held(sorted(points.items()), there, day.stop, HOLD))
        return {key: best(each) for key, each in of_school.items()}

    def _add(self, key: SchoolKey, point: Point) -> bool:
        assert self._day
        series = self._today.setdefault(key, {})
        one = series.get(point.series)
        if one is None:
            day = self._times.day(self._day.date, "/".join(key))
            one = series[point.series] = Series(day, HOLD)
        return one.add(self._day.start + point.ms * MS, point.ok)

    def _days(self, at: int) -> Iterator[Day]:
        """Give the days that an outcome of *at* may hold in."""
        day = self._day
        if day is None or not day.start <= at < day.stop - HOLD:
            day = self._times.day_at(at)
        yield day
        if at + HOLD > day.stop:
            yield self._times.day(day.date + timedelta(days=1))

    def _number(self, one: Outcome, day: date) -> int:
        known = self._known.get(one.head)
        if known and known.heard >= day:
            return known.number
        if not known:
            if self._of_school[one.key] >= MOST_OF_ONE_SCHOOL:
                return 0
            self._of_school[one.key] += 1
            self._last += 1
        number = known.number if known else self._last
        heard = ProbeSeries(number, one.key, one.head, day)
        self._known[one.head] = self._fresh_series[number] = heard
        return number


def window(day: Day, at: int) -> int:
    """Return out of how much time (ns) of *day* until *at* probes are to be known.

    Lessons, where there are any so far: a machine that is off at night misses nothing.
    """
    return day.lessons_until(at) or max(0, min(at, day.stop) - day.start)


def known(day: Day, at: int, found: Held) -> int:
    """Return how much of that window is known."""
    return found.in_lessons if day.lessons_until(at) else min(found.known, window(day, at))

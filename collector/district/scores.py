"""The indicators of the moment, of days and of months, as they were worked out last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo

from alerts.targets.days import day_of, days_of_month, month_before, month_of
from alerts.targets.facts import Facts, together
from alerts.targets.indicators import Indicator, connection, contracted, indicators
from collector.district.days import Days
from collector.district.facts import in_month
from collector.district.points import Group, Window, groups, indicator
from collector.outside import SchoolKey


@dataclass(frozen=True, slots=True)
class Score:
    """One indicator of one group in one window, which begins at `at` (ns).

    `contracted` counts schools whose contract promises the target: shown beside I-04.
    """

    group: Group
    window: Window
    at: int
    found: Indicator
    contracted: int = 0


Name = tuple[Group, Window, str]


class Scores:
    """One thread at a time works them out; `last` is replaced as a whole, so any may read it."""

    def __init__(self, days: Days, regions: Sequence[str], zone: tzinfo) -> None:
        self._days, self._regions, self._zone = days, regions, zone
        self._months: dict[date, Mapping[SchoolKey, Facts]] = {}
        self.last: Mapping[Name, Score] = {}
        self.facts: Mapping[Window, Sequence[Facts]] = {}
        """The schools that count, of this moment, of today and of this month; as `last`."""

    def so_far(self, at: int) -> tuple[list[Score], list[Score]]:
        """Return the scores of today until *at* as live ones, and those of day and month."""
        day = self._days.day
        assert day
        today = self._days.so_far(at)
        live = self._scored(today, "live", at)
        self.facts = {**self.facts, "live": today, "day": today}
        ours = [*self._moved(live, "day", day.start), *self._this_month(today, at)]
        self._remember([*live, *ours])
        return live, ours

    def again(self, changed: Sequence[date]) -> list[Score]:
        """Return the scores of days before today that changed, and of the month before."""
        day = self._days.day
        assert day
        found: list[Score] = []
        for one in changed:
            found += self._scored(self._days.whole(one), "day", day_of(one, self._zone).start)
        first, before = month_of(day.date), month_before(day.date)
        if any(month_of(one) == before for one in changed):
            last = first - timedelta(days=1)
            stop = day_of(first, self._zone).start
            facts = self._days.month(before, last).values()
            whole = [self._days.expected(one, before, stop) for one in facts]
            found += self._scored(whole, "month", day_of(before, self._zone).start)
        if any(month_of(one) == first for one in changed):
            self._months.clear()
        return found

    def connected(self, at: int) -> list[Score]:
        """Return I-01 as it is at this moment."""
        lines = self._days.lines()
        self.facts = {**self.facts, "live": lines}
        grouped = groups(lines, self._regions).items()
        found = [Score(group, "live", at, connection(some)) for group, some in grouped]
        self._remember(found)
        return found

    def _this_month(self, today: Sequence[Facts], at: int) -> list[Score]:
        day = self._days.day
        assert day
        first = month_of(day.date)
        if first not in self._months:
            over = day.date - timedelta(days=1)
            has_days = bool(days_of_month(first, over)) if over >= first else False
            self._months = {first: self._days.month(first, over) if has_days else {}}
        before = self._months[first]
        found = []
        for one in today:
            key = (one.region, one.school)
            days = [before[key]] if key in before else []
            found.append(self._days.expected(together([*days, in_month(one)]), first, at))
        self.facts = {**self.facts, "month": found}
        return self._scored(found, "month", day_of(first, self._zone).start)

    def _scored(self, schools: Sequence[Facts], window: Window, at: int) -> list[Score]:
        return [
            Score(group, window, at, found, sum(map(contracted, some)) if found.id == "I-04" else 0)
            for group, some in groups(schools, self._regions).items()
            for found in indicators(some)
        ]

    def _moved(self, scores: Sequence[Score], window: Window, at: int) -> list[Score]:
        return [Score(one.group, window, at, one.found, one.contracted) for one in scores]

    def _remember(self, scores: Sequence[Score]) -> None:
        self.last = {**self.last, **{name_of(one): one for one in scores}}


def name_of(score: Score) -> Name:
    """Return what a newer score of the same would replace."""
    return score.group, score.window, score.found.id


def line_of(score: Score) -> bytes:
    """Return the line of a score."""
    return indicator(score.group, score.found, score.window, score.at)

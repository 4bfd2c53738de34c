"""The district's indicators of a history: the truth, put through the district's own functions."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from alerts.targets.days import day_of, month_of
from alerts.targets.facts import Facts, together
from alerts.targets.indicators import Indicator, indicators
from alerts.targets.uptime import Line
from core.clock import SECOND
from core.lineprotocol import encode
from core.types import Reading, Value
from simulator.course import SchoolCourse
from simulator.days import HOUR_S, Days
from simulator.district import School
from simulator.machine import measured_mbps
from simulator.truth import PLATFORMS, PROBE_EVERY_S, Interval, Sums

AREAS: Final = ("all", "urban", "town", "rural")
LIVE_EVERY_S: Final = 60
TODAY_EVERY_S: Final = HOUR_S
"""Of what is so far of a day; the collector writes it each five minutes."""

Group = tuple[str, str]
"""Region and area, `all` for every one."""


def groups_of(school: School) -> list[Group]:
    """Return the groups that *school* counts in."""
    return [(region, area) for region in ("all", school.region) for area in ("all", school.area)]


def facts_of(course: SchoolCourse, start_s: int, stop_s: int) -> Facts:
    """Return what one school's time between comes to; the state is the last one."""
    school, total = course.school, Sums()
    found = course.between(start_s, stop_s)
    for one in found:
        total.add(one, course.days, (max(one.start, start_s), min(one.stop, stop_s)))
    each, lessons = PROBE_EVERY_S * SECOND, round(total.school_s * SECOND)
    return Facts(
        region=school.region,
        school=school.school,
        area=school.area,
        line=_line(found[-1]),
        lessons=lessons,
        up=round(total.school_up_s * SECOND),
        known=round(total.school_known_s * SECOND),
        target_mbps=float(school.target),
        contracted_mbps=float(school.contracted),
        carried=measured_mbps(school),
        ok=round(total.answered * each),
        probed=round(total.probes * each),
        probes_known=PLATFORMS * round(total.probed_in_lessons_s * SECOND),
        probes_window=PLATFORMS * lessons,
    )


def _line(one: Interval) -> Line:
    return "unknown" if not one.known else "up" if one.up else "down"


def _with_missed(one: Facts, missed: int) -> Facts:
    return replace(
        one, lessons=one.lessons + missed, probes_window=one.probes_window + PLATFORMS * missed
    )


@dataclass(slots=True)
class Targets:
    """The indicators of *courses*, whose schools all count."""

    courses: Sequence[SchoolCourse]
    days: Days

    def ended(self, start_s: int, stop_s: int) -> Iterator[bytes]:
        """Yield the points of every day and month, those that are not over so far."""
        by_month: dict[date, dict[str, list[Facts]]] = {}
        day, last = (self.days.local(one).date() for one in (start_s, stop_s - 1))
        while day <= last:
            there = day_of(day, self.days.zone)
            until = min(there.stop // SECOND, stop_s)
            found = [facts_of(one, there.start // SECOND, until) for one in self.courses]
            yield from self._points(found, "day", there.start // SECOND)
            months = by_month.setdefault(month_of(day), {})
            for one in found:
                months.setdefault(one.school, []).append(one)
            day += timedelta(days=1)
        for first, schools in by_month.items():
            begins = day_of(first, self.days.zone).start // SECOND
            # Of the days before the history began nobody knows anything.
            missed = self._missed(begins, start_s)
            found = [_with_missed(together(one), missed) for one in schools.values()]
            yield from self._points(found, "month", begins)

    def _missed(self, begins_s: int, start_s: int) -> int:
        """Return the school time (ns) from *begins_s* to the first day that is played."""
        first = day_of(self.days.local(start_s).date(), self.days.zone).start
        begins = begins_s * SECOND
        return self.days.times.lasting(begins, first) if begins < first else 0

    def live(self, start_s: int, stop_s: int) -> Iterator[bytes]:
        """Yield what was live: who is connected by the minute, the others of today by the hour."""
        yield from self._connected(start_s, stop_s)
        times = list(range(-(-start_s // TODAY_EVERY_S) * TODAY_EVERY_S, stop_s, TODAY_EVERY_S))
        for at in (*times, stop_s):
            day = day_of(self.days.local(at).date(), self.days.zone)
            begins = day.start // SECOND
            if begins < at:
                found = [facts_of(one, begins, at) for one in self.courses]
                yield from self._points(found, "live", at, besides="I-01")

    def _connected(self, start_s: int, stop_s: int) -> Iterator[bytes]:
        lines = [self._timeline(one, start_s, stop_s) for one in self.courses]
        groups = {group for one in self.courses for group in groups_of(one.school)}
        for at in range(-(-start_s // LIVE_EVERY_S) * LIVE_EVERY_S, stop_s, LIVE_EVERY_S):
            counts = {group: dict.fromkeys(("up", "down", "unknown"), 0) for group in groups}
            for course, (starts, states) in zip(self.courses, lines):
                state = states[max(0, bisect_right(starts, at) - 1)]
                for group in groups_of(course.school):
                    counts[group][state] += 1
            for group, count in counts.items():
                up, down, unknown = count["up"], count["down"], count["unknown"]
                total = up + down + unknown
                one = Indicator("I-01", up, total, up + down, total, up, down, unknown)
                yield point(one, group, "live", at)

    def _timeline(
        self, course: SchoolCourse, start_s: int, stop_s: int
    ) -> tuple[list[int], list[Line]]:
        found = course.between(start_s, stop_s)
        return [one.start for one in found], [_line(one) for one in found]

    def _points(
        self, found: Sequence[Facts], window: str, at_s: int, *, besides: str = ""
    ) -> Iterator[bytes]:
        groups: dict[Group, list[Facts]] = {}
        for course, facts in zip(self.courses, found):
            for group in groups_of(course.school):
                groups.setdefault(group, []).append(facts)
        for group, facts_in in groups.items():
            for one in indicators(facts_in):
                if one.id != besides:
                    yield point(one, group, window, at_s)


def point(one: Indicator, group: Group, window: str, at_s: int) -> bytes:
    """Return an indicator as the line that the collector would write."""
    fields: dict[str, Value] = {
        "numerator": one.numerator / one.unit,
        "denominator": one.denominator / one.unit,
    }
    if one.value is not None:
        fields["value"] = one.value
    fields |= {
        "completeness": one.completeness,
        "met": one.met,
        "not_met": one.not_met,
        "unproven": one.unproven,
        "total": one.total,
        "target": one.target,
    }
    region, area = group
    tags = {"region": region, "indicator": one.id, "area": area, "window": window}
    return encode(Reading("indicator", fields, at_s * SECOND, tags))

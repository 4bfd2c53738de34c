"""When lessons are held, for all who ask: one object, whose calendar is replaced while it runs.

Without a calendar: Monday to Friday 08:00 to 17:30 by the clock of the district. Any thread may
ask; a school is `region/school`, and "" is the district as a whole.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from alerts.calendar.calendar import Calendar, Profile
from alerts.calendar.timetable import Lesson
from alerts.rules import Rule
from alerts.targets.days import Day, Hours, day_of
from core import clock
from core.clock import SECOND
from core.kind import Severity

LOOK_AHEAD_DAYS: Final = 400
"""No vacation is longer; whoever asks for the next lesson gets none then."""
MOST_DAYS: Final = 50_000
"""Days that are held at hand, of all profiles; then all are worked out anew."""


_HIGHER: Final[Mapping[Severity, Severity]] = {"P4": "P3", "P3": "P2", "P2": "P1", "P1": "P1"}


class Held(NamedTuple):
    """A lesson on one day, from when to when (ns)."""

    begins: int
    ends: int
    lesson: Lesson | None


class _State:
    """A calendar with what was worked out of it; never changed to another calendar's."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.profiles: dict[str, Profile] = {}
        self.same: dict[Profile, Profile] = {}
        self.days: dict[tuple[int, date], Day] = {}

    def profile(self, school: str) -> Profile:
        found = self.profiles.get(school)
        if found is None:
            found = self.calendar.profile(school)
            # Most schools have the calendar of the district: one of each, whose days are shared.
            found = self.profiles[school] = self.same.setdefault(found, found)
        return found


class SchoolTime:
    """The school time of a district in *zone*."""

    def __init__(self, zone: tzinfo, calendar: Calendar | None = None) -> None:
        self.zone = zone
        self._state = _State(calendar or Calendar())

    @property
    def calendar(self) -> Calendar:
        """The calendar in force."""
        return self._state.calendar

    def take(self, calendar: Calendar) -> None:
        """Go on with another calendar."""
        self._state = _State(calendar)

    def profile(self, school: str = "") -> Profile:
        """Return the calendar as it is for a school."""
        return self._state.profile(school)

    def day(self, there: date, school: str = "") -> Day:
        """Return a day with its school time."""
        state = self._state
        profile = state.profile(school)
        key = id(profile), there
        found = state.days.get(key)
        if found is None:
            if len(state.days) > MOST_DAYS:
                state.days.clear()
            found = state.days[key] = day_of(there, self.zone, profile.hours(there))
        return found

    def day_at(self, at: int, school: str = "") -> Day:
        """Return the day that *at* (ns) lies in."""
        return self.day(clock.local(at, self.zone).date(), school)

    def is_workday(self, there: date) -> bool:
        """Return whether the offices of the district work on a day."""
        return self.profile().is_workday(there)

    def lessons(self, at: int, school: str = "") -> bool:
        """Return whether lessons are held at *at* (ns)."""
        return any(begins <= at < ends for begins, ends in self.day_at(at, school).spans)

    def lasting(self, since: int, until: int, school: str = "") -> int:
        """Return how much school time (ns) lies between; none where *until* is not later."""
        if until <= since:
            return 0
        first, last = (clock.local(one, self.zone).date() for one in (since, until))
        total = 0
        for n in range((last - first).days + 1):
            day = self.day(first + timedelta(days=n), school)
            total += day.lessons_until(until) - day.lessons_until(since)
        return total

    def begins(self, at: int, school: str = "") -> int:
        """Return when school time begins next after *at* (ns), 0 where nobody knows."""
        for day in self._ahead(at, school):
            for begins, _ in day.spans:
                if begins > at:
                    return begins
        return 0

    def is_exam(self, at: int, school: str = "") -> bool:
        """Return whether *at* lies on a day of examinations."""
        return self.profile(school).is_exam(clock.local(at, self.zone).date())

    def held(self, there: date, school: str, room: str = "") -> list[Held]:
        """Return the lessons of a day in a room, or in all rooms of a school, in their order."""
        profile = self.profile(school)
        weekday, week = profile.weekday(there), profile.week(there)
        found = [
            Held(*self._span(there, (one.begins, one.ends)), one)
            for one in self.calendar.timetable.of(school, room)
            if one.is_held(there, weekday, week)
        ]
        return sorted(found, key=lambda one: (one.begins, one.ends))

    def is_live(self, at: int, school: str, room: str | None = "") -> bool:
        """Return whether a live lesson goes on, or begins so soon that no fault of it may wait.

        In *room*, or "" for any room; with None only exams count, which are everywhere.
        """
        return any(one.begins <= at < one.ends for one in self._urgent(at, school, room, days=2))

    def live(self, at: int, school: str, room: str | None = "") -> int:
        """Return when `is_live` begins next after *at* (ns), 0 where nobody knows."""
        later = (one.begins for one in self._urgent(at, school, room, days=8) if one.begins > at)
        return min(later, default=0)

    def _urgent(self, at: int, school: str, room: str | None, *, days: int) -> Iterator[Held]:
        """Yield the times around the live lessons and exams of the days from *at* on."""
        calendar, profile = self.calendar, self.profile(school)
        if not profile.exams and (room is None or not calendar.timetable.of(school, room)):
            return
        today = clock.local(at, self.zone).date()
        for n in range(days):
            there = today + timedelta(days=n)
            if profile.is_exam(there):
                for begins, ends in self.day(there, school).spans:
                    yield Held(begins - calendar.before_live, ends, None)
            for one in self.held(there, school, room) if room is not None else ():
                if one.lesson and one.lesson.live:
                    yield Held(one.begins - calendar.before_live, one.ends, one.lesson)

    def _span(self, there: date, hours: Hours) -> tuple[int, int]:
        begins, ends = (datetime.combine(there, one, self.zone) for one in hours)
        return int(begins.timestamp()) * SECOND, int(ends.timestamp()) * SECOND

    def _ahead(self, at: int, school: str) -> Iterator[Day]:
        today = clock.local(at, self.zone).date()
        for n in range(LOOK_AHEAD_DAYS):
            yield self.day(today + timedelta(days=n), school)


def severity(rule: Rule, at: int, times: SchoolTime, school: str = "") -> Severity:
    """Return how bad an alert of *rule* is that fires at *at*."""
    if rule.in_school_time and times.lessons(at, school):
        return rule.in_school_time
    return rule.severity


def raised(one: Severity) -> Severity:
    """Return the severity that is one higher."""
    return _HIGHER[one]

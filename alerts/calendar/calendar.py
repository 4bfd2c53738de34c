"""The calendar of a district: which days of which school have lessons, and when: pure.

What names a school or a region counts there; hours and terms of the narrower place replace those of
the wider one, holidays, make-up workdays and exams add up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Protocol, TypeVar

from alerts.calendar.file import CalendarFile, hours_of
from alerts.calendar.maintenance import Maintained
from alerts.calendar.timetable import Timetable
from alerts.targets.days import USUAL, Hours, usual
from core.clock import SECOND
from core.timefields import WEEKDAYS

STALE: Final = timedelta(days=70)
"""So long after the last term, and before the first one, the calendar says nothing: a summer is
shorter. Else a calendar that nobody goes on with would hold back every fault for good."""
BEFORE_LIVE: Final = 30 * 60 * SECOND


@dataclass(frozen=True, slots=True)
class At:
    """Where something counts; empty words are everywhere."""

    region: str = ""
    school: str = ""

    def covers(self, place: str) -> bool:
        """Return whether the school *place*, as `region/school`, is meant."""
        region, _, school = place.partition("/")
        return self.region in ("", region) and self.school in ("", school)

    @property
    def narrowness(self) -> int:
        """Return 0 for everywhere, 1 for a region, 2 for a school."""
        return bool(self.region) + bool(self.school)


class _Placed(Protocol):
    @property
    def at(self) -> At: ...


_T = TypeVar("_T", bound=_Placed)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days from `first` to `last`, both inclusive; `follows` is the weekday that they stand for."""

    first: date
    last: date
    at: At = At()
    name: str = ""
    follows: int | None = None

    def has(self, day: date) -> bool:
        """Return whether *day* is one of them."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Teaching:
    """Hours of lessons, and of its first, second and further periods."""

    hours: tuple[Hours, ...] = USUAL
    periods: tuple[Hours, ...] = ()
    at: At = At()


@dataclass(frozen=True, slots=True)
class Profile:
    """The calendar as it is for one school; many schools have the same."""

    teaching: Teaching = Teaching()
    terms: tuple[Stretch, ...] = ()
    holidays: tuple[Stretch, ...] = ()
    workdays: tuple[Stretch, ...] = ()
    exams: tuple[Stretch, ...] = ()

    def hours(self, day: date) -> Sequence[Hours]:
        """Return when lessons are held on *day*."""
        return self.teaching.hours if self.is_school_day(day) else ()

    def is_school_day(self, day: date) -> bool:
        """Return whether there are lessons, or an exam, on *day*."""
        if self.is_exam(day) or any(one.has(day) for one in self.workdays):
            return True
        if any(one.has(day) for one in self.holidays) or not usual(day):
            return False
        return not self.terms or self.term(day) is not None or not self.knows(day)

    def is_workday(self, day: date) -> bool:
        """Return whether offices work on *day*: also in vacations, and not on a holiday."""
        if any(one.has(day) for one in self.workdays):
            return True
        return bool(usual(day)) and not any(one.has(day) for one in self.holidays)

    def is_exam(self, day: date) -> bool:
        """Return whether *day* is one of examinations."""
        return any(one.has(day) for one in self.exams)

    def knows(self, day: date) -> bool:
        """Return whether *day* is so near to a term that what is outside of all is vacation."""
        first = min((one.first for one in self.terms), default=date.max)
        last = max((one.last for one in self.terms), default=date.min)
        return bool(self.terms) and first - day <= STALE and day - last <= STALE

    def term(self, day: date) -> Stretch | None:
        """Return the term that *day* lies in."""
        return next((one for one in self.terms if one.has(day)), None)

    def weekday(self, day: date) -> int | None:
        """Return the weekday whose timetable is held on *day*, None where there are no lessons."""
        if not self.is_school_day(day):
            return None
        made_up = next((one for one in self.workdays if one.has(day)), None)
        return day.weekday() if made_up is None or made_up.follows is None else made_up.follows

    def week(self, day: date) -> int:
        """Return the number of the week: of the term, from 1 on, else of the year."""
        term = self.term(day)
        if term is None:
            return day.isocalendar().week
        monday = term.first - timedelta(days=term.first.weekday())
        return (day - monday).days // 7 + 1

    def why(self, day: date) -> str:
        """Return in words for people why there are lessons on *day*, or not."""
        for noun, rows in (
            ("exam", self.exams),
            ("make-up workday", self.workdays),
            ("holiday", self.holidays),
        ):
            found = next((one for one in rows if one.has(day)), None)
            if found:
                return f"{noun} {found.name}".strip()
        if not usual(day):
            return "weekend"
        term = self.term(day)
        if term:
            return f"term {term.name}"
        if not self.terms:
            return "weekday"
        return "outside of all terms" if self.knows(day) else "weekday; no term is known near it"


@dataclass(frozen=True, slots=True)
class Calendar:
    """All that the file and what it names say."""

    teaching: tuple[Teaching, ...] = (Teaching(),)
    terms: tuple[Stretch, ...] = ()
    holidays: tuple[Stretch, ...] = ()
    workdays: tuple[Stretch, ...] = ()
    exams: tuple[Stretch, ...] = ()
    maintenance: tuple[Maintained, ...] = ()
    timetable: Timetable = field(default_factory=Timetable)
    before_live: int = BEFORE_LIVE

    def profile(self, place: str) -> Profile:
        """Return the calendar of the school *place*, as `region/school`; "" is the district."""
        return Profile(
            _narrowest(self.teaching, place)[0],
            tuple(_narrowest(self.terms, place)),
            *(
                tuple(one for one in rows if one.at.covers(place))
                for rows in (self.holidays, self.workdays, self.exams)
            ),
        )


def calendar_of(
    file: CalendarFile,
    holidays: Iterable[Stretch] = (),
    workdays: Iterable[Stretch] = (),
    timetable: Timetable | None = None,
) -> Calendar:
    """Return the calendar of a *file*, with what the files that it names gave."""
    everywhere = Teaching(_hours(file.hours), _hours(file.periods))
    others = (
        Teaching(_hours(row.hours), _hours(row.periods), At(row.region, row.school))
        for row in file.hours_of
    )
    stretches = (
        tuple(Stretch(row.first, row.last, At(row.region, row.school), row.name) for row in rows)
        for rows in (file.term, file.holiday, file.exam)
    )
    terms, off, exams = stretches
    made_up = tuple(
        Stretch(
            *(row.day, row.day, At(row.region, row.school), row.name),
            WEEKDAYS.index(row.follows) if row.follows else None,
        )
        for row in file.workday
    )
    return Calendar(
        (everywhere, *others),
        terms,
        (*off, *holidays),
        (*made_up, *workdays),
        exams,
        (*map(Maintained, file.maintenance), *map(Maintained, file.weekly_maintenance)),
        timetable or Timetable(),
        file.before_live_min * 60 * SECOND,
    )


def _hours(spans: Iterable[str]) -> tuple[Hours, ...]:
    return tuple(hours_of(one) for one in spans)


def _narrowest(rows: Sequence[_T], place: str) -> Sequence[_T]:
    """Return those of the narrowest place that holds *place* and has any."""
    here = [one for one in rows if one.at.covers(place)]
    most = max((one.at.narrowness for one in here), default=0)
    return [one for one in here if one.at.narrowness == most]

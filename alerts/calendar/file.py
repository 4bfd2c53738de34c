"""The file `configs/calendar.toml`: what it may hold, and what is wrong between its keys.

Days are both inclusive: `first` is the first day, `last` the last one.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Final, Literal, Protocol

from msgspec import Meta, Struct

from alerts.targets.days import Hours
from core import config
from core.fields import AnyLevel, Filled
from core.options import CHECK
from core.timefields import AnyZone, Weekday
from core.tomllines import KeyPath

_SPAN: Final = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_EXAMPLE: Final = 'a time of day, as "08:00-17:30"'


def hours_of(text: str, *, over_night: bool = False) -> Hours:
    """Return the hours that *text* names; raises ValueError."""
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise ValueError(f"expected {_EXAMPLE}")
    one, two, three, four = (int(part) for part in found.groups())
    begins, ends = time(one, two), time(three, four)
    if begins == ends or (ends < begins and not over_night):
        raise ValueError("ends before it begins")
    return begins, ends


def _spans_mistake(texts: tuple[str, ...]) -> str:
    last = time()
    for text in texts:
        try:
            begins, ends = hours_of(text)
        except ValueError as error:
            return f"holds {text!r}: {error}"
        if begins < last:
            return f"holds {text!r}, which begins before the one before it has ended"
        last = ends
    return ""


def _window_mistake(text: str) -> str:
    try:
        hours_of(text, over_night=True)
    except ValueError as error:
        return f"{text!r}: {error}"
    return ""


Date = Annotated[date, Meta(description="a day, as 2026-09-01 without quotes")]
Moment = Annotated[datetime, Meta(description="a moment, as 2026-11-28T22:00:00 without quotes")]
Name = Annotated[
    str, Meta(pattern=r"\A[^\x00-\x1f:]{1,60}\Z", description="1 to 60 characters without ':'")
]
Spans = Annotated[tuple[str, ...], Meta(extra={CHECK: _spans_mistake})]
Window = Annotated[str, Meta(extra={CHECK: _window_mistake})]


class Term(Struct, frozen=True, kw_only=True):
    """A term: outside of all terms of a school there are no lessons."""

    name: Filled
    first: Date
    last: Date
    region: AnyLevel = ""
    school: AnyLevel = ""


class Holiday(Struct, frozen=True, kw_only=True):
    """Days without lessons."""

    name: Filled
    first: Date
    last: Date
    region: AnyLevel = ""
    school: AnyLevel = ""


class Workday(Struct, frozen=True, kw_only=True):
    """A make-up workday (调休上班); `follows` names the weekday whose lessons are held."""

    name: str = ""
    day: Date
    follows: Weekday | Literal[""] = ""
    region: AnyLevel = ""
    school: AnyLevel = ""


class Exam(Struct, frozen=True, kw_only=True):
    """Days of examinations: school days whatever else they are, on which no fault waits."""

    name: Filled
    first: Date
    last: Date
    region: AnyLevel = ""
    school: AnyLevel = ""


class HoursOf(Struct, frozen=True, kw_only=True):
    """The teaching hours of a region or a school, where they differ from the district's."""

    region: AnyLevel
    school: AnyLevel = ""
    hours: Spans
    periods: Spans = ()


class HolidayFile(Struct, frozen=True, kw_only=True):
    """A calendar (ICS) of holidays and make-up workdays, as the State Council announces them."""

    file: Path
    region: AnyLevel = ""
    school: AnyLevel = ""


class TimetableFile(Struct, frozen=True, kw_only=True):
    """Lessons per room (XLSX, CSV, or ICS); region and school where the file does not name them."""

    file: Path
    region: AnyLevel = ""
    school: AnyLevel = ""


class Maintenance(Struct, frozen=True, kw_only=True):
    """A time in which what breaks was announced."""

    name: Name
    reason: Filled
    begins: Moment
    ends: Moment
    region: AnyLevel = ""
    school: AnyLevel = ""
    room: str = ""
    rule: str = ""


class WeeklyMaintenance(Struct, frozen=True, kw_only=True):
    """The same each week; over midnight where it ends earlier than it begins."""

    name: Name
    reason: Filled
    weekdays: Annotated[tuple[Weekday, ...], Meta(min_length=1)]
    hours: Window
    zone: AnyZone = ""
    region: AnyLevel = ""
    school: AnyLevel = ""
    room: str = ""
    rule: str = ""


class CalendarFile(Struct, frozen=True, kw_only=True):
    """The whole file."""

    kind: Literal["calendar"] = "calendar"
    hours: Spans = ("08:00-17:30",)
    periods: Spans = ()
    before_live_min: Annotated[int, Meta(ge=0, le=240)] = 30
    term: tuple[Term, ...] = ()
    holiday: tuple[Holiday, ...] = ()
    workday: tuple[Workday, ...] = ()
    exam: tuple[Exam, ...] = ()
    hours_of: tuple[HoursOf, ...] = ()
    holiday_file: tuple[HolidayFile, ...] = ()
    timetable_file: tuple[TimetableFile, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    weekly_maintenance: tuple[WeeklyMaintenance, ...] = ()


def read_calendar(path: Path) -> CalendarFile:
    """Return the file at *path*; raises FileMistakes with a line for each mistake."""
    return config.read(path, CalendarFile, CHECKS)


def parse_calendar(path: Path, content: bytes) -> CalendarFile:
    """Return *content*, the bytes of the file at *path*; raises FileMistakes."""
    return config.parse(path, content, CalendarFile, CHECKS)


class _Placed(Protocol):
    @property
    def region(self) -> str: ...
    @property
    def school(self) -> str: ...


class _Lasting(_Placed, Protocol):
    @property
    def first(self) -> date: ...
    @property
    def last(self) -> date: ...


def _placed(rows: Iterable[_Placed]) -> Iterator[tuple[KeyPath, str]]:
    for number, row in enumerate(rows):
        if row.school and not row.region:
            yield (number, "school"), "school needs its region beside it"


def _lasting(rows: tuple[_Lasting, ...]) -> Iterator[tuple[KeyPath, str]]:
    yield from _placed(rows)
    for number, row in enumerate(rows):
        if row.last < row.first:
            yield (number, "last"), f"last is {row.last}, before first, which is {row.first}"


def _maintained(
    rows: tuple[Maintenance | WeeklyMaintenance, ...],
) -> Iterator[tuple[KeyPath, str]]:
    yield from _placed(rows)
    seen: set[str] = set()
    for number, row in enumerate(rows):
        if row.name in seen:
            yield (number, "name"), f"name {row.name!r} is taken; each maintenance has its own"
        seen.add(row.name)
        if row.room and not row.school:
            yield (number, "room"), "room needs its school beside it"
        if isinstance(row, Maintenance) and _is_before(row.ends, row.begins):
            yield (number, "ends"), "ends is not later than begins"


def _is_before(ends: datetime, begins: datetime) -> bool:
    return (ends.tzinfo is None) != (begins.tzinfo is None) or ends <= begins


CHECKS: Final[dict[str, Callable[..., Iterable[tuple[KeyPath, str]]]]] = {
    "term": _lasting,
    "holiday": _lasting,
    "exam": _lasting,
    "workday": _placed,
    "hours_of": _placed,
    "holiday_file": _placed,
    "timetable_file": _placed,
    "maintenance": _maintained,
    "weekly_maintenance": _maintained,
}

"""Calendars as files (RFC 5545): holidays as the State Council announces them, and lessons.

Each event is read by itself, so that a bad one is named by its line and stops none of the others.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from alerts.calendar.calendar import At, Stretch
from alerts.calendar.timetable import Lesson
from core.hints import quoted

MOST_EVENTS: Final = 20_000
MOST_OF_ONE: Final = 1_000
"""Times that one event recurs; and no more of all than MOST_EVENTS."""
AHEAD: Final = timedelta(days=400)
BEHIND: Final = timedelta(days=31)
LONGEST: Final = timedelta(days=120)
"""No vacation, and no event in a calendar of holidays, is longer."""
LONGEST_NAME: Final = 60

_OFF: Final = re.compile(r"休|放假|假期|\bholiday\b|\bday off\b", re.IGNORECASE)
_WORK: Final = re.compile(r"班|补课|\bwork(?:ing)? ?day\b", re.IGNORECASE)
_LIVE: Final = re.compile(r"直播|互动|同步|\blive\b|\binteractive\b", re.IGNORECASE)
_RECURS: Final = frozenset({"DAILY", "WEEKLY"})

_T = TypeVar("_T")


class BadRow(Exception):
    """A row or event that cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that was not taken: its line, and why."""

    line: int
    text: str


@dataclass(slots=True)
class Read(Generic[_T]):
    """What a file gave: what is good, how many rows there were, and what is wrong by line."""

    good: list[_T] = field(default_factory=list)
    rows: int = 0
    bad: list[Bad] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Event:
    line: int
    found: Any

    def text(self, name: str) -> str:
        """Return a property's text on one line."""
        return " ".join(str(self.found.get(name, "")).split())


def holidays(content: bytes, at: At) -> Read[tuple[bool, Stretch]]:
    """Return holidays and make-up workdays; of those the first is True."""

    def take(event: _Event) -> list[tuple[bool, Stretch]]:
        first, last = _days(event)
        name = event.text("SUMMARY")[:LONGEST_NAME]
        return [(_is_work(event, name), Stretch(first, last, at, name))]

    return _read(content, take)


def lessons(content: bytes, place: str, room: str, zone: tzinfo, today: date) -> Read[Lesson]:
    """Return the lessons of the school *place*, each that is held from a month ago to a year ahead.

    The room is an event's LOCATION, else *room*.
    """
    moved: dict[str, set[datetime]] = {}

    def note(event: _Event) -> None:
        """Remember which time of an event that recurs is replaced by another event."""
        if event.found.get("RECURRENCE-ID"):
            when = _moment(event, "RECURRENCE-ID", zone)
            moved.setdefault(event.text("UID"), set()).add(when)

    for event in _events(content):
        if isinstance(event, _Event):
            try:
                note(event)
            except BadRow:
                continue  # named below

    def take(event: _Event) -> list[Lesson]:
        where = event.text("LOCATION") or room
        if not where:
            raise BadRow("names no room: LOCATION is empty")
        begins, ends = _moment(event, "DTSTART", zone), _end(event, zone)
        if not begins < ends <= begins + timedelta(hours=12) or begins.date() != ends.date():
            raise BadRow("a lesson ends on the day on which it begins, and after it has begun")
        words = " ".join((event.text("SUMMARY"), event.text("DESCRIPTION"), _categories(event)))
        gone = {*_excluded(event, zone)}
        if not event.found.get("RECURRENCE-ID"):
            gone |= moved.get(event.text("UID"), set())
        return [
            Lesson(
                *(place, where[:LONGEST_NAME], start.time(), (start + (ends - begins)).time()),
                day=start.date(),
                live=bool(_LIVE.search(words)),
                subject=event.text("SUMMARY")[:LONGEST_NAME],
            )
            for start in _times(event, begins, zone, today)
            if start not in gone
        ]

    return _read(content, take)


def _read(content: bytes, take: Callable[[_Event], list[_T]]) -> Read[_T]:
    found = Read[_T]()
    for event in _events(content):
        found.rows += 1
        if isinstance(event, Bad):
            found.bad.append(event)
            continue
        try:
            taken = take(event)
            if len(found.good) + len(taken) > MOST_EVENTS:
                raise BadRow(f"comes after more than {MOST_EVENTS} others")
            found.good += taken
        except BadRow as why:
            found.bad.append(Bad(event.line, str(why)))
    return found


def _events(content: bytes) -> Iterator[_Event | Bad]:
    """Yield each event with its line, or why it cannot be read."""
    # Late: it is large, and most calendars are in the TOML file alone.
    from icalendar import Event  # noqa: PLC0415

    for line, block in _blocks(content):
        if not block:
            yield Bad(line, "has no END:VEVENT")
            continue
        try:
            event = Event.from_ical(block)
        except Exception as error:  # noqa: BLE001 — raises whatever a bad property leads to
            yield Bad(line, f"cannot be read: {' '.join(str(error).split())[:200]}")
            continue
        wrong = dict(event.errors)
        if wrong:
            name, why = next(iter(wrong.items()))
            yield Bad(line, f"{name} cannot be read: {' '.join(str(why).split())[:200]}")
            continue
        yield _Event(line, event)


def _blocks(content: bytes) -> Iterator[tuple[int, str]]:
    lines = _text(content).splitlines()
    start, depth = 0, 0
    for number, line in enumerate(lines, 1):
        word = line.strip().upper()
        if word == "BEGIN:VEVENT":
            if start:  # the one before has no end
                yield start, ""
            start, depth = number, 1
        elif start and word.startswith("BEGIN:"):
            depth += 1
        elif start and word.startswith("END:"):
            depth -= 1
            if not depth:
                is_whole = word == "END:VEVENT"
                yield start, "\r\n".join([*lines[start - 1 : number], ""]) if is_whole else ""
                start = 0
    if start:
        yield start, ""


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace")


def is_calendar(content: bytes) -> bool:
    """Tell whether a file is a calendar of this kind."""
    return b"BEGIN:VCALENDAR" in content[:200].upper()


def _is_work(event: _Event, name: str) -> bool:
    special = event.text("X-APPLE-SPECIAL-DAY").upper()
    if special in ("ALTERNATE-WORKDAY", "WORK-HOLIDAY"):
        return special == "ALTERNATE-WORKDAY"
    words = f"{name} {_categories(event)}"
    if _WORK.search(words):  # first: 调休上班 has both
        return True
    if _OFF.search(words):
        return False
    raise BadRow(f"{quoted(name)} says neither 休 (no lessons) nor 班 (a make-up workday)")


def _days(event: _Event) -> tuple[date, date]:
    begins = _value(event, "DTSTART")
    ends = _value(event, "DTEND") if event.found.get("DTEND") else None
    first = begins.date() if isinstance(begins, datetime) else begins
    if ends is None:
        last = first
    elif isinstance(ends, datetime):
        last = (ends - timedelta(microseconds=1)).date()
    else:
        last = ends - timedelta(days=1)  # the end is the first day that is not one of them
    if not first <= last <= first + LONGEST:
        raise BadRow(f"lasts from {first} to {last}, which no holiday does")
    return first, last


def _value(event: _Event, name: str) -> date:
    found = event.found.get(name)
    value = getattr(found, "dt", None)
    if not isinstance(value, date):
        raise BadRow(f"has no {name}" if found is None else f"{name} is no date")
    return value


def _moment(event: _Event, name: str, zone: tzinfo) -> datetime:
    """Return a time by the clock of the district, without its zone."""
    return _local(_value(event, name), name, zone)


def _local(value: object, name: str, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        raise BadRow(f"{name} has no time of day")
    there = value.astimezone(zone) if value.tzinfo else value
    return there.replace(tzinfo=None)


def _end(event: _Event, zone: tzinfo) -> datetime:
    if event.found.get("DTEND"):
        return _moment(event, "DTEND", zone)
    lasts = getattr(event.found.get("DURATION"), "dt", None)
    if not isinstance(lasts, timedelta):
        raise BadRow("has neither DTEND nor DURATION")
    return _moment(event, "DTSTART", zone) + lasts


def _excluded(event: _Event, zone: tzinfo) -> Iterator[datetime]:
    found = event.found.get("EXDATE", [])
    for one in found if isinstance(found, list) else [found]:
        for each in one.dts:
            yield _local(each.dt, "EXDATE", zone)


def _times(event: _Event, begins: datetime, zone: tzinfo, today: date) -> list[datetime]:
    """Return when an event is, all times of one that recurs; bounded whatever its rule says."""
    from dateutil.rrule import rrulestr  # noqa: PLC0415

    rule = event.found.get("RRULE")
    first = datetime.combine(today - BEHIND, datetime.min.time())
    last = datetime.combine(today + AHEAD, datetime.min.time())
    if rule is None:
        return [begins] if first <= begins <= last else []
    if isinstance(rule, list):
        raise BadRow("has more than one RRULE")
    words: Mapping[str, Any] = {str(name).upper(): value for name, value in rule.items()}
    freq = str(next(iter(words.get("FREQ", [""]))))
    if freq not in _RECURS:
        raise BadRow(f"recurs {freq or 'nobody knows when'}; lessons do so DAILY or WEEKLY")
    until = [_until(one, zone) for one in words.get("UNTIL", ())]
    if begins.year < today.year - 10:
        raise BadRow(f"began in {begins.year}, too long ago")
    # Not both of them for dateutil, and always an end: a rule that never comes true ends nowhere.
    ends = ("UNTIL=", "COUNT=")
    text = ";".join(p for p in rule.to_ical().decode().split(";") if not p.upper().startswith(ends))
    count = words.get("COUNT", [None])[0]
    stop = min([last, *until])
    try:
        found = rrulestr(f"{text};UNTIL={stop:%Y%m%dT%H%M%S}", dtstart=begins)
        later = (one for one in islice(found, count) if one >= first)
        return list(islice(later, MOST_OF_ONE))
    except (ValueError, TypeError) as error:
        raise BadRow(f"RRULE cannot be read: {error}") from None


def _until(value: object, zone: tzinfo) -> datetime:
    if isinstance(value, datetime):
        return _local(value, "UNTIL", zone)
    if isinstance(value, date):
        return datetime.combine(value, datetime.max.time()).replace(microsecond=0)
    raise BadRow("UNTIL is no date")


def _categories(event: _Event) -> str:
    found = event.found.get("CATEGORIES", [])
    groups = found if isinstance(found, list) else [found]
    return " ".join(str(word) for group in groups for word in getattr(group, "cats", ()))

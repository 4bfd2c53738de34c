"""Calendars as files: holidays as the State Council announces them, and lessons."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from typing import Final, TypeVar

from alerts.calendar import events
from alerts.calendar.calendar import At, Stretch
from alerts.calendar.events import Occasion
from alerts.calendar.rows import LONGEST_NAME, Bad, BadRow, Read
from alerts.calendar.timetable import Lesson
from core.hints import quoted

MOST_EVENTS: Final = 20_000
LONGEST: Final = timedelta(days=120)
"""No vacation, and no event in a calendar of holidays, is longer."""

_OFF: Final = re.compile(r"休|放假|假期|\bholiday\b|\bday off\b", re.IGNORECASE)
_WORK: Final = re.compile(r"班|补课|\bwork(?:ing)? ?day\b", re.IGNORECASE)
_LIVE: Final = re.compile(r"直播|互动|同步|\blive\b|\binteractive\b", re.IGNORECASE)

_T = TypeVar("_T")


def holidays(content: bytes, at: At) -> Read[tuple[bool, Stretch]]:
    """Return holidays and make-up workdays; of those the first is True."""

    def take(event: Occasion) -> list[tuple[bool, Stretch]]:
        first, last = _days(event)
        name = event.text("SUMMARY")[:LONGEST_NAME]
        return [(_is_work(event, name), Stretch(first, last, at, name))]

    return _read(content, take)


def lessons(content: bytes, place: str, room: str, zone: tzinfo, today: date) -> Read[Lesson]:
    """Return the lessons of the school *place*, each that is held from a month ago to a year ahead.

    The room is an event's LOCATION, else *room*.
    """
    moved: dict[str, set[datetime]] = {}

    def note(event: Occasion) -> None:
        """Remember which time of an event that recurs is replaced by another event."""
        if event.found.get("RECURRENCE-ID"):
            when = events.moment(event, "RECURRENCE-ID", zone)
            moved.setdefault(event.text("UID"), set()).add(when)

    for event in events.events(content):
        if isinstance(event, Occasion):
            try:
                note(event)
            except BadRow:
                continue  # named below

    def take(event: Occasion) -> list[Lesson]:
        where = event.text("LOCATION") or room
        if not where:
            raise BadRow("names no room: LOCATION is empty")
        begins, ends = events.moment(event, "DTSTART", zone), events.end_of(event, zone)
        if not begins < ends <= begins + timedelta(hours=12) or begins.date() != ends.date():
            raise BadRow("a lesson ends on the day on which it begins, and after it has begun")
        texts = (event.text("SUMMARY"), event.text("DESCRIPTION"), events.categories(event))
        gone = {*events.excluded(event, zone)}
        if not event.found.get("RECURRENCE-ID"):
            gone |= moved.get(event.text("UID"), set())
        return [
            Lesson(
                *(place, where[:LONGEST_NAME], start.time(), (start + (ends - begins)).time()),
                day=start.date(),
                live=bool(_LIVE.search(" ".join(texts))),
                subject=event.text("SUMMARY")[:LONGEST_NAME],
            )
            for start in events.times_of(event, begins, zone, today)
            if start not in gone
        ]

    return _read(content, take)


def _read(content: bytes, take: Callable[[Occasion], list[_T]]) -> Read[_T]:
    found = Read[_T]()
    for event in events.events(content):
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


def _is_work(event: Occasion, name: str) -> bool:
    special = event.text("X-APPLE-SPECIAL-DAY").upper()
    if special in ("ALTERNATE-WORKDAY", "WORK-HOLIDAY"):
        return special == "ALTERNATE-WORKDAY"
    words = f"{name} {events.categories(event)}"
    if _WORK.search(words):  # first: 调休上班 has both
        return True
    if _OFF.search(words):
        return False
    raise BadRow(f"{quoted(name)} says neither 休 (no lessons) nor 班 (a make-up workday)")


def _days(event: Occasion) -> tuple[date, date]:
    begins = events.value_of(event, "DTSTART")
    ends = events.value_of(event, "DTEND") if event.found.get("DTEND") else None
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

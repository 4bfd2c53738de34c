"""The events of a calendar file (RFC 5545), and when each of them is: bounded whatever it says.

Each is read by itself, so that a bad one is named by its line and stops none of the others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import islice
from typing import Any, Final

from alerts.calendar.rows import Bad, BadRow

MOST_OF_ONE: Final = 1_000
"""Times that one event recurs."""
AHEAD: Final = timedelta(days=400)
BEHIND: Final = timedelta(days=31)
_RECURS: Final = frozenset({"DAILY", "WEEKLY"})


@dataclass(frozen=True, slots=True)
class Occasion:
    """One event with the line on which it begins."""

    line: int
    found: Any

    def text(self, name: str) -> str:
        """Return a property's text on one line."""
        return " ".join(str(self.found.get(name, "")).split())


def events(content: bytes) -> Iterator[Occasion | Bad]:
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
        yield Occasion(line, event)


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


def value_of(event: Occasion, name: str) -> date:
    """Return a date, or a date with its time; raises BadRow."""
    found = event.found.get(name)
    value = getattr(found, "dt", None)
    if not isinstance(value, date):
        raise BadRow(f"has no {name}" if found is None else f"{name} is no date")
    return value


def moment(event: Occasion, name: str, zone: tzinfo) -> datetime:
    """Return a time by the clock of the district, without its zone."""
    return _local(value_of(event, name), name, zone)


def _local(value: object, name: str, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        raise BadRow(f"{name} has no time of day")
    there = value.astimezone(zone) if value.tzinfo else value
    return there.replace(tzinfo=None)


def end_of(event: Occasion, zone: tzinfo) -> datetime:
    """Return when an event ends, likewise; raises BadRow."""
    if event.found.get("DTEND"):
        return moment(event, "DTEND", zone)
    lasts = getattr(event.found.get("DURATION"), "dt", None)
    if not isinstance(lasts, timedelta):
        raise BadRow("has neither DTEND nor DURATION")
    return moment(event, "DTSTART", zone) + lasts


def excluded(event: Occasion, zone: tzinfo) -> Iterator[datetime]:
    """Yield the times at which an event that recurs is not held; raises BadRow."""
    found = event.found.get("EXDATE", [])
    for one in found if isinstance(found, list) else [found]:
        for each in one.dts:
            yield _local(each.dt, "EXDATE", zone)


def times_of(event: Occasion, begins: datetime, zone: tzinfo, today: date) -> list[datetime]:
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


def categories(event: Occasion) -> str:
    """Return its categories in one text."""
    found = event.found.get("CATEGORIES", [])
    groups = found if isinstance(found, list) else [found]
    return " ".join(str(word) for group in groups for word in getattr(group, "cats", ()))

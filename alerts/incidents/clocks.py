"""The clocks of the law: what is due to whom until when, pure.

They run from the discovery of an incident (发现或获知), also while nobody has
confirmed a grade: then the proposed one counts. Working days are Monday to Friday but for the
holidays of the calendar, and its make-up workdays.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from alerts.incidents.grades import FALSE_ALARM, Concern, Grade
from alerts.incidents.incident import Incident
from alerts.recall.usual import is_weekday
from core import clock, config
from core.clock import SECOND
from core.hints import hint
from core.tomlfile import content_of
from core.tomllines import KeyPath

Step = Literal["初报", "续报", "终报"]
State = Literal["waits", "due", "overdue", "reported", "reported_late"]
"""Time is left; less than a quarter of it is; none is; a person said that it was reported."""

_LIMIT: Final = re.compile(r"(\d{1,4})(h|d|wd)")
MOST_DAYS: Final = 20_000
"""A calendar in which every day is a holiday must not keep a clock from ever running out."""
_HOURS: Final = {"h": 1, "d": 24}
_HOUR: Final = 3_600 * SECOND
Workday = Callable[[date], bool]
"""Whether offices work on a day."""

Word = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[
    str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,39}\Z", description="small letters, digits and '_'")
]


Limit = Annotated[
    str, Meta(pattern=r"\A[1-9]\d{0,3}(?:h|d|wd)\Z", description='as "4h", "30d" or "5wd"')
]
HANDLE: Final[Mapping[str, str]] = {
    "特别重大": "24h",
    "重大": "24h",
    "较大": "3d",
    "一般": "5wd",
}
"""From discovery to closing (I-26); the figures are ours, no text has them."""


class ClockTable(Struct, frozen=True, kw_only=True, rename={"begins": "from"}):
    """One clock. Without `concerns` it is for every incident of its `grades`, without `grades` for
    every one of which a person said what it `concerns`. `kinds` narrows it to codes that begin so.
    """

    name: Name
    step: Step
    to: Word
    to_en: Word
    limit: Limit
    source: Word
    tag: Literal["P", "Q", "G"]
    begins: Literal["discovery", "closing"] = "discovery"
    grades: tuple[Grade, ...] = ()
    concerns: Concern | Literal[""] = ""
    kinds: tuple[Word, ...] = ()


class IncidentsTable(Struct, frozen=True, kw_only=True):
    """A file of clocks, on top of the shipped ones; `unit` is who reports, `handle` says within
    what an incident of a grade has to be closed."""

    kind: Literal["incidents"] = "incidents"
    unit: Annotated[str, Meta(max_length=100)] = ""
    off: tuple[Name, ...] = ()
    clock: tuple[ClockTable, ...] = ()
    handle: dict[Grade, Limit] = {}

    @property
    def limits(self) -> Mapping[str, str]:
        """Within what an incident has to be closed, by grade."""
        own: Mapping[str, str] = dict(self.handle.items())
        return {**HANDLE, **own}


@dataclass(frozen=True, slots=True)
class Due:
    """What one clock says of one incident; times in ns. `until` is 0 where it does not run yet."""

    clock: ClockTable
    until: int
    state: State


def _shipped() -> tuple[ClockTable, ...]:
    path = files("alerts.incidents").joinpath("clocks.toml")
    return config.parse(Path("clocks.toml"), path.read_bytes(), IncidentsTable).clock


CLOCKS: Final = _shipped()


def read_incidents(path: Path) -> IncidentsTable:
    """Return the file at *path* on top of the shipped clocks; raises FileMistakes."""
    table = config.parse(path, content_of(path), IncidentsTable, {"": _mistakes})
    own = {one.name: one for one in table.clock}
    there = [own.pop(one.name, one) for one in CLOCKS if one.name not in table.off]
    return IncidentsTable(unit=table.unit, clock=(*there, *own.values()), handle=table.handle)


def _mistakes(table: IncidentsTable) -> Iterator[tuple[KeyPath, str]]:
    shipped = {one.name for one in CLOCKS}
    for number, name in enumerate(table.off):
        if name not in shipped:
            yield ("off", number), f"off names no shipped clock: {name!r}{hint(name, shipped)}"
    seen: set[str] = set()
    for number, one in enumerate(table.clock):
        if one.name in seen:
            yield ("clock", number, "name"), f"the name {one.name} is taken by another clock"
        if not one.grades and not one.concerns:
            text = f"clock {one.name} is for nothing: give it grades, or concerns"
            yield ("clock", number), text
        seen.add(one.name)


def applies(one: ClockTable, incident: Incident) -> bool:
    """Return whether a clock is for an incident, as far as anybody knows now."""
    grade = incident.grade or incident.proposed
    if grade == FALSE_ALARM or (one.begins == "closing" and not incident.closed_at):
        return False
    if one.kinds and not incident.code.startswith(one.kinds):
        return False
    if one.concerns and one.concerns not in incident.concerns:
        return False
    return not one.grades or grade in one.grades


def due(
    clocks: Sequence[ClockTable],
    incident: Incident,
    at: int,
    zone: tzinfo,
    workday: Workday = is_weekday,
) -> list[Due]:
    """Return what each clock that is for an incident says *at* (ns), the next one first."""
    found = [_due(one, incident, at, zone, workday) for one in clocks if applies(one, incident)]
    return sorted(found, key=lambda one: one.until)


def _due(one: ClockTable, incident: Incident, at: int, zone: tzinfo, workday: Workday) -> Due:
    begins = incident.closed_at if one.begins == "closing" else incident.discovered_at
    until = end_of(one.limit, begins, zone, workday)
    report = incident.report(one.name)
    if report:
        return Due(one, until, "reported" if report.at <= until else "reported_late")
    if at > until:
        return Due(one, until, "overdue")
    return Due(one, until, "due" if 4 * (until - at) <= until - begins else "waits")


def end_of(limit: str, begins: int, zone: tzinfo, workday: Workday = is_weekday) -> int:
    """Return when *limit*, as `4h`, `30d` or `5wd`, is over that begins at a time (ns)."""
    found = _LIMIT.fullmatch(limit)
    assert found, "a table with another limit has been refused"
    count, unit = int(found[1]), found[2]
    if unit != "wd":
        return begins + count * _HOURS[unit] * _HOUR
    there = clock.local(begins, zone)
    longest = there + timedelta(days=MOST_DAYS)
    while count and there < longest:
        there += timedelta(days=1)
        count -= workday(there.date())
    return int(there.timestamp()) * SECOND + begins % SECOND

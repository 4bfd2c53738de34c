"""The lines of `school`, `indicator` and `ledger`: pure, by exception."""

import zlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from alerts.targets.facts import Facts
from alerts.targets.indicators import Indicator
from collector.district.alertcounts import ALWAYS, ATTENDED
from collector.district.days import Gap
from collector.district.seen import Seen, began
from collector.outside import SchoolKey
from core import lineprotocol
from core.clock import SECOND
from core.types import Identity, Reading, Value

HEARTBEAT: Final = 300 * SECOND
REWRITTEN: Final = 900 * SECOND
"""So far back a line that was lost can turn out to have been lost."""
ALL: Final = "all"
AREAS: Final = (ALL, "urban", "town", "rural")

Window = Literal["live", "day", "month"]
Group = tuple[str, str]
"""Region and area, each `all` or one of them."""


class _Written(NamedTuple):
    """What was written last, and when in the last minutes anything was."""

    at: int
    fields: Mapping[str, Value]
    times: tuple[int, ...] = ()


@dataclass(slots=True)
class SchoolPoints:
    """Gives a school's line where something of it changed, else each 300 s."""

    _written: dict[SchoolKey, _Written] = field(default_factory=dict)

    def forget(self) -> None:
        """Say everything anew at the next look."""
        self._written.clear()

    def lines(
        self, schools: Iterable[Seen], at: int, before: int, *, school_time: Container[SchoolKey]
    ) -> Iterator[bytes]:
        """Give the lines of a look at *at*; the look before it was at *before* (ns).

        *school_time* holds the schools in which lessons are held.
        """
        schools = list(schools)
        for one in schools:
            lessons, last = one.key in school_time, self._written.get(one.key)
            fields = school_fields(one, school_time=lessons)
            if last is None:
                self._written[one.key] = _Written(at, fields, (at,))
                yield encoded("school", school_tags(one.key, one.area, one.type), fields, at)
                continue
            when, times = [at], last.times
            if last.fields == fields and _slot(one.key, at) == _slot(one.key, last.at):
                continue
            if _line(last.fields) != _line(fields):
                # When it changed, not when that was seen; what was said in between was wrong.
                moment = began(one, at, before + 1)
                if not last.fields["known"]:
                    moment = max(moment, before + 1)
                # A point that has `up` already would keep it.
                moment = min(at, moment + (moment in times))
                when = [moment, *(time for time in times if moment < time)]
            recent = tuple(time for time in times if at - time < REWRITTEN)
            self._written[one.key] = _Written(at, fields, (*recent, when[0]))
            for moment in when:
                yield encoded("school", school_tags(one.key, one.area, one.type), fields, moment)
        for key in self._written.keys() - {one.key for one in schools}:
            del self._written[key]


def _slot(key: SchoolKey, at: int) -> int:
    """Return in which of its five minutes a school is: not all have a new one at one moment."""
    return (at + zlib.crc32("/".join(key).encode()) % 300 * SECOND) // HEARTBEAT


def _line(fields: Mapping[str, Value]) -> tuple[Value | None, ...]:
    return fields.get("state"), fields.get("up"), fields.get("known")


def school_fields(one: Seen, *, school_time: bool) -> dict[str, Value]:
    """Return what a `school` point says; `up` is absent while it is unknown."""
    fields: dict[str, Value] = {
        # Not in the roster, it has no name; tables would show an empty place.
        "name": one.name or one.key[1],
        "state": one.state,
        "cause": one.cause,
        "known": int(one.line != "unknown"),
        "counts": int(one.counts),
        "school_time": int(school_time),
        "agents": one.agents,
        "agents_up": one.agents_up,
        "agents_unknown": one.agents_unknown,
    }
    if one.line != "unknown":
        fields["up"] = int(one.line == "up")
    if one.contracted is not None:
        fields["contracted_mbps"] = float(one.contracted)
    if one.target is not None:
        fields["target_mbps"] = float(one.target)
    counted = (*ALWAYS, *ATTENDED) if one.attended else ALWAYS
    fields |= {f"alerts_{name}": one.alerts.get(name, 0) for name in counted}
    return fields


def school_tags(key: SchoolKey, area: str, kind: str) -> dict[str, str]:
    """Return the tags of a `school` point."""
    return {"region": key[0], "school": key[1], "area": area, "type": kind}


def ended(gap: Gap) -> Iterator[bytes]:
    """Give the lines that end what was known before a time in which nobody looked."""
    fields: dict[str, Value] = {"known": 0, "state": "unknown", "cause": "collector"}
    for row in gap.schools:
        yield encoded("school", school_tags(row.key, row.area, row.type), fields, gap.at)


def groups(schools: Iterable[Facts], regions: Sequence[str]) -> dict[Group, list[Facts]]:
    """Return the schools of each region and area, and of all; empty ones too."""
    found: dict[Group, list[Facts]] = {
        (region, area): [] for region in (ALL, *regions) for area in AREAS
    }
    for one in schools:
        for region in (ALL, one.region):
            for area in (ALL, one.area):
                if (region, area) in found:
                    found[region, area].append(one)
    return found


def indicator(group: Group, found: Indicator, window: Window, at: int) -> bytes:
    """Return the line of one indicator; no value where there is none to give."""
    region, area = group
    fields: dict[str, Value] = {
        "numerator": found.numerator / found.unit,
        "denominator": found.denominator / found.unit,
        "completeness": found.completeness,
        "met": found.met,
        "not_met": found.not_met,
        "unproven": found.unproven,
        "total": found.total,
        "target": found.target,
    }
    if found.value is not None:
        fields["value"] = found.value
    tags = {"region": region, "indicator": found.id, "area": area, "window": window}
    return encoded("indicator", tags, fields, at)


def ledger(who: Identity, fields: Mapping[str, Value], at: int) -> bytes:
    """Return the line of what the ledger accounts of one agent."""
    tags = {"region": who.region, "school": who.school, "agent": who.agent}
    return encoded("ledger", tags, fields, at)


def encoded(name: str, tags: Mapping[str, str], fields: Mapping[str, Value], at: int) -> bytes:
    """Return a line with its newline."""
    return lineprotocol.encode(Reading(name, fields, at, tags)) + b"\n"

"""The lines of `security` and `security_school`: by exception."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.district.points import HEARTBEAT, encoded
from collector.outside import SchoolKey
from collector.security.view import SchoolSecurity, SecurityView
from core.alerts import Alert
from core.clock import SECOND
from core.kinds import kind_of
from core.types import Value


class Series(NamedTuple):
    """Names a series of `security`: a kind at a school."""

    region: str
    school: str
    kind: str


class _Written(NamedTuple):
    at: int
    fields: Mapping[str, Value]


@dataclass(slots=True)
class SecurityPoints:
    """Gives a line where something changed, else each 300 s; what is over ends with one of 0.

    `open_before` are series that an earlier process may have left open.
    """

    open_before: set[Series] = field(default_factory=set)
    last: int = 0
    """The highest number of an alert that was counted as begun."""
    _written: dict[Series, _Written] = field(default_factory=dict)
    _schools: dict[SchoolKey, _Written] = field(default_factory=dict)

    def lines(self, view: SecurityView) -> Iterator[bytes]:
        """Give the lines of a look."""
        found, newest = dict[Series, list[Alert]](), self.last
        for school in view.schools:
            yield from self._school(school, view.at)
            for alert in school.attacks:
                found.setdefault(Series(*school.key, alert.key.rule), []).append(alert)
                newest = max(newest, alert.number)
        for key, alerts in found.items():
            yield from self._kind(key, kind_fields(alerts, self.last), view.at)
        self.last = newest
        for key in [*(self._written.keys() | self.open_before) - found.keys()]:
            self._written.pop(key, None)
            yield encoded("security", tags_of(key), _OVER, view.at)
        self.open_before.clear()
        for gone in self._schools.keys() - {one.key for one in view.schools}:
            del self._schools[gone]

    def _kind(self, key: Series, fields: dict[str, Value], at: int) -> Iterator[bytes]:
        last = self._written.get(key)
        steady = {name: value for name, value in fields.items() if name != "began"}
        again = last is None or _slot(key, at) != _slot(key, last.at)
        if again or fields["began"] or (last and last.fields != steady):
            self._written[key] = _Written(at, steady)
            yield encoded("security", tags_of(key), fields, at)

    def _school(self, one: SchoolSecurity, at: int) -> Iterator[bytes]:
        fields, last = school_fields(one), self._schools.get(one.key)
        if last and last.fields == fields and _slot(one.key, at) == _slot(one.key, last.at):
            return
        self._schools[one.key] = _Written(at, fields)
        tags = {"region": one.key[0], "school": one.key[1]}
        yield encoded("security_school", tags, fields, at)


_OVER: Mapping[str, Value] = {"active": 0, "began": 0}


def tags_of(key: Series) -> dict[str, str]:
    """Return the tags of a point."""
    code = kind_of(key.kind).code
    return {"region": key.region, "school": key.school, "kind": key.kind, "code": code}


def kind_fields(alerts: Iterable[Alert], counted: int) -> dict[str, Value]:
    """Return what a `security` point says of open *alerts*; numbers up to *counted* are old."""
    alerts = list(alerts)
    fields: dict[str, Value] = {
        "active": len(alerts),
        "began": sum(one.number > counted for one in alerts),
        "severity": min(one.severity for one in alerts),
    }
    sure = [one.details.get("confidence") for one in alerts]
    shares = [value for value in sure if isinstance(value, int | float) and 0 <= value <= 1]
    if shares:
        fields["confidence"] = round(100.0 * max(shares), 1)
    return fields


def school_fields(one: SchoolSecurity) -> dict[str, Value]:
    """Return what a `security_school` point says."""
    runs = sum(judged.state in ("sees", "blind") for judged in one.sensors)
    return {
        "sensor": one.sensor,
        "active": len(one.attacks),
        "sensors": len(one.sensors),
        "sensors_run": runs,
    }


def _slot(key: Iterable[str], at: int) -> int:
    """Return in which of its five minutes a series is: not all have a new one at one moment."""
    return (at + zlib.crc32("/".join(key).encode()) % 300 * SECOND) // HEARTBEAT

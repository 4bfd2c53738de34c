"""What of a reading is news: the rest does not travel (docs/change-filter.md).

    schedule ─▶ recorder ─▶ filter.news ─▶ encoded ─▶ filter.sent ─▶ held ─▶ spool
                                                  filter.lost ◀─┘ dropped

What is believed to be known at the other end is only what became a line and was not lost before
the spool had it. Everything is in nanoseconds of the readings' own time, which no step reaches.
What it saves: python -m tests.bench.agent_cost
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from core.catalog import CATALOG, PAST_THE_FILTER, Field, Measurement
from core.clock import SECOND
from core.measurements.base import HEARTBEAT_S
from core.types import Reading, Value

MAX_SERIES: Final = 10_000
"""As many as one round may give; of more, those that said nothing for longest are forgotten."""
FORGOTTEN_AFTER: Final = 86_400 * SECOND
"""A series that vanished: an interface of a container, a disk that was taken out."""

_NEVER: Final = -(2**63)
"""When that travelled which nobody may be sure of any more: due at once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a field travels: it moved by more than its deadband, or said nothing for `heartbeat`.

    Of the two deadbands, in the field's unit and in percent of what last travelled, the larger
    counts. `heartbeat` is in ns; 0 lets it travel every time.
    """

    deadband: float = 0.0
    percent: float = 0.0
    heartbeat: int = HEARTBEAT_S * SECOND
    urgent: bool = False

    def moved(self, before: Value, value: Value) -> bool:
        """Tell whether *value* is another than *before* to who looks at them."""
        if type(value) is not type(before):
            return True
        if value == before:
            return False
        if isinstance(value, bool | str) or isinstance(before, bool | str):
            return True
        allowed = max(self.deadband, self.percent * abs(before) / 100)
        # Asked so that what is no number moves: it is for the encoder to refuse, and to count.
        return not abs(value - before) <= allowed


@dataclass(frozen=True, slots=True)
class Override:
    """What an operator says of one field; None leaves what is said of all.

    Whoever names a deadband means just that one: the other is then 0.
    """

    deadband: float | None = None
    deadband_percent: float | None = None
    heartbeat_s: float | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """How the filter is set: with `fields` by measurement and field; off, all travels."""

    enabled: bool = True
    heartbeat_s: float = HEARTBEAT_S
    fields: Mapping[tuple[str, str], Override] = field(default_factory=dict)


OFF: Final = Changes(enabled=False)


@dataclass(frozen=True, slots=True)
class News:
    """The part of a reading that travels; `urgent`: something changed that may not wait."""

    fields: Mapping[str, Value]
    urgent: bool = False


@dataclass(slots=True)
class _Known:
    """What last travelled of one field, and when; `at` is `_NEVER` where nobody may be sure."""

    value: Value
    at: int


@dataclass(slots=True)
class _Series:
    """The fields of one series, and when it last said something, be it old."""

    heard: int
    fields: dict[str, _Known] = field(default_factory=dict)


class ChangeFilter:
    """Remembers of each series what last travelled; a series is named by its encoded head."""

    def __init__(
        self, changes: Changes = Changes(), catalog: Mapping[str, Measurement] = CATALOG
    ) -> None:
        self._changes, self._catalog = changes, catalog
        self._limits: dict[str, dict[str, Limits]] = {}
        self._series: dict[bytes, _Series] = {}
        """In order of when each last said something."""

    @property
    def remembered(self) -> int:
        """How many series are remembered."""
        return len(self._series)

    def news(self, series: bytes, reading: Reading, at: int) -> News:
        """Return what of *reading*, taken *at*, has to travel; without fields where nothing has."""
        known, limits = self._known(series, at), self._limits_of(reading.measurement)
        given = reading.fields
        for name, before in known.items():
            if name not in given:
                before.at = _NEVER  # it vanished: that it is back is news, even unchanged
        fields, urgent = {}, False
        names = _in_order(given, limits)
        for name in names:
            value, limit, last = given[name], limits.get(name, _EVERYTHING), known.get(name)
            if last is None:
                fields[name] = value
            elif limit.moved(last.value, value):
                fields[name] = value
                urgent = urgent or limit.urgent
            elif at - last.at >= limit.heartbeat:
                fields[name] = value
        # A change of state comes whole, so that who reads it knows what vanished with the old one.
        return News({name: given[name] for name in names} if urgent else fields, urgent)

    def sent(self, series: bytes, fields: Mapping[str, Value], at: int) -> None:
        """Take that *fields* of *series*, of the time *at*, are on their way."""
        known = self._known(series, at)
        for name, value in fields.items():
            known[name] = _Known(value, at)

    def lost(self, series: bytes, at: int) -> None:
        """Take that what of *series* had the time *at* will never arrive."""
        found = self._series.get(series)
        for one in found.fields.values() if found else ():
            if one.at == at:
                one.at = _NEVER

    def change(self, changes: Changes) -> None:
        """Go on with other deadbands and heartbeats, and what is known."""
        self._changes = changes
        self._limits.clear()

    def forget(self) -> None:
        """Be sure of nothing any more: the next reading of every series travels whole.

        What a value was stays known, so that only a change is urgent.
        """
        for series in self._series.values():
            for one in series.fields.values():
                one.at = _NEVER

    def _known(self, series: bytes, at: int) -> dict[str, _Known]:
        found = self._series.pop(series, None)
        if found is None:
            self._make_room(at)
            found = _Series(at)
        found.heard = at
        self._series[series] = found
        return found.fields

    def _make_room(self, at: int) -> None:
        while self._series:
            oldest = next(iter(self._series))
            age = at - self._series[oldest].heard
            if len(self._series) < MAX_SERIES and age < FORGOTTEN_AFTER:
                return
            del self._series[oldest]

    def _limits_of(self, name: str) -> Mapping[str, Limits]:
        limits = self._limits.get(name)
        if limits is None:
            known = self._catalog.get(name)
            fields = known.fields.values() if known else ()
            limits = self._limits[name] = {f.name: self._limits_for(name, f) for f in fields}
        return limits

    def _limits_for(self, measurement: str, one: Field) -> Limits:
        changes = self._changes
        if not changes.enabled or measurement in PAST_THE_FILTER:
            return Limits(heartbeat=0, urgent=one.urgent)
        other = changes.fields.get((measurement, one.name), Override())
        bands = one.deadband, one.deadband_percent
        if other.deadband is not None or other.deadband_percent is not None:
            bands = other.deadband or 0.0, other.deadband_percent or 0.0
        heartbeat_s = min(changes.heartbeat_s, one.heartbeat_s)
        if other.heartbeat_s is not None:
            heartbeat_s = other.heartbeat_s
        return Limits(*bands, int(heartbeat_s * SECOND), one.urgent)


_EVERYTHING: Final = Limits(heartbeat=0)
"""Of what the catalogue does not know; it is refused before it comes here."""


def _in_order(fields: Mapping[str, Value], catalog: Mapping[str, object]) -> list[str]:
    """Return the names in the order of the catalogue: one pattern then reads every selection."""
    found = [name for name in catalog if name in fields]
    if len(found) < len(fields):
        found += [name for name in fields if name not in catalog]
    return found

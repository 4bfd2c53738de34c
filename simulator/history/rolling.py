"""Rollups of one series, an hour at a time: what `collector.rollups` would make of the raw points.

Most hours are cheap. Where nothing happens in an hour, the extremes, the mean and the last value of
each field follow from those of the hour's course (`simulator.chance`), and what never changes is a
piece of text. Hours in which something happens are sampled and rolled up by the collector's own
functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from collector.rollups.series import day_point, hour_point
from core.catalog import CATALOG
from core.clock import SECOND
from core.lineprotocol import encode_head
from core.types import Value
from simulator.course import SchoolCourse
from simulator.days import HOUR_S
from simulator.series import Fields
from simulator.truth import Interval

BEATS: Final = 12
"""Times in an hour that an unchanged value is said."""
REACH_S: Final = 600

Four = tuple[Value, Value, Value, Value]
"""Least, most, mean, last."""


@dataclass(slots=True)
class Cheap:
    """One series in an hour in which nothing happens; `moving` are its fields that change."""

    count: int
    moving: dict[str, Four]


class Source(Protocol):
    """Where the values of a series come from."""

    @property
    def measurement(self) -> str:
        """What it is called in the catalogue."""

    @property
    def tags(self) -> Mapping[str, str]:
        """All of its tags."""

    @property
    def static(self) -> Fields:
        """The fields that never change."""

    def alike(self, there: Interval) -> object:
        """Return what tells apart the times in which the series behaves differently.

        None where nothing is said.
        """

    def cheap(self, hour: int, there: Interval) -> Cheap | None:
        """Return an hour that is all like *there*; None where it is not to be had that way."""

    def sample(self, at_s: int, there: Interval) -> Fields:
        """Return all fields at *at_s*; empty where nothing is said."""

    def step(self, hour: int) -> int:
        """Return how long values stay in *hour* (s)."""


Found = Cheap | Mapping[str, Value] | None
"""An hour: cheap, or its rolled up fields, or nothing was known."""


@dataclass(slots=True)
class Rolling:
    """The rollups of the series that *source* gives."""

    source: Source
    head: bytes = field(init=False)
    _static: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.head = encode_head(self.source.measurement, self.source.tags)

    def hour(self, hour: int, course: SchoolCourse) -> Found:
        """Return what *hour* comes to."""
        during = course.during(hour)
        kinds = {self.source.alike(there) for there in during}
        if kinds == {None} and not self._reaches_in(hour, course):
            return None
        cheap = (
            self.source.cheap(hour, during[0]) if len(kinds) == 1 and None not in kinds else None
        )
        return cheap or self._sampled(hour, course) or None

    def hour_line(self, hour: int, found: Found) -> bytes:
        """Return the line of an hour that is not nothing."""
        return self._line(hour * HOUR_S, found, 1)

    def day_line(self, at_s: int, hours: list[Found]) -> bytes | None:
        """Return the line of the day that *hours* make; None of nothing."""
        some = [one for one in hours if one is not None]
        cheap = [one for one in some if isinstance(one, Cheap)]
        if not some:
            return None
        if len(cheap) == len(some) and len({tuple(one.moving) for one in cheap}) == 1:
            names = cheap[0].moving
            moving = {name: _together([one.moving[name] for one in cheap]) for name in names}
            count = sum(one.count for one in cheap)
            return self._line(at_s, Cheap(count, moving), len(cheap))
        apart = [self._unfolded(one) if isinstance(one, Cheap) else one for one in some]
        point = day_point(CATALOG[self.source.measurement], {}, apart, at_s * SECOND)
        return self._line(at_s, point.fields, 1) if point else None

    def _line(self, at_s: int, found: Found, hours: int) -> bytes:
        if isinstance(found, Cheap):
            moving = rolled_text(found.moving, found.count, HOUR_S * hours)
            text = ",".join(filter(None, (self._static_text(hours), moving))).encode()
        else:
            text = text_of(found or {}).encode()
        return b"%b %b %d" % (self.head, text, at_s * SECOND)

    def _static_text(self, hours: int) -> str:
        if hours not in self._static:
            same = _same(self.source.static)
            self._static[hours] = rolled_text(same, BEATS * hours, HOUR_S * hours)
        return self._static[hours]

    def _reaches_in(self, hour: int, course: SchoolCourse) -> bool:
        start = hour * HOUR_S
        before = course.between(start - REACH_S, start)
        return any(self.source.alike(there) is not None for there in before)

    def _sampled(self, hour: int, course: SchoolCourse) -> dict[str, Value]:
        start, stop = hour * HOUR_S, (hour + 1) * HOUR_S
        times = set(range(start - REACH_S, stop, self.source.step(hour)))
        times |= {one.start for one in course.between(start - REACH_S, stop)}
        said: dict[str, list[tuple[int, Value]]] = {}
        for at in sorted(one for one in times if start - REACH_S <= one < stop):
            for name, value in self.source.sample(at, course.at(at)).items():
                said.setdefault(name, []).append((at * SECOND, value))
        point = hour_point(CATALOG[self.source.measurement], {}, said, start * SECOND)
        return dict(point.fields) if point else {}

    def _unfolded(self, cheap: Cheap) -> dict[str, Value]:
        fields: dict[str, Value] = {}
        for four, count in ((_same(self.source.static), BEATS), (cheap.moving, cheap.count)):
            for name, values in four.items():
                fields |= _unfolded(name, values, count)
        return fields


def text_of(fields: Mapping[str, Value]) -> str:
    """Return *fields* as line protocol: names and texts of our own, with nothing to escape."""
    parts = []
    for name, value in fields.items():
        if isinstance(value, float):
            parts.append(f"{name}={value!r}")
        elif isinstance(value, str):
            parts.append(f'{name}="{value}"')
        elif isinstance(value, bool):
            parts.append(f"{name}=true" if value else f"{name}=false")
        else:
            parts.append(f"{name}={value}i")
    return ",".join(parts)


def rolled_text(fields: Mapping[str, Four], count: int, known_s: int) -> str:
    """Return rollup fields as line protocol: *count* points in *known_s* seconds, all known."""
    parts = []
    for name, (low, high, mean, last) in fields.items():
        if isinstance(last, bool):
            said = f"{name}_mean={float(mean)!r},{name}_last={'true' if last else 'false'}"
        elif isinstance(last, int):
            said = f"{name}_min={low}i,{name}_max={high}i,{name}_mean={float(mean)!r}"
            said += f",{name}_last={last}i"
        elif isinstance(last, float):
            said = f"{name}_min={low!r},{name}_max={high!r},{name}_mean={mean!r}"
            said += f",{name}_last={last!r}"
        else:
            said = f'{name}_last="{last}"'
        parts.append(f"{said},{name}_count={count}i,{name}_known={known_s}.0")
    return ",".join(parts)


def ordered(low: Fields, high: Fields, mean: Fields, last: Fields) -> dict[str, Four]:
    """Return the fields of an hour from those at its ends, which may rise or fall."""
    moving: dict[str, Four] = {}
    for name, first in low.items():
        then = high[name]
        falls = not isinstance(first, str) and not isinstance(then, str) and first > then
        least, most = (then, first) if falls else (first, then)
        moving[name] = (least, most, mean[name], last[name])
    return moving


def _same(fields: Fields) -> dict[str, Four]:
    return {name: (one, one, one, one) for name, one in fields.items()}


def _unfolded(name: str, four: Four, count: int) -> dict[str, Value]:
    low, high, mean, last = four
    fields: dict[str, Value] = {f"{name}_last": last, f"{name}_count": count}
    fields[f"{name}_known"] = float(HOUR_S)
    if not isinstance(last, str):
        fields[f"{name}_mean"] = float(mean)
        if not isinstance(last, bool):
            fields |= {f"{name}_min": low, f"{name}_max": high}
    return fields


def _together(hours: list[Four]) -> Four:
    last = hours[-1][3]
    if isinstance(last, str):
        return hours[-1]
    lows, highs, means, _ = zip(*hours)
    return min(lows), max(highs), sum(map(float, means)) / len(means), last

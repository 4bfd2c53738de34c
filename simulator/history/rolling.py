"""Rollups of one series, an hour at a time: what `collector.rollups` would make of the raw points.

Most hours are cheap. Where nothing happens in an hour, the extremes, the mean and the last value of
each field follow from those of the hour's course (`simulator.chance`), and what never changes is a
piece of text. Hours in which something happens are sampled and rolled up by the collector's own
functions.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from collector.rollups.roll import SUFFIXES, Rolled, day
from collector.rollups.series import hour_point
from core.catalog import CATALOG
from core.clock import SECOND
from core.lineprotocol import encode_head
from core.types import Value
from simulator.course import SchoolCourse
from simulator.days import HOUR_S
from simulator.history.text import Four, rolled_text, text_of
from simulator.series import Fields
from simulator.truth import Interval

BEATS: Final = 12
"""Times in an hour that an unchanged value is said."""
REACH_S: Final = 600


@dataclass(slots=True)
class Cheap:
    """One series in an hour in which nothing happens; `moving` are its fields that change.

    `text` is the whole of it as it stands in a line, once that was made: many hours are the same.
    """

    count: int
    moving: dict[str, Four]
    text: bytes = b""


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
        first, *others = [self.source.alike(there) for there in during]
        if all(one == first for one in others):
            if first is None and not self._reaches_in(hour, course):
                return None
            if first is not None and (cheap := self.source.cheap(hour, during[0])):
                return cheap
        return self._sampled(hour, course) or None

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
        return self._line(at_s, self._day_of(some), 1)

    def _day_of(self, hours: Sequence[Cheap | Mapping[str, Value]]) -> Mapping[str, Value]:
        """Return the fields of a day of which some hours are not cheap, in order of time."""
        parts: dict[str, list[Rolled]] = {name: [] for name in self.source.static}
        for one in hours:
            if isinstance(one, Cheap):
                for name, four in one.moving.items():
                    parts.setdefault(name, []).append(_part(four, one.count, 1))
            else:
                for name in {field.rpartition("_")[0] for field in one}:
                    told = {end: one[f"{name}_{end}"] for end in SUFFIXES if f"{name}_{end}" in one}
                    parts.setdefault(name, []).append(Rolled.of(told))
        # What never changes is the same in all of its cheap hours together.
        if cheap := sum(isinstance(one, Cheap) for one in hours):
            for name, four in _same(self.source.static).items():
                parts[name].append(_part(four, BEATS * cheap, cheap))
        fields: dict[str, Value] = {}
        for name, some in parts.items():
            if rolled := day(some):
                fields |= rolled.fields(name)
        return fields

    def _line(self, at_s: int, found: Found, hours: int) -> bytes:
        if not isinstance(found, Cheap):
            text = text_of(found or {}).encode()
        elif not (text := found.text):
            moving = rolled_text(found.moving, found.count, HOUR_S * hours)
            text = ",".join(filter(None, (self._static_text(hours), moving))).encode()
            found.text = text
        return b"%b %b %d000000000" % (self.head, text, at_s)

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


def _same(fields: Fields) -> dict[str, Four]:
    return {name: (one, one, one, one) for name, one in fields.items()}


def _part(four: Four, count: int, hours: int) -> Rolled:
    low, high, mean, last = four
    known = float(HOUR_S * hours)
    if isinstance(last, str) or isinstance(mean, str):
        return Rolled(known, count, last)
    if isinstance(last, bool) or isinstance(low, str) or isinstance(high, str):
        return Rolled(known, count, last, mean=float(mean))
    return Rolled(known, count, last, low, high, float(mean))


def _together(hours: list[Four]) -> Four:
    last = hours[-1][3]
    if isinstance(last, str):
        return hours[-1]
    lows, highs, means, _ = zip(*hours)
    low, high = min(lows), max(highs)
    # Weighed as the collector does, so that the last digit is the same.
    mean = math.fsum([one * HOUR_S for one in means]) / (HOUR_S * len(means))
    return low, high, min(max(mean, low), high), last

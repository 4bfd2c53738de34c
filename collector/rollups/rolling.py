"""One step of rolling up: take up a window of some agents, read, roll, write, forget the mark.

Everything may be done again: a rollup has the tags of its series and the time of its window, so it
overwrites itself, and what it is made of is read anew. A step that fails leaves its mark.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, NamedTuple

from collector.rollups.marks import Claim, Marks, Touch, Width
from collector.rollups.series import ROLLED, day_point, hour_point, reach
from collector.rollups.times import HOUR, hour_of, hours_of
from collector.store.base import Curves, CurvesQuery, Store
from core import lineprotocol
from core.catalog import IDENTITY_TAGS
from core.errors import LineError, StoreBusy, StoreStopped
from core.types import Identity, Reading, Value

AT_ONCE: Final = 10
"""Of so many agents a window is read and written at once: a tenth of a second of one processor."""


class Step(NamedTuple):
    """What was done: a window of so many `agents`, `points` written; why some never will be."""

    agents: int
    points: int
    refused: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rolling:
    """Every method blocks, and may raise StoreError and sqlite3.Error."""

    raw: Store
    hourly: Store
    daily: Store
    marks: Marks
    zone: tzinfo
    at_once: int = AT_ONCE

    def step(self, width: Width) -> Step | None:
        """Roll up what is due first; None where nothing is."""
        return self.hours() if width == "hour" else self.days()

    def hours(self) -> Step | None:
        """Roll up an hour of some agents."""
        claim = self.marks.claim_hours(self.at_once)
        return self._careful(claim, self._hour) if claim else None

    def days(self) -> Step | None:
        """Roll up a day of some agents, out of its hours."""
        claim = self.marks.claim_days(self.at_once)
        return self._careful(claim, self._day) if claim else None

    def _careful(self, claim: Claim, work: Callable[[Claim], Step]) -> Step:
        """Do *work*; where it fails by what the agents sent, agent by agent."""
        try:
            return work(claim)
        except (StoreBusy, StoreStopped, OSError, sqlite3.Error):
            raise
        except Exception as error:  # noqa: BLE001 — said once, and no other agent waits for it
            if len(claim.versions) == 1:
                self.marks.postpone(claim)
                return Step(0, 0, [f"{claim.width} of {claim.whose}: {error!r}"])
        steps = [self._careful(claim.of(who), work) for who in claim.versions]
        refused = [words for step in steps for words in step.refused]
        return Step(sum(one.agents for one in steps), sum(one.points for one in steps), refused)

    def _hour(self, claim: Claim) -> Step:
        start = claim.start
        spans = {name: (start - reach(one), start + HOUR) for name, one in ROLLED.items()}
        found = self.raw.curves(CurvesQuery(spans, IDENTITY_TAGS, _names(claim)))
        points = (hour_point(ROLLED[one.measurement], one.tags, one.fields, start) for one in found)
        step = self._write(self.hourly, claim, points)
        self.marks.done(claim, _carried(found, claim))
        return step

    def _day(self, claim: Claim) -> Step:
        hours = hours_of(claim.start, self.zone)
        spans = dict.fromkeys(ROLLED, (hours.start, hours.stop))
        found = self.hourly.curves(CurvesQuery(spans, IDENTITY_TAGS, _names(claim)))
        points = (
            day_point(ROLLED[one.measurement], one.tags, _by_time(one), claim.start)
            for one in found
        )
        step = self._write(self.daily, claim, points)
        self.marks.done(claim)
        return step

    def _write(self, store: Store, claim: Claim, points: Iterable[Reading | None]) -> Step:
        lines, refused = list[bytes](), list[str]()
        for point in points:
            try:
                if point:
                    lines.append(lineprotocol.encode(point))
            except LineError as error:
                refused.append(str(error))
        if lines:
            bad = store.write(b"".join(line + b"\n" for line in lines))
            refused += [f"{one.reason}: {one.line[:200]!r}" for one in bad]
        return Step(len(claim.versions), len(lines), refused)


def _names(claim: Claim) -> list[tuple[str, ...]]:
    return [(who.region, who.school, who.agent) for who in claim.versions]


def _carried(found: Iterable[Curves], claim: Claim) -> set[Touch]:
    """Return the hours after that of *claim* into which a value reaches that may be new.

    Not of what was only carried into this one: it would go on for ever.
    """
    stop, carried = claim.start + HOUR, set[Touch]()
    for one in found:
        who = Identity(*(one.tags.get(name, "") for name in IDENTITY_TAGS))
        if who in claim.touched:
            last = max(points[-1][0] for points in one.fields.values())
            until = last + reach(ROLLED[one.measurement])
            carried |= {Touch(who, hour) for hour in range(stop, hour_of(until - 1) + 1, HOUR)}
    return carried


def _by_time(one: Curves) -> Iterator[Mapping[str, Value]]:
    """Yield the fields of each point, in order of time."""
    found: dict[int, dict[str, Value]] = {}
    for name, points in one.fields.items():
        for at, value in points:
            found.setdefault(at, {})[name] = value
    return (found[at] for at in sorted(found))

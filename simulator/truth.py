"""The truth of a play: what state each school's line really has, what can be seen of it, and what
the district's indicators come to.

What can be seen follows the table of the live picture (`collector.verdicts`): who hears nothing
from a school knows of its line only what probes from outside prove.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from collector.verdicts import Cause
from core.clock import SECOND
from simulator.conditions import Conditions
from simulator.days import HOUR_S, Days
from simulator.district import HOST, School
from simulator.faults import LOOK_BACK_S, Fault, Troubles, conditions
from simulator.series import PLATFORM_TIMEOUT_MS

Line = Literal["up", "degraded", "down"]
Seen = Literal["up", "degraded", "down", "unknown"]

PROBE_EVERY_S: Final = 60
PLATFORMS: Final = 2
"""Pages that each school asks for each minute (I-20)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A time in which nothing changes at one school, from `start` to `stop` (s since 1970).

    `runs` says whether its machines are switched on.
    """

    start: int
    stop: int
    line: Line
    seen: Seen
    cause: Cause
    runs: bool
    now: Conditions
    why: tuple[str, ...] = ()

    def measured_by(self, agent: str) -> bool:
        """Tell whether *agent* takes readings: it is the one beside the line that dies alone."""
        return self.runs and self.now.power and (self.now.agent or agent != HOST)

    @property
    def known(self) -> bool:
        """Whether the state of the line can be known."""
        return self.seen != "unknown"

    @property
    def up(self) -> bool:
        """Whether it is seen to work."""
        return self.seen in ("up", "degraded")

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.stop - self.start


def line_of(now: Conditions) -> Line:
    """Return what state a line truly has."""
    if not now.outward:
        return "down"
    return "degraded" if now.degraded else "up"


def seen_of(school: School, now: Conditions, *, runs: bool) -> tuple[Seen, Cause]:
    """Return what can be known of a school's line, and why."""
    line = line_of(now)
    speaks = runs and now.power and now.outward and (now.agent or len(school.agents) > 1)
    if not now.broker:
        return "unknown", "broker"
    if speaks:
        return line, "loss" if line == "degraded" else ""
    if school.outside:
        return ("down", "no_answer") if line == "down" else ("up", "outside_only")
    return "unknown", "silent" if runs else ""


def intervals(
    school: School, faults: list[Fault], days: Days, start_s: int, stop_s: int
) -> Iterator[Interval]:
    """Yield what happens at *school* between two times, without a gap.

    *faults* reach back far enough for uptimes (`history_of`).
    """
    edges = {start_s, stop_s}
    for fault in faults:
        edges |= {one for one in (fault.start, fault.stop) if start_s < one < stop_s}
    if school.off_at_night:
        edges |= set(range(-(-start_s // HOUR_S) * HOUR_S, stop_s, HOUR_S))
    ordered = sorted(edges)
    before: Interval | None = None
    for first, last in itertools.pairwise(ordered):
        one = _interval(school, faults, days, first, last)
        if before and _same(before, one):
            before = Interval(before.start, last, *_rest(before))
            continue
        if before:
            yield before
        before = one
    if before:
        yield before


def history_of(troubles: Troubles, school: School, start_s: int, stop_s: int) -> list[Fault]:
    """Return the faults that what a school reads between two times may follow from."""
    return troubles.of(school, start_s - LOOK_BACK_S, stop_s)


def _interval(school: School, faults: list[Fault], days: Days, first: int, last: int) -> Interval:
    now = conditions(school, faults, first)
    runs = not school.off_at_night or days.hour(first // HOUR_S).switched_on
    seen, cause = seen_of(school, now, runs=runs)
    why = tuple(sorted({fault.kind for fault in faults if fault.start <= first < fault.stop}))
    return Interval(first, last, line_of(now), seen, cause, runs, now, why)


def _rest(one: Interval) -> tuple[Line, Seen, Cause, bool, Conditions, tuple[str, ...]]:
    return one.line, one.seen, one.cause, one.runs, one.now, one.why


def _same(one: Interval, other: Interval) -> bool:
    return _rest(one) == _rest(other)


@dataclass(slots=True)
class Sums:
    """What a time comes to at one school, in seconds, and in probes of platforms (I-20)."""

    whole_s: int = 0
    known_s: int = 0
    down_s: int = 0
    """Of the line, in truth."""
    school_s: float = 0.0
    school_known_s: float = 0.0
    school_up_s: float = 0.0
    probed_in_lessons_s: float = 0.0
    probes: float = 0.0
    answered: float = 0.0

    def add(self, one: Interval, days: Days, part: tuple[int, int] | None = None) -> None:
        """Take *one* in, or a *part* of its time."""
        start, stop = part or (one.start, one.stop)
        seconds = stop - start
        lessons = days.times.lasting(start * SECOND, stop * SECOND) / SECOND
        self.whole_s += seconds
        self.known_s += seconds if one.known else 0
        self.down_s += seconds if one.line == "down" else 0
        self.school_s += lessons
        if one.known:
            self.school_known_s += lessons
            self.school_up_s += lessons if one.up else 0
        if one.runs and one.now.measures:
            each = seconds / PROBE_EVERY_S
            self.probes += PLATFORMS * each
            self.answered += each * answering(one.now)
            self.probed_in_lessons_s += lessons


def answering(now: Conditions) -> int:
    """Return how many of the platforms answer a school in these conditions."""

    if not (now.outward and now.names):
        return 0
    return PLATFORMS - (now.platform >= PLATFORM_TIMEOUT_MS)


def sums(found: Iterable[Interval], days: Days) -> Sums:
    """Return what *found* come to together."""
    total = Sums()
    for one in found:
        total.add(one, days)
    return total

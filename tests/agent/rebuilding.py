"""Whether what the samples said can be told from what travelled: the receiver holds each value.

A receiver that begins to listen at a connect, a start of the agent or a step back of its clock has
to know every field that a sample gave since then, within its deadband, and not older than its
heartbeat. What the receiver believes of deadbands is written here a second time, on purpose.
"""

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from agent.agentclock import AgentClock
from agent.filter import ChangeFilter, Changes, News, Override
from agent.recorder import Recorder
from core.clock import SECOND
from core.errors import SpoolError
from core.lineprotocol import parse
from core.measurements.base import HEARTBEAT_ONLY, Field, Measurement
from core.types import Reading, Value

AT: Final = 1_795_374_585 * SECOND
HEARTBEAT_S: Final = 300

THING: Final = Measurement(
    "thing",
    "one field of each kind",
    {"n": "which"},
    {
        one.name: one
        for one in (
            Field("exact", "float", "", ""),
            Field("near", "float", "", "", deadband=1.5),
            Field("share", "integer", "", "", deadband_percent=10),
            Field("both", "integer", "", "", deadband=3, deadband_percent=5),
            Field("total", "integer", "", "", deadband=HEARTBEAT_ONLY),
            Field("flag", "boolean", "", "", urgent=True),
            Field("word", "string", "", ""),
            Field("told", "float", "", "", deadband=100),
        )
    },
)
CHANGES: Final = Changes(
    heartbeat_s=HEARTBEAT_S,
    fields={("thing", "told"): Override(deadband=0.5, heartbeat_s=30)},
)


def _tolerance(name: str, held: float) -> float:
    match name:
        case "near":
            return 1.5
        case "share":
            return abs(held) / 10
        case "both":
            return max(3, abs(held) / 20)
        case "total":
            return float("inf")
        case "told":
            return 0.5
    return 0


def is_near(name: str, held: Value, said: Value) -> bool:
    """Tell whether who holds one value may be told the other by its deadband."""
    if type(held) is not type(said):
        return False
    if isinstance(held, bool | str) or isinstance(said, bool | str):
        return held == said
    return abs(held - said) <= _tolerance(name, held) * 1.000_001


class Sample(NamedTuple):
    """A round: seconds since the one before, and the fields of each series that it saw."""

    after_s: float
    series: Mapping[str, Mapping[str, Value]]


class Connect(NamedTuple):
    """The agent connects, or is asked for a birth."""


class Restart(NamedTuple):
    """The agent's process ends in good order and begins anew."""


class Back(NamedTuple):
    """The clock is corrected back by so many seconds."""

    by_s: int


class Commit(NamedTuple):
    """The spool takes what is held, or the disk refuses it."""

    refuses: bool


Happening = Sample | Connect | Restart | Back | Commit


@dataclass
class Disk:
    """Stands for the spool."""

    refuses: bool = False
    lines: list[bytes] = field(default_factory=list)

    async def take(self, lines: Sequence[bytes], *, unchecked: bool) -> int:
        if self.refuses:
            raise SpoolError("spool.db: disk is full")
        self.lines += lines
        return 0

    async def seal(self) -> object:
        return None


@dataclass
class Play:
    """An agent's recorder with its filter, and a receiver that hears from the last mark on."""

    make: Callable[[], ChangeFilter]
    at: int = AT
    boot: int = SECOND
    disk: Disk = field(default_factory=Disk)
    heard: list[bytes] = field(default_factory=list)
    """Lines that were made since the mark."""
    before: dict[str, set[str]] = field(default_factory=dict)
    """The fields that the last sample of each series had."""
    travelled: int = 0

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.clock = AgentClock(lambda: self.at, lambda: self.boot)
        self.changes = self.make()
        self.recorder = Recorder(self.disk, lambda: None, time=self.clock, changes=self.changes)
        self.heard, self.before = [], {}

    def happen(self, what: Happening) -> None:
        match what:
            case Sample(after_s, series):
                self._pass(after_s)
                self._sample(series)
            case Connect():
                self.changes.forget()
                self.heard, self.before = [], {}
            case Restart():
                self._commit(refuses=False)
                self.begin()
            case Back(by_s):
                earlier = self.clock.now() - by_s * SECOND
                self.clock.check(earlier, earlier)
                self.heard, self.before = [], {}
            case Commit(refuses):
                self._commit(refuses=refuses)

    def _pass(self, seconds: float) -> None:
        self.at += int(seconds * SECOND)
        self.boot += int(seconds * SECOND)

    def _commit(self, *, refuses: bool) -> None:
        self.disk.refuses = refuses
        # Nothing here waits, so no event loop is needed for it.
        with contextlib.suppress(StopIteration):
            self.recorder.finish().send(None)

    def _sample(self, series: Mapping[str, Mapping[str, Value]]) -> None:
        at, refused = self.clock.now(), self.recorder.refused
        known = {id(line) for line in self._alive()}
        self.recorder.take([Reading("thing", said, at, {"n": n}) for n, said in series.items()])
        alive = {id(line): line for line in self._alive()}
        made = [line for number, line in alive.items() if number not in known]
        self.travelled += len(made)
        self.heard += made
        bad = {n for n, said in series.items() if any(map(_is_nan, said.values()))}
        refused = self.recorder.refused - refused
        assert refused >= len(bad), "what is refused is counted"
        if refused == len(bad):
            self._check(at, {n: said for n, said in series.items() if n not in bad}, made)
        # Else the full memory lost some, counted too: they have to come with the next sample.
        self.before |= {n: set(said) for n, said in series.items() if n not in bad}

    def _check(
        self, at: int, series: Mapping[str, Mapping[str, Value]], made: Sequence[bytes]
    ) -> None:
        alive, told = {id(line) for line in self._alive()}, hold(made)
        held = hold(line for line in self.heard if id(line) in alive)
        for n, said in series.items():
            if n in self.before:
                back = {name for name in said if name not in self.before[n]}
                assert all((n, name) in told for name in back), "what comes back travels"
            for name, value in said.items():
                assert (n, name) in held, f"{name} is not known"
                was, since = held[n, name]
                assert is_near(name, was, value), f"{name} is {value}, held for {was}"
                heartbeat_s = 30 if name == "told" else HEARTBEAT_S
                assert at - since < heartbeat_s * SECOND, f"{name} is older than its heartbeat"

    def _alive(self) -> list[bytes]:
        return [*self.disk.lines, *(one.line for one in self.recorder._lines)]


def _is_nan(value: Value) -> bool:
    return isinstance(value, float) and math.isnan(value)


def hold(lines: Iterable[bytes]) -> dict[tuple[str, str], tuple[Value, int]]:
    """Return what a receiver of *lines* holds, and since when."""
    held = {}
    for line in lines:
        point = parse(line)
        for name, value in point.fields.items():
            held[point.tags["n"], name] = value, point.at or 0
    return held


class Drifts(ChangeFilter):
    """Compares with the sample before, not with what last travelled."""

    def news(self, series: bytes, reading: Reading, at: int) -> News:
        news = super().news(series, reading, at)
        for name, one in self._known(series, at).items():
            one.value = reading.fields.get(name, one.value)
        return news

"""Asks each probe at its times, one round at a time, and hands on what is good of the answers.

    0.3 to 1.5 s   each probe once, so that a page lives at once
    then           every `interval_s`, at an offset of its own, by the monotonic clock

The offset spreads the agents of a district by a number made from who they are: after a power cut
a thousand of them start in the same second. The probes of one agent are asked at the same moment,
also those of other intervals, so that it wakes once and one commit takes what they found. Only who
times answers begins a little later, not to wait for who counts processes.
"""

import asyncio
import logging
import math
import zlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Final

from agent.following import Following
from agent.onchange import OnChange
from agent.probes.base import Probe
from agent.readings import mistake
from agent.underway import UnderWay
from core import clock
from core.errors import MonitorError
from core.types import Reading

_log = logging.getLogger(__name__)

FIRST_FROM_S: Final = 0.3
FIRST_SPREAD_S: Final = 1.2
"""The first rounds lie in this time; what compares two samples (cpu) then has its second."""

SPREAD_S: Final = 0.1
"""Within this time after the others, one after the other, those begin that time answers."""
DAY_S: Final = 86_400

LIMIT_INTERVALS: Final = 3
LIMIT_AT_LEAST_S: Final = 30.0
"""A round is cancelled after three intervals, or after this time where that is longer."""

MOST_READINGS: Final = 10_000
"""In one round; a probe that returns more is broken, and may never end."""

Sink = Callable[[Sequence[Reading]], object]


@dataclass(frozen=True, slots=True)
class Job:
    """One probe, its word, and the seconds from one round to the next."""

    word: str
    probe: Probe
    interval_s: float


@dataclass(slots=True)
class Counters:
    """Since the start, for the heartbeat; the names are those of the catalogue."""

    probe_errors: int = 0
    probe_overruns: int = 0
    readings_refused: int = 0


@dataclass(slots=True)
class Schedule:
    """Runs *jobs* until cancelled; *sink* is called in the event loop, once a good round."""

    jobs: Sequence[Job]
    sink: Sink
    phase_seed: str = ""
    monotonic: clock.Monotonic = clock.monotonic
    limit_at_least_s: float = LIMIT_AT_LEAST_S
    under_way: UnderWay = field(default_factory=UnderWay)
    counters: Counters = field(default_factory=Counters)
    _state: OnChange = field(default_factory=lambda: OnChange(_log))
    _keepers: Following[Job] | None = None
    _start: float = field(init=False)
    """Shared by all, so that also a probe of a later configuration falls together with the rest."""

    def __post_init__(self) -> None:
        self._start = self.monotonic()

    async def run(self) -> None:
        """Ask every probe at its times; one that is slow or broken costs no other a round."""
        async with asyncio.TaskGroup() as group:
            self._keepers = Following(partial(self._begin, group))
            self._keepers.follow(self.jobs)
            await self._keepers.run(group)  # an agent without probes still has its heartbeat

    def change(self, jobs: Sequence[Job]) -> None:
        """Run *jobs* instead; one that is the same goes on, and a round under way is finished."""
        for job in jobs:
            if not any(job is known for known in self.jobs):
                # Whatever was said of its predecessor is worth saying again of this one.
                self._state.forget(job.word, f"readings of {job.word}", f"rounds of {job.word}")
        self.jobs = jobs
        if self._keepers is not None:
            self._keepers.follow(jobs)

    def until(self, interval_s: float) -> float:
        """Return the seconds to the next of the moments at which probes of *interval_s* are asked.

        Whatever else is done now and then is best done then too.
        """
        return (phase_of(self.phase_seed) * DAY_S - self._passed()) % interval_s

    def _begin(self, group: asyncio.TaskGroup, job: Job) -> tuple[Coroutine[Any, Any, None], str]:
        place = next(place for place, one in enumerate(self.jobs) if one is job)
        share = place / len(self.jobs)
        return self._keep(job, share, group), f"schedule of {job.word}"

    async def _keep(self, job: Job, share: float, group: asyncio.TaskGroup) -> None:
        begun = self._passed()
        first, due = first_dues(job.interval_s, phase_of(self.phase_seed), share)
        earliest = begun + first + job.interval_s / 2
        if due < earliest:  # a probe that a later configuration has brought
            due = next_due(due, job.interval_s, earliest)
        # Who times an answer is not to wait for who counts processes.
        lag = share * SPREAD_S if getattr(job.probe, "TIMES_ANSWERS", False) else 0.0
        await asyncio.sleep(first)
        running = group.create_task(self._round(job), name=f"probe {job.word}")
        while True:
            await asyncio.sleep(due - self._passed())
            if running.done():
                running = group.create_task(self._round(job, lag), name=f"probe {job.word}")
            else:
                self._overrun(job)
            due = next_due(due, job.interval_s, self._passed())

    def _passed(self) -> float:
        return self.monotonic() - self._start

    def _overrun(self, job: Job) -> None:
        self.counters.probe_overruns += 1
        # Said once for good: a probe that is always slow would break and heal every other round.
        self._state.broke(
            f"rounds of {job.word}",
            f"{job.word}: still running when the next round is due, after {job.interval_s:g} s; "
            "such rounds are left out and counted",
        )

    async def _round(self, job: Job, lag: float = 0.0) -> None:
        with self.under_way:
            if lag:
                await asyncio.sleep(lag)
            await self._ask(job)

    async def _ask(self, job: Job) -> None:
        seconds = max(LIMIT_INTERVALS * job.interval_s, self.limit_at_least_s)
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                good = self._checked(job, await job.probe.measure())
            if good:
                self.sink(good)
        except (MonitorError, OSError) as error:
            late = isinstance(error, TimeoutError) and limit.expired()
            why = f"no result within {seconds:g} s; cancelled" if late else str(error)
            self._failed(job, why or type(error).__name__)
        except Exception as error:  # noqa: BLE001 — one broken probe harms no other
            self._failed(job, f"{type(error).__name__}: {error}", unexpected=True)
        else:
            self._state.well(job.word)

    def _failed(self, job: Job, why: str, *, unexpected: bool = False) -> None:
        self.counters.probe_errors += 1
        self._state.broke(job.word, f"{job.word}: {why}", unexpected=unexpected)

    def _checked(self, job: Job, returned: object) -> list[Reading]:
        """Return what may travel; the rest is counted, and its first reason said once."""
        if not isinstance(returned, Iterable):
            return self._refused(job, [], [f"returned {type(returned).__name__}, not readings"])
        readings = list(islice(returned, MOST_READINGS + 1))
        reasons = [mistake(reading) for reading in readings[:MOST_READINGS]]
        if len(readings) > MOST_READINGS:
            reasons.append(f"returned more than {MOST_READINGS} readings")
        good = [reading for reading, reason in zip(readings, reasons) if not reason]
        return self._refused(job, good, [reason for reason in reasons if reason])

    def _refused(self, job: Job, good: list[Reading], reasons: list[str]) -> list[Reading]:
        self.counters.readings_refused += len(reasons)
        if reasons:
            self._state.broke(f"readings of {job.word}", f"{job.word}: left out: {reasons[0]}")
        else:
            self._state.well(f"readings of {job.word}")
        return good


def phase_of(seed: str) -> float:
    """Return a number from 0 to 1 that *seed* gives on every machine and at every start."""
    return zlib.crc32(seed.encode()) / 2**32


def first_dues(interval_s: float, phase: float, share: float) -> tuple[float, float]:
    """Return the seconds from the start to the first round, and to the first regular one.

    Between the two lies at least half an interval. *phase* is the agent's, *share* the probe's
    place among its own.
    """
    first = min(FIRST_FROM_S, interval_s) + share * min(FIRST_SPREAD_S, interval_s)
    # Of one number of seconds, so that every sixth round of 10 s falls together with one of 60 s.
    regular = phase * DAY_S % interval_s
    too_early = first + interval_s / 2 - regular
    return first, regular + interval_s * max(0, math.ceil(too_early / interval_s))


def next_due(due: float, interval_s: float, now: float) -> float:
    """Return the first moment after *now* of those a whole number of intervals after *due*.

    Rounds that passed meanwhile, in a machine that slept, are not made up for.
    """
    intervals = max(1, int((now - due) // interval_s) + 1)
    return due + intervals * interval_s

"""Where the processors' time went since the round before.

Source: /proc/stat, through psutil. The percentages are our own: psutil's `cpu_percent` answers
0.0 the first time and keeps one memory for everybody in the process who asks.
Watch it work: schoolwatch agent probe cpu percpu=true
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import psutil

from agent.probes.base import COLLABORATOR, probes
from core import clock
from core.types import Reading, Value

# The kernel counts guests twice: in `guest`, and in the `user` time of the program that runs them.
INSIDE: Final = {"user": "guest", "nice": "guest_nice"}
PARTS: Final = ("user", "system", "idle", "nice", "iowait", "irq", "softirq", "steal")
GUESTS: Final = ("guest", "guest_nice")

LEAST_S: Final = 0.2
"""Twenty ticks of the kernel's clock; of fewer, a percentage says more than anybody knows."""

SMALL_STEP_BACK_S: Final = 1.0
"""Counters may fall a little (proc(5) on iowait); one that falls by more is another machine's."""

Times = dict[str, float]


_each = partial(psutil.cpu_times, percpu=True)


@dataclass(slots=True)
class Before:
    """The sample that the next one is compared with."""

    rows: dict[str, Times] = field(default_factory=dict)


@probes.add("cpu")
@dataclass(frozen=True, slots=True)
class CpuProbe:
    """Processor time by use, in percent; with `percpu` for each processor too."""

    percpu: bool = False
    total: Callable[[], Any] = field(default=psutil.cpu_times, metadata=COLLABORATOR)
    each: Callable[[], Sequence[Any]] = field(default=_each, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    before: Before = field(default_factory=Before, metadata=COLLABORATOR)

    def __post_init__(self) -> None:
        """Take the first sample, so that the first round has something to compare with."""
        self.before.rows = self._sample()

    async def measure(self) -> Iterable[Reading]:
        """Return a reading for each row; none where the samples cannot be compared."""
        before, after = self.before.rows, self._sample()
        if before.keys() == after.keys() and elapsed_s(before, after) < LEAST_S:
            return []  # keep the older sample: the next round compares with that
        self.before.rows, at = after, self.now()
        if before.keys() != after.keys():  # a processor came or went, and the others moved up
            return []
        percents = {name: percentages(before[name], row) for name, row in after.items()}
        return [Reading("cpu", p, at, {"cpu": name}) for name, p in percents.items() if p]

    def _sample(self) -> dict[str, Times]:
        rows = {"cpu-total": _row(self.total())}
        if self.percpu:
            rows |= {f"cpu{number}": _row(times) for number, times in enumerate(self.each())}
        return rows


def elapsed_s(before: dict[str, Times], after: dict[str, Times]) -> float:
    """Return the processor seconds between two samples; a step in either direction counts."""
    return abs(sum(after["cpu-total"].values()) - sum(before["cpu-total"].values()))


def percentages(before: Times, after: Times) -> dict[str, Value]:
    """Return the share of each state in the time between two rows, in percent.

    Nothing where no time went by, or where a counter went back by more than rounding: the
    machine was moved to another host, and the difference would be of two different clocks.
    """
    steps = {name: after[name] - before.get(name, 0.0) for name in after}
    total = sum(max(0.0, steps.get(name, 0.0)) for name in PARTS)
    if total <= 0 or min(steps.values()) < -SMALL_STEP_BACK_S:
        return {}
    for name, guest in INSIDE.items():
        if name in steps:
            steps[name] -= max(0.0, steps.get(guest, 0.0))
    return {f"usage_{name}": _percent(steps[name], total) for name in steps}


def _percent(part: float, total: float) -> float:
    return round(100 * max(0.0, part) / total, 2)


def _row(times: Any) -> Times:
    return {name: getattr(times, name) for name in (*PARTS, *GUESTS) if hasattr(times, name)}

"""How fast counters went up between two samples, and when that cannot be said.

Of a counter that went back nobody knows whether it began again or went round at 2**32, and what it
had counted by then: there is no rate of that time, rather than a wrong one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LEAST_S: Final = 0.2
"""Of a shorter time, a few packets would look like a full line."""

LONGEST_S: Final = 300.0
"""The mean of a longer time says nothing of any moment in it; the agent was suspended, say."""

SLEPT_S: Final = 1.0
"""The machine slept when the clock that goes on meanwhile is ahead by more than this."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Counters of one thing, read at one moment of two clocks in seconds.

    `awake_s` stands still while the machine sleeps, `boot_s` does not. `whose` differs when
    another thing has taken the name: it counts from 0, or from anywhere.
    """

    counters: Mapping[str, int]
    awake_s: float
    boot_s: float
    whose: object = None


def too_early(before: Sample, after: Sample) -> bool:
    """Return whether the next sample should be compared with *before* rather than with *after*."""
    return after.awake_s - before.awake_s < LEAST_S


def per_second(before: Sample, after: Sample) -> dict[str, float]:
    """Return the rate of each counter; nothing where the two samples cannot be compared."""
    passed = after.awake_s - before.awake_s
    slept = after.boot_s - before.boot_s - passed
    if not LEAST_S <= passed <= LONGEST_S or slept > SLEPT_S or before.whose != after.whose:
        return {}
    steps = {
        name: count - before.counters[name]
        for name, count in after.counters.items()
        if name in before.counters
    }
    if min(steps.values(), default=-1) < 0:  # one that began again says so of its neighbours
        return {}
    return {name: step / passed for name, step in steps.items()}

"""How long the machine runs, and how many programs want its processors.

Source: getloadavg(3) and the clock that goes on while the machine sleeps. Telegraf's `system` also
counts the people who are logged in: that is nobody's business here (domain.md section 11).
Watch it work: schoolwatch agent probe system
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from agent.probes.base import COLLABORATOR, probes
from core import clock
from core.types import Reading, Value

LOADS: Final = ("load1", "load5", "load15")


def _loads() -> Sequence[float]:
    # Windows has no load; psutil's imitation begins with 0.0, which nobody could tell from idle.
    return os.getloadavg() if hasattr(os, "getloadavg") else ()


@probes.add("system")
@dataclass(frozen=True, slots=True)
class SystemProbe:
    """Load, processors, and time since the start, in one reading; it has no options."""

    loads: Callable[[], Sequence[float]] = field(default=_loads, metadata=COLLABORATOR)
    processors: Callable[[], int | None] = field(default=os.cpu_count, metadata=COLLABORATOR)
    boottime: clock.Clock = field(default=clock.boottime, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading."""
        at, up = self.now(), self.boottime()
        fields: dict[str, Value] = {
            name: round(load, 2) for name, load in zip(LOADS, self.loads(), strict=False)
        }
        processors = self.processors()
        if processors:
            fields["n_cpus"] = processors
        fields["uptime"] = up // clock.SECOND
        # From the agent's clock: the kernel's own boot time moves when the wall clock is set.
        if clock.plausible(at - up):
            fields["boot_time"] = (at - up) // clock.SECOND
        return [Reading("system", fields, at)]

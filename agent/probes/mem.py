"""How much memory the machine has, and how much of it programs could still get.

Source: /proc/meminfo, through psutil. `available` is the one to watch: memory that is not `free`
is mostly cache, which the kernel gives back when a program asks for it.
Watch it work: schoolwatch agent probe mem
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import psutil

from agent.probes.base import COLLABORATOR, probes
from core import clock
from core.types import Reading, Value

NAMES: Final = {
    "total": "total",
    "available": "available",
    "used": "used",
    "free": "free",
    "buffered": "buffers",
    "cached": "cached",
    "active": "active",
    "inactive": "inactive",
    "shared": "shared",
    "slab": "slab",
}
"""Our names, which are Telegraf's, and psutil's; a system that lacks one leaves it out."""


@probes.add("mem")
@dataclass(frozen=True, slots=True)
class MemProbe:
    """Memory of this machine, in one reading; it has no options."""

    memory: Callable[[], Any] = field(default=psutil.virtual_memory, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading."""
        return [Reading("mem", fields_of(self.memory()), self.now())]


def fields_of(memory: Any) -> dict[str, Value]:
    """Return what psutil says of *memory*, in bytes and in percent of all there is."""
    fields: dict[str, Value] = {
        ours: int(getattr(memory, theirs))
        for ours, theirs in NAMES.items()
        if hasattr(memory, theirs)
    }
    if memory.total:
        for part in ("used", "available"):
            fields[f"{part}_percent"] = round(100 * getattr(memory, part) / memory.total, 2)
    return fields

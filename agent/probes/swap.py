"""How much of the machine's swap space is used, and what went in and out of it.

Source: /proc/meminfo and /proc/vmstat, through psutil. A machine that keeps moving pages `in` and
`out` has too little memory for what runs on it, however little swap it uses.
Watch it work: schoolwatch agent probe swap
"""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import psutil

from agent.probes.base import COLLABORATOR, probes
from core import clock
from core.types import Reading, Value

NAMES: Final = {"total": "total", "used": "used", "free": "free", "in": "sin", "out": "sout"}
"""Our names, which are Telegraf's, and psutil's."""


def _swap() -> Any:
    """Return psutil's record, without `sin` and `sout` where it made them up."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")  # psutil warns where it does not know, and answers 0
        swap = psutil.swap_memory()
    if not said and not psutil.WINDOWS:  # Windows counts neither
        return swap
    return SimpleNamespace(total=swap.total, used=swap.used, free=swap.free)


@probes.add("swap")
@dataclass(frozen=True, slots=True)
class SwapProbe:
    """Swap space of this machine, in one reading; it has no options."""

    swap: Callable[[], Any] = field(default=_swap, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading."""
        return [Reading("swap", fields_of(self.swap()), self.now())]


def fields_of(swap: Any) -> dict[str, Value]:
    """Return what psutil says of *swap*, in bytes; no share of a machine without swap space."""
    fields: dict[str, Value] = {
        ours: int(getattr(swap, theirs)) for ours, theirs in NAMES.items() if hasattr(swap, theirs)
    }
    if swap.total:
        fields["used_percent"] = round(100 * swap.used / swap.total, 2)
    return fields

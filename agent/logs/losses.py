"""Rows of a device's log that are lost: one condition, until an hour passes without another."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from core.clock import SECOND
from core.types import Event, Value

LOST: Final = "log_rows_lost"
QUIET: Final = 3_600 * SECOND


@dataclass(slots=True)
class _Known:
    """Of one device: how many were lost by when (ns), and whether that is told."""

    count: int = 0
    at: int | None = None
    is_told: bool | None = None


@dataclass(slots=True)
class Losses:
    """What of all devices was told, by *target*."""

    target: str
    _known: dict[str, _Known] = field(default_factory=dict)

    def look(self, device: str, lost: Counter[str], at: int) -> Iterator[Event]:
        """Yield what there is to tell of *device*, of which so many rows were *lost* by why."""
        known = self._known.setdefault(device, _Known())
        if lost.total() > known.count:
            known.count, known.at = lost.total(), at
        is_on = known.at is not None and 0 <= at - known.at < QUIET
        if is_on is known.is_told:
            return
        known.is_told = is_on
        details: dict[str, Value] = {"device": device}
        if is_on:
            why = ", ".join(f"{why} {count}" for why, count in lost.items() if count)
            details |= {"rows": lost.total(), "why": why}
        yield Event(LOST, self.target, device, is_on, at, None, details)

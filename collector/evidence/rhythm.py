"""Whether checkpoints stand as often as they are signed: each minute in which rows come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from collector.evidence.lines import Line
from core.clock import SECOND

MOST_MINUTES: Final = 15
"""Rows of more minutes than that between two checkpoints: some were taken out, or not signed."""
_MINUTE: Final = 60 * SECOND


@dataclass(slots=True)
class Rhythm:
    """Hears rows and our own heads in their order; `first` is where heads are missing first."""

    count: int = 0
    first: tuple[int, int] = (0, 0)
    _minutes: set[int] = field(default_factory=set)

    def rows(self, found: Sequence[Line]) -> None:
        """Hear of rows that stand behind the last head."""
        if found and found[0].received // _MINUTE == found[-1].received // _MINUTE:
            found = found[:1]  # the most of them, under load: each need not be looked at
        self._minutes.update(line.received // _MINUTE for line in found)

    def head(self, after: int, size: int) -> None:
        """Hear of a head over *size* rows, which follows one of *after* rows."""
        if len(self._minutes) > MOST_MINUTES:
            self.count += 1
            self.first = self.first if self.first[1] else (after + 1, size)
        self._minutes.clear()

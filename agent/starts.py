"""How often a device has started again, by the time that it says it runs."""

from dataclasses import dataclass
from typing import Final

TICKS: Final = 100
"""Of sysUpTime (RFC 3418), in a second."""

SAME_START_S: Final = 2.0
"""Two answers may differ by so much and mean the same start."""


@dataclass(slots=True)
class Starts:
    """Counts the starts of one device."""

    count: int = 0
    _began: tuple[float, float] | None = None
    """Between which moments of our clock it started, by what it last said."""

    def look(self, uptime: int, asked: float, answered: float) -> int:
        """Return the count after the device said *uptime* (ticks) between two moments (s)."""
        began = asked - uptime / TICKS, answered - uptime / TICKS
        if self._began is not None:
            late, early = began[0] - self._began[1], self._began[0] - began[1]
            self.count += max(late, early) > SAME_START_S
        self._began = began
        return self.count

"""How long a school's line was up, and how long anybody knew, in school time of one day: exact.

Between two looks the state of the earlier one holds. While nobody looked the state is unknown:
neither up nor down. Times here are school time (ns) since the day began (`Day.lessons_until`).
"""

from dataclasses import dataclass, replace
from typing import Literal

Line = Literal["up", "down", "unknown"]


@dataclass(frozen=True, slots=True)
class Uptime:
    """What is over (`up`, `known`), and the state that began at `since` and goes on."""

    up: int = 0
    known: int = 0
    line: Line = "unknown"
    since: int = 0

    def turned(self, line: Line, at: int) -> "Uptime":
        """Return it after the state became *line* at *at*; itself where it was that before."""
        if line == self.line:
            return self
        up, known = self.until(at)
        return Uptime(up, known, line, max(at, self.since))

    def until(self, at: int) -> tuple[int, int]:
        """Return how long it was up and how long known, until *at*."""
        lasted = max(0, at - self.since)
        return (
            self.up + (lasted if self.line == "up" else 0),
            self.known + (lasted if self.line != "unknown" else 0),
        )

    def closed(self, at: int) -> "Uptime":
        """Return it ended at *at*, with its last state beside: nothing is added any more."""
        up, known = self.until(at)
        return replace(self, up=up, known=known, since=_NEVER)


_NEVER = 2**62

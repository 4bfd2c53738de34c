"""Whether a device's log is complete: numbers that are missing, and what rows say of themselves.

8.1.3.5 b) asks for date and time, user, kind and result of each event. Of the user only is looked
whether there is one.
"""

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

WINDOW: Final = 64
"""A number that has not come after so many others is lost: until then it may be late (UDP)."""
MOST_JUMP: Final = 1_000_000
"""Who jumps further has begun to count anew."""

_NOTHING: Final = re.compile(r"\s*(?:-|n/?a|\(?null\)?|none|unknown|未知|无)?\s*", re.IGNORECASE)


def says(value: str) -> bool:
    """Return whether *value* says something; `N/A`, `unknown` and the like do not."""
    return _NOTHING.fullmatch(value) is None


class Present(NamedTuple):
    """Which of the four things a row says."""

    time: bool
    user: bool
    kind: bool
    result: bool


@dataclass(slots=True)
class Completeness:
    """Rows by what they say, counted since the start of the agent."""

    time: int = 0
    user: int = 0
    kind: int = 0
    result: int = 0
    complete: int = 0

    def add(self, row: Present) -> None:
        """Count *row*."""
        self.time += row.time
        self.user += row.user
        self.kind += row.kind
        self.result += row.result
        self.complete += all(row)


@dataclass(slots=True)
class Sequence:
    """The numbers that a device gives its rows: RFC 5424 section 7.3.1, or a vendor's own."""

    seen: int = 0
    """Rows that had a number."""
    lost: int = 0
    restarts: int = 0
    """How often the device began to count anew: what it lost then cannot be known."""
    _last: int | None = None
    _awaited: dict[int, None] = field(default_factory=dict)

    def hear(self, number: int) -> int:
        """Hear of the next row's number; return how many are now known to be lost."""
        self.seen += 1
        if self._last is None:
            self._last = number
            return 0
        ahead = number - self._last
        if 0 < ahead <= MOST_JUMP:
            lost = max(0, ahead - 1 - WINDOW)  # so many can only be lost
            self._awaited |= dict.fromkeys(range(self._last + 1 + lost, number))
            self._last = number
            return self._lose(lost + self._overdue())
        if -WINDOW <= ahead <= 0:
            self._awaited.pop(number, None)  # late, or there twice
            return 0
        lost, self._awaited = len(self._awaited), {}
        self.restarts, self._last = self.restarts + 1, number
        return self._lose(lost)

    def skip(self) -> None:
        """Hear that a row came of which the number was not looked at."""
        self._last = None

    def _overdue(self) -> int:
        assert self._last is not None
        late = [one for one in self._awaited if one < self._last - WINDOW]
        for one in late:
            del self._awaited[one]
        return len(late)

    def _lose(self, count: int) -> int:
        self.lost += count
        return count

"""What the collector counts of itself: whole numbers by name and reason, from its start on.

Names are plain words (`messages`, `lines_refused`); a reason is one of a fixed few, never a text
from a payload, so that /metrics stays small whatever arrives.
"""

from collections import Counter
from collections.abc import Mapping


class Counters:
    """Touched in the event loop only; reading one that never counted gives 0."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, count: int = 1, reason: str = "") -> int:
        """Count *count* more of *name*, and return how many there are now."""
        if count:
            self._counts[name, reason] += count
        return self._counts[name, reason]

    def total(self, name: str) -> int:
        """Return the count of *name* over all reasons."""
        return sum(count for (counted, _), count in self._counts.items() if counted == name)

    def all(self) -> Mapping[tuple[str, str], int]:
        """Return every count by (name, reason), as it is now."""
        return dict(self._counts)

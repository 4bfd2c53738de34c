"""What was *expected* for an hour: its agent is asked for a birth (wire.md, "The ledger").

A batch that is merely on its way is gone from the next look; what stays is kept with the time of
the look that found it first.
"""

from collections.abc import Mapping
from typing import Final

from collector.ledger import LaneKey
from collector.ranges import Ranges
from core.clock import SECOND
from core.types import Identity

EXPECTED_FOR: Final = 3_600 * SECOND


class Overdue:
    """Remembers what the looks before found."""

    def __init__(self) -> None:
        self._waits: dict[LaneKey, tuple[int, Ranges]] = {}

    def look(self, expected: Mapping[LaneKey, Ranges], now: int) -> list[Identity]:
        """Return the agents of which a part of *expected* was so for an hour; once an hour each."""
        late: dict[Identity, None] = {}
        kept: dict[LaneKey, tuple[int, Ranges]] = {}
        for key, ranges in expected.items():
            since, before = self._waits.get(key, (now, ranges))
            still = before & ranges
            if still and now - since >= EXPECTED_FOR:
                late[key.who] = None
                still = Ranges()
            kept[key] = (since, still) if still else (now, ranges)
        self._waits = kept
        return list(late)

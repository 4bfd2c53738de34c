"""The canary: a reading each minute that goes the whole way, so that silence means health (R-60).

The watchdog, a process of its own, publishes a number; broker, collector and store carry it as
they carry every reading, the rules see it, and the watchdog asks whether it came out again:

    watchdog ═ canary ═▶ broker ═▶ intake ─▶ store ─▶ ledger ─▶ rules ─▶ here
       ▲                                      │
       └─────────── /api/v1/canary ◀──────────┴── read back

Look: curl -s http://127.0.0.1:8480/api/v1/canary
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from collector.store.base import Store
from core import lineprotocol
from core.clock import SECOND
from core.types import Identity

SCHOOL: Final = "schoolwatch"
"""No official code of a school looks like this; it is in no picture and no roster."""
AGENT: Final = "canary"
MEASUREMENT: Final = "canary"
FIELD: Final = "number"
LOOK_BACK: Final = 600 * SECOND
MISSED_AFTER: Final = 180 * SECOND


def identity(region: str) -> Identity:
    """Return whom the canary of a collector comes from, by the first region that it serves."""
    return Identity(region, SCHOOL, AGENT)


def is_canary(who: Identity) -> bool:
    """Return whether *who* is no agent, but the canary."""
    return (who.school, who.agent) == (SCHOOL, AGENT)


@dataclass(slots=True)
class Canary:
    """The last canary that came through the rules: its number, and when (ns); 0 for none."""

    number: int = 0
    seen_at: int = 0

    def came(self, lines: Iterable[bytes], at: int) -> None:
        """Hear of the lines of a message that came through the rules."""
        for line in lines:
            point = lineprotocol.parse(line)
            number = point.fields.get(FIELD)
            if point.measurement == MEASUREMENT and isinstance(number, int):
                self.number, self.seen_at = number, at

    def is_missed(self, now: int, taking_in_since: int) -> bool:
        """Return whether one was there and none has come since: the watchdog is gone.

        What did not come while the collector itself was away is not the watchdog's fault.
        """
        return bool(self.seen_at) and now - max(self.seen_at, taking_in_since) > MISSED_AFTER


def stored(store: Store, region: str, now: int) -> int:
    """Return the newest canary that the store has, 0 for none; blocks, raises StoreError."""
    who = identity(region)
    tags = {"region": who.region, "school": who.school, "agent": who.agent}
    values = store.last(MEASUREMENT, tags, now - LOOK_BACK)
    newest = max(values, key=lambda one: one.at, default=None)
    return newest.value if newest and isinstance(newest.value, int) else 0

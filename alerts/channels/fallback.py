"""Where a message goes whose channel does not take it: once, to the channel named for that.

What fell stays where it was too, and is told there when the channel works again.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from alerts.channels.health import Health
from core.clock import SECOND

MINUTE: Final = 60 * SECOND

_SELECT: Final = """INSERT OR IGNORE INTO alert_outbox
    (message, channel, state, next_at, repeat, via)
    SELECT message, ?2, 'queued', ?3, repeat, ?1 FROM alert_outbox AS o
    JOIN alert_message AS m ON m.number = o.message
    WHERE o.channel = ?1 AND """
_ONE: Final = _SELECT + "o.message = ?4"
_WAITING: Final = (
    _SELECT
    + """o.state IN ('queued', 'sending')
    AND (?4 OR json_extract(CAST(m.body AS TEXT), '$.severity') = 'P1')"""
)


@dataclass(frozen=True, slots=True)
class Fallback:
    """`to` names the channel for each that has one; times in ns."""

    to: Mapping[str, str] = field(default_factory=dict)
    after: int = 10 * MINUTE
    after_p1: int = 2 * MINUTE

    def undeliverable(self, db: sqlite3.Connection, channel: str, message: int, now: int) -> int:
        """Hand on a message that *channel* will never take; return how many went."""
        to = self.to.get(channel)
        return db.execute(_ONE, (channel, to, now, message)).rowcount if to else 0

    def due(self, healths: Mapping[str, Health], now: int) -> dict[str, bool]:
        """Return the channels whose messages are to be handed on: all of them, or the P1 alone."""
        failing = {
            name: now - health.failing_since
            for name, health in healths.items()
            if health.failing_since and name in self.to
        }
        return {
            name: lasts >= self.after
            for name, lasts in failing.items()
            if lasts >= min(self.after, self.after_p1)
        }

    def waiting(self, db: sqlite3.Connection, due: Mapping[str, bool], now: int) -> int:
        """Hand on what waits for the channels that are *due*; return how many went."""
        return sum(
            db.execute(_WAITING, (name, self.to[name], now, everything)).rowcount
            for name, everything in due.items()
        )

"""Whether a channel takes messages: pure, kept in the collector's database over restarts.

Look: sqlite3 var/collector/ledger.db 'SELECT * FROM alert_channel'
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Final

from core.alerts import Notification
from core.clock import SECOND

DEAD: Final = "channel_dead"
"""The rule that tells of it, through the other channels."""
LONGEST_HOLD: Final = 900 * SECOND
"""A hold that would last longer was written by a clock that has been set back."""

_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS alert_channel (
    channel TEXT PRIMARY KEY,
    failing_since INTEGER NOT NULL,      -- 0: it takes messages, as far as is known
    refused INTEGER NOT NULL,            -- 1: until a person acts
    error TEXT NOT NULL,
    tried_at INTEGER NOT NULL,           -- when it last took none
    taken_at INTEGER NOT NULL,           -- when it last took one
    tested_at INTEGER NOT NULL,
    hold_until INTEGER NOT NULL          -- nothing goes there before
) WITHOUT ROWID"""


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a channel; times in ns, 0 for never."""

    failing_since: int = 0
    refused: bool = False
    error: str = ""
    tried_at: int = 0
    taken_at: int = 0
    tested_at: int = 0
    hold_until: int = 0

    def took(self, at: int) -> "Health":
        """Return the health after a message was taken."""
        return Health(taken_at=at, tested_at=self.tested_at)

    def failed(self, at: int, error: str, *, refused: bool = False, wait: int = 0) -> "Health":
        """Return the health after one was not taken; for *wait* (ns) nothing goes there."""
        since = min(self.failing_since or at, at)
        hold = at + wait if wait else self.hold_until
        refused = refused or self.refused
        return Health(since, refused, error, at, self.taken_at, self.tested_at, hold)

    def held(self, until: int) -> "Health":
        """Return the health with nothing to go there before *until*."""
        return replace(self, hold_until=until)

    def tested(self, at: int) -> "Health":
        """Return the health with a test on its way."""
        return replace(self, tested_at=at)

    def rests(self, now: int) -> bool:
        """Whether nothing is to go there yet."""
        return now < self.hold_until <= now + LONGEST_HOLD

    def is_dead(self, now: int, after: int) -> bool:
        """Whether people should know: refused, or failing for *after* (ns)."""
        return self.refused or bool(self.failing_since and now - self.failing_since >= after)


def create(db: sqlite3.Connection) -> None:
    """Make the table, and what the outbox needs beside, where they are not there yet."""
    db.execute(_SCHEMA)
    if "via" not in {row[1] for row in db.execute("PRAGMA table_info(alert_outbox)")}:
        # A database that an earlier version made.
        db.execute("ALTER TABLE alert_outbox ADD COLUMN via TEXT NOT NULL DEFAULT ''")


def load(db: sqlite3.Connection) -> dict[str, Health]:
    """Return what is known of each channel."""
    query = """SELECT channel, failing_since, refused, error, tried_at, taken_at, tested_at,
        hold_until FROM alert_channel"""
    return {
        name: Health(since, bool(refused), *rest)
        for name, since, refused, *rest in db.execute(query)
    }


def save(db: sqlite3.Connection, healths: Mapping[str, Health]) -> None:
    """Keep what is known."""
    db.executemany(
        """INSERT OR REPLACE INTO alert_channel
        (channel, failing_since, refused, error, tried_at, taken_at, tested_at, hold_until)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        [(name, *astuple(health)) for name, health in healths.items()],
    )


def is_about(said: Notification, channel: str) -> bool:
    """Return whether *said* is only about *channel* itself, which cannot tell of it."""
    keys = [one.alert.key for one in said.alerts]
    return bool(keys) and all(key.rule == DEAD and key.target == channel for key in keys)

"""Whether logs are kept for as long as the law asks: 184 days (CSL 23(3), domain.md I-23, R-45).

A source that is younger than that is *young* and no failure: its first record is its row 1. Where
the first record that is still there has a higher number, somebody took older ones away.
"""

from typing import Final, NamedTuple

from alerts.facts import Sight, Wrong
from collector.audit import AuditLog
from core.clock import SECOND
from core.law import LOG_DAYS

RULE: Final = "target_retention"
DAY: Final = 86_400 * SECOND


class Oldest(NamedTuple):
    """The first record that can be read: its number, and when it was received (ns)."""

    row: int
    at: int


def oldest(log: AuditLog) -> Oldest | None:
    """Return the first record of the audit log; None where there is none. Blocks.

    Raises StartError where it is damaged, OSError where it cannot be read.
    """
    first = log.first()
    return Oldest(first.row, first.received) if first else None


def retention(found: Oldest | None, at: int) -> Sight:
    """Return what is wrong with the audit log, of which *found* is the first record."""
    covers = frozenset({RULE})
    if found is None:
        return Sight(at, covers, unknown=frozenset({""}))
    days = max(0, at - found.at) // DAY
    if found.row == 1 or days >= LOG_DAYS:
        return Sight(at, covers)
    details = {"indicator": "I-23", "days": days, "target": LOG_DAYS, "gone": found.row - 1}
    return Sight(at, covers, [Wrong(RULE, "", at, details=details)])

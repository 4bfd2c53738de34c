"""Whether somebody said of an alert that they see to it; who may is people's part.

The table is `alert_ack`, one row for each time that somebody did.
"""

import sqlite3


def is_acked(db: sqlite3.Connection, number: int) -> bool:
    """Return whether the alert *number* is acknowledged."""
    query = "SELECT 1 FROM alert_ack WHERE alert = ? AND undone = 0 LIMIT 1"
    return db.execute(query, (number,)).fetchone() is not None

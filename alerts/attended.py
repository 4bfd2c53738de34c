"""Which open alerts somebody takes care of, and which are on the supervision list."""

import sqlite3
from typing import NamedTuple


class Attended(NamedTuple):
    """Numbers of alerts: acknowledged, and open past their due date."""

    acked: frozenset[int]
    overdue: frozenset[int]


def attended(db: sqlite3.Connection) -> Attended:
    """Return what is known now of the alerts that are open."""
    is_open = "state IN ('firing', 'keeping')"
    acked = f"""SELECT number FROM alert JOIN alert_ack AS k ON k.alert = number
        WHERE undone = 0 AND {is_open}"""  # noqa: S608 — our words
    overdue = f"""SELECT number FROM alert JOIN alert_follow AS f USING (number)
        WHERE supervised_at > 0 AND closed_at = 0 AND {is_open}"""  # noqa: S608 — our words
    return Attended(*(frozenset(n for (n,) in db.execute(query)) for query in (acked, overdue)))

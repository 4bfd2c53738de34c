"""Incidents in the collector's database: made in the transaction of their alert, judged by people.

Look: sqlite3 var/collector/ledger.db 'SELECT number, kind, proposed, grade FROM incident'
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from alerts.incidents.grades import Grade, higher
from alerts.incidents.incident import Incident, Report
from alerts.names import ATTACK_SPREADS
from alerts.securitywords import grade_of
from alerts.step import Case
from core.clock import SECOND
from core.kinds import KINDS, kind_of
from core.shown import is_attack, is_security

ORDINARY: Final[Grade] = "一般"
WITHIN: Final = 3_600 * SECOND
"""What began so long before an attack spread is a part of it."""
RAISED: Final = "一小时内多所学校（三所，或全区十分之一）出现同类攻击，建议提高一级"
ALONE: Final = "单校事件，通常为一般"
SEVERITIES: Final = ("P1", "P2", "P3")

MOST: Final = 5_000
YEAR: Final = 366 * 86_400 * SECOND

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS incident (
        number INTEGER PRIMARY KEY,      -- that of its alert
        kind TEXT NOT NULL, code TEXT NOT NULL, place TEXT NOT NULL,
        began_at INTEGER NOT NULL, discovered_at INTEGER NOT NULL,
        proposed TEXT NOT NULL, reason TEXT NOT NULL, ended_at INTEGER NOT NULL DEFAULT 0,
        grade TEXT NOT NULL DEFAULT '', confirmed_by TEXT NOT NULL DEFAULT '',
        confirmed_at INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
        concerns TEXT NOT NULL DEFAULT '',
        closed_at INTEGER NOT NULL DEFAULT 0, closed_by TEXT NOT NULL DEFAULT '',
        closing TEXT NOT NULL DEFAULT '', details BLOB NOT NULL DEFAULT '{}'
    )""",
    "CREATE INDEX IF NOT EXISTS incident_open ON incident (closed_at, number)",
    """CREATE TABLE IF NOT EXISTS incident_report (
        incident INTEGER NOT NULL, clock TEXT NOT NULL, at INTEGER NOT NULL,
        by TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (incident, clock)
    ) WITHOUT ROWID""",
)
_COLUMNS: Final = """number, kind, code, place, began_at, discovered_at, proposed, reason, ended_at,
    grade, confirmed_by, confirmed_at, note, concerns, closed_at, closed_by, closing, details"""


def create(db: sqlite3.Connection) -> None:
    """Make what is not there yet."""
    for statement in _SCHEMA:
        db.execute(statement)


def note(db: sqlite3.Connection, case: Case) -> None:
    """Open an incident for a case that is one, and keep when its alert ended.

    In the transaction that writes the case, after it.
    """
    if not is_incident(case):
        return
    query = "SELECT 1 FROM incident WHERE number = ?"
    if db.execute(query, (case.alert.number,)).fetchone() is None:
        _open(db, case)
    if case.alert.state == "ended":
        query = "UPDATE incident SET ended_at = ? WHERE number = ?"
        db.execute(query, (case.alert.ended_at, case.alert.number))


def is_incident(case: Case) -> bool:
    """Return whether people have to judge what an alert is of: an attack, or damage, at P1 to P3.

    Findings and faults have no grade.
    """
    alert = case.alert
    if not alert.fired_at or alert.severity not in SEVERITIES:
        return False
    kind = alert.key.rule
    if kind == ATTACK_SPREADS:
        return True
    graded = kind in KINDS and grade_of(kind, raised=False) is not None
    return graded and (is_security(kind) or is_attack(kind))


def _open(db: sqlite3.Connection, case: Case) -> None:
    alert = case.alert
    spreads = alert.key.rule == ATTACK_SPREADS
    code = alert.key.target if spreads else kind_of(alert.key.rule).code
    raised = spreads or _spreads(db, code)
    proposed = higher(ORDINARY) if raised else ORDINARY
    db.execute(
        """INSERT INTO incident (number, kind, code, place, began_at, discovered_at,
            proposed, reason, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            *(alert.number, alert.key.rule, code, alert.key.place, alert.began_at, alert.fired_at),
            *(proposed, RAISED if raised else ALONE, msgspec.json.encode(alert.details)),
        ),
    )
    if spreads:
        db.execute(
            """UPDATE incident SET proposed = ?, reason = ?
            WHERE code = ? AND closed_at = 0 AND proposed = ? AND discovered_at >= ?""",
            (proposed, RAISED, code, ORDINARY, alert.began_at - WITHIN),
        )


def _spreads(db: sqlite3.Connection, code: str) -> bool:
    # As the index of what is open has it: there may be ten thousand.
    query = """SELECT state FROM alert
        WHERE state != 'ended' AND rule = ? AND place = '' AND target = ?"""
    found = db.execute(query, (ATTACK_SPREADS, code)).fetchone()
    return found is not None and found[0] in ("firing", "keeping")


def incident(db: sqlite3.Connection, number: int) -> Incident | None:
    """Return one incident."""
    return next(iter(_found(db, "number = ?", number)), None)


def running(db: sqlite3.Connection) -> list[Incident]:
    """Return those of which a clock may run, the newest first: not closed, or closed lately."""
    lately = "closed_at > (SELECT max(closed_at) FROM incident) - ?"
    return _found(db, f"closed_at = 0 OR {lately} ORDER BY number DESC LIMIT ?", YEAR, MOST)


def newest(db: sqlite3.Connection, limit: int, place: str = "") -> list[Incident]:
    """Return the newest incidents at a place, or all; those that are not closed first."""
    there = "? IN ('', place) OR substr(place, 1, length(?) + 1) = ? || '/'"
    where = f"({there}) ORDER BY closed_at > 0, number DESC LIMIT ?"
    return _found(db, where, place, place, place, limit)


def _found(db: sqlite3.Connection, where: str, *values: Any) -> list[Incident]:
    query = f"SELECT {_COLUMNS} FROM incident WHERE {where}"  # noqa: S608 — our words
    rows = db.execute(query, values).fetchall()
    reports: dict[int, list[Report]] = {}
    for number, *said in db.execute("SELECT incident, clock, at, by, note FROM incident_report"):
        reports.setdefault(number, []).append(Report(*said))
    return [_incident(row, reports.get(row[0], ())) for row in rows]


def _incident(row: Sequence[Any], reports: Iterable[Report]) -> Incident:
    number, kind, code, place, began, discovered, proposed, reason, ended, *rest = row
    grade, by, at, text, concerns, closed_at, closed_by, closing, details = rest
    return Incident(
        *(number, kind, code, place, began, discovered, proposed, reason, ended),
        *(grade, by, at, text, frozenset(filter(None, concerns.split()))),
        *(closed_at, closed_by, closing, msgspec.json.decode(details), tuple(reports)),
    )

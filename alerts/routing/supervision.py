"""The supervision list (督办): what is open past its due date, and how follow-up went this month.

A connection of its own for each question, read-only.
"""

import sqlite3
from calendar import monthrange
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from statistics import median
from typing import Final

from alerts import tables
from alerts.rules import Owner, Rule
from alerts.texts import Words, telling_of
from core import clock
from core.alerts import Telling
from core.clock import SECOND
from core.errors import StoreBusy
from core.readonly import read_only

MOST: Final = 1_000
"""Entries of the list; the total counts all."""
MOST_OVER: Final = 200
HALF_A_YEAR: Final = 6
"""Months after which what is open is flagged (domain.md R-27)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert; times in ns, 0 where not yet. `long` where it is open for more than half a year.

    `owner` is whose it is to act, `acked` whether somebody said that they do.
    """

    telling: Telling
    owner: Owner
    since: int
    due_at: int
    supervised_at: int
    reminders: int
    escalated: int
    acked_at: int
    closed_at: int
    long: bool

    @property
    def school(self) -> str:
        """The school as `region/school`; empty for what is no school's."""
        return self.telling.alert.key.school


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the month that began at `month` (ns): how many alerts were due by now and how many of
    them were over by then (I-29), reminders per alert that was due, and the medians from telling to
    acknowledgement and to the end (I-28, ns; 0 where there was none)."""

    month: int = 0
    due: int = 0
    in_time: int = 0
    reminders: float = 0
    to_ack: int = 0
    to_end: int = 0


@dataclass(frozen=True, slots=True)
class Supervision:
    """What is on the list, the longest overdue first, and what left it, newest first."""

    open: Sequence[Entry] = ()
    open_total: int = 0
    long_total: int = 0
    over: Sequence[Entry] = ()
    figures: Figures = Figures()


class Supervisor:
    """Asks the database at *path*; blocks, and raises StoreBusy."""

    def __init__(self, path: Path, words: Words, rules: Sequence[Rule]) -> None:
        self._path, self._words = path, words
        self.take_rules(rules)

    def take_rules(self, rules: Sequence[Rule]) -> None:
        """Go on with other rules."""
        self._rules = {rule.name: rule for rule in rules}

    def listed(self, now: int) -> Supervision:
        """Return the list as it is at *now* (ns)."""
        try:
            with closing(read_only(self._path)) as db:
                return self._listed(db, now)
        except sqlite3.Error as error:
            raise StoreBusy(f"the supervision list cannot be read now: {error}") from error

    def _listed(self, db: sqlite3.Connection, now: int) -> Supervision:
        is_open = "supervised_at > 0 AND closed_at = 0 AND state IN ('firing', 'keeping')"
        limit = half_a_year_before(now, self._words.zone)
        query = f"""SELECT count(*), coalesce(sum(since < ?), 0) FROM alert_follow AS f
            JOIN alert AS a ON a.number = f.number WHERE {is_open}"""  # noqa: S608 — our words
        total, long = db.execute(query, (limit,)).fetchone()
        over = "supervised_at > 0 AND closed_at > 0 ORDER BY closed_at DESC"
        return Supervision(
            self._entries(db, f"{is_open} ORDER BY due_at, f.number LIMIT {MOST}", limit),
            total,
            long,
            self._entries(db, f"{over} LIMIT {MOST_OVER}", limit),
            figures(db, month_of(now, self._words.zone), now),
        )

    def _entries(self, db: sqlite3.Connection, where: str, limit: int) -> list[Entry]:
        query = f"""SELECT f.number, since, due_at, supervised_at, reminders, escalated, closed_at,
            (SELECT max(at) FROM alert_ack WHERE alert = f.number AND undone = 0)
            FROM alert_follow AS f JOIN alert AS a ON a.number = f.number
            WHERE {where}"""  # noqa: S608 — our words
        return [self._entry(db, row, limit) for row in db.execute(query).fetchall()]

    def _entry(self, db: sqlite3.Connection, row: tuple[int, ...], limit: int) -> Entry:
        number, since, due_at, supervised_at, reminders, escalated, closed_at, acked_at = row
        (case,) = tables.cases(db, "number = ?", number)
        rule = self._rules.get(case.alert.key.rule)
        return Entry(
            telling_of(case.alert, self._rules, self._words),
            rule.owner if rule else "operator",
            since,
            due_at,
            supervised_at,
            reminders,
            escalated,
            acked_at or 0,
            closed_at,
            since < limit and not closed_at,
        )


def figures(db: sqlite3.Connection, month: int, now: int) -> Figures:
    """Return how follow-up went from *month* to *now* (ns)."""
    query = """SELECT count(*), coalesce(sum(closed_at > 0 AND closed_at <= due_at), 0),
        coalesce(sum(reminders), 0) FROM alert_follow WHERE due_at BETWEEN ? AND ?"""
    due, in_time, reminders = db.execute(query, (month, now)).fetchone()
    query = """SELECT min(k.at) - since FROM alert_follow JOIN alert_ack AS k ON k.alert = number
        WHERE undone = 0 AND since BETWEEN ? AND ? GROUP BY number"""
    to_ack = [max(0, row[0]) for row in db.execute(query, (month, now))]
    query = "SELECT closed_at - since FROM alert_follow WHERE closed_at BETWEEN ? AND ?"
    to_end = [max(0, row[0]) for row in db.execute(query, (max(month, 1), now))]
    return Figures(
        month,
        due,
        in_time,
        round(reminders / due, 1) if due else 0,
        int(median(to_ack)) if to_ack else 0,
        int(median(to_end)) if to_end else 0,
    )


def half_a_year_before(now: int, zone: tzinfo) -> int:
    """Return the moment before which what is open was there for more than half a year (ns)."""
    there = clock.local(now, zone)
    months = there.year * 12 + there.month - 1 - HALF_A_YEAR
    year, month = divmod(months, 12)
    day = min(there.day, monthrange(year, month + 1)[1])
    return int(there.replace(year=year, month=month + 1, day=day).timestamp()) * SECOND


def month_of(now: int, zone: tzinfo) -> int:
    """Return when the month of *now* began (ns)."""
    there = clock.local(now, zone)
    return int(datetime(there.year, there.month, 1, tzinfo=zone).timestamp()) * SECOND

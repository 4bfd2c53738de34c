"""What is usual at this hour of the week: learned from what passes, and kept in the database.

Kept by ourselves and not asked of the store, for three reasons: a rule must not wait for a server
that may be far away or down; the same works with every store; and a row for each series and hour of
the week, with the last weeks in it, is little (2,000 series: about 30 MB) and never grows.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, tzinfo
from statistics import median, pstdev
from typing import Final, NamedTuple

import msgspec

from alerts.rules import Usual
from core import clock
from core.clock import SECOND

MOST_SERIES: Final = 2_000
MOST_WEEKS: Final = 9
KNOWN: Final = 1_800
"""Seconds of an hour that have to be known for it to count."""
FLUSH_EVERY: Final = 300 * SECOND
_LEAST_SPREAD: Final = 0.05
"""Of the mean; weeks that are all alike must not make every other value stand out."""
_SATURDAY: Final = 5

_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS alert_usual (
    series TEXT NOT NULL, slot INTEGER NOT NULL, weeks BLOB NOT NULL,
    PRIMARY KEY (series, slot)
) WITHOUT ROWID"""


class Hour(NamedTuple):
    """One hour of one week: sum of value times seconds, seconds known, and whether lessons were
    held that day."""

    week: int
    total: float
    known: float
    school: bool


class _When(NamedTuple):
    slot: int
    week: int
    school: bool


@dataclass(slots=True)
class _Current:
    when: _When
    past: list[Hour]
    total: float = 0
    known: float = 0
    value: float = 0
    at: int = 0


def is_weekday(day: date) -> bool:
    """Return whether *day* is one of Monday to Friday."""
    return day.weekday() < _SATURDAY


@dataclass(slots=True)
class Book:
    """Every series that a rule compares with past weeks; methods block, and raise sqlite3.Error."""

    transaction: Callable[[], AbstractContextManager[sqlite3.Connection]]
    zone: tzinfo
    school_day: Callable[[date], bool] = is_weekday
    refused: int = 0
    _now: dict[str, _Current] = field(default_factory=dict)
    _flushed: int = 0
    _made: bool = False

    def add(self, series: str, value: float, at: int, holds: int) -> bool:
        """Remember what a series says; a value *holds* (ns) for so long at most."""
        when = self._when(at)
        current = self._now.get(series)
        if current is None and len(self._now) >= MOST_SERIES:
            self.refused += 1
            return False
        if current is None or current.when != when:
            if current is not None:
                self._write({series: current})
            current = self._now[series] = self._opened(series, when)
        if current.at and at > current.at:
            seconds = min(at - current.at, holds) / SECOND
            current.total += current.value * seconds
            current.known += seconds
        current.value, current.at = value, max(at, current.at)
        return True

    def compared(self, series: str, value: float, how: Usual) -> tuple[float, float] | None:
        """Return *value* against what is usual, and that; None where that is not known."""
        current = self._now.get(series)
        if current is None:
            return None
        means = [
            hour.total / hour.known
            for hour in current.past
            if 1 <= current.when.week - hour.week <= how.weeks
            and hour.known >= KNOWN
            and hour.school == current.when.school
        ]
        if len(means) < how.known:
            return None
        usual = median(means)
        if abs(usual) < how.least or usual == 0:
            return None
        if how.by == "factor":
            return value / usual, usual
        return (value - usual) / max(pstdev(means), _LEAST_SPREAD * abs(usual)), usual

    def move(self, by: int) -> None:
        """Hear that the clock was set by so much (ns)."""
        self._flushed += by
        for current in self._now.values():
            current.at += by

    def flush(self, at: int) -> None:
        """Write what was learned since the last time, where that is long ago."""
        if at - self._flushed >= FLUSH_EVERY and self._now:
            self._write(self._now)
            self._flushed = at

    def _when(self, at: int) -> _When:
        there = clock.local(at, self.zone)
        day = there.date()
        return _When(there.weekday() * 24 + there.hour, day.toordinal() // 7, self.school_day(day))

    def _opened(self, series: str, when: _When) -> _Current:
        with self.transaction() as db:
            past = self._read(db, series, when.slot)
        this = [hour for hour in past if hour.week == when.week]
        others = [hour for hour in past if hour.week != when.week]
        if not this:
            return _Current(when, others)
        # What this hour had already before a restart.
        return _Current(when, others, this[0].total, this[0].known)

    def _read(self, db: sqlite3.Connection, series: str, slot: int) -> list[Hour]:
        if not self._made:
            db.execute(_SCHEMA)
            self._made = True
        query = "SELECT weeks FROM alert_usual WHERE series = ? AND slot = ?"
        found = db.execute(query, (series, slot)).fetchone()
        return msgspec.json.decode(found[0], type=list[Hour]) if found else []

    def _write(self, series: dict[str, _Current]) -> None:
        rows = [(name, one.when.slot, _encoded(one)) for name, one in series.items() if one.known]
        with self.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO alert_usual VALUES (?, ?, ?)", rows)


def _encoded(one: _Current) -> bytes:
    this = Hour(one.when.week, one.total, one.known, one.when.school)
    weeks: Sequence[Hour] = sorted([*one.past, this], reverse=True)[:MOST_WEEKS]
    return msgspec.json.encode(weeks)

"""Silences: somebody says, with a reason and an end, that nobody is to be told of some alerts.

What is silenced stands in the list, and is told if it outlasts the silence. Each is a row, and none
is ever deleted: who silenced what, and why, can be read for good.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import msgspec

from core.alerts import AlertKey
from core.clock import SECOND
from core.errors import ConfigError
from core.kind import SEVERITIES, Severity
from core.topics import LEVEL

LONGEST: Final = 30 * 86_400 * SECOND
MOST_REASON: Final = 500
MOST_WORD: Final = 200
MOST: Final = 1_000
"""Silences in force, or to come, at one time."""

_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS alert_silence (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    made_at INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
    begins_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL DEFAULT 0,        -- 0: nobody ended it before its time
    ended_by TEXT NOT NULL DEFAULT '', matchers BLOB NOT NULL
)"""
_COLUMNS: Final = "number, made_at, by, reason, begins_at, ends_at, matchers, ended_at, ended_by"


class BadSilence(ConfigError):
    """A silence that cannot be made; the text says why, fit for whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Matchers:
    """Which alerts: exact words, where an empty one is any. At least one is not empty."""

    rule: str = ""
    region: str = ""
    school: str = ""
    agent: str = ""
    target: str = ""
    severity: str = ""
    subject: str = ""

    def match(self, key: AlertKey, severity: Severity) -> bool:
        """Return whether an alert of *key* and *severity* is meant."""
        region, school, agent, *_ = (*key.place.split("/"), "", "")
        found = (key.rule, region, school, agent, key.target, severity, key.subject)
        return all(one in ("", other) for one, other in zip(_words(self), found))


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence; times in ns. `ended_at` is 0 unless somebody ended it before its time."""

    number: int
    made_at: int
    by: str
    reason: str
    begins_at: int
    ends_at: int
    matchers: Matchers
    ended_at: int = 0
    ended_by: str = ""

    @property
    def over_at(self) -> int:
        """Return when it is over."""
        return min(self.ended_at, self.ends_at) if self.ended_at else self.ends_at

    def is_on(self, at: int) -> bool:
        """Return whether it is in force at *at*."""
        return self.begins_at <= at < self.over_at


def place_of(matchers: Matchers) -> str:
    """Return the school that all that is meant belongs to, as `region/school`; else ""."""
    words = matchers
    return f"{words.region}/{words.school}" if words.region and words.school else ""


def create(db: sqlite3.Connection) -> None:
    """Make the table where it is not there yet."""
    db.execute(_SCHEMA)


def make(
    db: sqlite3.Connection,
    *,
    by: str,
    reason: str,
    matchers: Matchers,
    ends_at: int,
    at: int,
    begins_at: int = 0,
) -> Silence:
    """Make a silence from *begins_at* (0: now) to *ends_at* (ns); raises BadSilence."""
    made = Silence(
        number=0,
        made_at=at,
        by=by.strip(),
        reason=" ".join(reason.split()),
        begins_at=begins_at or at,
        ends_at=ends_at,
        matchers=matchers,
    )
    mistake = _mistake(made)
    if not mistake and len(in_force(db, at)) >= MOST:
        mistake = f"there are {MOST} silences already; end some first"
    if mistake:
        raise BadSilence(mistake)
    row = (made.made_at, made.by, made.reason, made.begins_at, made.ends_at)
    inserted = db.execute(
        """INSERT INTO alert_silence (made_at, by, reason, begins_at, ends_at, matchers)
        VALUES (?, ?, ?, ?, ?, ?)""",
        (*row, msgspec.json.encode(matchers)),
    )
    return replace(made, number=int(inserted.lastrowid or 0))


def end(db: sqlite3.Connection, number: int, by: str, at: int) -> bool:
    """End a silence before its time; return False where there is none that still lasts."""
    ended = db.execute(
        """UPDATE alert_silence SET ended_at = ?, ended_by = ?
        WHERE number = ? AND ended_at = 0 AND ends_at > ?""",
        (at, by, number, at),
    )
    return ended.rowcount > 0


def list_(db: sqlite3.Connection, limit: int = MOST) -> list[Silence]:
    """Return silences, the newest first, those that are over among them."""
    query = f"SELECT {_COLUMNS} FROM alert_silence ORDER BY number DESC LIMIT ?"  # noqa: S608
    return [_silence(row) for row in db.execute(query, (limit,))]


def one(db: sqlite3.Connection, number: int) -> Silence | None:
    """Return the silence of that number, if there is one."""
    query = f"SELECT {_COLUMNS} FROM alert_silence WHERE number = ?"  # noqa: S608 — our words
    row = db.execute(query, (number,)).fetchone()
    return _silence(row) if row else None


def in_force(db: sqlite3.Connection, at: int) -> list[Silence]:
    """Return the silences that are in force at *at*, or will be."""
    query = f"""SELECT {_COLUMNS} FROM alert_silence
        WHERE ends_at > ? AND ended_at = 0 ORDER BY number"""  # noqa: S608 — our words
    return [_silence(row) for row in db.execute(query, (at,))]


def _silence(row: tuple[Any, ...]) -> Silence:
    number, made_at, by, reason, begins_at, ends_at, matchers, ended_at, ended_by = row
    words = msgspec.json.decode(matchers, type=Matchers)
    return Silence(*(number, made_at, by, reason, begins_at, ends_at, words), ended_at, ended_by)


def _mistake(made: Silence) -> str:
    words = made.matchers
    checks: tuple[tuple[bool, Callable[[], str]], ...] = (
        (not made.by, lambda: "nobody is named who makes it"),
        (not made.reason, lambda: "a silence needs a reason"),
        (len(made.reason) > MOST_REASON, lambda: f"reason has more than {MOST_REASON} characters"),
        (made.ends_at <= max(made.made_at, made.begins_at), lambda: "it ends before it begins"),
        (
            made.ends_at - made.begins_at > LONGEST,
            lambda: f"it lasts longer than {LONGEST // (86_400 * SECOND)} days",
        ),
        (not any(_words(words)), lambda: "it names no alerts: at least one word is needed"),
        (
            any(len(one) > MOST_WORD or not one.isprintable() for one in _words(words)),
            lambda: f"a word has more than {MOST_WORD} characters, or some that cannot be shown",
        ),
        (
            any(
                one and not LEVEL.fullmatch(one)
                for one in (words.region, words.school, words.agent)
            ),
            lambda: "region, school and agent are as in topics: letters, digits, '_', '.', '-'",
        ),
        (
            words.severity not in ("", *SEVERITIES),
            lambda: f"severity is none of {', '.join(SEVERITIES)}",
        ),
        (bool(words.school and not words.region), lambda: "school needs its region beside it"),
        (bool(words.agent and not words.school), lambda: "agent needs its school beside it"),
    )
    return next((say() for wrong, say in checks if wrong), "")


def _words(matchers: Matchers) -> list[str]:
    return [getattr(matchers, one.name) for one in fields(matchers)]

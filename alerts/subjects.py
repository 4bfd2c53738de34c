"""What is known of each subject that an agent spoke of, and which word about it is the newest.

Batches may come in any order, an outage long, and twice. Of one process the later batch is newer,
whatever its clock said; between processes the later time is. The list that an agent gives when it
connects is complete: what was going on before it and is not in it has ended.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from alerts.facts import Row

MOST_SUBJECTS: Final = 500
"""Of one agent; where there are more, those that have ended are forgotten first."""


class Word(NamedTuple):
    """What was last said of a subject."""

    active: int
    began_at: int
    at: int
    epoch: str
    seq: int
    i: int


class Subject(NamedTuple):
    """Names a condition, and who speaks of it."""

    who: str
    kind: str
    target: str
    subject: str


class Said(NamedTuple):
    """What a row says: the condition began, or ended, `at`; it was so at `known_at`."""

    active: bool
    at: int
    known_at: int
    details: Mapping[str, Any]


def take(db: sqlite3.Connection, key: Subject, row: Row, said: Said) -> bool:
    """Keep what *row* says of *key*; return False where a newer word is known, or no room."""
    known = _known(db, key)
    if known and not _is_newer(known, row, said.known_at):
        return False
    if known is None and not _has_room(db, key.who):
        return False
    goes_on = known is not None and known.active and said.active
    began_at = known.began_at if known and goes_on else said.at
    db.execute(
        "INSERT OR REPLACE INTO alert_subject VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *key,
            *(said.active, began_at, said.known_at, row.epoch, row.seq, row.index),
            msgspec.json.encode(said.details),
        ),
    )
    return True


def end_others(db: sqlite3.Connection, full: Row, at: int) -> list[Subject]:
    """End what a full list, whose first row is *full*, does not name; return what ended.

    The rows of the list have been taken, so each carries the list's own epoch and sequence.
    """
    query = """SELECT kind, target, subject, active, began_at, at, epoch, seq, i
        FROM alert_subject WHERE who = ? AND active = 1"""
    ended = []
    for kind, target, subject, *found in db.execute(query, (full.who,)).fetchall():
        word = Word(*found)
        named = (word.epoch, word.seq) == (full.epoch, full.seq)
        if not named and _is_newer(word, full, at):
            ended.append(Subject(full.who, kind, target, subject))
    db.executemany(
        """UPDATE alert_subject SET active = 0, at = ?, epoch = ?, seq = ?, i = ?
        WHERE who = ? AND kind = ? AND target = ? AND subject = ?""",
        [(at, full.epoch, full.seq, full.index, *key) for key in ended],
    )
    return ended


def active(db: sqlite3.Connection, kind: str) -> Iterator[tuple[Subject, int, Any]]:
    """Return every subject of which *kind* is going on, since when, and the details."""
    query = """SELECT who, kind, target, subject, began_at, details FROM alert_subject
        WHERE kind = ? AND active = 1"""
    for who, found, target, subject, began_at, details in db.execute(query, (kind,)).fetchall():
        yield Subject(who, found, target, subject), began_at, msgspec.json.decode(details)


def _known(db: sqlite3.Connection, key: Subject) -> Word | None:
    query = """SELECT active, began_at, at, epoch, seq, i FROM alert_subject
        WHERE who = ? AND kind = ? AND target = ? AND subject = ?"""
    found = db.execute(query, key).fetchone()
    return Word(*found) if found else None


def _is_newer(known: Word, row: Row, at: int) -> bool:
    if known.epoch == row.epoch:
        return (row.seq, row.index) > (known.seq, known.i)
    return at >= known.at


def _has_room(db: sqlite3.Connection, who: str) -> bool:
    query = "SELECT count(*) FROM alert_subject WHERE who = ?"
    (count,) = db.execute(query, (who,)).fetchone()
    if count < MOST_SUBJECTS:
        return True
    done = db.execute(
        """DELETE FROM alert_subject WHERE (who, kind, target, subject) IN (
            SELECT who, kind, target, subject FROM alert_subject
            WHERE who = ? AND active = 0 ORDER BY at LIMIT 1)""",
        (who,),
    )
    return done.rowcount > 0

"""Which conditions are open, and what of new events is news.

They stand in the spool's own table and change in the transaction that seals the event, so that
neither a crash nor a restart makes the two disagree (wire.md, "The agent", rule 7). Every function
works inside the transaction that `agent.spool` has begun.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from agent.edge import event_without_persons
from core.types import Event, EventKey

_COLUMNS: Final = "kind, target, subject, severity, at, details"


@dataclass(frozen=True, slots=True)
class Gone:
    """What is said of subjects that vanished while nobody watched: who says it cannot name them.

    Ends every open condition of `kind` and `target` whose subject is not `there`; where `target` is
    None, those of every target.
    """

    kind: str
    target: str | None
    there: Callable[[str], bool]
    at: int
    why: str = "gone"


@dataclass(frozen=True, slots=True)
class Update:
    """More of a condition that is open: `event` goes out again with other details.

    Whoever connects later hears of the condition with these, since when it began. Where the
    condition is not open, nothing is said.
    """

    event: Event


Tellable = Event | Gone | Update


def news(db: sqlite3.Connection, told: Iterable[Tellable]) -> list[Event]:
    """Note what begins and ends; return the events that change something, in their order.

    No number of a person is noted, or goes on.
    """
    return [event for one in told for event in _news(db, _fit(one))]


def _fit(one: Tellable) -> Tellable:
    if isinstance(one, Gone):
        return one
    if isinstance(one, Update):
        return Update(event_without_persons(one.event))
    return event_without_persons(one)


def _news(db: sqlite3.Connection, one: Tellable) -> Iterator[Event]:
    if isinstance(one, Update):
        if _update(db, one.event):
            yield one.event
        return
    ends = _ends(db, one) if isinstance(one, Gone) else [one]
    yield from (event for event in ends if (_begin if event.active else _end)(db, event))


def _ends(db: sqlite3.Connection, gone: Gone) -> list[Event]:
    return [
        replace(event, active=False, at=gone.at, details={"why": gone.why})
        for event in open_ones(db)
        if event.kind == gone.kind
        and gone.target in (None, event.target)
        and not gone.there(event.subject)
    ]


def open_ones(db: sqlite3.Connection) -> list[Event]:
    """Return the open conditions as they began, the longest open first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM condition ORDER BY at, kind, target, subject")  # noqa: S608 — our words
    return [_event(row) for row in rows]


def is_open(db: sqlite3.Connection, key: EventKey) -> bool:
    """Return whether the condition *key* has begun and not ended."""
    sql = "SELECT 1 FROM condition WHERE kind = ? AND target = ? AND subject = ?"
    return db.execute(sql, key).fetchone() is not None


def _begin(db: sqlite3.Connection, event: Event) -> bool:
    details = msgspec.json.encode(event.details).decode()
    done = db.execute(
        f"INSERT OR IGNORE INTO condition ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
        (*event.key, event.severity, event.at, details),
    )
    return done.rowcount > 0


def _update(db: sqlite3.Connection, event: Event) -> bool:
    details = msgspec.json.encode(event.details).decode()
    sql = "UPDATE condition SET details = ? WHERE kind = ? AND target = ? AND subject = ?"
    return db.execute(sql, (details, *event.key)).rowcount > 0


def _end(db: sqlite3.Connection, event: Event) -> bool:
    sql = "DELETE FROM condition WHERE kind = ? AND target = ? AND subject = ?"
    return db.execute(sql, event.key).rowcount > 0


def _event(row: tuple[str, str, str, str, int, str]) -> Event:
    kind, target, subject, severity, at, details = row
    told = {
        "kind": kind,
        "target": target,
        "subject": subject,
        "active": True,
        "severity": severity,
        "at": at,
        "details": msgspec.json.decode(details),
    }
    return msgspec.convert(told, Event)

"""Rows of events as facts: what of them is news, and whether it came in time.

Works inside the transaction that moves the cursor, so what is known of a subject and how far the
rows were read never disagree.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import msgspec

from alerts import subjects
from alerts.facts import Ground, Row
from alerts.match import EventFact
from alerts.subjects import Said, Subject
from core.alertkinds import OF_ALERTS
from core.clock import SECOND

LATE_AFTER: Final = 120 * SECOND
"""As for readings: what is older than this is no news of the present."""

FULL: Final = "open_conditions"
"""The kind of the row that a list of everything that is going on has as a whole."""

_COLLECTOR: Final = "collector/"


class Body(msgspec.Struct):
    """What the body of a row holds."""

    kind: str
    target: str
    subject: str
    active: bool
    at: int
    details: dict[str, Any] = {}
    unchecked: bool = False
    full: bool = False


@dataclass(slots=True)
class RowFacts:
    """`ignored` counts words that were older than what was known, or of one subject too many."""

    ground: Ground
    db: sqlite3.Connection
    now: int
    ignored: int = 0
    _bodies: dict[int, Body] = field(default_factory=dict)

    def of(self, rows: Sequence[Row]) -> Iterator[EventFact]:
        """Return the facts in *rows*, which follow each other."""
        for _, found in groupby(rows, lambda row: (row.who, row.epoch, row.seq)):
            yield from self._batch(list(found))

    def _batch(self, rows: list[Row]) -> Iterator[EventFact]:
        read = [(row, _body(row)) for row in rows]
        head, count, listed_at = None, 0, 0
        if any(body.full or _is_head(row, body) for row, body in read):
            head, count = self.ground.batch(self.db, rows[-1])
            listed_at = _body(head).at if head else 0
        for row, body in read:
            if row.index >= 0:
                yield from self._event(row, body, listed_at if body.full else 0)
        if head and count >= int(_body(head).details.get("events", 0)):
            yield from self._ended(head, min(listed_at, head.received), rows[-1])

    def _event(self, row: Row, body: Body, listed_at: int) -> Iterator[EventFact]:
        if body.kind in OF_ALERTS and row.who.startswith(_COLLECTOR):
            return
        # A clock ahead of ours must not make a word newer than all that follow.
        at = row.received if body.unchecked else min(body.at, row.received)
        if not row.who.startswith(_COLLECTOR):
            known_at = min(listed_at, row.received) if listed_at else at
            key = Subject(row.who, body.kind, body.target, body.subject)
            said = Said(body.active, at, known_at, body.details)
            if not subjects.take(self.db, key, row, said):
                self.ignored += 1
                return
        yield EventFact(
            *(row.who, body.kind, body.target, body.subject, body.active),
            *(at, self.now, body.details),
            late=max(row.received - at, self.now - row.received) > LATE_AFTER,
            past=row.row <= self.ground.past(),
            repeat=row.row <= self.ground.repeated(),
        )

    def _ended(self, head: Row, at: int, last: Row) -> Iterable[EventFact]:
        repeat = last.row <= self.ground.repeated()
        for ended in subjects.end_others(self.db, head, at):
            yield EventFact(*ended, False, at, self.now, repeat=repeat)


def _is_head(row: Row, body: Body) -> bool:
    return row.index < 0 and body.kind == FULL


def _body(row: Row) -> Body:
    return msgspec.json.decode(row.body, type=Body)

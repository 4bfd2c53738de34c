"""Follows every alert that people were told of, by a row each, until it is over.

A row is looked at when its time has come and not before, so thousands of open alerts cost nothing.
What is told, what is recorded and the row change in one transaction.

Look: sqlite3 var/collector/ledger.db 'SELECT * FROM alert_follow WHERE closed_at = 0'
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

from alerts import tables
from alerts.facts import Ground
from alerts.memory import Draft
from alerts.routing.acked import is_acked
from alerts.routing.advance import Act, Follow, Standing, advance
from alerts.routing.plan import Decision, Routing
from alerts.routing.said import Said
from alerts.stages.storm import FOLLOWED, Storm
from alerts.step import EVERYBODY, Case
from core.alerts import CONSOLE, AlertKey
from core.clock import SECOND
from core.kind import Severity

_COLUMNS: Final = """number, since, remind_at, due_at, repeat_at, escalated, reminded, reminders,
    supervised_at, next_at"""
_VALUES: Final = attrgetter(*(name.strip() for name in _COLUMNS.split(",")))

MOST_AT_ONCE: Final = 300
"""Rows in one transaction."""
NO_ROOM: Final = 30 * SECOND
"""How long what finds a channel full waits."""
SET_BACK: Final = 3_600 * SECOND
"""A clock that goes back by more makes every row be looked at again."""

Decide = Callable[[Case, int], Decision | None]


class FollowUp:
    """Every method blocks, and may raise sqlite3.Error: then nothing has changed."""

    def __init__(self, ground: Ground, storm: Storm) -> None:
        self._ground, self._storm = ground, storm
        self._next: int | None = None
        self._seen_at = 0
        self._all = False

    def again(self) -> None:
        """Look at every row again: there are other routes."""
        self._all = True

    def heard(self, db: sqlite3.Connection, draft: Draft, routing: Routing | None) -> None:
        """Begin to follow what was told, and end it for what is over, as *draft* writes it."""
        for number, case in draft.written.items():
            if case.alert.state == "ended":
                self._close(db, number, case.alert.key, draft.at)
            elif routing and case.told and case.alert.state in ("firing", "keeping"):
                self._begin(db, case, routing, draft.at)

    def may_be_due(self, at: int, _routing: Routing) -> bool:
        """Return whether it is worth asking the database."""
        if self._all or not self._seen_at or at < self._seen_at - SET_BACK:
            return True
        self._seen_at = at
        return self._next is None or self._next <= at

    def is_due(self, db: sqlite3.Connection, at: int, routing: Routing) -> bool:
        """Return whether there is something to look at."""
        self._look_again(db, at, routing)
        if self._next is None:
            query = """SELECT min(next_at) FROM alert_follow WHERE closed_at = 0 AND next_at > 0"""
            self._next = db.execute(query).fetchone()[0] or _NEVER
        return self._next <= at

    def done(self, *, due: bool) -> None:
        """Hear that all that was done is durable."""
        if due:
            self._next = None

    def said(
        self, db: sqlite3.Connection, draft: Draft, routing: Routing, decide: Decide
    ) -> Iterator[Said]:
        """Return what is to be told now; what finds a channel full waits a little."""
        alike: dict[tuple[Any, ...], list[tuple[Follow, Follow, Act, Case]]] = {}
        for before, key in _due(db, draft.at):
            case = draft.get(key)
            if case.alert.number != before.number:
                self._close(db, before.number, key, draft.at, by="gone")
                continue
            standing = _standing(db, case, routing, decide(case, draft.at))
            follow, act = advance(before, standing, draft.at)
            if act is None:
                _write(db, follow)
                continue
            channels = _channels(case, act, routing, draft.at)
            alike.setdefault((act.reason, act.overdue, channels), []).append(
                (before, follow, act, case)
            )
        for (_, _, channels), found in alike.items():
            yield from self._told(db, draft, channels, found)

    def _told(
        self,
        db: sqlite3.Connection,
        draft: Draft,
        channels: tuple[str, ...],
        found: Sequence[tuple[Follow, Follow, Act, Case]],
    ) -> Iterator[Said]:
        severity: Severity = min(case.alert.severity for *_, case in found)
        channels = self._with_room(channels, severity, draft.at)
        people = [one for one in channels if one != CONSOLE]
        if people and not self._storm.has_room(people, severity, draft.at):
            for before, *_ in found:
                _write(db, replace(before, next_at=draft.at + NO_ROOM))
            return
        about = []
        for before, follow, act, case in found:
            _write(db, follow)
            told_to = tuple(dict.fromkeys((*case.told_to, *channels)))
            about.append(draft.put(replace(case, told_to=told_to)))
            for kind in _steps(before, follow, act):
                self._record(db, kind, case.alert.key, follow, channels)
        act = found[0][2]
        due_at = min((row.due_at for _, row, *_ in found if row.due_at), default=0)
        repeat = any(before.next_at <= self._ground.restored_at() for before, *_ in found)
        place = about[0].alert.key.place if len(about) == 1 else FOLLOWED
        yield Said(act.reason, about, place, channels, repeat, due_at, act.overdue)

    def _with_room(self, channels: tuple[str, ...], severity: Severity, at: int) -> tuple[str, ...]:
        """Leave out the log where it is full: it makes nobody wait."""
        if CONSOLE in channels and not self._storm.has_room([CONSOLE], severity, at):
            return tuple(one for one in channels if one != CONSOLE)
        return channels

    def _begin(self, db: sqlite3.Connection, case: Case, routing: Routing, at: int) -> None:
        number = case.alert.number
        if db.execute("SELECT 1 FROM alert_follow WHERE number = ?", (number,)).fetchone():
            return
        remind_at, due_at = routing.due(case.alert, at)
        # What a route says of it is asked when it is looked at first, which is at once.
        _write(db, Follow(number, at, remind_at, due_at, next_at=at))
        self._next = None

    def _close(
        self, db: sqlite3.Connection, number: int, key: AlertKey, at: int, by: str = "ended"
    ) -> None:
        query = f"SELECT {_COLUMNS} FROM alert_follow WHERE number = ? AND closed_at = 0"  # noqa: S608
        row = db.execute(query, (number,)).fetchone()
        if not row:
            return
        follow = Follow(*row)
        db.execute(
            "UPDATE alert_follow SET closed_at = ?, closed_by = ? WHERE number = ?",
            (at, by, number),
        )
        if follow.escalated or follow.reminders or follow.supervised_at:
            self._record(db, "follow_up_closed", key, follow, ())

    def _record(
        self,
        db: sqlite3.Connection,
        kind: str,
        key: AlertKey,
        follow: Follow,
        channels: Sequence[str],
    ) -> None:
        details = {"rule": key.rule, "due_at": follow.due_at, "to": list(channels)}
        self._ground.record(db, kind, key.place, str(follow.number), details)

    def _look_again(self, db: sqlite3.Connection, at: int, routing: Routing) -> None:
        if self._all or not self._seen_at:
            # What was told of before there were routes.
            where = """told != '' AND state IN ('firing', 'keeping')
                AND number NOT IN (SELECT number FROM alert_follow)"""
            for case in list(tables.cases(db, where)):
                self._begin(db, case, routing, at)
        if not self._seen_at:
            query = "SELECT at FROM alert_message ORDER BY number DESC LIMIT 1"
            (self._seen_at,) = db.execute(query).fetchone() or (at,)
        if self._all or at < self._seen_at - SET_BACK:
            sql = "UPDATE alert_follow SET next_at = ? WHERE closed_at = 0"
            db.execute(sql, (at,))
            self._next, self._all = None, False
        self._seen_at = at


_NEVER: Final = 2**63 - 1


def _due(db: sqlite3.Connection, at: int) -> list[tuple[Follow, AlertKey]]:
    columns = ", ".join(f"f.{name.strip()}" for name in _COLUMNS.split(","))
    query = f"""SELECT {columns}, rule, place, target, subject
        FROM alert_follow AS f JOIN alert AS a ON a.number = f.number
        WHERE closed_at = 0 AND next_at > 0 AND next_at <= ?
        ORDER BY next_at LIMIT {MOST_AT_ONCE}"""  # noqa: S608 — our words
    rows = db.execute(query, (at,)).fetchall()
    return [(Follow(*row[:10]), AlertKey(*row[10:])) for row in rows]


def _write(db: sqlite3.Connection, follow: Follow) -> None:
    sql = f"""INSERT INTO alert_follow ({_COLUMNS}) VALUES ({", ".join("?" * 10)})
        ON CONFLICT (number) DO UPDATE SET since = excluded.since,
        remind_at = excluded.remind_at, due_at = excluded.due_at, repeat_at = excluded.repeat_at,
        escalated = excluded.escalated, reminded = excluded.reminded,
        reminders = excluded.reminders, supervised_at = excluded.supervised_at,
        next_at = excluded.next_at"""  # noqa: S608 — our words
    db.execute(sql, _VALUES(follow))


def _standing(
    db: sqlite3.Connection, case: Case, routing: Routing, decision: Decision | None
) -> Standing:
    alert = case.alert
    steps = routing.escalations(alert.severity)
    muted = bool(alert.hidden_by or alert.muted_by) or alert.state == "keeping"
    # What the digest tells is told there each day.
    repeat = decision.repeat if decision and case.told != "digest" else 0
    escalates = bool(decision and decision.escalates)
    return Standing(repeat, steps, is_acked(db, alert.number), muted, escalates)


def _channels(case: Case, act: Act, routing: Routing, at: int) -> tuple[str, ...]:
    to = (*act.to, *(routing.config.supervision.to if act.overdue else ()))
    more = routing.channels_of(to, case.alert.key, at)
    before = routing.everybody if EVERYBODY in case.told_to else case.told_to
    return tuple(dict.fromkeys((*before, *more)))


def _steps(before: Follow, after: Follow, act: Act) -> Iterator[str]:
    if after.escalated > before.escalated:
        yield "escalated"
    if act.reason == "REMINDER":
        yield "reminded"
    if after.supervised_at and not before.supervised_at:
        yield "supervised"

"""The engine's tables, in the collector's own database: alerts, messages, and what is on its way.

Look: sqlite3 var/collector/ledger.db 'SELECT number, state, rule, place, target FROM alert'
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from alerts import acks, silences
from alerts.incidents import rows as incidents
from alerts.memory import Draft, Memory, Message, Suppressed
from alerts.routing.router import Router
from alerts.routing.schema import SCHEMA as ROUTING
from alerts.step import EVERYBODY, Case
from core.alerts import Alert, AlertKey, Because

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS alert (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        rule TEXT NOT NULL, place TEXT NOT NULL, target TEXT NOT NULL, subject TEXT NOT NULL,
        state TEXT NOT NULL, severity TEXT NOT NULL,
        began_at INTEGER NOT NULL, fired_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,
        late INTEGER NOT NULL, hidden_by TEXT NOT NULL, details BLOB NOT NULL,
        lane_until INTEGER NOT NULL, over_at INTEGER NOT NULL,
        told TEXT NOT NULL, folds TEXT NOT NULL, repeat INTEGER NOT NULL,
        beside BLOB NOT NULL DEFAULT '{}'
    )""",
    """CREATE UNIQUE INDEX IF NOT EXISTS alert_open ON alert (rule, place, target, subject)
        WHERE state != 'ended'""",
    "CREATE INDEX IF NOT EXISTS alert_folds ON alert (number) WHERE folds != ''",
    # What was said, word for word, so that a repeat says the same.
    """CREATE TABLE IF NOT EXISTS alert_message (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL, place TEXT NOT NULL, reason TEXT NOT NULL, body BLOB NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS alert_told (
        alert INTEGER NOT NULL, message INTEGER NOT NULL, PRIMARY KEY (alert, message)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS alert_told_message ON alert_told (message)",
    """CREATE TABLE IF NOT EXISTS alert_outbox (
        message INTEGER NOT NULL, channel TEXT NOT NULL,
        state TEXT NOT NULL,             -- queued, sending, delivered, undeliverable
        tries INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL,
        done_at INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
        repeat INTEGER NOT NULL,         -- 1: the receiver may have it already
        via TEXT NOT NULL DEFAULT '',    -- the channel that did not take it, where it fell back
        PRIMARY KEY (message, channel)
    ) WITHOUT ROWID""",
    """CREATE INDEX IF NOT EXISTS alert_outbox_waits ON alert_outbox (channel, message)
        WHERE state = 'queued'""",
    # The present state of every subject that an agent spoke of (alerts/subjects.py).
    """CREATE TABLE IF NOT EXISTS alert_subject (
        who TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, subject TEXT NOT NULL,
        active INTEGER NOT NULL, began_at INTEGER NOT NULL, at INTEGER NOT NULL,
        epoch TEXT NOT NULL, seq INTEGER NOT NULL, i INTEGER NOT NULL, details BLOB NOT NULL,
        PRIMARY KEY (who, kind, target, subject)
    ) WITHOUT ROWID""",
    # What kept an alert from people, from when to when; 0: it still does.
    """CREATE TABLE IF NOT EXISTS alert_suppressed (
        alert INTEGER NOT NULL, by TEXT NOT NULL, since INTEGER NOT NULL,
        until INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (alert, since)
    ) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS alert_rule (name TEXT PRIMARY KEY) WITHOUT ROWID",
    *ROUTING,
)
_COLUMNS: Final = """number, rule, place, target, subject, state, severity, began_at, fired_at,
    ended_at, late, hidden_by, details, lane_until, over_at, told, folds, repeat, beside"""
_MARKS: Final = ", ".join("?" * 19)


class _Beside(msgspec.Struct, omit_defaults=True):
    """What few alerts have: what only the school may see, what is behind it, who was told,
    what mutes it."""

    named: dict[str, Any] = {}
    because: tuple[Because, ...] = ()
    ended_by: str = ""
    told_to: tuple[str, ...] = (EVERYBODY,)
    folds_for: tuple[str, ...] = (EVERYBODY,)
    muted_by: str = ""
    hider: int = 0
    whole: str = ""


def create(db: sqlite3.Connection) -> None:
    """Make what is not there yet."""
    for statement in _SCHEMA:
        db.execute(statement)
    silences.create(db)
    incidents.create(db)
    # A database that an earlier version made.
    if "beside" not in {row[1] for row in db.execute("PRAGMA table_info(alert)")}:
        db.execute("ALTER TABLE alert ADD COLUMN beside BLOB NOT NULL DEFAULT '{}'")
    acks.create(db)


def restored(db: sqlite3.Connection, since: int) -> Memory:
    """Return what was remembered; messages count from *since* on."""
    memory = Memory(next_alert=_next(db, "alert"), next_message=_next(db, "alert_message"))
    for case in cases(db, "state != 'ended' OR folds != ''"):
        memory.put(case)
        if case.folds:
            memory.folded[case.alert.number] = case
    query = """SELECT channel, at, place FROM alert_message JOIN alert_outbox ON message = number
        WHERE at > ? ORDER BY number"""
    for channel, at, place in db.execute(query, (since,)):
        memory.made.setdefault(channel, []).append((at, place))
    return memory


def cases(db: sqlite3.Connection, where: str, *values: Any) -> Iterator[Case]:
    """Return the cases that *where*, of our own words, picks."""
    query = f"SELECT {_COLUMNS} FROM alert WHERE {where}"  # noqa: S608 — our words
    return (_case(row) for row in db.execute(query, values))


class Sent(NamedTuple):
    """A message as it stands in the outbox: the channels that it is for, and its bytes."""

    message: Message
    channels: Sequence[str]
    body: bytes


def write(db: sqlite3.Connection, draft: Draft, router: Router) -> list[Sent]:
    """Write what a draft holds, each message for the channels that *router* says; return these."""
    for number, case in draft.written.items():
        if case.alert.state == "gone":
            db.execute("DELETE FROM alert WHERE number = ?", (number,))
        else:
            write_case(db, case)
    for one in draft.suppressed:
        _write_suppressed(db, one)
    return [_write_message(db, message, router) for message in draft.messages]


def write_case(db: sqlite3.Connection, case: Case) -> None:
    """Write a case that has begun."""
    sql = f"INSERT OR REPLACE INTO alert ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608
    db.execute(sql, _row(case))
    incidents.note(db, case)


def known_rules(db: sqlite3.Connection) -> set[str]:
    """Return the names of the rules that there were."""
    return {name for (name,) in db.execute("SELECT name FROM alert_rule")}


def _write_suppressed(db: sqlite3.Connection, one: Suppressed) -> None:
    query = "UPDATE alert_suppressed SET until = ? WHERE alert = ? AND until = 0"
    db.execute(query, (one.at, one.alert))
    if one.by:
        query = "INSERT OR REPLACE INTO alert_suppressed (alert, by, since) VALUES (?, ?, ?)"
        db.execute(query, (one.alert, one.by, one.at))


def end_suppressed(db: sqlite3.Connection, at: int) -> None:
    """End what kept alerts from people that are over, or are no more."""
    db.execute(
        """UPDATE alert_suppressed SET until = ? WHERE until = 0
        AND alert NOT IN (SELECT number FROM alert WHERE state IN ('firing', 'keeping'))""",
        (at,),
    )


def new_rules(db: sqlite3.Connection, names: Iterable[str]) -> list[str]:
    """Return those of *names* that no earlier start knew, and keep which there are."""
    known, wanted = known_rules(db), [*names]
    db.execute("DELETE FROM alert_rule")
    db.executemany("INSERT INTO alert_rule VALUES (?)", [(name,) for name in wanted])
    return [name for name in wanted if name not in known]


def _write_message(db: sqlite3.Connection, message: Message, router: Router) -> Sent:
    said = message.notification
    concerned, body = router.channels(said, message.channels), msgspec.json.encode(said)
    db.execute(
        "INSERT INTO alert_message (number, at, place, reason, body) VALUES (?, ?, ?, ?, ?)",
        (said.number, said.at, message.place, said.reason, body),
    )
    db.executemany(
        "INSERT INTO alert_told (alert, message) VALUES (?, ?)",
        [(alert, said.number) for alert in message.about],
    )
    db.executemany(
        "INSERT INTO alert_outbox (message, channel, state, next_at, repeat) "
        "VALUES (?, ?, 'queued', ?, ?)",
        [(said.number, channel, said.at, message.repeat) for channel in concerned],
    )
    return Sent(message, concerned, body)


def _next(db: sqlite3.Connection, table: str) -> int:
    """Return the next number of *table*; one that was once used is never given again."""
    query = "SELECT seq FROM sqlite_sequence WHERE name = ?"
    found = db.execute(query, (table,)).fetchone()
    return int(found[0]) + 1 if found else 1


def _row(case: Case) -> tuple[Any, ...]:
    alert = case.alert
    return (
        *(alert.number, *alert.key, alert.state, alert.severity),
        *(alert.began_at, alert.fired_at, alert.ended_at, alert.late, alert.hidden_by),
        msgspec.json.encode(alert.details),
        *(case.lane_until, case.over_at, case.told, case.folds, case.repeat),
        msgspec.json.encode(
            _Beside(
                named=dict(case.named),
                because=alert.because,
                ended_by=alert.ended_by,
                told_to=case.told_to,
                folds_for=case.folds_for,
                muted_by=alert.muted_by,
                hider=alert.hider,
                whole=case.whole,
            )
        ),
    )


def _case(row: tuple[Any, ...]) -> Case:
    number, rule, place, target, subject, state, severity, began, fired, ended, *rest = row
    late, hidden_by, details, lane_until, over_at, told, folds, repeat, more = rest
    beside = msgspec.json.decode(more, type=_Beside)
    alert = Alert(
        *(AlertKey(rule, place, target, subject), severity, state, began, fired, ended, number),
        *(bool(late), hidden_by, msgspec.json.decode(details), beside.because, beside.ended_by),
        *(beside.muted_by, beside.hider),
    )
    return Case(
        *(alert, lane_until, over_at, told, folds, bool(repeat), beside.named),
        *(beside.told_to, beside.folds_for, beside.whole),
    )

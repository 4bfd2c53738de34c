"""Who takes care of an alert, and how far that has got (R-37).

    open ─▶ ack ─▶ contain ─▶ fix ─▶ verify ─▶ close      each with time and person, none left out

Every function works in the transaction that it is given, so that what is done and its audit note
are durable together or not at all. Nothing here is ever deleted before its alert.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from core.errors import ActRefused

How = Literal["page", "link", "api"]
Stage = Literal["contain", "fix", "verify", "close"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
AFTER_THE_END: Final = ("verify", "close")
"""Nobody can have checked that a condition is over while it lasts."""

Refusal = Literal["unknown", "ended", "not_acked", "other_role", "begun", "order", "lasts"]

LONGEST_NOTE: Final = 500
LONGEST_NAME: Final = 64

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS alert_ack (
        alert INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, role TEXT NOT NULL,
        how TEXT NOT NULL, note TEXT NOT NULL,
        undone INTEGER NOT NULL DEFAULT 0    -- when it was taken back (ns)
    )""",
    # Two people at once: one of them is the first.
    "CREATE UNIQUE INDEX IF NOT EXISTS alert_ack_one ON alert_ack (alert) WHERE undone = 0",
    "CREATE INDEX IF NOT EXISTS alert_ack_alert ON alert_ack (alert)",
    """CREATE TABLE IF NOT EXISTS alert_stage (
        alert INTEGER NOT NULL, stage TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
        role TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (alert, stage)
    ) WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class Ack:
    """Somebody said "I take care of it" at `at` (ns).

    `by` is a person's name; where it was done by a link that is what they typed, which nobody
    proved, with the receiver whose link it was. `role` is an account's, or that of who gets the
    messages.
    """

    at: int
    by: str
    role: str
    how: How
    note: str


@dataclass(frozen=True, slots=True)
class Handled:
    """One step of the handling after that."""

    stage: Stage
    at: int
    by: str
    role: str
    note: str


def create(db: sqlite3.Connection) -> None:
    """Make what is not there yet."""
    for statement in _SCHEMA:
        db.execute(statement)


def acknowledge(  # noqa: PLR0917 — a row has so many columns
    db: sqlite3.Connection, number: int, by: str, role: str, how: How, note: str, at: int
) -> bool:
    """Keep that *by* takes care of the alert; return False where somebody does already.

    Raises ActRefused where there is no such alert or it has ended.
    """
    state = _state(db, number)
    if acked(db, number):
        return False
    if state == "ended":
        raise ActRefused("ended", f"alert {number} has ended; there is nothing to take care of")
    db.execute(
        "INSERT INTO alert_ack (alert, at, by, role, how, note) VALUES (?, ?, ?, ?, ?, ?)",
        (number, at, by, role, how, note),
    )
    return True


def acked(db: sqlite3.Connection, number: int) -> Ack | None:
    """Return who takes care of the alert, if anybody does."""
    query = "SELECT at, by, role, how, note FROM alert_ack WHERE alert = ? AND undone = 0"
    found = db.execute(query, (number,)).fetchone()
    return Ack(*found) if found else None


def undo(db: sqlite3.Connection, number: int, role: str, at: int) -> Ack:
    """Take back who takes care of the alert, and return what that was.

    Only the role that did it may, and only while nothing followed; raises ActRefused.
    """
    _state(db, number)
    found = acked(db, number)
    if not found:
        raise ActRefused("not_acked", f"nobody has acknowledged alert {number}")
    if found.role != role:
        raise ActRefused("other_role", f"alert {number} was acknowledged by another role")
    if handled(db, number):
        raise ActRefused("begun", f"the handling of alert {number} has gone on already")
    db.execute("UPDATE alert_ack SET undone = ? WHERE alert = ? AND undone = 0", (at, number))
    return found


def advance(db: sqlite3.Connection, number: int, step: Handled) -> bool:
    """Keep that the handling has come to a step; return False where it had come there already.

    Raises ActRefused where another step is due.
    """
    state, steps, stage = _state(db, number), handled(db, number), step.stage
    if stage in [one.stage for one in steps]:
        return False
    if not acked(db, number):
        raise ActRefused("not_acked", f"nobody has acknowledged alert {number} yet")
    if stage != next_stage(steps):
        raise ActRefused("order", f"alert {number}: {next_stage(steps)} comes before {stage}")
    if stage in AFTER_THE_END and state != "ended":
        raise ActRefused("lasts", f"alert {number} still lasts; {stage} comes when it is over")
    db.execute(
        "INSERT INTO alert_stage (alert, stage, at, by, role, note) VALUES (?, ?, ?, ?, ?, ?)",
        (number, stage, step.at, step.by, step.role, step.note),
    )
    return True


def handled(db: sqlite3.Connection, number: int) -> Sequence[Handled]:
    """Return the steps of the handling that are done, in their order."""
    query = "SELECT stage, at, by, role, note FROM alert_stage WHERE alert = ?"
    found = [Handled(*row) for row in db.execute(query, (number,))]
    return sorted(found, key=lambda one: STAGES.index(one.stage))


def next_stage(steps: Sequence[Handled]) -> Stage | None:
    """Return the step that comes next; None after the last."""
    done = {one.stage for one in steps}
    return next((stage for stage in STAGES if stage not in done), None)


def taken_back(db: sqlite3.Connection, number: int) -> Iterator[tuple[Ack, int]]:
    """Return what was taken back, and when."""
    query = """SELECT at, by, role, how, note, undone FROM alert_ack
        WHERE alert = ? AND undone != 0 ORDER BY at"""
    for *found, undone in db.execute(query, (number,)).fetchall():
        yield Ack(*found), undone


def tidy(db: sqlite3.Connection) -> None:
    """Delete what was done about alerts that are no more."""
    for table in ("alert_ack", "alert_stage"):
        db.execute(f"DELETE FROM {table} WHERE alert NOT IN (SELECT number FROM alert)")  # noqa: S608


def place_of(db: sqlite3.Connection, number: int) -> str:
    """Return where the alert is; raises ActRefused where people know of no such alert."""
    _state(db, number)
    return str(db.execute("SELECT place FROM alert WHERE number = ?", (number,)).fetchone()[0])


def plain(text: str, longest: int = LONGEST_NOTE) -> str:
    """Return what somebody typed, fit to be kept: in one line, not too long."""
    line = "".join(char if char.isprintable() else " " for char in text[: 4 * longest])
    return " ".join(line.split())[:longest].rstrip()


def _state(db: sqlite3.Connection, number: int) -> str:
    """Return the state of an alert that people may know of; raises ActRefused."""
    query = "SELECT state, fired_at FROM alert WHERE number = ?"
    state, fired = db.execute(query, (number,)).fetchone() or ("", 0)
    if not fired or state not in ("firing", "keeping", "ended"):
        raise ActRefused("unknown", f"there is no alert {number}")
    return str(state)

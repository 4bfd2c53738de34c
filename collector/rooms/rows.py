"""Rooms in the collector's database, so that a restart goes on with what was known.

A verdict, what is wrong because of it, and the events that say so are one transaction.
Look: sqlite3 var/collector/ledger.db 'SELECT room, body FROM room_verdict'
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from alerts.targets.uptime import Line, Uptime
from collector.journal import Journal, Note
from collector.outside import SchoolKey
from collector.rooms.conditions import Condition, ConditionKey
from collector.rooms.device import Device, DeviceKey
from collector.rooms.verdict import Verdict

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS room_device (
        region TEXT NOT NULL, school TEXT NOT NULL, agent TEXT NOT NULL, device TEXT NOT NULL,
        body BLOB NOT NULL,                           -- collector/rooms/device.py
        PRIMARY KEY (region, school, agent, device)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS room_verdict (
        region TEXT NOT NULL, school TEXT NOT NULL, room TEXT NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (region, school, room)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS room_condition (
        kind TEXT NOT NULL, region TEXT NOT NULL, school TEXT NOT NULL, target TEXT NOT NULL,
        since INTEGER NOT NULL, raised INTEGER NOT NULL, details BLOB NOT NULL,
        PRIMARY KEY (kind, region, school, target)
    ) WITHOUT ROWID""",
    # on: its projector, panel or display; good: all that a lesson needs. Times in ns: of the day,
    # and of its school time.
    """CREATE TABLE IF NOT EXISTS room_day (
        day TEXT NOT NULL, region TEXT NOT NULL, school TEXT NOT NULL, room TEXT NOT NULL,
        on_ns INTEGER NOT NULL, on_known INTEGER NOT NULL, "on" TEXT NOT NULL,
        on_since INTEGER NOT NULL,
        good_ns INTEGER NOT NULL, good_known INTEGER NOT NULL, good TEXT NOT NULL,
        good_since INTEGER NOT NULL,
        open INTEGER NOT NULL,
        PRIMARY KEY (day, region, school, room)
    ) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS room_looked (at INTEGER NOT NULL)",
)


class RoomKey(NamedTuple):
    """Names a room."""

    region: str
    school: str
    room: str

    @property
    def of_school(self) -> SchoolKey:
        """Where it is."""
        return self.region, self.school


class RoomDay(NamedTuple):
    """One room on one day: in `usage` "up" stands for on, in `order` for all in order."""

    day: date
    key: RoomKey
    usage: Uptime = Uptime()
    order: Uptime = Uptime()
    open: bool = True


@dataclass(slots=True)
class Change:
    """What a turn changed; what is None is gone."""

    devices: dict[DeviceKey, Device | None] = field(default_factory=dict)
    verdicts: dict[RoomKey, Verdict | None] = field(default_factory=dict)
    conditions: dict[ConditionKey, Condition | None] = field(default_factory=dict)
    days: Sequence[RoomDay] = ()
    notes: list[Note] = field(default_factory=list)
    looked: int = 0

    def __bool__(self) -> bool:
        """Whether there is anything to keep."""
        parts = (self.devices, self.verdicts, self.conditions, self.days, self.notes)
        return bool(self.looked) or any(parts)


class RoomRows:
    """Every method blocks, may be called from any thread, and may raise sqlite3.Error."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._ledger = journal, journal.rows.ledger
        with self._ledger.transaction() as db:
            for statement in _SCHEMA:
                db.execute(statement)

    def looked(self) -> int:
        """Return when rooms were last looked at (ns), 0 if never."""
        with self._ledger.transaction() as db:
            return int(db.execute("SELECT coalesce(max(at), 0) FROM room_looked").fetchone()[0])

    def devices(self) -> dict[DeviceKey, Device]:
        """Return every device as it was last told of."""
        with self._ledger.transaction() as db:
            found = db.execute("SELECT body FROM room_device").fetchall()
        devices = (msgspec.json.decode(body, type=Device) for (body,) in found)
        return {one.key: one for one in devices}

    def verdicts(self) -> dict[RoomKey, Verdict]:
        """Return the verdicts that held last."""
        with self._ledger.transaction() as db:
            found = db.execute("SELECT region, school, room, body FROM room_verdict").fetchall()
        return {RoomKey(*key): msgspec.json.decode(body, type=Verdict) for *key, body in found}

    def conditions(self) -> dict[ConditionKey, Condition]:
        """Return what was going on."""
        query = "SELECT kind, region, school, target, since, details FROM room_condition"
        with self._ledger.transaction() as db:
            found = db.execute(query).fetchall()
        made = {}
        for *words, since, details in found:
            key = ConditionKey(*words)
            made[key] = Condition(key, since, msgspec.json.decode(details))
        return made

    def open_days(self) -> list[RoomDay]:
        """Return the days that nobody has ended yet."""
        return self._days("open = 1")

    def days(self, first: date, last: date) -> list[RoomDay]:
        """Return every room's days from *first* to *last*."""
        return self._days("day BETWEEN ? AND ?", str(first), str(last))

    def in_order(self, first: date, before: date) -> list[tuple[RoomKey, date, int, int]]:
        """Return of each room how long it was in order and known (ns) on days that are over.

        From *first* to before *before*; the date is that of the first day that is kept of it.
        """
        query = """SELECT region, school, room, min(day),
            sum(CASE WHEN day >= ? THEN good_ns ELSE 0 END),
            sum(CASE WHEN day >= ? THEN good_known ELSE 0 END)
            FROM room_day WHERE day < ? AND open = 0 GROUP BY region, school, room"""
        with self._ledger.transaction() as db:
            found = db.execute(query, (str(first), str(first), str(before))).fetchall()
        return [
            (RoomKey(*key), date.fromisoformat(day), good, known)
            for *key, day, good, known in found
        ]

    def keep(self, change: Change) -> None:
        """Keep what a turn changed, with the events that say so: all of it or nothing."""
        with self._ledger.transaction() as db:
            for device_key, device in change.devices.items():
                _put(db, "room_device", device_key, device, _COLUMNS)
            for room_key, verdict in change.verdicts.items():
                _put(db, "room_verdict", room_key, verdict, (*_COLUMNS[:2], "room"))
            for key, one in change.conditions.items():
                _keep_condition(db, key, one)
            for day in change.days:
                _keep_day(db, day)
            self._journal.add(db, change.notes)
            if change.looked:
                db.execute("DELETE FROM room_looked")
                db.execute("INSERT INTO room_looked VALUES (?)", (change.looked,))

    def tidy(self, before: date) -> None:
        """Delete days before *before*."""
        with self._ledger.transaction() as db:
            db.execute("DELETE FROM room_day WHERE day < ?", (str(before),))

    def _days(self, where: str, *values: str) -> list[RoomDay]:
        query = f"""SELECT day, region, school, room, on_ns, on_known, "on", on_since,
            good_ns, good_known, good, good_since, open FROM room_day WHERE {where}"""  # noqa: S608
        with self._ledger.transaction() as db:
            return [_day(row) for row in db.execute(query, values)]


_RAISED: Final = 1
"""A column of earlier versions, which kept from the rules what began at night."""
_COLUMNS: Final = ("region", "school", "agent", "device")


def _put(
    db: sqlite3.Connection, table: str, key: Sequence[str], what: Any, columns: Iterable[str]
) -> None:
    if what is None:
        named = " AND ".join(f"{name} = ?" for name in columns)
        db.execute(f"DELETE FROM {table} WHERE {named}", tuple(key))  # noqa: S608 — our words
        return
    marks = ", ".join("?" * (len(key) + 1))
    body = msgspec.json.encode(what)
    db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", (*key, body))  # noqa: S608


def _keep_condition(db: sqlite3.Connection, key: ConditionKey, one: Condition | None) -> None:
    if one is None:
        query = """DELETE FROM room_condition
            WHERE kind = ? AND region = ? AND school = ? AND target = ?"""
        db.execute(query, tuple(key))
        return
    details = msgspec.json.encode(one.details)
    row = (*key, one.since, _RAISED, details)
    db.execute("INSERT OR REPLACE INTO room_condition VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _keep_day(db: sqlite3.Connection, one: RoomDay) -> None:
    usage, order = one.usage, one.order
    row = (
        *(str(one.day), *one.key),
        *(usage.up, usage.known, usage.line, usage.since),
        *(order.up, order.known, order.line, order.since),
        one.open,
    )
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT OR REPLACE INTO room_day VALUES ({marks})", row)  # noqa: S608 — marks


def _day(row: tuple[Any, ...]) -> RoomDay:
    day, region, school, room, *rest, is_open = row
    usage, order = (Uptime(*rest[n : n + 4]) for n in (0, 4))
    key = RoomKey(region, school, room)
    return RoomDay(date.fromisoformat(day), key, usage, order, bool(is_open))


def line(value: bool | None) -> Line:
    """Return a state that may be unknown as `Uptime` counts it."""
    return "unknown" if value is None else "up" if value else "down"

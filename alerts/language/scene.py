"""An engine in memory on which a timeline is played: what `schoolwatch rules test` runs.

The same engine and the same tables as in the collector; only what the collector adds to them is
simpler: events are in the log at once, and an agent's lane is what the timeline says.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from alerts.engine import Engine
from alerts.facts import Members, ReadingFact, Row, Sight, Wrong
from alerts.language.file import read_rules
from alerts.language.timeline import EPOCH, WHO, CaseTable
from alerts.rowfacts import FULL
from alerts.rules import Rule
from alerts.texts import Words
from core.alerts import Notification
from core.clock import SECOND
from core.types import Event, Identity, Value

BEGINS: Final = 1_795_374_585 * SECOND
"""A night of the week, so that nothing is as urgent as in school time."""
ZONE: Final = ZoneInfo("Asia/Shanghai")
_HOST: Final = Identity(*WHO.split("/"))
NOBODY: Final[Mapping[str, Members]] = {}
_LONG_S: Final = 3 * 3_600.0
"""Beyond, time passes by minutes."""


@dataclass(frozen=True, slots=True)
class _Row:
    row: int
    who: str
    epoch: str
    seq: int
    index: int
    received: int
    body: bytes


@dataclass
class Memory:
    """A database and a log of events that are gone with the process."""

    db: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))
    written: list[_Row] = field(default_factory=list)
    cursor: int = 0
    waiting: dict[str, set[int]] = field(default_factory=dict)
    complete: dict[str, int] = field(default_factory=dict)
    read: int = 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the database."""
        with self.db:
            yield self.db

    def rows(self, db: sqlite3.Connection, limit: int) -> Sequence[Row]:
        """Return what was written behind the cursor."""
        self.read = self.cursor
        return self.written[self.cursor : self.cursor + limit]

    def move(self, db: sqlite3.Connection, row: int) -> None:
        """Move the cursor."""
        self.cursor = row

    def batch(self, db: sqlite3.Connection, row: Row) -> tuple[Row | None, int]:
        """Return the row that a batch has as a whole, and how many events of it there are."""
        key = (row.who, row.epoch, row.seq)
        found = [one for one in self.written if (one.who, one.epoch, one.seq) == key]
        head = next((one for one in found if one.index < 0), None)
        return head, len(found) - (head is not None)

    def record(
        self,
        db: sqlite3.Connection,
        kind: str,
        target: str,
        subject: str,
        details: Mapping[str, Any],
        *,
        active: bool = True,
        failed: str = "",
    ) -> None:
        """No audit log is kept of a timeline."""

    def past(self) -> int:
        """Nothing was there before."""
        return 0

    repeated = past
    restored_at = past

    def caught_up(self, place: str) -> bool:
        """Return whether an agent has connected, and nothing that it held back is missing."""
        if place.count("/") != 2:
            return True
        if self.waiting.get(place) != set():
            self.complete.pop(place, None)
            return False
        # What came last may not be read yet, so the rows up to there count too.
        row = self.complete.setdefault(place, len(self.written))
        return self.read >= row

    def write(self, who: str, epoch: str, seq: int, bodies: Mapping[int, bytes], at: int) -> None:
        """Write what happened, by its place in the batch."""
        for index, body in bodies.items():
            self.written.append(_Row(len(self.written) + 1, who, epoch, seq, index, at, body))
        if epoch == EPOCH:
            self.waiting.get(who, set()).discard(seq)


class Play:
    """One timeline's own engine; `rules` are what it goes by."""

    def __init__(self, case: CaseTable, rules: Sequence[Rule], folder: Path) -> None:
        self._rules, self._folder, self._messages = rules, folder, case.messages
        self._began = _begins(case, ZONE)
        self._at, self._seqs = self._began, dict[tuple[str, str], int]()
        self.memory = Memory()
        self._engine = self._started()

    def _started(self) -> Engine:
        return Engine(
            self.memory,
            Words(lambda place: place, ZONE),
            channels=("duty",),
            rules=self._rules,
            messages=self._messages,
            now=lambda: self._at,
        )

    def at(self, seconds: float) -> int:
        """Return the moment (ns) so many seconds after the beginning."""
        return self._began + int(seconds * SECOND)

    def now(self) -> float:
        """Return the seconds since the beginning."""
        return (self._at - self._began) / SECOND

    def wait(self, seconds: float, step_s: float = 1) -> None:
        """Let time pass, a second at a time, or by minutes where it is long."""
        step = int(step_s * SECOND) if seconds <= _LONG_S or step_s > 1 else 60 * SECOND
        end = self._at + int(seconds * SECOND)
        while self._at < end:
            self._at = min(end, self._at + step)
            self._engine.tick()

    def say(
        self, *found: Event, who: Identity = _HOST, epoch: str = EPOCH, full: int | None = None
    ) -> None:
        """Have a batch of events arrive."""
        bodies = {n: _body(event, full is not None) for n, event in enumerate(found)}
        if full is not None:
            listed = {"kind": FULL, "target": "", "subject": "", "active": False, "at": full}
            body = msgspec.json.encode(listed | {"details": {"events": len(found)}})
            bodies = {-1: body, **bodies}
        self._write(str(who), epoch, bodies)

    def note_of(
        self, kind: str, target: str, subject: str, *, active: bool = True, **details: Any
    ) -> None:
        """Have the collector say something."""
        said = Event(kind, target, subject, active, self._at, details=details)
        self._write("collector/d1", EPOCH, {0: _body(said)})

    def _write(self, who: str, epoch: str, bodies: Mapping[int, bytes]) -> None:
        seq = self._seqs[who, epoch] = self._seqs.get((who, epoch), 0) + 1
        self.memory.write(who, epoch, seq, bodies, self._at)
        while self._engine.rows():
            pass

    def read(
        self,
        measurement: str,
        tags: Mapping[str, str],
        who: Identity = _HOST,
        **fields: Value,
    ) -> None:
        """Have a fresh reading arrive."""
        self._engine.readings([ReadingFact(str(who), measurement, tags, fields, self._at)])

    def see(
        self,
        *wrong: Wrong,
        covers: Sequence[str],
        unknown: Sequence[str] = (),
        members: Mapping[str, Members] = NOBODY,
    ) -> None:
        """Have the live picture looked at."""
        places = frozenset(unknown)
        self._engine.see(Sight(self._at, frozenset(covers), wrong, places, members=members))

    def born(self, who: Identity = _HOST, holds: int = 0) -> None:
        """Have an agent connect."""
        before = self._seqs.get((str(who), EPOCH), 0)
        self.memory.waiting[str(who)] = {n for n in range(1, holds + 1) if n > before}

    def heard(self, who: Identity) -> None:
        """Hear an agent."""
        self._engine.heard(str(who))

    def restart(self) -> None:
        """Start anew on the same database."""
        self.memory.waiting.clear()
        self._engine = self._started()

    def take(self, name: str) -> None:
        """Go on with the rules of another file."""
        self._rules = read_rules(self._folder / name).rules
        self._engine.take_rules(self._rules)

    def told(self) -> list[str]:
        """Return each message in short."""
        return [in_short(message, self._began) for message in self._messages_made()]

    def listed(self) -> list[str]:
        """Return what the list of alerts shows."""
        return listed(self.memory.db, self._began)

    def titles(self) -> list[str]:
        """Return the Chinese title of each message."""
        return [message.title.zh for message in self._messages_made()]

    def severities(self) -> list[str]:
        """Return the severity of each message."""
        return [message.severity for message in self._messages_made()]

    def _messages_made(self) -> list[Notification]:
        found = self.memory.db.execute("SELECT body FROM alert_message ORDER BY number").fetchall()
        return [msgspec.json.decode(body, type=Notification) for (body,) in found]


def in_short(message: Notification, began: int) -> str:
    """Return a message in short: seconds since the beginning, begins or ends, and of what."""
    words = {"FIRST": "begins", "ALL_RESOLVED": "ends", "SOME_RESOLVED": "ends"}
    seconds = (message.at - began) // SECOND
    if message.total > 1:
        counts = ", ".join(f"{n} {rule}" for rule, n in sorted(message.counts.items()))
        return f"{seconds}s {message.reason} {counts}"
    (telling,) = message.alerts
    late = " late" if telling.alert.late else ""
    return f"{seconds}s {words[message.reason]} {telling.alert.key.rule}{late}"


def listed(db: sqlite3.Connection, began: int) -> list[str]:
    """Return when each alert of *db* began and ended, in seconds since the beginning."""
    query = "SELECT rule, fired_at, ended_at FROM alert WHERE fired_at > 0 ORDER BY number"
    found = []
    for rule, fired_at, ended_at in db.execute(query).fetchall():
        found.append((fired_at, f"{(fired_at - began) // SECOND}s begins {rule}"))
        if ended_at:
            found.append((ended_at, f"{(ended_at - began) // SECOND}s ends {rule}"))
    return [text for _, text in sorted(found, key=lambda one: one[0])]


def _begins(case: CaseTable, zone: tzinfo) -> int:
    if case.begins is None:
        return BEGINS
    begins = case.begins if case.begins.tzinfo else case.begins.replace(tzinfo=zone)
    return int(begins.timestamp()) * SECOND


def _body(event: Event, full: bool = False) -> bytes:
    return msgspec.json.encode(
        {
            "kind": event.kind,
            "target": event.target,
            "subject": event.subject,
            "active": event.active,
            "at": event.at,
            "details": event.details,
            "full": full,
        }
    )

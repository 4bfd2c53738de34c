"""Incidents while the collector runs: who judged them, and what is overdue.

What a person does is in the audit log before it is done (acting.py). That a clock ran out is
recorded once, and is an alert to the district until somebody says that it was reported.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final, NamedTuple, Protocol

from alerts.facts import Sight, Wrong
from alerts.incidents import judging, pack, rows
from alerts.incidents.clocks import (
    CLOCKS,
    Due,
    IncidentsTable,
    Step,
    Workday,
    due,
    read_incidents,
)
from alerts.incidents.handling import ASKED, Class, Handled, handled
from alerts.incidents.incident import Incident
from alerts.recall.usual import is_weekday
from alerts.tables import create
from alerts.targets.shares import percent_at_least, reaches
from collector import acting
from collector.auditrecord import By
from collector.books import Books
from collector.config import CollectorConfig
from collector.journal import Note
from core import clock
from core.clock import rfc3339
from core.errors import StoreBusy
from core.readonly import read_only

EVERY_S: Final = 60.0
RULE: Final = "report_overdue"
_CLASSES: Final[Mapping[Class, Mapping[str, str]]] = {
    "worse": {"grade": "较大及以上", "grade_en": "较大 and above"},
    "ordinary": {"grade": "一般", "grade_en": "一般"},
}
HANDLING: Final = "target_handling"
"""Shown to the rules once for each class of grades."""
MOST: Final = 500
"""Incidents in one answer; those that are not closed first."""


Change = Callable[[sqlite3.Connection], tuple[Incident, dict[str, Any]]]
"""Changes an incident; returns it, and what there is to say of that."""


class Judged(NamedTuple):
    """An incident with its clocks at one moment."""

    incident: Incident
    dues: Sequence[Due]


class Person(Protocol):
    """Who does something, as whoever signed in."""

    @property
    def name(self) -> str:
        """What goes into the record."""

    @property
    def role(self) -> str:
        """`district`, or one that may not."""

    @property
    def by(self) -> By:
        """Who it is for the audit log."""


class Incidents:
    """Every method but `minute` blocks and raises StoreBusy where the database refuses, what
    acts AuditStopped; for any thread. Raises ConfigError when made."""

    def __init__(
        self,
        config: CollectorConfig,
        books: Books,
        see: Callable[[Sight], None],
        now: clock.Clock = clock.now,
        *,
        workday: Workday = is_weekday,
    ) -> None:
        self._workday = workday
        self._books, self._see, self._now = books, see, now
        self._zone = config.collector.tz()
        self._noted: set[str] = set()
        """What this process recorded already; a record says it once anyhow."""
        path = config.alerts.incidents_file
        self.table = read_incidents(path) if path else IncidentsTable(clock=CLOCKS)
        with books.ledger.transaction() as db:
            create(db)

    # What is asked.

    def listed(self, place: str = "") -> list[Judged]:
        """Return the newest incidents at a place, or all, with their clocks."""
        with self._reading() as db:
            found = rows.newest(db, MOST, place)
        return self._judged(found)

    def one(self, number: int) -> Judged | None:
        """Return one incident with its clocks, if there is one of that number."""
        with self._reading() as db:
            found = rows.incident(db, number)
        return self._judged([found])[0] if found else None

    def draft(self, number: int, step: Step) -> str:
        """Return a draft of a report; raises Refused before somebody confirmed the grade."""
        with self._reading() as db:
            found = rows.incident(db, number)
        if found is None:
            raise judging.Refused("no_incident", f"没有编号为 {number} 的事件")
        name_of = self._books.live.name_of
        return pack.draft(found, step, self.table.unit, name_of, self._zone)

    # What people do; each raises Refused.

    def confirm(
        self, number: int, grade: str, actor: Person, note: str, concerns: Iterable[str] = ()
    ) -> Judged:
        """Keep the grade that a named person confirms."""
        at, names = self._now(), tuple(concerns)

        def confirm(db: sqlite3.Connection) -> tuple[Incident, dict[str, Any]]:
            found = judging.confirm(
                *(db, number, grade, actor.name, note, at), role=actor.role, concerns=names
            )
            said = {"grade": grade, "proposed": found.proposed, "by": actor.name, "note": note}
            return found, said | {"concerns": sorted(names)}

        return self._done("incident_confirmed", actor, confirm)

    def reported(self, number: int, of: str, actor: Person, note: str) -> Judged:
        """Keep that a person reported what the clock *of* asks for, outside of this program."""
        at = self._now()

        def report(db: sqlite3.Connection) -> tuple[Incident, dict[str, Any]]:
            found = judging.reported(
                *(db, number, of, actor.name, note, at), role=actor.role, clocks=self.table.clock
            )
            return found, {"clock": of, "by": actor.name, "note": note}

        return self._done("incident_reported", actor, report)

    def close(self, number: int, actor: Person, note: str) -> Judged:
        """Keep that an incident was dealt with, and how."""
        at = self._now()

        def close(db: sqlite3.Connection) -> tuple[Incident, dict[str, Any]]:
            found = judging.close(db, number, actor.name, note, at, role=actor.role)
            return found, {"by": actor.name, "note": note}

        return self._done("incident_closed", actor, close)

    # Its life.

    async def minute(self) -> None:
        """Look at every clock; raises StoreBusy and sqlite3.Error, to look again."""
        at = self._now()
        running = await asyncio.to_thread(self._running)
        overdue = await asyncio.to_thread(self._overdue, running)
        wrong = [self._wrong(one, late) for one, late in overdue]
        self._see(Sight(at, frozenset({RULE}), wrong))
        how = handled(running, self.table.limits, at, self._zone, self._workday)
        missed = [_missed(of, one, at) for of, one in how.items() if _is_missed(of, one)]
        self._see(Sight(at, frozenset({HANDLING}), missed))

    def _running(self) -> list[Incident]:
        with self._reading() as db:
            return rows.running(db)

    def _overdue(self, found: Sequence[Incident]) -> list[tuple[Incident, Due]]:
        late = [
            (one.incident, said)
            for one in self._judged(found)
            for said in one.dues
            if said.state == "overdue"
        ]
        fresh = [note for one in late if (note := _note_of(*one)).once not in self._noted]
        self._books.journal.note(*fresh)
        self._noted = {_note_of(*one).once for one in late}
        return late

    def _judged(self, found: Iterable[Incident]) -> list[Judged]:
        at = self._now()
        clocks, zone, workday = self.table.clock, self._zone, self._workday
        return [Judged(one, due(clocks, one, at, zone, workday)) for one in found]

    def _wrong(self, one: Incident, late: Due) -> Wrong:
        details = {
            "number": one.number,
            "step": late.clock.step,
            "to": late.clock.to,
            "to_en": late.clock.to_en,
            "limit": late.clock.limit,
            "grade": one.grade or one.proposed,
            "confirmed": bool(one.grade),
            "source": late.clock.source,
        }
        return Wrong(RULE, "", late.until, f"{one.number} {late.clock.name}", details)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection of its own, so that what writes does not wait."""
        with _refusing(), closing(read_only(self._books.ledger.path)) as db:
            yield db

    def _done(self, kind: str, actor: Person, change: Change) -> Judged:
        def perform(db: sqlite3.Connection) -> tuple[Incident, list[Note]]:
            one, details = change(db)
            return one, [Note(kind, one.place, str(one.number), details, by=actor.by)]

        with _refusing():
            found = acting.act(self._books.ledger.transaction, self._books.journal, perform)
        return self._judged([found])[0]


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreBusy(f"the incidents cannot be read or kept now: {error}") from error


def _is_missed(of: Class, one: Handled) -> bool:
    return bool(one.due) and not reaches(one.good, one.due, ASKED[of])


def _missed(of: Class, one: Handled, at: int) -> Wrong:
    details = {
        "indicator": "I-26",
        "value": f"{percent_at_least(one.good, one.due):.2f}",
        "target": f"{float(ASKED[of] * 100):g}",
        "good": one.good,
        "known": one.due,
        "late": one.late,
        **_CLASSES[of],
    }
    return Wrong(HANDLING, "", at, of, details)


def _note_of(one: Incident, late: Due) -> Note:
    details = {
        "clock": late.clock.name,
        "until": rfc3339(late.until),
        "grade": one.grade or one.proposed,
        "confirmed": bool(one.grade),
    }
    once = f"{one.number}/{late.clock.name}/{late.until}"
    return Note(RULE, one.place, f"{one.number}/{late.clock.name}", details, once)

"""What people do to alerts: each act is one transaction with its row of the audit log.

Who they are is the web part's business (collector/web/actors.py); what may be done when is
alerts/acks.py's. A kill between an act and its answer leaves the act, and saying it again changes
nothing.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from alerts import acks
from alerts.acks import Ack, Handled, How
from alerts.links import NO_LINKS, AckLinks
from alerts.people.accounts import NOBODY, Accounts
from collector.journal import Journal, Note
from core import clock
from core.errors import StoreBusy, StoreError

KEY_FILE: Final = "ack-links.key"
"""In the collector's folder; without it the links that are on their way are worth nothing."""

_log = logging.getLogger(__name__)

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something: `by` is what others see, `subject` the account or the receiver.

    `address` is where the request came from.
    """

    by: str
    role: str
    how: How
    subject: str
    address: str


@dataclass(slots=True)
class People:
    """Every method blocks, and raises StoreBusy where the database refuses, ActRefused where the
    alert does.

    `receivers` names the school of each channel that links go to, "" for the district's.
    `behind_proxy`: addresses are what the server before us says.
    """

    transaction: Transaction
    journal: Journal
    accounts: Accounts = NOBODY
    links: AckLinks = NO_LINKS
    receivers: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""
    behind_proxy: bool = False
    now: clock.Clock = clock.now

    @property
    def secure(self) -> bool:
        """Whether people reach the pages by https."""
        return self.base_url.startswith("https://")

    def take(self, accounts: Accounts) -> None:
        """Go on with other accounts; sessions of those that are gone end at their next request."""
        self.accounts = accounts

    def note(self, *notes: Note) -> None:
        """Keep what was done in the audit log."""
        with self._working() as db:
            self.journal.add(db, notes)
        self._sync()

    def place(self, number: int) -> str:
        """Return where the alert is."""
        with self._working() as db:
            return acks.place_of(db, number)

    def acked(self, number: int) -> Ack | None:
        """Return who takes care of the alert."""
        with self._working() as db:
            return acks.acked(db, number)

    def acknowledge(self, number: int, who: Doer, note: str) -> tuple[Ack, bool]:
        """Keep that somebody takes care of the alert; return who does, and whether that is new."""
        with self._working() as db:
            at, said = self.now(), acks.plain(note)
            new = acks.acknowledge(db, number, who.by, who.role, who.how, said, at)
            found = acks.acked(db, number)
            assert found
            if new:
                self._add(db, "alert_acknowledged", number, who, note=said)
        self._sync(new=new)
        return found, new

    def undo(self, number: int, who: Doer) -> None:
        """Take back who takes care of the alert."""
        with self._working() as db:
            was = acks.undo(db, number, who.role, self.now())
            self._add(db, "alert_ack_undone", number, who, was=was.by)
        self._sync()

    def advance(self, number: int, stage: acks.Stage, who: Doer, note: str) -> bool:
        """Keep that the handling has come to *stage*; return whether that is new."""
        with self._working() as db:
            said = acks.plain(note)
            step = Handled(stage, self.now(), who.by, who.role, said)
            new = acks.advance(db, number, step)
            if new:
                self._add(db, "alert_handled", number, who, stage=stage, note=said)
        self._sync(new=new)
        return new

    def add(
        self, db: sqlite3.Connection, kind: str, target: str, who: Doer, **details: str | int
    ) -> None:
        """Put an act into the audit log, in the transaction that is under way."""
        about = {"by": who.by, "role": who.role, "how": who.how, "address": who.address}
        self.journal.add(db, [Note(kind, target, who.subject, {**about, **details})])

    def _add(
        self, db: sqlite3.Connection, kind: str, number: int, who: Doer, **details: str | int
    ) -> None:
        place = acks.place_of(db, number)
        self.add(db, kind, f"alert/{number}", who, number=number, place=place, **details)

    @contextlib.contextmanager
    def _working(self) -> Iterator[sqlite3.Connection]:
        try:
            with self.transaction() as db:
                yield db
        except sqlite3.Error as error:
            raise StoreBusy(f"this cannot be kept now, try again: {error}") from error

    def _sync(self, *, new: bool = True) -> None:
        """Have the audit log take it at once; where it cannot, it does by itself later."""
        if not new:
            return
        try:
            self.journal.sync()
        except (sqlite3.Error, StoreError, OSError) as error:
            _log.warning("the audit log has what people did only later: %s", error)

"""What people do to alerts: each act is done once its row is in the audit log (acting.py).

Who they are is the web part's business (collector/web/actors.py); what may be done when is
alerts/acks.py's. A kill between an act and its answer leaves the act, and saying it again changes
nothing. A kill between the row and the act leaves a row of what was not done.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from alerts import acks
from alerts.acks import Ack, Handled, How
from alerts.links import NO_LINKS, AckLinks
from alerts.people.accounts import NOBODY, Accounts, parse_accounts
from alerts.silences import Matchers, Silence
from collector import acting
from collector.acting import Perform, Transaction
from collector.alertground import AlertGround
from collector.auditrecord import By
from collector.books import Books
from collector.config import CollectorConfig
from collector.filewatch import FileWatch
from collector.journal import Journal, Note
from collector.silencing import Silencing
from collector.store.secretfile import kept_or_made, password
from core import clock
from core.errors import ConfigError, StoreBusy
from core.tomlfile import content_of

KEY_FILE: Final = "ack-links.key"
"""In the collector's folder; without it the links that are on their way are worth nothing."""

_log = logging.getLogger(__name__)
T = TypeVar("T")

Count = Callable[[str, str], None]
"""Counts a name and a reason, in the event loop."""


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

    @property
    def as_by(self) -> By:
        """Return them as the audit log names them; of a link only the receiver is known."""
        account = f"link:{self.subject}" if self.how == "link" else self.subject
        return By(account, self.by, self.role, self.address)


def _uncounted(_name: str, _reason: str) -> None:
    """Count nothing."""


@dataclass(slots=True)
class People:
    """Every method blocks, and raises StoreBusy where the database refuses, AuditStopped where the
    audit log does, ActRefused where the alert does.

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
    silencing: Silencing | None = None
    count: Count = _uncounted
    now: clock.Clock = clock.now

    @property
    def secure(self) -> bool:
        """Whether people reach the pages by https."""
        return self.base_url.startswith("https://")

    def take(self, accounts: Accounts) -> None:
        """Go on with other accounts; sessions of those that are gone end at their next request."""
        self.accounts = accounts

    def note(self, *notes: Note) -> None:
        """Keep what was done in the audit log, now or when it can be written again."""
        with _refusing():
            self.journal.note(*notes)
        self.journal.sync_or_later()

    def act(self, *notes: Note) -> None:
        """Keep what is about to be done; raises AuditStopped, and then it must not be done."""
        self.journal.act(*notes)

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
        at, said = self.now(), acks.plain(note)

        def acknowledge(db: sqlite3.Connection) -> tuple[tuple[Ack, bool], list[Note]]:
            new = acks.acknowledge(db, number, who.by, who.role, who.how, said, at)
            found = acks.acked(db, number)
            assert found
            notes = [_note(db, "alert_acknowledged", number, who, note=said)] if new else []
            return (found, new), notes

        return self._acted(acknowledge)

    def undo(self, number: int, who: Doer) -> None:
        """Take back who takes care of the alert."""

        def undo(db: sqlite3.Connection) -> tuple[None, list[Note]]:
            was = acks.undo(db, number, who.role, self.now())
            return None, [_note(db, "alert_ack_undone", number, who, was=was.by)]

        self._acted(undo)

    def advance(self, number: int, stage: acks.Stage, who: Doer, note: str) -> bool:
        """Keep that the handling has come to *stage*; return whether that is new."""
        said = acks.plain(note)
        step = Handled(stage, self.now(), who.by, who.role, said)

        def advance(db: sqlite3.Connection) -> tuple[bool, list[Note]]:
            new = acks.advance(db, number, step)
            told = _note(db, "alert_handled", number, who, stage=stage, note=said)
            return new, [told] if new else []

        return self._acted(advance)

    def silences(self) -> Sequence[Silence]:
        """Return silences, the newest first, those that are over among them."""
        with _refusing():
            return self.silencing.silences() if self.silencing else ()

    def silenced(self, number: int) -> Silence | None:
        """Return the silence of that number, if there is one."""
        with _refusing():
            return self.silencing.one(number) if self.silencing else None

    def silence(self, who: Doer, reason: str, matchers: Matchers, ends_at: int) -> Silence:
        """Have nobody told of some alerts until *ends_at* (ns); raises BadSilence."""
        assert self.silencing
        said = acks.plain(reason)
        with _refusing():
            return self.silencing.silence(who.by, said, matchers, ends_at, who=who.as_by)

    def end_silence(self, number: int, who: Doer) -> bool:
        """End a silence; return whether it still lasted."""
        assert self.silencing
        with _refusing():
            return self.silencing.end_silence(number, who.by, who=who.as_by)

    def _acted(self, perform: Perform[T]) -> T:
        with _refusing():
            return acting.act(self.transaction, self.journal, perform)

    @contextlib.contextmanager
    def _working(self) -> Iterator[sqlite3.Connection]:
        with _refusing(), self.transaction() as db:
            yield db


def _note(db: sqlite3.Connection, kind: str, number: int, who: Doer, **details: str | int) -> Note:
    """Return what there is to record of an act."""
    about = {"by": who.by, "role": who.role, "how": who.how, "address": who.address}
    about |= {"place": acks.place_of(db, number)}
    said = {"number": number, **about, **details}
    return Note(kind, f"alert/{number}", who.subject, said, by=who.as_by)


def open_people(
    config: CollectorConfig,
    books: Books,
    ground: AlertGround,
    receivers: Mapping[str, str],
    silencing: Silencing,
) -> tuple[People, list[FileWatch]]:
    """Return who may act, and the watch on the file that says so.

    Where it cannot be used nobody may, until it can: a copy of what was last taken could let in
    somebody who was removed since (docs/accounts.md).
    """
    table, folder = config.alerts, config.collector.folder
    people = People(
        ground.transaction,
        books.journal,
        receivers=receivers,
        base_url=table.base_url,
        behind_proxy=config.http.behind_proxy,
        silencing=silencing,
        count=partial(_count, books),
        now=books.journal.now,
    )
    if table.base_url:
        key, _ = kept_or_made(folder / KEY_FILE, password)
        people.links = AckLinks(table.base_url, key.encode(), people.now)
    if not table.accounts_file:
        return people, []
    path, content = table.accounts_file, None
    try:
        content = content_of(path)
        people.take(parse_accounts(path, content))
    except ConfigError as error:
        content = None
        _log.error("%s cannot be used, so nobody can sign in until it can: %s", path, error)
    return people, [FileWatch(path, content, parse_accounts, people.take, books.journal)]


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreBusy(f"this cannot be kept now, try again: {error}") from error


def _count(books: Books, name: str, reason: str) -> None:
    books.counters.add(name, reason=reason)

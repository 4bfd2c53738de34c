"""The collector of the model: the real handlers, books and inboxes over a store in memory."""

import random
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any, TypeVar

from collector import eventpoints
from collector.asking import Asking
from collector.audit import AuditLog
from collector.auditrecord import EventRow, line_of
from collector.books import Books
from collector.chores import CommitCounter
from collector.counters import Counters
from collector.deadletters import DeadLetters
from collector.dispatch import ByChannel
from collector.door import Door
from collector.eventrows import PAGE, EventRows
from collector.events import Events
from collector.inbox import Handler, Inbox
from collector.journal import Journal
from collector.ledger import Ledger
from collector.linecheck import Checked, LineCheck
from collector.live import Live, may_hear
from collector.patience import Patience, Stopping
from collector.readings import Readings
from collector.receipts import Receipts
from collector.restore import restore
from collector.rollups.marks import Marks
from collector.sorting import Sorter
from collector.states import States
from collector.store.base import Curves, CurvesQuery, LastValue, RangeQuery, RefusedLine, Series
from core.errors import StartError, StoreBusy, StoreError, StoreStopped
from core.lineprotocol import parse_fields, split_line
from core.mqtt import Message
from core.types import Identity, Value
from tests.collector.counting import count
from tests.model.agent import COLLECTOR
from tests.model.broker import CHANNELS, Broker, Channel
from tests.model.stepping import Crash, Fuse, Time, Timer, run

_T = TypeVar("_T")
REGION = "330100"
NUMBER = re.compile(rb"used=([0-9]+)i")
REFUSED_BY_STORE = b"free="
CRASHES = b"slab="
"""Fields that mark a line as poison."""
Said = tuple[Value, ...]


@dataclass
class MemoryStore:
    """A store that can be busy, and that can be set back; `lines` is what it has, by number.

    Of the points of events it has row, kind, subject and `active`; one of the same series and time
    takes the place of another.
    """

    lines: set[int] = field(default_factory=set)
    events: dict[tuple[bytes, bytes], tuple[Value, Said]] = field(default_factory=dict)
    busy: bool = False
    count: int = 0
    restored: bool = False
    """It was set back, and nobody has noticed."""

    def copy(self, *, restored: bool) -> "MemoryStore":
        """Return it as a backup has it, or as it is when that was *restored*."""
        return MemoryStore(set(self.lines), dict(self.events), count=self.count, restored=restored)

    def write(self, lines: bytes) -> Sequence[RefusedLine]:
        if self.busy:
            raise StoreBusy("the model says so")
        refused = []
        for line in lines.splitlines():
            if REFUSED_BY_STORE in line:
                refused.append(RefusedLine(line, "another type"))
            elif line.startswith(b"event,"):
                head, fields, time = split_line(line)
                said = parse_fields(fields)
                known = (said["word"], said["subject"], said["active"])
                self.events[head, time] = said["row"], known
            else:
                self.lines |= numbers(line)
        return refused

    def counter(self) -> int:
        return self.count

    def set_counter(self, value: int) -> None:
        self.count = value

    def range(self, query: RangeQuery) -> Sequence[Series]:
        return []

    def last(self, measurement: str, tags: Any, since: int) -> Sequence[LastValue]:
        return []

    def curves(self, query: CurvesQuery) -> Sequence[Curves]:
        return []

    def expire(self, before: int) -> int:
        return 0

    def close(self) -> None:
        """Nothing is open."""


class Log(AuditLog):
    """The real log, on a disk that may be full."""

    def __init__(self, folder: Path, is_full: Callable[[], bool]) -> None:
        super().__init__(folder)
        self._is_full = is_full

    def append(self, rows: Sequence[EventRow]) -> None:
        if self._is_full():
            raise StoreStopped("the model says so")
        super().append(rows)


class Poisonable(LineCheck):
    """The real check, with a defect: lines of one kind make it fail."""

    def check(self, lines: bytes, who: Identity, at: int, *, accounted: bool) -> Checked:
        if CRASHES in lines:
            raise RuntimeError("a defect that one batch meets")
        return super().check(lines, who, at, accounted=accounted)


class InlinePatience(Patience):
    """Each piece of work is a commit point; what is refused for now is left for another time."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse

    async def persist(self, work: Callable[[], _T]) -> _T:
        self._fuse.burn()
        try:
            result = work()
        except StoreError:
            raise Stopping from None
        self._fuse.burn()
        return result


@dataclass
class Source:
    """Where the inbox acknowledges."""

    broker: Broker
    channel: Channel
    fuse: Fuse

    def acknowledge(self, message: Message) -> None:
        self.fuse.burn()
        self.broker.acknowledged(self.channel, message.mid)

    def read(self, *, on: bool) -> None:
        """The schedule delivers."""


@dataclass
class District:
    """One collector process after another on one folder."""

    folder: Path
    broker: Broker
    time: Time
    store: MemoryStore = field(default_factory=MemoryStore)
    fuse: Fuse = field(default_factory=Fuse)
    alive: bool = False
    log_is_full: bool = False
    """The disk of the audit log."""
    conn: int = 0
    books: Books = field(init=False)
    counter: CommitCounter = field(init=False)
    inboxes: dict[Channel, Inbox] = field(init=False)

    @property
    def ledger_path(self) -> Path:
        """The file that is backed up and lost."""
        return self.folder / "ledger.db"

    def start(self) -> None:
        """Open the files, ask everybody for a birth, connect."""
        try:
            self.books = self._open_books()
        except StartError as error:
            raise AssertionError(f"the start refuses: {error}") from error
        books, now = self.books, self.time.now
        patience = InlinePatience(self.fuse)
        sorter = Sorter({REGION}, books.ledger.rows, Poisonable())
        events, states = Events({REGION}, books, patience), States({REGION}, books, patience)
        handlers: dict[Channel, Handler] = {
            "readings": Readings(self.store, sorter, books, patience),
            "state": ByChannel({"events": events}, states),
        }
        self.inboxes = {c: Inbox(c, handlers[c], books.counters, now) for c in CHANNELS}
        for channel, inbox in self.inboxes.items():
            inbox.source = Source(self.broker, channel, self.fuse)
        self.counter = CommitCounter(books.ledger, self.store, books.journal, now)
        books.asking.everybody(books.live.agents())
        self.count()
        self.alive = True
        self.connect()

    def connect(self) -> None:
        """Connect both sessions anew; what was not acknowledged comes again."""
        self.conn += 1
        for channel in CHANNELS:
            present = self.broker.attach(channel)
            self.inboxes[channel].connected(session_present=present)
            self.books.door.connected(channel)

    def collect(self, channel: Channel, count: int = 1_000) -> None:
        """Take messages from the broker and handle what waits; a crash ends the process."""
        for message in self.broker.hand_over(channel, count, self.conn):
            self.inboxes[channel].put(message)
        try:
            run(self.inboxes[channel].drain())
        except Stopping:
            return
        except Crash:
            self.crash()

    def flush(self) -> None:
        """Send the receipts that were gathered."""
        self.books.receipts.flush()

    def tick(self) -> None:
        """Do what is done by the clock: ask for births, count commits, sync the audit log."""
        opening, live = self.books.door.opening(), self.books.live
        now = self.time.at
        self.books.asking.tick(lambda who: may_hear(live.state(who).known, now, opening))
        self.count()
        with suppress(StoreError):
            self.books.journal.sync()
        with suppress(StoreError):
            eventpoints.write(self.books.journal, self.store)

    def count(self) -> None:
        """Count commits, and ask everybody where the ledger went back; as the chore does."""
        back = count(self.counter)
        self.store.restored &= back != "store"  # from now on it lacks nothing that is known
        if back == "ledger":
            self.books.asking.everybody(self.books.live.await_answers(self.books.ledger.agents()))

    def crash(self) -> None:
        """Die as by kill -9; what was handed over and not acknowledged comes again."""
        self.fuse.left = 0
        self.alive = False
        self.books.ledger.close()

    def tear(self, thousandths: int) -> None:
        """Leave in the audit log a part of what was on its way there when the process died."""
        ledger = Ledger(self.ledger_path)
        log = self.books.journal.log
        rows = EventRows(ledger).after(log.row, PAGE)
        ledger.close()
        if rows and thousandths:
            path, _ = next(iter(log._placed(rows)))
            data = b"".join(map(line_of, rows))
            with path.open("ab") as file:
                file.write(data[: len(data) * thousandths // 1_000])

    def _open_books(self) -> Books:
        now, counters = self.time.now, Counters()
        ledger = Ledger(self.ledger_path)
        log = Log(self.folder / "audit", lambda: self.log_is_full)
        journal = Journal(COLLECTOR, EventRows(ledger), log, now)
        restore(journal)
        letters = DeadLetters(self.folder / "dead-letter", max_bytes=10**7, keep_days=365, now=now)
        live = Live(COLLECTOR, {REGION}, [], ledger.agents())
        receipts = Receipts(
            *(COLLECTOR, self.broker.answer, live.backlogs, counters),
            spare_bytes_per_s=1_000_000,
            now=now,
            later=lambda _seconds, what: Timer(what),
        )
        rng = random.Random(2)
        asking = Asking(receipts.ask_birth, now=now, monotonic=self.time.monotonic, rng=rng)
        marks = Marks(ledger, 10**18, UTC, now)
        return Books(ledger, live, letters, journal, receipts, asking, counters, Door(now), marks)


def numbers(text: bytes) -> set[int]:
    """Return the numbers of the readings in *text*."""
    return {int(found) for found in NUMBER.findall(text)}

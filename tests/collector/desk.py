"""Everything between the broker and the receipt, on real files, without a broker."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from collector.books import Books
from collector.config import CollectorConfig, CollectorTable
from collector.dispatch import ByChannel
from collector.events import Events
from collector.evidence import segments
from collector.intake import Arrival, arrive
from collector.ledger import LaneKey
from collector.linecheck import LineCheck
from collector.parts import open_books
from collector.patience import Patience
from collector.readings import Readings
from collector.sorting import Sorter
from collector.states import States
from collector.store.base import RangeQuery, RefusedLine, Store
from collector.store.sqlite import SqliteStore
from core import messages, topics
from core.messages import Receipt
from core.mqtt import Message
from core.types import BatchKey, Identity, Value
from tests.collector.making import REGION, WHO, A, Clock


class Failing:
    """A store that refuses with each of *errors* in turn, and then works as *real* does."""

    def __init__(self, real: Store) -> None:
        self._real, self.errors, self.writes = real, list[Exception](), 0
        self.bodies: list[bytes] = []

    def write(self, lines: bytes) -> Sequence[RefusedLine]:
        self.writes += 1
        if self.errors:
            raise self.errors.pop(0)
        self.bodies.append(lines)
        return self._real.write(lines)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@dataclass
class Desk:
    """Hands messages to readings and states; `clock` gives their time of arrival."""

    folder: Path
    books: Books
    store: Failing
    readings: Readings
    states: ByChannel
    clock: Clock
    sent: list[tuple[str, Receipt]] = field(default_factory=list)

    async def take(self, *incoming: Message) -> None:
        """Take messages in, as many at once as the handler likes, and send the receipts."""
        for handler in (self.readings, self.states):
            mine = [
                m for m in incoming if m.topic.endswith("/readings") == (handler is self.readings)
            ]
            waiting = [self.arrived(m) for m in mine]
            while waiting:
                waiting = waiting[await handler.handle(waiting) :]
        self.books.receipts.flush()

    def arrived(self, message: Message) -> Arrival:
        return arrive(message, self.clock())

    def receipts(self, who: Identity = WHO) -> list[Receipt]:
        return [receipt for topic, receipt in self.sent if topic == topics.topic(who, "receipt")]

    def got(self, who: Identity = WHO, part: str = "got") -> list[tuple[BatchKey, str]]:
        """Every key that the receipts of *who* name, in order."""
        return [key for r in self.receipts(who) for key in messages.keys_of(getattr(r, part))]

    def seqs(self, who: Identity = WHO, part: str = "got") -> list[int]:
        return [key.seq for key, _ in self.got(who, part)]

    def received(self, who: Identity = WHO, epoch: str = A) -> list[tuple[int, int]]:
        key = LaneKey(who, epoch, "readings")
        return list(self.books.ledger.rows([key])[key].received.spans)

    def stored(
        self, who: Identity = WHO, measurement: str = "mem", name: str = "used"
    ) -> dict[int, Value]:
        """What the store has of one field of one agent, by time."""
        tags = {"school": who.school, "agent": who.agent}
        found = self.store.range(RangeQuery(measurement, name, 0, 2**62, tags=tags))
        return {at: value for series in found for at, value in series.points}

    def audited(self, *kinds: str) -> list[dict[str, Any]]:
        """The records of the audit log, of *kinds* if given."""
        return [r for r in audited_in(self.folder) if not kinds or r["kind"] in kinds]

    def letters(self) -> list[dict[str, Any]]:
        return letters_in(self.folder)

    def count(self, name: str, reason: str = "") -> int:
        return self.books.counters.all().get((name, reason), 0)


def letters_in(folder: Path) -> list[dict[str, Any]]:
    """Return the dead letters of a collector's folder, without one that is just being written."""
    files = sorted((folder / "dead-letter").glob("*.jsonl"))
    texts = (file.read_text() for file in files)
    return [json.loads(line) for text in texts for line in text.split("\n")[:-1]]


def audited_in(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a collector's audit log, in order."""
    audit = folder / "audit"
    files = segments.segments(audit) if audit.is_dir() else []  # it may be about to be made
    return [json.loads(line) for file in files for _, line in segments.numbered_lines(file)]


def open_desk(
    folder: Path,
    clock: Clock | None = None,
    *,
    leeway: Callable[[], int] = lambda: 0,
    real: Store | None = None,
) -> Desk:
    """Return a desk over *folder*; call it again for what a restart finds.

    *real* is the store, else SQLite in the folder.
    """
    clock = clock or Clock()
    table = CollectorTable(regions=(REGION,), folder=folder)
    sent: list[tuple[str, Receipt]] = []

    def publish(topic: str, payload: bytes) -> None:
        sent.append((topic, messages.read_receipt(payload)))

    folder.mkdir(exist_ok=True)
    books = open_books(CollectorConfig(collector=table), publish, clock)
    books.door.connected("readings")
    store = Failing(real or SqliteStore(folder / "store.db", now=clock))
    patience = Patience(
        asyncio.Event(),
        partial(books.held_up, "readings"),
        first_wait_s=0.001,
        stopped_wait_s=0.001,
    )
    sorter = Sorter({REGION}, books.ledger.rows, LineCheck(leeway=leeway))
    readings = Readings(store, sorter, books, patience)
    events = Events({REGION}, books, patience, leeway)
    states = ByChannel({"events": events}, States({REGION}, books, patience))
    return Desk(folder, books, store, readings, states, clock, sent)

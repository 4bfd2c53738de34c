"""What the collector does by the clock: its own reading, the commit counter, expiry.

Each chore that fails is done again at its next time; it says so once, and once when it works again.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from collector.books import Books
from collector.eventpoints import POINTS
from collector.journal import Journal, Note
from collector.ledger import Ledger, Restored
from collector.ledgerread import LedgerReader
from collector.overdue import Overdue
from collector.store.base import Store
from core import clock, lineprotocol
from core.clock import SECOND, rfc3339
from core.errors import StoreError
from core.types import Reading, Value

DAY: Final = 86_400 * SECOND

_MISSING: Final = {
    "store": "readings that came since then, and that agents have deleted, are missing from it",
    "ledger": "batches that came since then count as missing, and are taken again where they come",
}
# Checkpoints are rows of the events; a body is JSON, kept as bytes.
_LAST_BELOW: Final = """SELECT max(received) FROM (
    SELECT received, CAST(body AS TEXT) AS said FROM event WHERE who LIKE 'collector/%'
) WHERE json_extract(said, '$.kind') = 'checkpoint'
    AND json_extract(said, '$.details.counter') < :counter"""
COUNTED: Final = (
    *("messages", "batches", "repeated", "lines_stored", "lines_refused", "dead_letters"),
    *("refused_tags", "quarantined"),
)
"""Fields of the collector's own reading that its counters have."""

_log = logging.getLogger(__name__)


Back = Literal["", "ledger", "store"]
"""Which of the two was set back to an earlier state, if any."""


class Compared(NamedTuple):
    """The commit counters of ledger and store at one moment, and what they tell."""

    ledger: int
    store: int
    back: Back


def went_back(ledger: int, store: int) -> Back:
    """Return which of the two was set back to an earlier state, by their commit counters.

    The ledger counts first, so after a crash between the two the store is one behind.
    """
    if store > ledger:
        return "ledger"
    return "store" if store < ledger - 1 else ""


@dataclass(slots=True)
class CommitCounter:
    """Written to ledger and store each minute, so that one that went back is noticed."""

    ledger: Ledger
    store: Store
    journal: Journal
    now: clock.Clock = clock.now
    ledger_went_back: bool = False
    """Agents are to be told; whoever tells them sets it back."""
    _said: tuple[int, int] = (0, 0)
    """The counters of ledger and store that were last found apart, and recorded."""

    def compare(self) -> Compared:
        """Return both as they are now; takes as long as the store does.

        Each time: a store may have been away, and put back, between two counts.
        """
        mine, theirs = self.ledger.counter(), self.store.counter()
        return Compared(mine, theirs, went_back(mine, theirs))

    def record(self, found: Compared) -> None:
        """Keep what went back, once; asks nothing of the store."""
        mine, theirs, back = found
        if not back or (mine, theirs) == self._said:
            return
        told, self.journal.restored = self.journal.restored, False
        if back == "ledger" and told:
            self._said, self.ledger_went_back = (mine, theirs), True
            return  # by the audit log, at this start
        _log.error(
            "the %s went back to an earlier state (counters: ledger %d, store %d): %s",
            back,
            mine,
            theirs,
            _MISSING[back],
        )
        # A ledger that never counted is no older state of itself.
        what: Restored = "anew" if back == "ledger" and not mine else back
        self.ledger.record_restore(what, self.now())
        self._note(back, {"ledger": mine, "store": theirs})
        # Which points the store has now nobody knows: a ledger's backup has the cursor of a store
        # that may have gone back since. Points that are there overwrite themselves.
        self.journal.rows.set_cursor(POINTS, 0)
        self._said, self.ledger_went_back = (mine, theirs), back == "ledger"

    def advance(self, found: Compared) -> None:
        """Count one up in both; takes as long as the store does."""
        mine, theirs, back = found
        # A store that is behind gets our number first. Else the two would grow apart by
        # themselves while it can be read and not written.
        # A ledger that went back may have counted once more than the store heard of: a number
        # that it had then must not come again, or that state of it could not be told from now on.
        value = mine if mine > theirs else theirs + 1 + (back == "ledger")
        if back != "ledger":
            self.ledger.set_counter(value)
        self.store.set_counter(value)
        if back == "ledger":
            # Last, so that a store that takes nothing is not found two behind the next time.
            self.ledger.set_counter(value)

    def _note(self, back: str, counters: Mapping[str, int]) -> None:
        once = f"{back} {counters}"
        if back == "ledger":
            self.journal.note(Note("restored", "ledger.db", "", counters, once))
            return
        # Which readings: those that came between the two, as far as agents have deleted them.
        times = {"from": self._counted_below(counters["store"]), "until": self.now()}
        said = {name: rfc3339(at) if at else "" for name, at in times.items()}
        self.journal.note(Note("store_went_back", "store", "", {**counters, **said}, once))

    def _counted_below(self, counter: int) -> int:
        """Return when the store surely was older than with this *counter* (ns), 0 where unknown."""
        with self.journal.rows.ledger.transaction() as db:
            (at,) = db.execute(_LAST_BELOW, {"counter": counter}).fetchone()
        return int(at or 0)


@dataclass(slots=True)
class Chores:
    """Everything here blocks in a worker thread, never in the event loop."""

    collector: str
    store: Store
    books: Books
    keep_ns: int
    now: clock.Clock = clock.now
    counter: CommitCounter = field(init=False)
    overdue: Overdue = field(default_factory=Overdue)
    reader: LedgerReader = field(init=False)
    more: Callable[[], Mapping[str, Value]] = dict[str, Value]
    """What else there is to say in our own reading; asked in the event loop."""
    _store_ms: float = 0.0

    def __post_init__(self) -> None:
        self.reader = LedgerReader(self.books.ledger.path)
        self.counter = CommitCounter(self.books.ledger, self.store, self.books.journal, self.now)

    async def minute(self) -> None:
        """Report on ourselves, count, and keep when agents were last heard of."""
        async with self.books.gate:  # a will that comes meanwhile must not be overwritten
            await asyncio.to_thread(self.books.ledger.keep_known, self.books.live.changed())
        # The store is asked without the gate: one that hangs must hold up no event and no birth.
        found = await asyncio.to_thread(self.counter.compare)
        if found.back:
            async with self.books.gate:
                await self._record(found)
        await asyncio.to_thread(self._advance, found)
        await asyncio.to_thread(self.store.write, self._line() + b"\n")
        if found.back:
            # Else it would be in the audit log by the next event, or a minute later.
            await asyncio.to_thread(self.books.journal.sync)

    async def _record(self, found: Compared) -> None:
        await asyncio.to_thread(self.counter.record, found)
        # Before the gate opens: a birth that comes now answers no request made since.
        if self.counter.ledger_went_back:
            agents = await asyncio.to_thread(self.books.ledger.agents)
            self.books.asking.everybody(self.books.live.await_answers(agents))
            self.counter.ledger_went_back = False

    async def long_expected(self) -> None:
        """Ask those for a birth of whom something was expected for an hour."""
        opening = self.books.door.opening()
        waits = await asyncio.to_thread(self.reader.expected, self.now(), opening.since)
        for who in self.overdue.look(waits, self.now()):
            self.books.asking.shortly(who)

    async def hour(self) -> None:
        """Delete what is older than we keep."""
        await asyncio.to_thread(self._tidy)
        await asyncio.to_thread(self.store.expire, self.now() - self.keep_ns)

    def _tidy(self) -> None:
        letters = self.books.letters
        letters.tidy()
        files = [*letters.deleted]
        if files:
            said = {"deleted": len(files), "files": ", ".join(files)}
            self.books.journal.note(Note("retention_done", "dead-letter", "", said))
            del letters.deleted[: len(files)]

    def _advance(self, found: Compared) -> None:
        began = time.monotonic()
        self.counter.advance(found)
        self._store_ms = round((time.monotonic() - began) * 1_000, 1)

    def _line(self) -> bytes:
        counted = {name: self.books.counters.total(name) for name in COUNTED}
        fields = {**counted, "store_ms": self._store_ms, **self.more()}
        return lineprotocol.encode(
            Reading("collector", fields, self.now(), {"collector": self.collector})
        )


async def every(
    seconds: float,
    chore: Callable[[], Awaitable[None]],
    stopping: asyncio.Event,
    first_after: float | None = None,
) -> None:
    """Do *chore* every *seconds* until *stopping*; one that fails stops no other."""
    wait, failed = seconds if first_after is None else first_after, False
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), wait)
            return
        wait = seconds
        try:
            await chore()
        except (StoreError, OSError, sqlite3.Error) as error:
            if not failed:
                _log.warning("%s: %s; trying again each %.0f s", chore.__name__, error, seconds)
            failed = True
            continue
        except Exception:  # noqa: BLE001 — logged with its traceback; the next time may do
            _log.exception("%s failed", chore.__name__)
            continue
        if failed:
            _log.info("%s works again", chore.__name__)
        failed = False

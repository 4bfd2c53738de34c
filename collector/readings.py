"""What is done with readings (wire.md, "The collector", rules 1 to 5 and 8), group by group:

    check, judge ─▶ write to the store ─▶ keep dead letters ─▶ commit to the ledger ─▶ receipts
                    check, judge the next ─▶ write it to the store ─▶ …

The store works on one group while the ledger takes in the one before, and never on two. A crash
between any two steps repeats what came before it, and that overwrites itself.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from alerts.screen import FRESH
from collector import agentclocks, alarms, births, refusals
from collector.books import Books
from collector.deadletters import Letter
from collector.door import Opening
from collector.intake import Accounted, Arrival, Bad
from collector.journal import Note
from collector.linecheck import Refused
from collector.offenders import Offenders
from collector.patience import Patience
from collector.rollups.marks import Also, Touch
from collector.sorting import Item, Sorter
from collector.store.base import RefusedLine, Store
from core.clock import SECOND
from core.types import Identity

LIVE_WITHIN: Final = 120 * SECOND


@dataclass(frozen=True, slots=True)
class _Begun:
    """A group whose lines are on their way to the store; `refused` gives what it refused.

    None where they have to wait for their turn.
    """

    items: Sequence[Item]
    refused: Awaitable[list[list[Refused]]] | None

    def is_of(self, arrivals: Sequence[Arrival]) -> bool:
        """Return whether it is what *arrivals* begin with."""
        return len(self.items) <= len(arrivals) and all(
            item.arrival is arrival for item, arrival in zip(self.items, arrivals)
        )


def _nothing(_items: Sequence[Item]) -> None:
    """Want nothing."""


def _nobody(_items: Sequence[Item]) -> None:
    """Hear nothing."""


@dataclass(slots=True)
class Readings:
    """Handles the messages of the `readings` channel; see `collector.inbox.Handler`."""

    store: Store
    sorter: Sorter
    books: Books
    patience: Patience
    offenders: Offenders = field(default_factory=Offenders)
    writers: int = 1
    """So many bodies are written at once, where that is of use to the store."""
    tell: Callable[[Sequence[Item]], None] = _nobody
    """Hears of items once the ledger has them."""
    wanted: Callable[[Sequence[Item]], Also | None] = _nothing
    """Gives what is to be done in the transaction that accounts items."""
    _ahead: _Begun | None = None
    """The next group."""

    async def handle(self, arrivals: Sequence[Arrival]) -> int:
        """Take in the first of *arrivals*, as many as make a group."""
        items, written = await self._begun(arrivals)
        rest = arrivals[len(items) :]
        look = asyncio.create_task(self._look_ahead(rest, items)) if rest else None
        try:
            refused = await written
        finally:
            following = await look if look else ()
        if following and not self.patience.stopping:
            self._ahead = self._begin(following)
        await self._keep(items, refused)
        entries = [item.entry(len(lines)) for item, lines in zip(items, refused)]
        known = [entry for entry in entries if entry]
        touched = self.books.marks.untold(_touched(items))
        also = self.wanted(items)
        notes = [_alarm(item) for item in items] + [self._replay(item) for item in items]
        await self.books.note(notes, self.patience)
        async with self.books.gate:
            if known or touched or also:
                await self.patience.persist(lambda: self.books.marks.commit(known, touched, also))
            opening = self.books.door.opening()
            for item in items:
                self._tell(item, opening)
        if len(items) == len(arrivals):
            # Nothing else waits that could go along: an agent with a backlog waits for this.
            self.books.receipts.flush()
        self.tell(items)
        self._count(items, refused)
        return len(items)

    async def refuse(self, arrival: Arrival, reason: str) -> None:
        """Keep a message that made the handling fail."""
        await self.books.keep([refusals.whole(arrival, "crash", reason)], self.patience)

    async def settle(self) -> None:
        """Let go of the group that was begun ahead; nothing is under way on return."""
        ahead, self._ahead = self._ahead, None
        if ahead and ahead.refused:
            # Whatever became of it: it was not accounted, so it comes again.
            with contextlib.suppress(Exception):
                await ahead.refused

    def _begin(self, items: Sequence[Item]) -> _Begun:
        # What comes again at another time must not have been written with the time of this one.
        if any(item.checked and item.checked.timeless for item in items):
            return _Begun(items, None)
        return _Begun(items, asyncio.create_task(self._write(items)))

    async def _begun(
        self, arrivals: Sequence[Arrival]
    ) -> tuple[Sequence[Item], Awaitable[list[list[Refused]]]]:
        if self._ahead and self._ahead.is_of(arrivals):
            ahead, self._ahead = self._ahead, None
            return ahead.items, ahead.refused or self._write(ahead.items)
        await self.settle()
        group = await self.patience.persist(lambda: self.sorter.check(arrivals))
        items = await self.patience.persist(lambda: self.sorter.judge(group))
        return items, self._write(items)

    async def _look_ahead(
        self, arrivals: Sequence[Arrival], after: Sequence[Item]
    ) -> Sequence[Item]:
        def look() -> Sequence[Item]:
            return self.sorter.judge(self.sorter.check(arrivals), after)

        # What is wrong with one of them shows when it is its turn.
        with contextlib.suppress(Exception):
            return await asyncio.to_thread(look)
        return ()

    async def _write(self, items: Sequence[Item]) -> list[list[Refused]]:
        """Store the good lines of all; return what the store refused of each."""
        writers = self.writers
        bodies = self.offenders.parted(_by_sender(items), writers)
        refused = await self.patience.persist(lambda: at_once(self.store.write, bodies, writers))
        written = [item.checked.body if item.checked else b"" for item in items]
        found, lost = refusals.trace(refused, written)
        for item, bad in zip(items, found):
            if bad and not isinstance(item.taken, Bad):
                self.offenders.note(item.taken.who)
        # Of no batch: the store has changed the line before it named it.
        letters = [Letter("", "store", one.reason, one.line) for one in lost]
        await self.books.keep(letters, self.patience)
        return found

    async def _keep(self, items: Sequence[Item], refused: Sequence[Sequence[Refused]]) -> None:
        letters: list[Letter] = []
        for item, by_store in zip(items, refused):
            if isinstance(item.taken, Bad):
                letters.append(refusals.whole(item.arrival, item.taken.kind, item.taken.reason))
            elif item.standing == "conflict":
                reason = "other bytes came under this key before"
                letters.append(refusals.whole(item.arrival, "conflict", reason))
            elif item.checked:
                lines = [*item.checked.refused, *by_store]
                letters += refusals.letters_of(item.arrival, item.key, lines)
        await self.books.keep(letters, self.patience)

    def _replay(self, item: Item) -> Note | None:
        if not isinstance(item.taken, Accounted) or item.standing in (None, "new"):
            return None
        taken, at = item.taken, item.arrival.at
        return self.books.again(taken.who, taken.key, item.first_at, at)

    def _tell(self, item: Item, opening: Opening) -> None:
        """Tell picture and sender what became of a message, now that it is durable."""
        taken, books = item.taken, self.books
        if isinstance(taken, Bad):
            if taken.who and taken.key:
                books.receipts.refused(taken.who, taken.key, taken.crc)
            return
        if proves_life(item):
            epoch = taken.key.epoch if isinstance(taken, Accounted) else None
            books.live.heard(taken.who, epoch, item.arrival.at, opening)
        if not isinstance(taken, Accounted):
            return
        clock = agentclocks.reported(fresh_lines(item))
        if clock:
            books.live.clock(taken.who, clock, item.arrival.at)
        if item.standing == "conflict":
            books.receipts.conflict(taken.who, taken.key, taken.crc)
            return
        books.receipts.got(taken.who, taken.key, taken.crc)
        books.receipts.closed(taken.who, books.live.received(taken.who, taken.key))
        if not births.is_listed(books.live.state(taken.who), taken.key.epoch):
            books.asking.soon(taken.who)

    def _count(self, items: Sequence[Item], refused: Sequence[Sequence[Refused]]) -> None:
        add = self.books.counters.add
        for item, by_store in zip(items, refused):
            add(_counted(item))
            if item.checked:
                add("lines_stored", item.checked.good - len(by_store))
                add("stripped", item.checked.stripped)
                if item.checked.drops and not isinstance(item.taken, Bad):
                    self.books.dropped.add(item.checked.drops, item.taken.who)
                for line in (*item.checked.refused, *by_store):
                    add("lines_refused", reason=line.kind)
                    add("refused_tags", int(line.kind == "too_many_series"))


def at_once(
    write: Callable[[bytes], Sequence[RefusedLine]], bodies: Sequence[bytes], writers: int
) -> list[RefusedLine]:
    """Return what is refused of *bodies*; raises what one raises, once none is under way."""
    if writers == 1 or len(bodies) == 1:
        return [line for body in bodies for line in write(body)]
    with ThreadPoolExecutor(writers) as threads:
        return [line for found in threads.map(write, bodies) for line in found]


def _by_sender(items: Sequence[Item]) -> dict[Identity, list[bytes]]:
    found: dict[Identity, list[bytes]] = {}
    for item in items:
        if item.checked and not isinstance(item.taken, Bad):
            found.setdefault(item.taken.who, []).append(item.checked.body)
    return found


def _touched(items: Sequence[Item]) -> Iterator[Touch]:
    for item in items:
        if item.checked and not isinstance(item.taken, Bad):
            for hour in item.checked.hours:
                yield Touch(item.taken.who, hour)


def proves_life(item: Item) -> bool:
    """Return whether *item* shows that its sender lives now.

    What the broker kept says nothing of the present, and without a header only the times of the
    lines say when they were written.
    """
    if item.arrival.message.retain:
        return False
    if isinstance(item.taken, Accounted):
        return True
    return item.checked is not None and abs(item.checked.newest - item.arrival.at) <= LIVE_WITHIN


def fresh_lines(item: Item) -> Sequence[bytes]:
    """Return the lines of a message that is fresh (wire.md, rule 9): young, of a checked clock."""
    if isinstance(item.taken, Accounted) and item.taken.clock_unchecked:
        return ()
    return young_lines(item)


def young_lines(item: Item) -> Sequence[bytes]:
    """Return the lines of a message whose times, checked or not, agree with our own clock."""
    checked = item.checked
    if isinstance(item.taken, Bad) or checked is None or item.arrival.message.retain:
        return ()
    return checked.lines if abs(item.arrival.at - checked.newest) < FRESH else ()


def _alarm(item: Item) -> Note | None:
    """Return what the collector's own record says of a message; most are not worth a word."""
    if isinstance(item.taken, Bad):
        return alarms.unreadable(item.taken, item.arrival.at)
    if isinstance(item.taken, Accounted) and item.standing == "conflict":
        return alarms.forged(item.taken.who, item.taken.key, item.taken.crc)
    return None


def _counted(item: Item) -> str:
    if isinstance(item.taken, Bad):
        return "bad_messages"
    if item.standing is None:
        return "unaccounted"
    names = {"new": "batches", "repeated": "repeated", "forgotten": "repeated"}
    return names.get(item.standing, "conflicts")

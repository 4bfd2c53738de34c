"""What is done with events (wire.md, "The collector", rules 2, 3 and 6), group by group:

    read ─▶ keep dead letters ─▶ commit key and rows ─▶ audit log, synced ─▶ picture, receipts

An append is not idempotent, so the order differs from that of readings: the key goes first, in
the transaction of its rows, and the log follows the rows. A crash between any two steps repeats
nothing.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from collector import alarms, births, refusals
from collector.books import Books
from collector.eventbatch import Taken, read_group
from collector.intake import Arrival, Bad
from collector.journal import Note
from collector.lanerow import Standing
from collector.ledger import LaneKey
from collector.patience import Patience


class Judged(NamedTuple):
    """A batch with how it stands to what was received before."""

    arrival: Arrival
    taken: Taken
    standing: Standing


@dataclass(frozen=True, slots=True)
class Events:
    """Handles the messages of the `events` channel; see `collector.inbox.Handler`."""

    regions: Collection[str]
    books: Books
    patience: Patience
    leeway: Callable[[], int] = lambda: 0

    async def handle(self, arrivals: Sequence[Arrival]) -> int:
        """Take in the first of *arrivals*, as many as make a group."""
        read = await self.patience.persist(
            lambda: read_group(arrivals, self.regions, self.leeway())
        )
        bad = [(arrival, what) for arrival, what in zip(arrivals, read) if isinstance(what, Bad)]
        good = [(arrival, what) for arrival, what in zip(arrivals, read) if isinstance(what, Taken)]
        await self._keep(bad, good)
        judged = await self._commit(good)
        await self._note(bad, judged)
        # From here on every row of these batches is in the audit log, so receipts may name them.
        await self.patience.persist(self.books.journal.sync)
        async with self.books.gate:
            self._tell(bad, judged)
        return len(read)

    async def refuse(self, arrival: Arrival, reason: str) -> None:
        """Keep a message that made the handling fail."""
        await self.books.keep([refusals.whole(arrival, "crash", reason)], self.patience)

    async def _keep(
        self, bad: Sequence[tuple[Arrival, Bad]], good: Sequence[tuple[Arrival, Taken]]
    ) -> None:
        letters = [refusals.whole(arrival, what.kind, what.reason) for arrival, what in bad]
        for arrival, taken in good:
            letters += refusals.letters_of(arrival, taken.batch.key, taken.bad)
        await self.books.keep(letters, self.patience)

    async def _commit(self, good: Sequence[tuple[Arrival, Taken]]) -> list[Judged]:
        if not good:
            return []
        batches = [taken.batch for _, taken in good]
        standings = await self.patience.persist(lambda: self.books.journal.take(batches))
        return [Judged(*found, standing) for found, standing in zip(good, standings)]

    async def _note(self, bad: Sequence[tuple[Arrival, Bad]], judged: Sequence[Judged]) -> None:
        """Keep what somebody has to look at, before the sender hears of it."""
        conflicts = [one for one in judged if one.standing == "conflict"]
        reason = "other bytes came under this key before"
        letters = [refusals.whole(one.arrival, "conflict", reason) for one in conflicts]
        await self.books.keep(letters, self.patience)
        batches = [one.taken.batch for one in conflicts]
        notes: list[Note | None] = [alarms.forged(b.who, b.key, b.crc) for b in batches]
        notes += [alarms.unreadable(what, arrival.at) for arrival, what in bad]
        notes += await self._replays(judged)
        await self.books.note(notes, self.patience)

    async def _replays(self, judged: Sequence[Judged]) -> list[Note | None]:
        again = [one.taken.batch for one in judged if one.standing != "new"]
        if not again:
            return []
        keys = [LaneKey(batch.who, batch.key.epoch, batch.key.lane) for batch in again]
        rows = await self.patience.persist(lambda: self.books.ledger.rows(keys))
        found = zip(again, keys)
        return [self.books.again(b.who, b.key, rows[key].first_at, b.at) for b, key in found]

    def _tell(self, bad: Sequence[tuple[Arrival, Bad]], judged: Sequence[Judged]) -> None:
        books = self.books
        books.counters.add("bad_messages", len(bad))
        for _, what in bad:
            if what.who and what.key:
                books.receipts.refused(what.who, what.key, what.crc)
        for one in judged:
            self._tell_batch(one)

    def _tell_batch(self, one: Judged) -> None:
        """Tell picture and sender of a batch that is in the audit log."""
        books, batch = self.books, one.taken.batch
        if not one.arrival.message.retain:  # what the broker kept says nothing of the present
            books.live.heard(batch.who, batch.key.epoch, batch.at, books.door.opening())
        if one.standing == "conflict":
            books.counters.add("conflicts")
            books.receipts.conflict(batch.who, batch.key, batch.crc)
            return
        self._count(one)
        books.receipts.got(batch.who, batch.key, batch.crc)
        books.receipts.closed(batch.who, books.live.received(batch.who, batch.key))
        if not births.is_listed(books.live.state(batch.who), batch.key.epoch):
            books.asking.soon(batch.who)

    def _count(self, one: Judged) -> None:
        add, taken = self.books.counters.add, one.taken
        add("batches" if one.standing == "new" else "repeated")
        if one.standing == "new":
            add("events", len(taken.batch.rows))
            add("events_of_unknown_kinds", taken.unknown_kinds)
            add("lines_refused", len(taken.bad), "event")
            self.books.dropped.add(taken.drops, taken.batch.who)

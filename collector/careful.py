"""Handling messages one at a time after crashes, and refusing the one that kills (wire.md).

    digest written down ─▶ handled ─▶ digest cleared          a death leaves the digest
                                                └─▶ next start: the same one three times? refuse

Stands before the handlers of both connections, and lets one message through at a time over both:
of two that are under way at a death nobody could tell which one it was.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from collector import crashes as crash
from collector import refusals
from collector.books import Books
from collector.crashes import Crashes
from collector.deadletters import KILLER
from collector.inbox import Handler
from collector.intake import Arrival, Keyed, key_of, sender_of
from collector.journal import Note
from collector.patience import Patience
from core import clock

PAUSE_S: Final = (1.0, 3.0)
"""Before a suspect is handled once more: who kills the collector at a fixed moment after its start
must not meet the same innocent message each time."""

_log = logging.getLogger(__name__)


class Watch:
    """What both connections share: whether care is taken, and whose turn it is."""

    def __init__(self, crashes: Crashes, monotonic: clock.Monotonic = clock.monotonic) -> None:
        self.crashes, self._monotonic = crashes, monotonic
        self._started, self._alone = monotonic(), 0
        self._lock, self._holder = asyncio.Lock(), ""
        history = crashes.history
        self._careful = bool(history.crashes)
        if crash.is_many(history.crashes):
            _log.error(
                "the collector ended without a word %d times within ten minutes: messages are "
                "handled one at a time for ten minutes, to find the one that it may die of",
                len(history.crashes),
            )

    def is_careful(self) -> bool:
        """Return whether messages are handled one at a time."""
        if self._careful and self._is_over():
            self._careful = False
            _log.info("messages are handled in groups again")
        return self._careful

    def _is_over(self) -> bool:
        if crash.is_many(self.crashes.history.crashes):
            return self._monotonic() - self._started >= crash.WITHIN_S
        return self._alone >= crash.FIRST

    async def begin(self, lane: str, digest: str) -> None:
        """Wait for the turn of *lane*, and write down what is under way."""
        await self._lock.acquire()
        self._holder = lane
        self._alone += 1
        try:
            if digest == self.crashes.history.suspect:
                await asyncio.sleep(random.uniform(*PAUSE_S))  # noqa: S311 — no secret
            await asyncio.to_thread(self.crashes.note, digest)
        except OSError as error:
            _log.warning("what is under way cannot be written down: %s", error)
        except BaseException:
            self.let_go(lane)
            raise

    def let_go(self, lane: str) -> None:
        """Hear that nothing of *lane* is under way: it is done, or has to wait for a disk.

        The digest must not stand there for hours while a database is away: every death would
        accuse it.
        """
        if self._holder == lane:
            self._holder = ""
            try:
                self.crashes.clear()
            except OSError as error:
                _log.warning("what is under way cannot be written down: %s", error)
            self._lock.release()


@dataclass(frozen=True, slots=True)
class Careful:
    """Handles what *inner* handles; see `collector.inbox.Handler`."""

    lane: str
    inner: Handler
    watch: Watch
    regions: Collection[str]
    books: Books
    patience: Patience

    async def handle(self, arrivals: Sequence[Arrival]) -> int:
        """Handle the first of *arrivals*: all, or one alone, or refuse one."""
        if self.watch.is_careful():
            return await self._alone(arrivals[0])
        if not self.watch.crashes.history.refused:
            return await self.inner.handle(arrivals)
        known = (self.watch.crashes.refused(digest_of(arrival)) for arrival in arrivals)
        fit = next((i for i, refused in enumerate(known) if refused), len(arrivals))
        if fit:
            return await self.inner.handle(arrivals[:fit])
        return await self._alone(arrivals[0])

    async def refuse(self, arrival: Arrival, reason: str) -> None:
        """Keep a message that made the handling fail."""
        await self.inner.refuse(arrival, reason)

    async def _alone(self, arrival: Arrival) -> int:
        digest = digest_of(arrival)
        await self.watch.begin(self.lane, digest)
        try:
            history, known = self.watch.crashes.history, self.watch.crashes.refused(digest)
            deaths = history.deaths if digest == history.suspect else 0
            if not known and deaths < crash.DEATHS:
                done = await self.inner.handle([arrival])
                if deaths:
                    await self.patience.persist(self.watch.crashes.acquit)
                return done
            # Reading the key may be what it dies of: then one more death is left behind.
            readable = known.readable if known else deaths == crash.DEATHS
            await self._refuse(arrival, digest, deaths, readable=readable)
            return 1
        finally:
            self.watch.let_go(self.lane)

    async def _refuse(self, arrival: Arrival, digest: str, deaths: int, *, readable: bool) -> None:
        """Keep the bytes, tell people and the sender; each step may be done twice."""
        books, persist = self.books, self.patience.persist
        reason = "the collector died of it each time that it came"
        await books.keep([refusals.whole(arrival, KILLER, reason)], self.patience)
        keyed = await asyncio.to_thread(key_of, arrival, self.regions) if readable else None
        await books.note([_note(arrival, keyed, deaths)], self.patience)
        await persist(books.journal.sync)
        if not self.watch.crashes.refused(digest):
            remember = partial(self.watch.crashes.refuse, digest, readable=keyed is not None)
            await persist(remember)
            _log.error(
                "a message on %r is refused: the collector died %d times in a row while it handled "
                "it alone. Its bytes are in the dead letters",
                *(arrival.topic, deaths),
            )
        books.counters.add("killers_refused")
        if keyed:
            books.receipts.refused(keyed.who, keyed.key, keyed.crc)


def digest_of(arrival: Arrival) -> str:
    """Return what tells this message from every other, by topic and bytes."""
    payload = arrival.digest.encode() or arrival.payload
    return hashlib.sha256(arrival.topic.encode() + b"\0" + payload).hexdigest()


def _note(arrival: Arrival, keyed: Keyed | None, deaths: int) -> Note:
    payload = arrival.digest or hashlib.sha256(arrival.payload).hexdigest()
    details: dict[str, object] = {"deaths": deaths, "digest": payload, "told": bool(keyed)}
    if keyed:
        details |= {"epoch": keyed.key.epoch, "seq": keyed.key.seq}
    who = sender_of(arrival.topic)
    channel = arrival.topic.rpartition("/")[2] if who else ""
    return Note("killer_refused", str(who or ""), channel, details, digest_of(arrival))

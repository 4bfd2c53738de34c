"""The collector without its pages: everything between the broker and the store.

    broker ═ readings ═▶ inbox ─▶ judge ─▶ store ─▶ dead letters ─▶ ledger ─┬─▶ picture
           ═ state ════▶ inbox ─▶ births, wills, stops ───────────▶ ledger ─┤
           ═ events ═══▶ inbox ─▶ key and rows in one ─▶ audit log ─────────┤
           ◀═ receipt, claim ═══════════════════════════════════════════════┘

States and events share a connection.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from collector.chores import DAY, Chores, every
from collector.config import CollectorConfig
from collector.connection import Connection
from collector.dispatch import ByChannel
from collector.eventchores import EventChores
from collector.events import Events
from collector.inbox import Handler, Inbox
from collector.ledgerread import Account, LedgerReader, Question
from collector.live import was_up
from collector.parts import open_books
from collector.patience import Patience
from collector.picture import Picture
from collector.readings import Readings
from collector.sorting import Sorter
from collector.states import States
from collector.store.choose import open_store
from collector.tasks import Tasks
from core import clock, messages, topics
from core.errors import NotConnected
from core.lock import hold
from core.messages import Claim
from core.mqtt import Session, Will
from core.mqtt.configured import broker_of
from core.topics import Channel

SESSION_EXPIRY_S: Final = 7 * 86_400
RECEIVE_MAXIMUM: Final = 400
"""Enough for the next group to be here while one is stored."""
CLAIM_EVERY_S: Final = 60.0
ASK_EVERY_S: Final = 5.0
POINTS_EVERY_S: Final = 2.0

DISK_FULL_BYTES: Final = 1_000_000
"""With less than this the next group of batches may not fit: say so before it comes."""

Extra = Callable[["Collector"], Awaitable[None]]
"""Runs beside the collector until cancelled, as the web server does."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lane:
    """One connection with what hangs on it."""

    inbox: Inbox
    session: Session


class Collector:
    """Opens store and ledger when made, touches the network when run."""

    def __init__(self, config: CollectorConfig, *, now: clock.Clock = clock.now) -> None:
        self.config, self._now = config, now
        self.stopping = asyncio.Event()
        keep_ns = config.store.keep_days * DAY
        self.store = open_store(config, keep_ns, now)
        self.books = open_books(config, self._publish, now)
        self._chores = Chores(config.collector.id, self.store, self.books, keep_ns, now)
        self._event_chores = EventChores(config.collector.id, self.store, self.books)
        regions, books = config.collector.regions, self.books
        patience = Patience(self.stopping, partial(books.held_up, "readings"))
        sorter = Sorter(regions, books.ledger.rows)
        self._readings = self._lane("readings", Readings(self.store, sorter, books, patience))
        patience = Patience(self.stopping, partial(books.held_up, "state"))
        states = States(regions, books, patience)
        patience = Patience(self.stopping, partial(books.held_up, "events"))
        events = Events(regions, books, patience)
        self._states = self._lane("state", ByChannel({"events": events}, states), "events")

    # What the pages ask.

    def picture(self) -> Picture:
        """Return the state of every school and agent at this moment."""
        return self.books.live.picture(self._now(), self.books.door.opening())

    def ready(self) -> tuple[bool, str]:
        """Return whether batches can be stored, and why not."""
        folder, trouble = self.config.collector.folder, self.books.door.trouble
        if trouble:
            return False, trouble
        if not os.access(folder, os.W_OK | os.X_OK):
            return False, f"{folder} cannot be written"
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize < DISK_FULL_BYTES:
            return False, f"the disk of {folder} is full"
        return True, ""

    def account(self, question: Question) -> Account:
        """Return what the ledger answers; blocks, raises StoreBusy."""
        reader, opening = LedgerReader(self.books.ledger.path), self.books.door.opening()
        return reader.account(question, self._now(), opening.since)

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return how often each thing happened, by (name, reason or an empty string)."""
        return {**self.books.counters.all(), ("dead_letters_lost", ""): self.books.letters.lost}

    # Its life.

    async def run(self, extras: Sequence[Extra] = ()) -> None:
        """Run until `stopping` is set or a part fails, then stop in order; raises what failed."""
        self.books.asking.everybody(self.books.live.agents())
        lanes = (self._readings, self._states)
        tasks = Tasks(
            sessions=[asyncio.ensure_future(lane.session.run()) for lane in lanes],
            works=[asyncio.ensure_future(work) for work in self._works()],
            beside=[asyncio.ensure_future(extra(self)) for extra in extras],
        )
        try:
            await tasks.until(self.stopping)
        finally:
            await self._stop(tasks)

    def _works(self) -> list[Coroutine[Any, Any, None]]:
        chores, stopping = self._chores, self.stopping
        return [
            self._readings.inbox.run(),
            self._states.inbox.run(),
            every(CLAIM_EVERY_S, self._claim_again, stopping),
            every(ASK_EVERY_S, self._ask, stopping),
            every(60, chores.minute, stopping, first_after=0),
            every(60, self._event_chores.minute, stopping, first_after=0),
            every(POINTS_EVERY_S, self._event_chores.points, stopping, first_after=0),
            every(3_600, chores.hour, stopping, first_after=60),
            every(300, chores.long_expected, stopping),
        ]

    async def _stop(self, tasks: Tasks) -> None:
        """Finish what is under way, send its receipts, leave the broker, close the files."""
        self.stopping.set()
        self._readings.inbox.stop()
        self._states.inbox.stop()
        await tasks.finish()
        self.books.receipts.flush()
        await self._readings.session.close()
        first, *others = self.config.collector.regions
        for region in others:
            self._publish_retained(region, b"")
        await self._states.session.close(Will(topics.claim_topic(first), b""))
        await tasks.left()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        try:
            self.books.ledger.keep_known(self.books.live.changed())
        except sqlite3.Error as error:
            _log.warning("when agents were last heard of could not be kept: %s", error)
        self.books.ledger.close()
        self.store.close()

    # What it says.

    def _publish(self, topic: str, payload: bytes) -> None:
        """Send a receipt by whichever connection is up; raises NotConnected."""
        try:
            self._readings.session.publish(topic, payload)
        except NotConnected:
            self._states.session.publish(topic, payload)

    def _claim(self) -> None:
        claim = Claim(self.config.collector.id, self._now() // 1_000_000)
        for region in self.config.collector.regions:
            self._publish_retained(region, messages.encode(claim))

    async def _claim_again(self) -> None:
        self._claim()

    def _publish_retained(self, region: str, payload: bytes) -> None:
        with contextlib.suppress(NotConnected):  # said again at connect
            self._states.session.publish(topics.claim_topic(region), payload, retain=True)

    async def _ask(self) -> None:
        now, opening = self._now(), self.books.door.opening()
        live = self.books.live
        self.books.asking.tick(lambda who: was_up(live.state(who).known, now, opening))

    def _lane(self, channel: Channel, handler: Handler, *beside: Channel) -> Lane:
        """Return the connection for *channel* and what goes *beside* it.

        The one for states carries the claims too.
        """
        table, books = self.config.collector, self.books
        inbox = Inbox(channel, handler, books.counters, self._now)
        welcome = self._claim if channel == "state" else _nothing
        # A will names one topic: of several regions the claims of the others end by a clean stop,
        # or by their age.
        will = Will(topics.claim_topic(table.regions[0]), b"") if channel == "state" else None
        session = Session(
            broker_of(self.config.broker),
            f"{table.id}-{channel}",
            Connection(channel, inbox, books.door, books.counters, welcome),
            will=lambda _conn: will,
            clean_start=False,
            session_expiry_s=SESSION_EXPIRY_S,
            receive_maximum=RECEIVE_MAXIMUM,
            manual_ack=True,
            subscriptions=[
                f"{topics.ROOT}/{region}/+/+/{one}"
                for region in table.regions
                for one in (channel, *beside)
            ],
            reconnect_within_s=self.config.broker.reconnect_within_s,
        )
        inbox.source = session
        return Lane(inbox, session)


async def run(config: CollectorConfig, extras: Sequence[Extra] = ()) -> None:
    """Run the collector until SIGTERM or SIGINT, with *extras* beside it.

    Raises StartError where another collector uses the folder, StoreError where the store cannot
    be opened.
    """
    with hold(config.collector.folder / "collector.lock", "collector", "[collector] folder"):
        collector = Collector(config)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C still raises
                loop.add_signal_handler(number, collector.stopping.set)
        table = config.collector
        _log.info("collector %s serves %s", table.id, ", ".join(table.regions))
        await collector.run(extras)
        _log.info("collector stopped")


def _nothing() -> None:
    """Greet nobody."""

"""Carries the spool to the collector: sends what `delivery` decides; `receipts` say what arrived.

    spool ─▶ pump ═ readings, events ═▶ broker          broker ═ receipt, claim ═▶ pump ─▶ spool

Watch it: mosquitto_sub -V 5 -p 18883 -t 'schoolwatch/v1/#' -v
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from msgspec import UNSET

from agent.delivery import Delivery
from agent.onchange import OnChange
from agent.presence import Presence
from agent.receipts import Came, Receipts
from agent.roundtrips import RoundTrips
from agent.spool import Spool, Waiting
from agent.spoolrows import Part
from agent.spoolthread import SpoolThread
from agent.timekeeper import Timekeeper
from agent.uplinkwords import Words
from agent.witness import Witness
from core import clock, messages, topics, wire
from core.errors import HeaderError, NotConnected, PayloadError, SpoolError
from core.messages import ClockReport, Receipt
from core.mqtt import Broker, Connected, Message, Session
from core.types import BatchKey, Identity, Lane

_log = logging.getLogger(__name__)

FRESH_FOR: Final = 120 * clock.SECOND
RETRY_DISK_AFTER: Final = 5.0
BIRTH_AT_MOST_EVERY: Final = 60.0
CHORES_EVERY: Final = 60.0
PARTS: Final[tuple[tuple[Lane, Part], ...]] = (
    *(("events", "all"), ("readings", "all")),
    *(("readings", "fresh"), ("readings", "backlog")),
)
OFFSET_MS: Final = 1_000
"""A clock that is off by so much more than was told is worth a birth."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the uplink is told by the configuration.

    An empty `collector` takes receipts from the id in the retained claim: for trials only.
    `audit_key` is the verifier key of its audit log, "" to trust the first that comes.
    """

    who: Identity
    broker: Broker
    collector: str = ""
    reconnect_within_s: float = 60.0
    compress: bool = True
    audit_key: str = ""


@dataclass(slots=True)
class Uplink:
    """The listener of the MQTT session, and the pump that feeds it.

    `forget` is told when nobody may be sure any more what the collector knows (rule 7).
    """

    settings: Settings
    spool: SpoolThread
    presence: Presence
    time: Timekeeper
    delivery: Delivery = field(default_factory=Delivery)
    monotonic: clock.Monotonic = clock.monotonic
    forget: Callable[[], None] = lambda: None
    witness: Witness | None = None
    session: Session = field(init=False)
    receipts: Receipts = field(init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _trips: RoundTrips = field(default_factory=RoundTrips)
    _up: bool = False
    _birth_due: bool = False
    _conditions_due: bool = False
    _witness_due: bool = False
    _asked: int = 0
    _last_birth: float = 0.0
    _drops_told: int = 0
    _clock_told: ClockReport = field(default_factory=ClockReport)
    _drops_seen: int = 0
    _next_chores: float = 0.0
    _epoch: str = ""
    _words: Words = field(init=False)
    _bad_said: bool = False

    def __post_init__(self) -> None:
        who = self.settings.who
        self._words = Words(who)
        self.receipts = Receipts(
            *(self.settings.collector, self.spool, self._trips, self.time, self._words),
        )
        self._epoch = self.spool.spool.epoch
        self.session = Session(
            self.settings.broker,
            str(who),
            self,
            will=lambda conn: self.presence.will(self._epoch, conn),
            clean_start=True,
            subscriptions=(topics.topic(who, "receipt"), topics.claim_topic(who.region)),
            reconnect_within_s=self.settings.reconnect_within_s,
        )

    async def run(self) -> None:
        """Connect and deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.session.run(), name="mqtt")
            tasks.create_task(self._pump(), name="pump")

    async def stop(self) -> None:
        """Say `stopped` and disconnect: going home for the holidays is not a fault."""
        await self.session.close(self.presence.stopped(self._epoch))

    def change(self, settings: Settings) -> None:
        """Go on with other *settings*; connects anew where the way to the broker is another."""
        self.settings = settings
        self.receipts.collector = settings.collector
        if self.witness:
            self.witness.pinned = settings.audit_key
        self.session.change(settings.broker, settings.reconnect_within_s)
        self._wake.set()

    def sealed(self) -> None:
        """Look again: there is something new to send."""
        self._wake.set()

    # What the session tells, in the event loop.

    def connected(self, up: Connected) -> None:
        """Begin anew on this connection, with a birth before anything else."""
        self.presence.conn = up.conn
        self.delivery.connected(self.monotonic())
        self._trips.restart(self.time.clock.now())
        self.receipts.claimed, self.receipts.told = "", ()
        self._up, self._birth_due, self._conditions_due, self._asked = True, True, True, 0
        self.forget()
        self._wake.set()

    def disconnected(self, reason: str) -> None:
        """Stop sending; what was out will be sent again."""
        self._up = False

    def received(self, message: Message) -> None:
        """Take a receipt or a claim; anything else is named once and left."""
        try:
            if message.topic == topics.claim_topic(self.settings.who.region):
                # Emptied: that collector left, and receipts wait for the claim of the next.
                claimed = messages.read_claim(message.payload).collector if message.payload else ""
                self.receipts.claimed = claimed
                self._wake.set()
            elif message.topic == topics.topic(self.settings.who, "receipt"):
                self.receipts.came(message.payload)
                self._bad_said = False
                self._wake.set()
        except HeaderError as error:
            if not self._bad_said:
                _log.error("message on %s left out: %s", message.topic, error)
            self._bad_said = True

    def acknowledged(self, mid: int, reason_code: int, reason: str) -> None:
        """Report a broker that refuses what we publish; PUBACK otherwise proves nothing."""
        self._words.acknowledged(reason_code, reason)

    # The pump.

    async def _pump(self) -> None:
        state = OnChange(_log)
        while True:
            self._wake.clear()
            try:
                await self.turn()
                state.well("sending")
                # Without a connection nothing is due, whatever time has passed meanwhile.
                due = self.delivery.next_moment(self.monotonic()) - self.monotonic()
                wait = due if self._up else CHORES_EVERY
            except SpoolError as error:
                state.broke("sending", f"cannot send for now: {error}")
                wait = RETRY_DISK_AFTER
            await self._sleep(min(wait, CHORES_EVERY))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def turn(self) -> None:
        """Do once what is due: the chores, apply receipts, announce, send.

        Raises SpoolError. The model of the protocol drives the uplink through this.
        """
        await self._chores()
        while (came := self.receipts.next()) is not None:
            await self._hear(came)
        self._follow_epoch()
        if not self._up:
            return
        try:
            # First, so that the birth lists it as held: then the lane has caught up when it came.
            await self._tell_conditions()
            await self._announce()
            await self._send()
        except NotConnected:
            self._up = False

    async def _hear(self, came: Came) -> None:
        receipt = came.receipt
        self.delivery.receipt(self.monotonic(), receipt.backfill_bytes_per_s, came.lanes)
        if "readings" in came.lanes:
            self._words.answered()
        applied = await self.receipts.apply(came)
        for key in applied.gone:
            self.delivery.settled(key)
        self._birth_due = self._birth_due or applied.refused or receipt.birth > 0
        if applied.refused or receipt.birth:
            self.forget()
        if receipt.birth:
            self._conditions_due, self._asked = True, receipt.birth
        if self.witness and receipt.checkpoint:
            await self._keep_checkpoint(self.witness, receipt)

    async def _keep_checkpoint(self, witness: Witness, receipt: Receipt) -> None:
        """Witness the collector's audit log, after what the receipt is for is done."""

        heard = await self.spool.call(lambda spool: witness.hear(receipt, spool.tell))
        self._witness_due = self._witness_due or heard.tell

    async def _chores(self) -> None:
        if self.monotonic() < self._next_chores:
            return
        self._next_chores = self.monotonic() + CHORES_EVERY
        # A clock that was never checked may be years ahead, and all would be too old.
        dropped = await self.spool.call(Spool.drop_old) if self.time.clock.known else 0
        if dropped:
            _log.error("%d batches dropped: older than the spool keeps", dropped)
        await self.spool.call(Spool.end_what_passed)

    async def _tell_conditions(self) -> None:
        if not self._conditions_due:
            return
        self._conditions_due = False  # first: while the disk works, another connect may ask anew
        try:
            replaced = await self.spool.call(Spool.seal_conditions)
        except SpoolError:
            self._conditions_due = True
            raise
        for key in replaced:
            self.delivery.settled(key)

    async def _announce(self) -> None:
        drops, report = self.spool.spool.dropped_batches, self.time.report()
        rested = self.monotonic() - self._last_birth >= BIRTH_AT_MOST_EVERY
        is_news = drops != self._drops_told or _differ(report, self._clock_told)
        is_news = is_news or self._witness_due
        if not (self._birth_due or (is_news and rested)):
            return
        epochs, more = await self.spool.call(Spool.report)
        self.presence.spool_id = self.spool.spool.id
        payload = self.presence.birth(
            *(self._epoch, epochs),
            more=more,
            asked=self._asked,
            clock_report=report,
            witness=self.witness.told() if self.witness else UNSET,
        )
        try:
            self.session.publish(self.presence.topic, payload, retain=True)
            self.receipts.told = epochs
        except PayloadError as error:
            _log.error("birth left out: %s", error)
        self._birth_due, self._asked, self._witness_due = False, 0, False
        self._last_birth, self._drops_told = self.monotonic(), drops
        self._clock_told = report

    async def _send(self) -> None:
        now = self.monotonic()
        self.delivery.overdue(now)
        await self._let_dropped_go()
        if "readings" in self.delivery.unanswered:
            self._words.silent()
        there = await self._there()
        for plan in self.delivery.plans(now, events=("events", "all") in there):
            # A probe into silence is the oldest of its lane that was none yet, whatever is fresh.
            whole = plan.lane == "events" or plan.lane in self.delivery.unanswered
            part: Part = "all" if whole else "fresh"
            sent = 0
            fresh = plan.fresh if (plan.lane, part) in there else 0
            for key, size in await self._waiting(plan.lane, part, fresh):
                sent += await self._publish(key, size, backlog=False)
            more = not whole and ("readings", "backlog") in there
            room = min(plan.backlog, plan.fresh - sent) if more else 0
            for key, size in await self._waiting(plan.lane, "backlog", room):
                if now >= self.delivery.backlog_from:
                    await self._publish(key, size, backlog=True)

    async def _let_dropped_go(self) -> None:
        """Give the place in the window of what a full spool dropped to what it still holds."""
        drops = self.spool.spool.dropped_batches
        if drops == self._drops_seen:
            return
        busy = set(self.delivery.busy())
        for key in busy - await self.spool.call(lambda spool: spool.left_of(busy)):
            self.delivery.settled(key)
        self._drops_seen = drops

    async def _there(self) -> set[tuple[Lane, Part]]:
        """Return where something waits that may be chosen: to ask for each alone costs more."""
        since, besides = self.time.clock.now() - FRESH_FOR, list(self.delivery.busy())
        aside = {key.lane for key in self.delivery.aside}

        def look(spool: Spool) -> set[tuple[Lane, Part]]:
            return {
                (lane, part)
                for lane, part in PARTS
                if lane in aside or spool.waiting(lane, part, since=since, besides=besides, limit=1)
            }

        return await self.spool.call(look)

    async def _waiting(self, lane: Lane, part: Part, limit: int) -> list[tuple[BatchKey, int]]:
        if limit <= 0:
            return []
        found = await self._besides_busy(lane, part, limit)
        if not found and self.delivery.take_back(lane):
            found = await self._besides_busy(lane, part, limit)
        return [(row.key, row.size) for row in found]

    async def _besides_busy(self, lane: Lane, part: Part, limit: int) -> list[Waiting]:
        since, besides = self.time.clock.now() - FRESH_FOR, list(self.delivery.busy())

        def rows(spool: Spool) -> list[Waiting]:
            return spool.waiting(lane, part, since=since, besides=besides, limit=limit)

        return await self.spool.call(rows)

    async def _publish(self, key: BatchKey, size: int, *, backlog: bool) -> bool:
        batch = await self.spool.call(lambda spool: spool.read(key))
        if batch is None:
            return False
        payload = wire.pack(batch.body) if self.settings.compress else batch.body
        times = self.time.clock
        self._trips.follow(times.jumps, times.now())
        self._trips.sent(key, batch.sealed_at, times.now(), times.boot())
        try:
            self.session.publish(topics.topic(self.settings.who, key.lane), payload)
        except PayloadError as error:
            # Cannot happen with the spool's own limits; sent again for ever it would block.
            _log.error("batch %s dropped: %s", key, error)
            await self.spool.call(lambda spool: spool.drop([(key, batch.crc)], "too_large"))
            return False
        self.delivery.sent(key, size, self.monotonic(), backlog=backlog)
        return True

    def _follow_epoch(self) -> None:
        """Connect anew where the spool has begun another epoch, so that birth and will name it."""
        if self._epoch != self.spool.spool.epoch:
            self._epoch = self.spool.spool.epoch
            self.session.reconnect()


def _differ(one: ClockReport, other: ClockReport) -> bool:
    """Return whether a page that shows *other* would mislead."""
    return one.checked != other.checked or abs(one.offset_ms - other.offset_ms) > OFFSET_MS

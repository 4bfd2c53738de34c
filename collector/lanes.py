"""The collector's lanes: a connection each, with the inbox behind it, and what is sent by them.

readings   batches in; receipts out
state      births, wills and, beside them, events in; claims out, as a will too
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from collector.books import Books
from collector.careful import Careful, Watch
from collector.config import CollectorConfig
from collector.connection import Connection, broker_for
from collector.inbox import Handler, Inbox
from collector.patience import Patience
from core import clock, topics
from core.errors import NotConnected
from core.mqtt import Session, Will
from core.topics import Channel

SESSION_EXPIRY_S: Final = 7 * 86_400
RECEIVE_MAXIMUM: Final = 400
"""Enough for the next group to be here while one is stored."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One connection with what hangs on it."""

    inbox: Inbox
    session: Session


class Lanes:
    """Made before what it serves, so that this can be given how to publish; then opened."""

    def __init__(
        self, config: CollectorConfig, watch: Watch, stopping: asyncio.Event, now: clock.Clock
    ) -> None:
        self._config, self._watch, self._stopping, self._now = config, watch, stopping, now
        self.readings: Lane
        self.states: Lane

    def open(
        self,
        books: Books,
        readings: Handler,
        states: Handler,
        *beside: Channel,
        welcome: Callable[[], None],
    ) -> None:
        """Make the lanes; *welcome* is called whenever the one for states is connected.

        With the states goes what is *beside* them.
        """
        self.readings = self._lane(books, "readings", readings)
        # A will names one topic: of several regions the claims of the others end by a clean stop,
        # or by their age.
        will = Will(topics.claim_topic(self._config.collector.regions[0]), b"")
        self.states = self._lane(books, "state", states, *beside, welcome=welcome, will=will)

    def patience(self, books: Books, channel: str, lane: str) -> Patience:
        """Return how long is waited for what holds *channel* up."""

        def tell(reason: str) -> None:
            books.held_up(channel, reason)
            if reason:
                self._watch.let_go(lane)

        return Patience(self._stopping, tell)

    # What is sent.

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a receipt by whichever connection is up; raises NotConnected."""
        try:
            self.readings.session.publish(topic, payload)
        except NotConnected:
            self.states.session.publish(topic, payload)

    def publish_retained(self, topic: str, payload: bytes) -> None:
        """Send what the broker is to keep; while cut off nothing: it is said again at connect."""
        with contextlib.suppress(NotConnected):
            self.states.session.publish(topic, payload, retain=True)

    def empty(self, topic: str) -> None:
        """Empty what the broker retains of *topic*; raises NotConnected."""
        self.states.session.publish(topic, b"", retain=True)

    # Its end.

    def stop(self) -> None:
        """Take in nothing more."""
        self.readings.inbox.stop()
        self.states.inbox.stop()

    async def close(self) -> None:
        """Leave the broker, and take our claims back."""
        await self.readings.session.close()
        first, *others = self._config.collector.regions
        for region in others:
            self.publish_retained(topics.claim_topic(region), b"")
        await self.states.session.close(Will(topics.claim_topic(first), b""))

    def _lane(
        self,
        books: Books,
        channel: Channel,
        handler: Handler,
        *beside: Channel,
        welcome: Callable[[], None] | None = None,
        will: Will | None = None,
    ) -> Lane:
        table = self._config.collector
        patience = self.patience(books, channel, channel)
        careful = Careful(channel, handler, self._watch, table.regions, books, patience)
        inbox = Inbox(channel, careful, books.counters, self._now)
        hears = Connection(channel, inbox, books.door, books.counters, welcome)
        session = Session(
            broker_for(self._config, channel),
            f"{table.id}-{channel}",
            hears,
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
            reconnect_within_s=self._config.broker.reconnect_within_s,
        )
        inbox.source = session
        return Lane(inbox, session)

"""A session with the broker that outlives its connections.

    run ─▶ a round: MQTT 5, else 3.1.1 ─▶ connected … lost ─▶ a wait with jitter ─┐
           ▲                                                                      │
           └──────────────────────────────────────────────────────────────────────┘

All of it runs in the event loop's thread; `core.mqtt.link` meets paho's threads.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from core.errors import NotConnected, PayloadError
from core.mqtt.audience import Audience
from core.mqtt.backoff import Backoff
from core.mqtt.client import MAX_IN_FLIGHT, Plan, WatchedClient
from core.mqtt.link import Link
from core.mqtt.reasons import REFUSED
from core.mqtt.threads import ClientFactory, Connack
from core.mqtt.types import Broker, Connected, Listener, Message, Version, Will
from core.wire import MAX_SENT_BYTES

_log = logging.getLogger(__name__)

LAST_WORD_S: Final = 5.0

_MOST_FAILURES: Final = 20


def no_will(_conn: int) -> Will | None:
    """Leave no will."""
    return None


class Session:
    """Connects, subscribes and publishes at QoS 1, and connects again, until closed.

    `clean_start` False keeps the session at the broker for `session_expiry_s` (with 3.1.1 for as
    long as the broker likes). With `manual_ack` the broker waits when `receive_maximum` messages
    are not acknowledged. `stall_after_s` is the silence after which a connection is dead although
    its thread lives; None means 1.5 keepalives and 10 s. `refused_subscriptions` counts what
    SUBACK refused.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        listener: Listener,
        *,
        will: Callable[[int], Will | None] = no_will,
        clean_start: bool = True,
        session_expiry_s: int = 0,
        receive_maximum: int = 20,
        manual_ack: bool = False,
        subscriptions: Sequence[str] = (),
        reconnect_within_s: float = 60.0,
        backoff_max_s: float = 120.0,
        connect_timeout_s: float = 15.0,
        stall_after_s: float | None = None,
        rng: random.Random | None = None,
        client_factory: ClientFactory = WatchedClient,
    ) -> None:
        self._will, self._subscriptions, self._client_id = will, tuple(subscriptions), client_id
        self._plan = Plan(
            broker=broker,
            client_id=broker.client_id(client_id),
            clean_start=clean_start,
            session_expiry_s=session_expiry_s,
            receive_maximum=receive_maximum,
            manual_ack=manual_ack,
            connect_timeout_s=connect_timeout_s,
        )
        self._stall_after_s, self._client_factory = stall_after_s, client_factory
        uniform = (rng or random.Random()).uniform  # noqa: S311 - jitter, not a secret
        self._new_backoff = partial(Backoff, max_s=backoff_max_s, uniform=uniform)
        self._backoff = self._new_backoff(reconnect_within_s)
        self.refused_subscriptions = 0
        self._audience = Audience(listener, lambda: self._leave("the listener failed"))
        self._link: Link | None = None
        self._closing = self._at_once = False
        self._wake, self._stopped = asyncio.Event(), asyncio.Event()
        self._stopped.set()
        self._failures: set[str] = set()

    @property
    def connected(self) -> bool:
        """Whether the listener was told so, and nothing else since."""
        return self._audience.phase == "up"

    async def run(self) -> None:
        """Connect, and again after each loss, until closed; the first try is immediate.

        Cancelled, it breaks the connection, so that the broker publishes the will.
        """
        self._stopped.clear()
        try:
            while not self._closing:
                await self._round()
                await self._pause()
        finally:
            self._stopped.set()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Send at QoS 1 and return the mid, which means nothing after this connection.

        Raises NotConnected, and then nothing of it is ever sent; PayloadError for a payload that
        no receiver would take, and that a broker may close the connection for.
        """
        if len(payload) > MAX_SENT_BYTES:
            raise PayloadError(f"{len(payload)} bytes to send; the limit is {MAX_SENT_BYTES}")
        if self._link is None or self._audience.phase != "up":
            raise NotConnected(f"no connection to broker {self._plan.broker}")
        return self._link.publish(topic, payload, retain)

    def acknowledge(self, message: Message) -> None:
        """Let the broker forget *message*, as soon as all before it are acknowledged too.

        One of an older connection is ignored: the broker delivers it again.
        """
        if self._link is not None and self._link.plan.conn == message.conn:
            self._link.acknowledge(message.mid)

    def read(self, *, on: bool) -> None:
        """Leave unread what the broker sends from now on, or read on; a new connection reads.

        Receive Maximum does not bound it: mosquitto 2.0 sends all it holds when the first PUBACKs
        come, and rumqttd does not know it (both seen).
        """
        if self._link is not None:
            self._link.read(on=on)

    def reconnect(self) -> None:
        """Leave this connection, its will unsaid, and connect anew at once."""
        self._at_once = True
        self._leave("connecting anew")

    def change(self, broker: Broker, reconnect_within_s: float) -> None:
        """Go to *broker* from now on, at once where it or the way in differs from what was.

        To the old one no last word is said and no will is left: whoever asks it hears silence.
        """
        if self._backoff.within_s != reconnect_within_s:
            self._backoff = self._new_backoff(reconnect_within_s)
        if broker != self._plan.broker:
            client_id = broker.client_id(self._client_id)
            self._plan = replace(
                self._plan, broker=broker, client_id=client_id, in_flight=MAX_IN_FLIGHT
            )
            self._failures.clear()
            self.reconnect()

    async def close(self, last: Will | None = None) -> None:
        """Publish *last*, wait for its PUBACK at most 5 s, disconnect, and let `run` return."""
        if last is not None and self._audience.phase == "up":
            await self._say(last)
        self._closing = True
        self._leave("closed")
        await self._stopped.wait()

    def _leave(self, why: str) -> None:
        self._wake.set()
        if self._link is not None:
            self._audience.phase = "leaving"
            self._link.leave(why)

    async def _say(self, last: Will) -> None:
        """Publish the last word, and log if it was perhaps not heard."""
        try:
            mid = self.publish(last.topic, last.payload, retain=last.retain)
        except (NotConnected, PayloadError) as error:
            _log.warning("broker %s: the last word was not sent: %s", self._plan.broker, error)
            return
        heard = self._audience.watch(mid)
        ways: set[asyncio.Future[int] | asyncio.Future[str]] = {heard}
        if self._link is not None:
            ways.add(self._link.over)
        await asyncio.wait(ways, timeout=LAST_WORD_S, return_when=asyncio.FIRST_COMPLETED)
        if not heard.done() or heard.result() >= REFUSED:
            _log.warning("broker %s: the last word was not taken", self._plan.broker)

    async def _round(self) -> None:
        """Be connected once, in the best way that the broker lets us in."""
        failure = ""
        for version in self._plan.broker.versions:
            link = self._link = self._new_link(version)
            failure = await self._live(link)
            if not failure or self._closing or self._at_once:
                return
            if not link.turned_away:
                break
        self._note(failure)

    def _new_link(self, version: Version) -> Link:
        conn = self._plan.conn + 1
        self._plan = replace(self._plan, version=version, conn=conn, will=self._will(conn))
        told = self._audience
        return Link(self._plan, told.received, told.acknowledged, self._client_factory)

    async def _live(self, link: Link) -> str:
        """Open *link* and stay until it is over; return why it could not be opened, or nothing."""
        self._audience.phase = "opening"
        try:
            connack = await link.open()
            await self._subscribe(link)
            self._greet(connack)
            await link.stay(self._stall_after_s)
        except NotConnected as error:
            return str(error)
        except BaseException:
            link.drop("stopped")
            raise
        finally:
            why = await link.over
            link.release()
            self._part(link.plan.broker, why)
        return ""

    async def _subscribe(self, link: Link) -> None:
        if not self._subscriptions:
            return
        codes = await link.subscribe(self._subscriptions)
        for topic, code in zip(self._subscriptions, codes):
            if code >= REFUSED:
                self.refused_subscriptions += 1
                _log.error(
                    "broker %s refuses the subscription to %s (0x%02x): check its access list",
                    self._plan.broker,
                    topic,
                    code,
                )

    def _greet(self, connack: Connack) -> None:
        plan, maximum = self._plan, max(1, connack.receive_maximum)
        if self._audience.phase != "opening":
            return
        if maximum < plan.in_flight:
            # paho ignores what the broker can take, and fixes its window before it connects.
            self._plan = replace(plan, in_flight=maximum)
            self.reconnect()
            return
        self._backoff.connected()
        self._failures.clear()
        name = plan.client_id
        _log.info("broker %s: connected by MQTT %s as %s", plan.broker, plan.version, name)
        self._audience.connected(
            Connected(plan.conn, connack.session_present, plan.version, maximum)
        )

    def _part(self, broker: Broker, why: str) -> None:
        self._link = None
        if self._audience.disconnected(why):
            meant = self._closing or self._at_once
            level = logging.INFO if meant else logging.WARNING
            _log.log(level, "broker %s: connection over: %s", broker, why)

    async def _pause(self) -> None:
        """Wait a random time before the next round, unless somebody wants it now."""
        if not self._closing and not self._at_once:
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._backoff.wait_s())
        self._at_once = False

    def _note(self, failure: str) -> None:
        """Log each different failure once, until a connection was made."""
        if failure not in self._failures and len(self._failures) < _MOST_FAILURES:
            self._failures.add(failure)
            _log.warning("broker %s: %s; trying again", self._plan.broker, failure)

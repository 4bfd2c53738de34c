"""One connection to the broker as the event loop sees it; `core.mqtt.threads` is its other side.

A link lives once, from `open` to `over`, which always comes: the end of the network thread is
told, whatever ended it, and a thread that is stuck is noticed and left behind.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from paho.mqtt.enums import MQTTErrorCode

from core import clock
from core.errors import NotConnected
from core.mqtt import reasons
from core.mqtt.acks import AckOrder
from core.mqtt.client import QOS, Plan, WatchedClient
from core.mqtt.threads import ClientFactory, Connack, Threads
from core.mqtt.types import Message

_log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_S: Final = 2.0
"""How long a connection may take to end before the harder way is tried."""

JOIN_S: Final = 1.0


class Link:
    """One connection; `over` gives why it ended. Everything here is for the event loop's thread.

    `receive` and `hear_ack` are called for each message and each PUBACK (mid, reason code, name).
    """

    def __init__(
        self,
        plan: Plan,
        receive: Callable[[Message], None],
        hear_ack: Callable[[int, int, str], None],
        factory: ClientFactory = WatchedClient,
    ) -> None:
        self.plan = plan
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[str] = self._loop.create_future()
        self._connack: asyncio.Future[Connack] = self._loop.create_future()
        self._granted: asyncio.Future[Sequence[int]] = self._loop.create_future()
        self._receive, self._hear_ack = receive, hear_ack
        self._threads = Threads(plan, self._loop, self, factory)
        self._acks = AckOrder()
        self._due: list[int] = []
        self._why = ""

    @property
    def hung_up(self) -> bool:
        """Whether something listens there, but ended the connection instead of answering."""
        return self._threads.reached and not self._connack.done() and not self._why

    @property
    def turned_away(self) -> bool:
        """Whether what listens there may speak another version of MQTT.

        One that says nothing at all does not count: it hangs, and would wake up to a connection
        by the worse version.
        """
        if self._connack.done():
            return self._connack.result().code == reasons.BROKER_VERSION
        return self.hung_up

    async def open(self) -> Connack:
        """Connect and wait for CONNACK; raises NotConnected, and the link will be over then."""
        self._threads.start()
        answer = await self._answer(self._connack, "CONNECT")
        if answer.code:
            self.drop()
            raise NotConnected(reasons.refused(answer.code, answer.name))
        return answer

    async def subscribe(self, topics: Sequence[str]) -> Sequence[int]:
        """Subscribe and return the reason codes of SUBACK, in order; raises NotConnected."""
        if self._threads.client is not None:
            self._threads.client.subscribe([(topic, QOS) for topic in topics])
        return await self._answer(self._granted, "SUBSCRIBE")

    async def _answer(self, came: asyncio.Future[T], question: str) -> T:
        seconds = self.plan.connect_timeout_s
        ways: set[asyncio.Future[T] | asyncio.Future[str]] = {came, self.over}
        await asyncio.wait(ways, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if came.done():
            return came.result()
        if not self.over.done():
            self.drop(f"no answer to {question} within {seconds:g} s")
        raise NotConnected(await self.over)

    async def stay(self, stall_after_s: float | None) -> None:
        """Wait until the connection is over.

        Ends it by itself when nothing came in for *stall_after_s*, although its thread lives.
        """
        while not self.over.done():
            client = self._threads.client
            keepalive = client.keepalive if client else self.plan.broker.keepalive_s
            limit = stall_after_s or 1.5 * keepalive + 10
            silent = clock.monotonic() - client.heard_at if client else 0.0
            if silent >= limit:
                self.drop(f"nothing came in for {silent:.0f} s, and its thread did not notice")
                await self.over
            else:
                await asyncio.wait({self.over}, timeout=limit - silent)

    def publish(self, topic: str, payload: bytes, retain: bool) -> int:
        """Hand a message to paho and return its mid; raises NotConnected."""
        client, broker = self._threads.client, self.plan.broker
        if client is None or self.over.done():
            raise NotConnected(f"no connection to broker {broker}")
        info = client.publish(topic, payload, QOS, retain)
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            raise NotConnected(f"broker {broker} acknowledges nothing, and the queue is full")
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            # paho has queued it all the same, but this client will never connect again.
            raise NotConnected(f"the connection to broker {broker} has just broken")
        return info.mid

    def acknowledge(self, mid: int) -> None:
        """Send the PUBACKs that are due now that *mid* is done with, at the loop's next turn."""
        due = self._acks.acknowledge(mid)
        if due and not self._due:
            self._loop.call_soon(self._send_due)
        self._due += due

    def _send_due(self) -> None:
        due, self._due = self._due, []
        if due and self._threads.client is not None:
            self._threads.client.acknowledge(due)

    def read(self, *, on: bool) -> None:
        """Let the network thread read, or leave what comes in the socket."""
        if self._threads.client is not None:
            (self._threads.client.reading.set if on else self._threads.client.reading.clear)()

    def leave(self, why: str) -> None:
        """Send what is queued and DISCONNECT: the broker forgets the will. `over` follows."""
        self._why = self._why or why
        self._send_due()
        client = self._threads.client
        if client is None or not self._connack.done():
            self.drop()
        elif not self.over.done():
            client.disconnect()
            self._loop.call_later(PATIENCE_S, self.drop)

    def drop(self, why: str = "") -> None:
        """Break the connection: the broker publishes the will. `over` follows."""
        if not self.over.done():
            self._why = self._why or why
            if self._threads.shut():
                self._loop.call_later(PATIENCE_S, self._leave_behind)
            else:
                self.ended(self._why)

    def _leave_behind(self) -> None:
        if not self.over.done():
            _log.error("broker %s: a thread is stuck, and left behind", self.plan.broker)
            self.ended(self._why)

    def release(self) -> None:
        """Let go of the client when the link is over, so that its sockets close."""
        # Not paho's loop_stop(), which would wait without a limit for a thread that is stuck.
        client, self._threads.client = self._threads.client, None
        thread = client.network_thread if client else None
        if thread is not None:
            thread.join(JOIN_S)

    # What the threads tell. Of a thread that was left behind nobody wants to hear any more.

    def answered(self, answer: Connack) -> None:
        """Take the CONNACK; a second one means nothing."""
        if not self._connack.done():
            self._connack.set_result(answer)

    def subscribed(self, codes: Sequence[int]) -> None:
        """Take the SUBACK; there is one SUBSCRIBE in the life of a link."""
        if not self._granted.done():
            self._granted.set_result(codes)

    def received(self, message: Message) -> None:
        """Hand on a message, its place in the order of PUBACKs noted."""
        if self.over.done():
            return
        if message.mid and self.plan.manual_ack:
            self._acks.arrived(message.mid)
        self._receive(message)

    def acknowledged(self, mid: int, code: int, name: str) -> None:
        """Hand on a PUBACK."""
        if not self.over.done():
            self._hear_ack(mid, code, name)

    def ended(self, why: str) -> None:
        """Be over; what we had in mind ourselves is the better reason."""
        if not self.over.done():
            self.over.set_result(self._why or why or self._unexplained())

    def _unexplained(self) -> str:
        if self._connack.done():
            return "the connection broke"
        return reasons.unanswered(self.plan.broker, self.plan.client_id)

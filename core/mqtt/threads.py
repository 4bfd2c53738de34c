"""paho's side of a connection: the thread that connects, and paho's own network thread.

`_tell` is the only way over to the event loop. Whatever happens here ends in `Ears.ended`.
"""

import asyncio
import contextlib
import functools
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, Protocol, cast

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from core.mqtt import client as paho
from core.mqtt import reasons
from core.mqtt.client import Plan, WatchedClient
from core.mqtt.types import Message

_log = logging.getLogger(__name__)

P = ParamSpec("P")
ClientFactory = Callable[[Plan], WatchedClient]

RECEIVE_MAXIMUM_UNSAID: Final = 65_535
LINGER_S: Final = 1.0
NOT_UTF8: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Connack:
    """The broker's answer to CONNECT; `code` is 0 or, from 0x80, why not."""

    code: int
    name: str
    session_present: bool
    receive_maximum: int


class Ears(Protocol):
    """The event loop's side; called in its thread."""

    def answered(self, answer: Connack, /) -> None:
        """Hear the CONNACK."""

    def subscribed(self, codes: Sequence[int], /) -> None:
        """Hear the reason codes of SUBACK."""

    def received(self, message: Message, /) -> None:
        """Hear a message."""

    def acknowledged(self, mid: int, code: int, name: str, /) -> None:
        """Hear a PUBACK."""

    def ended(self, why: str, /) -> None:
        """Hear that the connection is no more, and why if anybody knows."""


def _guarded(
    callback: Callable[Concatenate["Threads", P], None],
) -> Callable[Concatenate["Threads", P], None]:
    """Keep every exception of a callback out of paho, which would go on as if nothing was lost."""

    @functools.wraps(callback)
    def guarded(threads: "Threads", /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(threads, *args, **kwargs)
        except Exception:  # noqa: BLE001 — logged with its traceback; the connection pays for it
            _log.exception("%s failed; the connection is dropped", callback.__name__)
            threads.shut()

    return guarded


class Threads:
    """Makes the client, connects it, and hands over what its callbacks say.

    `client` is None until it is made, and again when nobody wants it any more; `reached` says
    whether anybody took the connection.
    """

    def __init__(
        self, plan: Plan, loop: asyncio.AbstractEventLoop, ears: Ears, factory: ClientFactory
    ) -> None:
        self.client: WatchedClient | None = None
        self.reached = self._unwanted = False
        self._plan, self._loop, self._ears, self._factory = plan, loop, ears, factory
        self._why = ""
        self._said: deque[Callable[[], None]] = deque()
        self._on_the_way = False

    def start(self) -> None:
        """Begin to connect: name resolution and TLS block, for long at times."""
        # Not the loop's executor: a hanging name server would hold up the end of the program.
        name = f"mqtt-connect-{self._plan.conn}"
        try:
            threading.Thread(target=self._connect, name=name, daemon=True).start()
        except RuntimeError as error:
            # The system gives no more threads for now.
            self._ears.ended(reasons.failed(error))

    def shut(self) -> bool:
        """Make the network thread find its socket closed; from any thread.

        Returns False where there is no socket: it is not open yet, and will be closed when it is.
        """
        self._unwanted = True
        client = self.client
        sock = client.socket() if client else None
        if sock is None:
            return False
        # Its own thread may be closing it at this moment: that is what is wanted.
        with contextlib.suppress(OSError):
            cast(socket.socket, sock).shutdown(socket.SHUT_RDWR)
        return True

    def _tell(self, hear: Callable[P, None], *what: P.args, **more: P.kwargs) -> None:
        """Hand over to the event loop's thread: the one door."""
        self._said.append(functools.partial(hear, *what, **more))
        if self._on_the_way:
            return  # the loop is woken once for all that is said until it listens
        self._on_the_way = True
        try:
            self._loop.call_soon_threadsafe(self._hear)
        except RuntimeError:
            # A loop that is closed has nobody left to tell.
            if not self._loop.is_closed():
                raise

    def _hear(self) -> None:
        self._on_the_way = False  # first: what is said from now on wakes the loop again
        try:
            for _ in range(len(self._said)):
                self._said.popleft()()
        finally:
            if self._said and not self._on_the_way:  # one of them failed
                self._on_the_way = True
                self._loop.call_soon(self._hear)

    def _connect(self) -> None:
        try:
            client = self.client = self._factory(self._plan)
            self._listen(client)
            paho.connect(client, self._plan)
            client.loop_start()
        except (OSError, ValueError) as error:
            self._tell(self._ears.ended, reasons.failed(error))
        except Exception as error:  # noqa: BLE001 — the end of a thread, which must be noticed
            _log.exception("cannot connect to broker %s", self._plan.broker)
            self._tell(self._ears.ended, reasons.failed(error))

    def _listen(self, client: WatchedClient) -> None:
        client.on_ended = self._on_ended
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect

    def _on_ended(self, why: str) -> None:
        self._tell(self._ears.ended, why or self._why)

    @_guarded
    def _on_socket_open(self, _client: Client, _data: Any, sock: Any) -> None:
        self.reached = True
        if self._unwanted:
            # Given up meanwhile. A CONNECT now would throw out the connection that came after.
            sock.close()
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @_guarded
    def _on_connect(
        self,
        _client: Client,
        _data: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        maximum = getattr(properties, "ReceiveMaximum", RECEIVE_MAXIMUM_UNSAID)
        answer = Connack(reason.value, str(reason), flags.session_present, maximum)
        self._tell(self._ears.answered, answer)

    @_guarded
    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _more: object
    ) -> None:
        self._tell(self._ears.subscribed, [code.value for code in codes])

    @_guarded
    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = NOT_UTF8
        mid = message.mid if message.qos else 0
        found = Message(topic, bytes(message.payload), message.retain, mid, self._plan.conn)
        self._tell(self._ears.received, found)

    @_guarded
    def _on_publish(
        self, _client: Client, _data: Any, mid: int, reason: ReasonCode, _more: object
    ) -> None:
        self._tell(self._ears.acknowledged, mid, reason.value, str(reason))

    @_guarded
    def _on_disconnect(
        self,
        client: Client,
        _data: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _more: object,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._why = reasons.closed(reason.value, str(reason))
        elif reason.is_failure:
            self._why = self._why or reasons.lost(str(reason))
        else:
            _linger(client.socket())


def _linger(sock: Any) -> None:
    """Wait until the broker has closed its side, now that DISCONNECT is sent.

    A socket that is closed with bytes unread resets the connection; the broker then may lose what
    we sent last, DISCONNECT too, and publish the will of a session that ended cleanly (seen).
    """
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.settimeout(LINGER_S)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65_536):
                pass

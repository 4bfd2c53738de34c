"""A paho client for one connection, whose network thread can neither end nor stall unnoticed.

By itself paho says `is_connected()` of a client whose network thread has died, keeps what was not
acknowledged for the next connection, and sends all of it at once then. So each connection gets a
client of its own, which never reconnects.
"""

import logging
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from core import clock
from core.mqtt.types import Broker, Version, Will

_log = logging.getLogger(__name__)

PROTOCOL: Final[dict[Version, MQTTProtocolVersion]] = {
    "5": MQTTProtocolVersion.MQTTv5,
    "3.1.1": MQTTProtocolVersion.MQTTv311,
}
MAX_QUEUED: Final = 1_000
"""Messages that paho holds for a broker which does not acknowledge; the next one is refused."""

QOS: Final = 1


MAX_IN_FLIGHT: Final = 20

PUBACK: Final = struct.Struct("!BBH")
"""Head, length of the rest, message id; without a reason code it means success, in MQTT 5 too."""

READ_AHEAD: Final = 65_536
HELD_S: Final = 0.05
"""How long the network thread waits at a time while held: what is to be sent waits no longer."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one connection is made with; `in_flight` bounds what paho sends unacknowledged."""

    broker: Broker
    client_id: str
    clean_start: bool
    session_expiry_s: int
    receive_maximum: int
    manual_ack: bool
    connect_timeout_s: float
    version: Version = "5"
    conn: int = 0
    will: Will | None = None
    in_flight: int = MAX_IN_FLIGHT


class WatchedClient(Client):
    """Says when its network thread ended, and when it last had something to read.

    `on_ended` is called in the network thread, once, with what killed it or an empty string;
    `heard_at` is seconds of the monotonic clock. While `reading` is not set it reads nothing, and
    TCP holds the broker back, whatever Receive Maximum means to it.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=plan.client_id,
            protocol=PROTOCOL[plan.version],
            clean_session=None if plan.version == "5" else plan.clean_start,
            reconnect_on_failure=False,
            manual_ack=plan.manual_ack,
        )
        # An exception out of a callback would end the network thread.
        self.suppress_exceptions = True
        self.on_ended: Callable[[str], None] = _nobody
        self.heard_at = clock.monotonic()
        self.network_thread: threading.Thread | None = None
        self.reading = threading.Event()
        self.reading.set()
        self._ahead, self._place = b"", 0

    def loop_forever(
        self, timeout: float = 0.0, retry_first_connection: bool = False
    ) -> MQTTErrorCode:
        """Run the network thread; however it ends, that is told.

        It sleeps until there is something to read or to send: to look for the keepalive once a
        second, as paho does, would be most of what an idle agent costs.
        """
        self.network_thread = threading.current_thread()
        why = ""
        try:
            return super().loop_forever(timeout, retry_first_connection)
        except Exception as error:  # noqa: BLE001 — the end of a thread, which must be noticed
            _log.exception("the network thread of %s died", self.network_thread.name)
            why = f"the network thread died: {type(error).__name__}: {error}"
            return MQTTErrorCode.MQTT_ERR_UNKNOWN
        finally:
            self.on_ended(why)

    def _loop(self, timeout: float = 1.0) -> MQTTErrorCode:
        """Wait until the keepalive is due, and not for *timeout*."""
        last = min(self._last_msg_out, self._last_bytes_received)
        due = last + self.keepalive - clock.monotonic()
        return super()._loop(max(0.0, due) if self.keepalive else timeout)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read what the socket has; called only when it has something."""
        self.heard_at = clock.monotonic()
        if not self.reading.wait(HELD_S):
            # The answer to a ping may lie behind what is not read: nobody is to miss it.
            self._ping_t = 0.0
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        code = super().loop_read(max_packets)
        while code == MQTTErrorCode.MQTT_ERR_SUCCESS and self._place < len(self._ahead):
            code = super().loop_read(max_packets)
        return code

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Send a PUBACK for each of *mids*, in order.

        As one piece: each alone would wake the network thread and take a system call.
        """
        pubacks = [PUBACK.pack(PacketTypes.PUBACK << 4, 2, mid) for mid in mids]
        self._packet_queue(PacketTypes.PUBACK << 4, b"".join(pubacks), 0, QOS)

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read ahead: paho asks for a packet's first bytes one by one, a system call for each.

        `loop_read` goes on until all of it is used, since nothing else would ask for it.
        """
        if self._place == len(self._ahead):
            self._ahead, self._place = super()._sock_recv(max(bufsize, READ_AHEAD)), 0
        piece = self._ahead[self._place : self._place + bufsize]
        self._place += len(piece)
        return piece


def _nobody(_why: str) -> None:
    """Stand in for `on_ended` until a link listens."""


def connect(client: Client, plan: Plan) -> None:
    """Open the connection and send CONNECT; blocks. Raises OSError or ValueError."""
    broker, will = plan.broker, plan.will
    client.max_inflight_messages = plan.in_flight
    client.max_queued_messages = MAX_QUEUED
    client.connect_timeout = plan.connect_timeout_s
    if broker.username:
        client.username_pw_set(broker.username, broker.password or None)
    if will is not None:
        client.will_set(will.topic, will.payload, QOS, will.retain)
    if broker.ca_file is not None:
        _use_tls(client, broker)
    if plan.version == "5":
        client.connect(
            broker.host,
            broker.port,
            broker.keepalive_s,
            clean_start=plan.clean_start,
            properties=_connect_properties(plan),
        )
    else:
        client.connect(broker.host, broker.port, broker.keepalive_s)


def _connect_properties(plan: Plan) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = plan.session_expiry_s
    properties.ReceiveMaximum = plan.receive_maximum
    return properties


def _use_tls(client: Client, broker: Broker) -> None:
    ca, cert, key = (
        _readable(path) for path in (broker.ca_file, broker.cert_file, broker.key_file)
    )
    client.tls_set(ca, cert, key)


def _readable(path: Path | None) -> str | None:
    if path is None:
        return None
    # ssl does not say which file it could not read.
    path.open("rb").close()
    return str(path)

"""Clients of a broker that asks for certificates: they say something, and keep what they hear."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.real.brokers import LOOPBACK
from tests.waiting import until_sync

WAIT_S = 20
NOT_AUTHORIZED = 0x87
Heard = tuple[str, str]
"""A topic, and what came under it."""


@dataclass
class Client:
    """One connection, by MQTT 5, as the certificate *stem*.pem with its key."""

    port: int
    ca: Path
    stem: Path | None
    name: str = ""
    keeps: bool = False
    heard: list[Heard] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._codes: dict[int, int] = {}
        self._connected, self._subscribed = threading.Event(), threading.Event()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            self.name,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        context = ssl.create_default_context(cafile=self.ca)
        if self.stem:
            context.load_cert_chain(f"{self.stem}.pem", f"{self.stem}.key")
        client.tls_set_context(context)
        client.on_connect = self._on_connect
        client.on_disconnect = lambda *_: self.over.set()
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_subscribe = lambda *_: self._subscribed.set()
        self._client = client

    def connect(self) -> bool:
        """Return whether the broker lets us in."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        if self.keeps:
            properties.SessionExpiryInterval = 3600
        try:
            self._client.connect(
                LOOPBACK, self.port, clean_start=not self.keeps, properties=properties
            )
        except (OSError, ssl.SSLError):
            return False
        self._client.loop_start()
        # With TLS 1.3 a client is told only afterwards that its certificate is refused.
        until_sync(lambda: self._connected.is_set() or self.over.is_set(), WAIT_S)
        return self._connected.is_set() and not self.over.wait(0.2)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def subscribe(self, *topics: str) -> None:
        self._client.subscribe([(topic, 1) for topic in topics])
        assert self._subscribed.wait(WAIT_S)

    def may_publish(self, topic: str, payload: str) -> bool:
        """Publish, and return whether the broker allows it, whoever hears it."""
        mid = self._client.publish(topic, payload, 1).mid
        until_sync(lambda: mid in self._codes, WAIT_S)
        return self._codes[mid] != NOT_AUTHORIZED

    def _on_connect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        (self.over if code.is_failure else self._connected).set()

    def _on_publish(
        self, _client: mqtt.Client, _data: Any, mid: int, code: ReasonCode, _properties: Any
    ) -> None:
        self._codes[mid] = code.value

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self.heard.append((message.topic, message.payload.decode()))


@contextmanager
def connected(client: Client) -> Iterator[Client]:
    """Have *client* connected for the length of the block."""
    assert client.connect()
    try:
        yield client
    finally:
        client.close()

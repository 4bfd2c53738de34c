"""In the collector's place at a real broker: takes readings and events, and gives receipts."""

from collections.abc import Callable
from typing import Final, cast

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from core import clock, events, messages, topics, wire
from core.messages import Claim, Receipt
from core.types import Identity, Lane
from tests.e2e.programs import REGION
from tests.real.brokers import LOOPBACK, RealBroker

LANES: Final = ("readings", "events")

Heard = Callable[[Identity, bytes], object]
"""Hears, in a thread of its own, who sent what, unpacked."""


class Receiver:
    """Claims the region of the trial, and confirms whatever can be confirmed."""

    def __init__(self, broker: RealBroker, heard: Heard = lambda _who, _body: None) -> None:
        self.payload = 0
        """How many bytes of readings were published, as they were sent."""
        self._heard = heard
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = self._take
        self._client.connect(LOOPBACK, broker.port)
        for lane in LANES:
            self._client.subscribe(f"schoolwatch/v1/+/+/+/{lane}", 1)
        claim = messages.encode(Claim("receiver", 1))
        self._client.publish(topics.claim_topic(REGION), claim, 1, retain=True)

    def _take(self, client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        who, lane = topics.parse(message.topic)
        self.payload += len(message.payload) if lane == "readings" else 0
        body = wire.unpack(bytes(message.payload))
        split = events.split_header if lane == "events" else wire.split_header
        header, _ = split(body)
        if header:  # Telegraf has none
            got = {header.epoch: [(header.seq, messages.crc_text(wire.crc(body)))]}
            now_ms = clock.now() // 1_000_000
            receipt = Receipt("receiver", now_ms, got={cast(Lane, lane): got})
            client.publish(topics.topic(who, "receipt"), messages.encode(receipt), 1)
        self._heard(who, body)

    def __enter__(self) -> "Receiver":
        """Begin."""
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

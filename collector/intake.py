"""From an MQTT message to what it claims to be: identity, limits, header, lines (wire.md, rule 2).

Pure: nothing here touches a disk or the network, and no payload, however made, makes it fail or
take more than a few megabytes; what is wrong comes back as `Bad`, with a reason for a person.
"""

import hashlib
from collections.abc import Collection
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from core import events, topics, wire
from core.errors import HeaderError, PayloadError, TopicError
from core.mqtt import Message
from core.types import LANES, BatchKey, Identity

MAX_LINES: Final = 99_999
"""In one message, with a header (whose count has five digits) or without."""

BadKind = Literal["topic", "region", "payload", "header", "damaged", "state", "unaccounted"]


class Arrival(msgspec.Struct, frozen=True):
    """One message at the door at `at` (ns); a payload over the limit is cut there.

    `size` and `digest` (SHA-256; empty for one that was not cut) are of the whole payload.
    """

    message: Message
    at: int
    size: int
    digest: str = ""

    @property
    def topic(self) -> str:
        """The topic, as it came."""
        return self.message.topic

    @property
    def payload(self) -> bytes:
        """The payload, or as much of it as is kept."""
        return self.message.payload


class Bad(msgspec.Struct, frozen=True):
    """A message for the dead letters; with `key` its sender is told so, and with which crc."""

    kind: BadKind
    reason: str
    who: Identity | None = None
    key: BatchKey | None = None
    crc: int = 0


class Keyed(msgspec.Struct, frozen=True):
    """Whose batch, by which key, and the crc of its bytes."""

    who: Identity
    key: BatchKey
    crc: int


class Accounted(msgspec.Struct, frozen=True):
    """A batch with a whole header; `lines` is what follows it."""

    who: Identity
    key: BatchKey
    crc: int
    lines: bytes
    clock_unchecked: bool


class Unaccounted(msgspec.Struct, frozen=True):
    """Lines of a publisher that sends no header (Telegraf, a microcontroller)."""

    who: Identity
    lines: bytes


def arrive(message: Message, at: int) -> Arrival:
    """Return *message* at the door; no more of it is held than may be sent."""
    size = len(message.payload)
    if size <= wire.MAX_SENT_BYTES:
        return Arrival(message, at, size)
    digest = hashlib.sha256(message.payload).hexdigest()
    kept = replace(message, payload=message.payload[: wire.MAX_SENT_BYTES])
    return Arrival(kept, at, size, digest)


def sender(topic: str, regions: Collection[str], channel: topics.Channel) -> Identity | Bad:
    """Return who sent on *topic*; the broker was asked only for *regions* and *channel*."""
    try:
        who, found = topics.parse(topic)
    except TopicError as error:
        return Bad("topic", str(error))
    if found != channel:
        return Bad("topic", f"came on {found}, where only {channel} belongs", who)
    if who.region not in regions:
        return Bad("region", f"region {who.region} is not served here", who)
    return who


def sender_of(topic: str) -> Identity | None:
    """Return who sent on *topic*, whatever channel and region it is; None where nobody can."""
    try:
        return topics.parse(topic)[0]
    except TopicError:
        return None


def key_of(arrival: Arrival, regions: Collection[str]) -> Keyed | None:
    """Return by which key a batch came, reading no more of it than that takes."""
    channel = arrival.topic.rpartition("/")[2]
    lane = next((lane for lane in LANES if lane == channel), None)
    found = opened(arrival, regions, lane) if lane else None
    if lane is None or found is None or isinstance(found, Bad):
        return None
    who, body = found
    try:
        split = events.split_header if lane == "events" else wire.split_header
        header, _ = split(body)
    except wire.KeyedHeaderError as error:
        return Keyed(who, BatchKey(error.epoch, lane, error.seq), wire.crc(body))
    except HeaderError:
        return None
    if header is None:
        return None
    return Keyed(who, BatchKey(header.epoch, lane, header.seq), wire.crc(body))


def too_large(arrival: Arrival) -> str:
    """Return what is wrong with the size of *arrival*, or an empty string."""
    limit = wire.MAX_SENT_BYTES
    return f"{arrival.size} bytes as sent; the limit is {limit}" if arrival.size > limit else ""


def opened(
    arrival: Arrival, regions: Collection[str], channel: topics.Channel
) -> tuple[Identity, bytes] | Bad:
    """Return who sent the message on *channel*, and its payload unpacked."""
    who = sender(arrival.topic, regions, channel)
    if isinstance(who, Bad):
        return who
    if problem := too_large(arrival):
        return Bad("payload", problem, who)
    try:
        return who, wire.unpack(arrival.payload)
    except PayloadError as error:
        return Bad("payload", str(error), who)


def read_batch(arrival: Arrival, regions: Collection[str]) -> Accounted | Unaccounted | Bad:
    """Return what the message on a `readings` topic holds."""
    found = opened(arrival, regions, "readings")
    return found if isinstance(found, Bad) else _read_body(*found)


def _read_body(who: Identity, body: bytes) -> Accounted | Unaccounted | Bad:
    try:
        header, lines = wire.split_header(body)
    except wire.KeyedHeaderError as error:
        key = BatchKey(error.epoch, "readings", error.seq)
        return Bad("damaged", str(error), who, key, wire.crc(body))
    except HeaderError as error:
        return Bad("header", str(error), who)
    if header:
        key = BatchKey(header.epoch, "readings", header.seq)
        return Accounted(who, key, wire.crc(body), lines, header.clock_unchecked)
    if lines.count(b"\n") > MAX_LINES:
        return Bad("payload", f"more than {MAX_LINES} lines", who)
    return Unaccounted(who, lines)

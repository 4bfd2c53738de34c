"""What agents send, made for tests of the collector."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from core import events, messages, topics, wire
from core.clock import SECOND
from core.events import seal
from core.messages import Birth, EpochReport
from core.mqtt import Message
from core.types import Event, Identity, Lane
from core.wire import Header

REGION = "330100"
WHO = Identity(REGION, "school-1", "host")
OTHER = Identity(REGION, "school-2", "host")
NOW = 1_795_374_585 * SECOND
A, B, C = (letter * 16 for letter in "ABC")
"""Epochs."""


class Clock:
    """Time in ns that a test moves."""

    def __init__(self, at: int = NOW) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / SECOND


def birth(
    epoch: str = A, conn: int = 1, no: int = 1, asked: int = 0, epochs: Sequence[EpochReport] = ()
) -> Birth:
    return Birth(
        epoch, conn, no, "0.1.0", "2026-11-22T08:00:00Z", "SPOOL", asked=asked, epochs=[*epochs]
    )


def report(
    epoch: str, held: Sequence[tuple[int, int]], high: int = 0, lane: Lane = "readings"
) -> EpochReport:
    return EpochReport(
        epoch,
        lane,
        high or max((last for _, last in held), default=0),
        [*chain.from_iterable(held)],
    )


def batch(epoch: str = A, seq: int = 1, lines: Sequence[bytes] = (), at: int = NOW) -> bytes:
    """A batch of *lines*; by default one, of this sequence and time."""
    lines = lines or [b"mem used=%di %d" % (seq, at + seq)]
    return wire.seal(Header(epoch, seq, len(lines)), lines)


def event(kind: str = "link_down", *, active: bool = True, at: int = NOW, **details: Any) -> Event:
    return Event(kind, "switch-2", "switch-2/port-5", active, at, "P3", details)


def event_batch(epoch: str = A, seq: int = 1, *found: Event) -> bytes:
    """A batch of *found*; by default one event that carries this sequence."""
    return seal(events.Header(epoch, seq, 0), found or (event(seq=seq),))


def events_of(payload: bytes, who: Identity = WHO, *, mid: int = 1, conn: int = 1) -> Message:
    return Message(topics.topic(who, "events"), wire.pack(payload), False, mid, conn)


def readings(
    payload: bytes, who: Identity = WHO, *, mid: int = 1, conn: int = 1, pack: bool = True
) -> Message:
    packed = wire.pack(payload) if pack else payload
    return Message(topics.topic(who, "readings"), packed, False, mid, conn)


def state(
    said: Birth | messages.Death | bytes, who: Identity = WHO, *, retain: bool = False
) -> Message:
    payload = said if isinstance(said, bytes) else messages.encode(said)
    return Message(topics.topic(who, "state"), payload, retain, 1, 1)

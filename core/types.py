"""The small frozen values that the programs hand on. They never change once they are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec

from core.kind import Severity

Value = bool | int | float | str
"""What a field may hold. The type is part of the meaning: 1 and 1.0 are different on the wire."""

Lane = Literal["readings", "events"]
"""The two streams of an agent; each counts its own sequence, and the channel is named like it."""

LANES: tuple[Lane, ...] = ("readings", "events")


class Identity(msgspec.Struct, frozen=True):
    """Who an agent is. Stands in the topic, never in a payload; the broker proves it."""

    region: str
    school: str
    agent: str

    def __str__(self) -> str:
        """Return `region/school/agent`: MQTT client id and certificate name at once."""
        return f"{self.region}/{self.school}/{self.agent}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a probe saw at one moment: one line of line protocol.

    `at` is nanoseconds since 1970; measurement, tags and fields stand in `core.catalog`.
    """

    measurement: str
    fields: Mapping[str, Value]
    at: int
    tags: Mapping[str, str] = field(default_factory=dict)


class EventKey(NamedTuple):
    """Names a condition of one agent: an event that ends repeats it."""

    kind: str
    target: str
    subject: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, began (`active`) or ended at `at` (ns since 1970).

    `severity` is the view of who says it, where it has one; `details` is what JSON can hold.
    """

    kind: str
    target: str
    subject: str
    active: bool
    at: int
    severity: Severity | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> EventKey:
        """What an event that ends this one has in common with it."""
        return EventKey(self.kind, self.target, self.subject)


class BatchKey(NamedTuple):
    """What names a batch of one agent for good. The same key always carries the same bytes."""

    epoch: str
    lane: Lane
    seq: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What the spool commits, sends and deletes as one; `body` begins with its header line."""

    key: BatchKey
    body: bytes
    crc: int
    sealed_at: int

"""What the agent and the sensor's process say to each other: one JSON object a line.

The agent gives `Options` as the first line, and ends the process by ending its input. What comes
back is decoded strictly: the process that reads foreign frames is the one to be taken over, and
nothing that it says may be longer, or name more, than an event and its figures need.
"""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, json

LINE_BYTES: Final = 16_384
"""Of one line, at most, either way back; options may be longer."""

Interface = Annotated[str, Meta(min_length=1, max_length=15)]
Word = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,39}\Z")]
Subject = Annotated[str, Meta(pattern=r"\A[0-9a-f]{10}\Z")]
Text = Annotated[str, Meta(max_length=64)]
Count = Annotated[int, Meta(ge=0, le=1 << 53)]
Moment = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
"""ns since 1970, by the machine's clock."""
Mac = Annotated[str, Meta(pattern=r"\A[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")]
Share = Annotated[float, Meta(ge=0, le=100)]


class Owner(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Whose a gateway's address is: what a process knows, and the next one is told."""

    address: Annotated[str, Meta(max_length=45)]
    mac: Mac
    vlan: Annotated[int, Meta(ge=0, le=4095)] = 0


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the process is told: texts as in agent.toml, and what the agent found itself.

    `key` makes subjects of events that name nobody; `parent` is the agent, with which it ends.
    """

    key: str
    parent: int
    interfaces: tuple[str, ...]
    figures_s: float = 5.0
    """So often the process says that it lives, with what it counted."""
    promiscuous: bool = False
    subnets: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    allow: dict[str, tuple[str, ...]] = {}
    detectors: dict[str, dict[str, Any]] = {}
    block_lists: dict[str, list[str]] = {}
    """Files by category."""
    owners: dict[str, tuple[Owner, ...]] = {}
    """By interface what an earlier process knew of gateways."""


class Side(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who did it, or whom it hit."""

    address: Annotated[str, Meta(max_length=45)] = ""
    mac: Annotated[str, Meta(max_length=17)] = ""
    role: Annotated[str, Meta(max_length=20)] = ""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0


class Details(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What an event of the sensor says besides its key and its time."""

    source: Side = Side()
    target: Side = Side()
    count: Count = 0
    confidence: Annotated[float, Meta(ge=0, le=1)] = 0.0
    evidence: Annotated[dict[Word, int | float | Text], Meta(max_length=24)] = {}
    began: Moment = 0
    vlan: Annotated[int, Meta(ge=0, le=4095)] = 0


class Told(Struct, frozen=True, tag="told", forbid_unknown_fields=True):
    """That an incident begins, is updated or ends at `at`."""

    kind: Word
    interface: Interface
    subject: Subject
    stage: Literal["begin", "update", "end"]
    at: Moment
    details: Details


class Figures(Struct, frozen=True, tag="figures", kw_only=True, forbid_unknown_fields=True):
    """Every few seconds of each interface: that the process lives, and what it counts.

    Counts are since the process began. `why` tells why nothing can be heard there, "" where it
    listens.
    """

    interface: Interface
    why: Annotated[str, Meta(max_length=20)] = ""
    frames: Count = 0
    dropped: Count = 0
    facts: Count = 0
    malformed: Count = 0
    forgotten: Count = 0
    """Rows that the detectors' tables had no room for any more."""
    defects: Count = 0
    """Facts that a detector failed on."""
    cpu_percent: Annotated[float, Meta(ge=0)] = 0.0
    mem_mb: Annotated[float, Meta(ge=0)] = 0.0
    foreign_share: Share | None = None
    sees: Literal["all", "own", "unknown"] = "unknown"
    blind: Annotated[tuple[Word, ...], Meta(max_length=32)] = ()
    promiscuous: bool = False
    census: Annotated[dict[Word, Count], Meta(max_length=8)] = {}
    verdicts: Annotated[dict[Word, Count], Meta(max_length=8)] = {}
    owners: Annotated[tuple[Owner, ...], Meta(max_length=16)] = ()


class Refused(Struct, frozen=True, tag="refused", forbid_unknown_fields=True):
    """The process cannot work at all, and ends."""

    why: Annotated[str, Meta(max_length=20)]
    text: Annotated[str, Meta(max_length=300)]


Line = Told | Figures | Refused

options_of: Final = json.Decoder(Options).decode
line_of: Final = json.Decoder(Line).decode
"""Raises msgspec.MsgspecError."""


def encoded(line: Options | Line) -> bytes:
    """Return *line* with its newline."""
    return json.encode(line) + b"\n"

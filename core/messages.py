"""The JSON messages of the wire contract: birth and death up, receipt down, the claim beside them.

Unknown words are ignored when read, so that later versions can add some. `schoolwatch` is the
version of the contract.
"""

from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core import wire
from core.errors import HeaderError
from core.types import BatchKey, Lane

_T = TypeVar("_T")

MAX_NUMBER: Final = 10**15 - 1
"""As many digits as a header's `seq` may have. Without an end JSON's numbers have thousands of
digits, and neither SQLite nor a page can take them."""

Number = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
Seq = Annotated[int, Meta(ge=1, le=MAX_NUMBER)]
Crc = Annotated[str, Meta(pattern=r"\A[0-9a-f]{8}\Z")]
Text = Annotated[str, Meta(max_length=100)]

DropReason = Text
SUPERSEDED: Final = "superseded"
"""Why a list of open conditions was dropped that a newer one replaced: nothing went with it."""
Drop = tuple[Seq, Seq, DropReason]
"""First and last sequence of a range, and why it was dropped."""

Keys = dict[str, dict[str, list[tuple[Seq, Crc]]]]
"""lane → epoch → (sequence, crc as 8 hex digits)."""


class EpochReport(msgspec.Struct, frozen=True):
    """One epoch and lane as the agent's spool knows it.

    `held` is the ranges that wait for a receipt, as first, last, first, last …
    """

    epoch: str
    lane: Lane
    high: Number
    held: list[Seq] = []
    dropped: list[Drop] = []

    def __post_init__(self) -> None:
        """Refuse half a range; msgspec makes an error of the payload of it."""
        if len(self.held) % 2:
            raise ValueError(f"held has {len(self.held)} numbers, not pairs of first and last")

    def held_ranges(self) -> list[tuple[int, int]]:
        """Return `held` as pairs."""
        return list(zip(self.held[::2], self.held[1::2]))


class ClockReport(msgspec.Struct, frozen=True):
    """What the agent knows of its clock; `offset_ms` is how far the machine's is ahead."""

    offset_ms: float = 0.0
    checked: bool = False


class Witnessed(msgspec.Struct, frozen=True):
    """The newest checkpoint of an audit log that an agent holds (docs/witnesses.md).

    `root` is base64, `key` the id of the key that it trusts for this log (8 hex digits), `made`
    when the checkpoint says that it was made; `refused` counts those that did not continue what it
    held, `trouble` is why it refuses now (a kind of event), "" where it does not.
    """

    origin: Text
    size: Number
    root: Text
    key: Text
    made: Text = ""
    refused: Number = 0
    trouble: Text = ""


class Birth(msgspec.Struct, frozen=True):
    """Published retained at every connect, when drops change, and when a receipt asks.

    `witness` is what it holds of audit logs; who leaves it out wants no checkpoints.
    """

    epoch: str
    conn: Number
    no: Number
    version: Text
    started: Text
    spool: Text
    schoolwatch: int = wire.VERSION
    state: Literal["up"] = "up"
    asked: Number = 0
    more: bool = False
    clock: ClockReport = ClockReport()
    epochs: list[EpochReport] = []
    witness: list[Witnessed] | UnsetType = UNSET


class Death(msgspec.Struct, frozen=True):
    """The will, or what a clean stop publishes; counts only with the last birth's epoch, conn."""

    state: Literal["down", "stopped"]
    epoch: str
    conn: Number
    schoolwatch: int = wire.VERSION


class Receipt(msgspec.Struct, frozen=True):
    """What the collector has durably, or will never have; `time` is milliseconds.

    Now and then the newest `checkpoint` of its audit log is with it (a signed note), for the agent
    to keep: `proof` (base64) shows that it continues the one of `proof_from` rows. `statements` are
    signed notes about the log itself: a new key, a restored log. The agent checks all of it; none
    of it is checked here, since what is wrong with it must not keep a receipt from its batches.
    """

    collector: Text
    time: Number
    schoolwatch: int = wire.VERSION
    got: Keys = {}
    refused: Keys = {}
    conflict: Keys = {}
    closed: list[str] = []
    birth: Number = 0
    backfill_bytes_per_s: Number = 0
    checkpoint: str | UnsetType = UNSET
    proof: list[str] | UnsetType = UNSET
    proof_from: Number | UnsetType = UNSET
    statements: list[str] | UnsetType = UNSET


class Claim(msgspec.Struct, frozen=True):
    """The retained word of the collector that serves a region; `time` is milliseconds."""

    collector: Text
    time: Number
    schoolwatch: int = wire.VERSION


class _Opening(msgspec.Struct):
    """What is read first: of a version that is too new nothing else may be."""

    schoolwatch: int


class _StateOpening(msgspec.Struct):
    state: str


def encode(message: msgspec.Struct) -> bytes:
    """Return *message* as JSON."""
    return msgspec.json.encode(message)


def read_state(payload: bytes) -> Birth | Death:
    """Return the birth or death in *payload*; raises HeaderError."""
    _check(payload)
    if _decode(payload, _StateOpening).state == "up":
        birth = _decode(payload, Birth)
        _check_epoch(birth.epoch, *(report.epoch for report in birth.epochs))
        return birth
    death = _decode(payload, Death)
    _check_epoch(death.epoch)
    return death


def read_receipt(payload: bytes) -> Receipt:
    """Return the receipt in *payload*; raises HeaderError."""
    _check(payload)
    return _decode(payload, Receipt)


def read_claim(payload: bytes) -> Claim:
    """Return the claim in *payload*; raises HeaderError."""
    _check(payload)
    return _decode(payload, Claim)


def crc_text(crc: int) -> str:
    """Return *crc* as receipts carry it."""
    return f"{crc:08x}"


def keys_of(keys: Keys) -> list[tuple[BatchKey, str]]:
    """Return the batches that a part of a receipt names, each with its crc."""
    found: list[tuple[BatchKey, str]] = []
    for lane, epochs in keys.items():
        if lane not in ("readings", "events"):
            continue
        for epoch, pairs in epochs.items():
            found += [(BatchKey(epoch, lane, seq), crc) for seq, crc in pairs]  # type: ignore[arg-type]
    return found


def _check(payload: bytes) -> None:
    if len(payload) > wire.MAX_SENT_BYTES:
        raise HeaderError(f"{len(payload)} bytes; the limit is {wire.MAX_SENT_BYTES}")
    version = _decode(payload, _Opening).schoolwatch
    if version != wire.VERSION:
        raise HeaderError(f"version {str(version)[:20]} of the wire contract; this one reads 1")


def _decode(payload: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HeaderError(f"not the JSON that is expected: {error}") from None


def _check_epoch(*epochs: str) -> None:
    for epoch in epochs:
        if not wire.EPOCH.fullmatch(epoch):
            raise HeaderError(f"epoch {epoch[:40]!r} is not 16 characters of Crockford's base 32")

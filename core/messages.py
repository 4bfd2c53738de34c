"""The JSON messages of the wire contract: birth and death up, receipt down, the claim beside them.

Unknown words are ignored when read, so that later versions can add some. `schoolwatch` is the
version of the contract.
"""

from typing import Any, Literal, TypeVar

import msgspec

from core import wire
from core.errors import HeaderError
from core.types import BatchKey, Lane

_T = TypeVar("_T")

DropReason = str
Drop = tuple[int, int, DropReason]
"""First and last sequence of a range, and why it was dropped."""

Keys = dict[str, dict[str, list[tuple[int, str]]]]
"""lane → epoch → (sequence, crc as 8 hex digits)."""


class EpochReport(msgspec.Struct, frozen=True):
    """One epoch and lane as the agent's spool knows it; `held` is pairs of first and last."""

    epoch: str
    lane: Lane
    high: int
    held: list[tuple[int, int]] = []
    dropped: list[Drop] = []


class ClockReport(msgspec.Struct, frozen=True):
    """What the agent knows of its clock."""

    offset_ms: float = 0.0
    checked: bool = False


class Birth(msgspec.Struct, frozen=True):
    """Published retained at every connect, when drops change, and when a receipt asks."""

    epoch: str
    conn: int
    no: int
    version: str
    started: str
    spool: str
    schoolwatch: int = wire.VERSION
    state: Literal["up"] = "up"
    asked: int = 0
    more: bool = False
    clock: ClockReport = ClockReport()
    epochs: list[EpochReport] = []


class Death(msgspec.Struct, frozen=True):
    """The will, or what a clean stop publishes; counts only with the last birth's epoch, conn."""

    state: Literal["down", "stopped"]
    epoch: str
    conn: int
    schoolwatch: int = wire.VERSION


class Receipt(msgspec.Struct, frozen=True):
    """What the collector has durably, or will never have; `time` is milliseconds."""

    collector: str
    time: int
    schoolwatch: int = wire.VERSION
    got: Keys = {}
    refused: Keys = {}
    conflict: Keys = {}
    closed: list[str] = []
    birth: int = 0
    backfill_bytes_per_s: int = 0


class Claim(msgspec.Struct, frozen=True):
    """The retained word of the collector that serves a region; `time` is milliseconds."""

    collector: str
    time: int
    schoolwatch: int = wire.VERSION


def encode(message: msgspec.Struct) -> bytes:
    """Return *message* as JSON."""
    return msgspec.json.encode(message)


def read_state(payload: bytes) -> Birth | Death:
    """Return the birth or death in *payload*; raises HeaderError."""
    kind = _checked(payload).get("state")
    if kind == "up":
        birth = _decode(payload, Birth)
        _check_epoch(birth.epoch, *(report.epoch for report in birth.epochs))
        return birth
    death = _decode(payload, Death)
    _check_epoch(death.epoch)
    return death


def read_receipt(payload: bytes) -> Receipt:
    """Return the receipt in *payload*; raises HeaderError."""
    _checked(payload)
    return _decode(payload, Receipt)


def read_claim(payload: bytes) -> Claim:
    """Return the claim in *payload*; raises HeaderError."""
    _checked(payload)
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


def _checked(payload: bytes) -> dict[str, Any]:
    if len(payload) > wire.MAX_SENT_BYTES:
        raise HeaderError(f"{len(payload)} bytes; the limit is {wire.MAX_SENT_BYTES}")
    words = _decode(payload, dict[str, Any])
    if words.get("schoolwatch") != wire.VERSION:
        raise HeaderError(f"version {str(words.get('schoolwatch'))[:20]!r}; this one reads 1")
    return words


def _decode(payload: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HeaderError(f"not the JSON that is expected: {error}") from None


def _check_epoch(*epochs: str) -> None:
    for epoch in epochs:
        if not wire.EPOCH.fullmatch(epoch):
            raise HeaderError(f"epoch {epoch[:40]!r} is not 16 characters of Crockford's base 32")

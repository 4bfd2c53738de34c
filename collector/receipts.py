"""Receipts: what agents may forget (wire.md, rule 8). Gathered for a moment, one message each.

Nothing here is kept: a receipt that is lost costs one resend, and the ledger answers it again.
Watch them: mosquitto_sub -V 5 -p 18883 -t 'schoolwatch/v1/+/+/+/receipt' -v
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import msgspec

from collector.counters import Counters
from core import clock, messages, topics
from core.errors import NotConnected
from core.messages import Keys, Receipt
from core.types import BatchKey, Identity

GATHER_S: Final = 0.2
MAX_KEYS: Final = 1_000
"""In one receipt: about 25 kB, far below what a message may hold."""

Publish = Callable[[str, bytes], object]
"""Sends a payload to a topic; raises NotConnected."""


class Offer(NamedTuple):
    """What a receipt brings to a witness of the audit log (core.messages.Receipt)."""

    checkpoint: str
    proof: list[str]
    proof_from: int
    statements: list[str]


def _nothing(_who: Identity) -> Offer | None:
    """Bring nothing."""
    return None


class Timer(Protocol):
    """What will happen, unless cancelled."""

    def cancel(self) -> None:
        """Let it not happen."""


Later = Callable[[float, Callable[[], None]], Timer]
"""Calls something after so many seconds."""


def _later(seconds: float, what: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, what)


@dataclass(slots=True)
class _Draft:
    """A receipt that is being gathered."""

    got: Keys = field(default_factory=dict)
    refused: Keys = field(default_factory=dict)
    conflict: Keys = field(default_factory=dict)
    closed: dict[str, None] = field(default_factory=dict)
    birth: int = 0
    keys: int = 0

    def add(self, part: Keys, key: BatchKey, crc: int) -> None:
        pairs = part.setdefault(key.lane, {}).setdefault(key.epoch, [])
        pairs.append((key.seq, messages.crc_text(crc)))
        self.keys += 1


class Receipts:
    """Used in the event loop; `backlogs` gives the number of agents that have one.

    `spare_bytes_per_s` is what all of them together may bring, unpacked.
    """

    def __init__(
        self,
        collector: str,
        publish: Publish,
        backlogs: Callable[[], int],
        counters: Counters,
        *,
        spare_bytes_per_s: int,
        now: clock.Clock = clock.now,
        later: Later = _later,
    ) -> None:
        self._later = later
        self._collector, self._publish, self._backlogs = collector, publish, backlogs
        self._counters, self._spare, self._now = counters, spare_bytes_per_s, now
        self._drafts: dict[Identity, _Draft] = {}
        self._timer: Timer | None = None
        self.offer: Callable[[Identity], Offer | None] = _nothing
        """Gives what the next receipt of an agent brings it to witness."""

    def got(self, who: Identity, key: BatchKey, crc: int) -> None:
        """Say that a batch is stored and in the ledger."""
        draft = self._draft(who)
        draft.add(draft.got, key, crc)
        self._send_if_full(who, draft)

    def refused(self, who: Identity, key: BatchKey, crc: int) -> None:
        """Say that these bytes will never be taken."""
        draft = self._draft(who)
        draft.add(draft.refused, key, crc)
        self._send_if_full(who, draft)

    def conflict(self, who: Identity, key: BatchKey, crc: int) -> None:
        """Say that other bytes came under this key before."""
        draft = self._draft(who)
        draft.add(draft.conflict, key, crc)
        self._send_if_full(who, draft)

    def closed(self, who: Identity, epochs: Iterable[str]) -> None:
        """Say that nothing is expected of older *epochs* any more."""
        for epoch in epochs:
            self._draft(who).closed[epoch] = None

    def ask_birth(self, who: Identity, number: int) -> None:
        """Ask for a birth, by the number of the request."""
        self._draft(who).birth = number

    def flush(self) -> None:
        """Send everything that was gathered."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        for who in list(self._drafts):
            self._send(who)

    def _draft(self, who: Identity) -> _Draft:
        if who not in self._drafts:
            self._drafts[who] = _Draft()
        if self._timer is None:
            self._timer = self._later(GATHER_S, self.flush)
        return self._drafts[who]

    def _send_if_full(self, who: Identity, draft: _Draft) -> None:
        if draft.keys >= MAX_KEYS:
            self._send(who)

    def _send(self, who: Identity) -> None:
        draft = self._drafts.pop(who)
        receipt = Receipt(
            collector=self._collector,
            time=self._now() // 1_000_000,
            got=draft.got,
            refused=draft.refused,
            conflict=draft.conflict,
            closed=list(draft.closed),
            birth=draft.birth,
            backfill_bytes_per_s=max(1, self._spare // max(1, self._backlogs())),
        )
        if offer := self.offer(who):
            receipt = msgspec.structs.replace(receipt, **offer._asdict())
        try:
            self._publish(topics.topic(who, "receipt"), messages.encode(receipt))
        except NotConnected:
            self._counters.add("receipts_lost")
        else:
            self._counters.add("receipts")

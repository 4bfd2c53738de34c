"""What receipts do to the spool (wire.md, "The agent", rule 5), one after another as they came.

A receipt touches a batch only where key and crc both agree; those of a collector that is not ours
touch nothing.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from agent.roundtrips import RoundTrips
from agent.spool import Spool
from agent.spoolthread import SpoolThread
from agent.timekeeper import Timekeeper
from agent.uplinkwords import Words
from core import messages
from core.messages import EpochReport, Receipt
from core.types import LANES, BatchKey, Lane

_log = logging.getLogger(__name__)

MAX_WAITING: Final = 1_000
"""Unread receipts are bounded; one that is lost costs one resend."""


class Came(NamedTuple):
    """A receipt, and the moment of its arrival (boottime in ns)."""

    receipt: Receipt
    arrived: int

    @property
    def lanes(self) -> list[Lane]:
        """The lanes that it answers for."""
        named = {lane for part in _parts(self.receipt) for lane in part}
        return [lane for lane in LANES if lane in named]


class Applied(NamedTuple):
    """Which batches are not on their way any more, and whether some were refused."""

    gone: Collection[BatchKey]
    refused: bool


@dataclass(slots=True)
class Receipts:
    """The receipts that came and are not applied yet.

    Those of `collector` count; where that is empty, those of the collector that has `claimed` the
    region: for trials only.
    """

    collector: str
    spool: SpoolThread
    trips: RoundTrips
    time: Timekeeper
    words: Words
    claimed: str = ""
    told: Sequence[EpochReport] = ()
    """What the last birth on this connection said of each epoch."""
    _waiting: list[Came] = field(default_factory=list)

    def came(self, payload: bytes) -> None:
        """Keep the receipt in *payload* until its turn; raises HeaderError."""
        self._waiting.append(Came(messages.read_receipt(payload), self.time.clock.boot()))
        del self._waiting[:-MAX_WAITING]

    def next(self) -> Came | None:
        """Return the next receipt that counts; None where none waits.

        One may overtake the claim that says whose receipts count: until then it waits.
        """
        while self._waiting and self._expected():
            came = self._waiting.pop(0)
            if self._is_ours(came.receipt.collector):
                return came
        return None

    async def apply(self, came: Came) -> Applied:
        """Do to the spool what a receipt says; raises SpoolError."""
        receipt = came.receipt
        refused = await self._drop(receipt)
        got = _with_crcs(receipt.got)
        named = {key for part in _parts(receipt) for key, _ in messages.keys_of(part)}
        received, left = await self.spool.call(lambda s: (s.received(got), s.left_of(named)))
        anew = await self._commit_anew(receipt)
        # What is named with another crc stays on its way: it is another machine's, or was damaged.
        gone = (named - left).union(anew)
        if receipt.closed:
            await self.spool.call(lambda spool: spool.closed(receipt.closed, self.told))
        await self._check_clock(receipt.time, [*received, *refused, *anew], came.arrived)
        return Applied(gone, bool(refused))

    async def _drop(self, receipt: Receipt) -> list[BatchKey]:
        refused = _with_crcs(receipt.refused)
        if not refused:
            return []
        dropped = await self.spool.call(lambda spool: spool.drop(refused, "refused"))
        if dropped:
            _log.error("the collector refused for good: %s", dropped)
        return dropped

    async def _commit_anew(self, receipt: Receipt) -> list[BatchKey]:
        conflicts = _with_crcs(receipt.conflict)
        if not conflicts:
            return []
        known = await self.spool.call(lambda spool: spool.holds(conflicts))
        await self._renumber(known)
        return [key for key, _ in known]

    async def _renumber(self, known: Sequence[tuple[BatchKey, int]]) -> None:
        if known:
            _log.error("known with another content, sent again under new keys: %s", known)
        if any(key.epoch == self.spool.spool.epoch for key, _ in known):
            await self.spool.call(Spool.renew_epoch)
        for key, crc in known:
            await self.spool.call(partial(Spool.recommit, key=key, crc=crc))

    async def _check_clock(self, made_ms: int, settled: list[BatchKey], arrived: int) -> None:
        sent = self.trips.latest(settled, arrived)
        before = self.time.clock.now()
        if sent is not None and (by := await self.time.check(made_ms, sent, arrived)):
            self.trips.restart(before + by)
            self.trips.jumps = self.time.clock.jumps

    def _expected(self) -> str:
        return self.collector or self.claimed

    def _is_ours(self, collector: str) -> bool:
        expected = self._expected()
        if collector != expected:
            self.words.foreign(collector, expected)
        return collector == expected


def _parts(receipt: Receipt) -> tuple[messages.Keys, ...]:
    return receipt.got, receipt.refused, receipt.conflict


def _with_crcs(keys: messages.Keys) -> list[tuple[BatchKey, int]]:
    return [(key, int(crc, 16)) for key, crc in messages.keys_of(keys)]

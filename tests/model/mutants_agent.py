"""Rules of the agent taken out of the real code, one at a time (tests/model/mutants.py)."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Any

import pytest

from agent import spool, spoolrows
from agent.delivery import Delivery, Plan
from agent.receipts import Receipts
from agent.spool import Spool
from agent.uplink import Uplink
from core.types import LANES, BatchKey, Lane


def receipts_count_by_key_alone(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 5: a receipt touches a batch only where key and crc both agree."""

    def delete(db: Any, key: BatchKey, crc: int) -> int:
        sql = "DELETE FROM batch WHERE epoch = ? AND lane = ? AND seq = ?"
        return int(db.execute(sql, key).rowcount)

    patch.setattr(spool, "delete", delete)


def refusals_count_by_key_alone(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 5, for `refused`: bytes damaged on the way are not the agent's."""

    def has(db: Any, key: BatchKey, crc: int) -> bool:
        sql = "SELECT 1 FROM batch WHERE epoch = ? AND lane = ? AND seq = ?"
        return db.execute(sql, key).fetchone() is not None

    patch.setattr(spool, "has", has)


def a_puback_counts_as_delivery(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 3: PUBACK proves nothing."""
    real = Uplink._publish

    async def publish(self: Uplink, key: BatchKey, size: int, *, backlog: bool) -> bool:
        batch = self.spool.spool.read(key)
        sent = await real(self, key, size, backlog=backlog)
        if sent and batch:
            await self.spool.call(lambda spool: spool.received([(key, batch.crc)]))
        return sent

    patch.setattr(Uplink, "_publish", publish)


def nothing_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 4: a batch without a receipt is sent again after a time."""
    patch.setattr(Delivery, "overdue", lambda self, now: [])


def nothing_is_sent_again_after_a_reconnect(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 4: what was out on an old connection is out no more."""

    def connected(self: Delivery, now: float) -> None:
        for out in self.out.values():
            out.again_at = float("inf")

    patch.setattr(Delivery, "connected", connected)


def what_is_parked_stays_parked(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 4: a parked batch is tried hourly."""
    monkey = Delivery.overdue

    def overdue(self: Delivery, now: float) -> list[BatchKey]:
        parked = dict(self.parked)
        late = monkey(self, now)
        self.parked |= parked
        return late

    patch.setattr(Delivery, "overdue", overdue)


def silence_is_not_probed(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 4: while no receipt comes, one batch at a time is sent as a probe."""
    real = Delivery.room
    patch.setattr(Delivery, "room", lambda d, lane: 0 if lane in d.unanswered else real(d, lane))


def the_probe_is_always_the_oldest(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 4: one batch at a time is sent into silence, but not the same one for ever."""

    def busy(self: Delivery) -> Collection[BatchKey]:
        return self.out.keys() | self.parked.keys()

    patch.setattr(Delivery, "busy", busy)


def the_window_stays_closed_after_silence(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 4: when receipts begin again, the window opens."""
    real = Delivery.receipt

    def receipt(self: Delivery, now: float, rate: int, lanes: Collection[Lane] = LANES) -> None:
        unanswered = set(self.unanswered)
        real(self, now, rate, lanes)
        self.unanswered = unanswered

    patch.setattr(Delivery, "receipt", receipt)


def the_backlog_is_never_sent(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 2: the backlog goes at a bounded rate, but it goes."""
    real = Delivery.plans

    def plans(self: Delivery, now: float, *, events: bool) -> Iterator[Plan]:
        return (plan._replace(backlog=0) for plan in real(self, now, events=events))

    patch.setattr(Delivery, "plans", plans)


def a_restart_keeps_the_epoch(patch: pytest.MonkeyPatch) -> None:
    """Batches: an epoch is made at the start of a process."""
    real = Spool.renew_epoch

    def renew_epoch(self: Spool) -> None:
        last = self._rows("SELECT epoch FROM epoch WHERE high > 0 ORDER BY number DESC LIMIT 1")
        if self.epoch or not last:
            real(self)
        else:
            self._sealer.epoch = last[0][0]

    patch.setattr(Spool, "renew_epoch", renew_epoch)


def a_conflict_keeps_the_epoch(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 5: a conflict in the process's own epoch makes a new one first."""

    async def renumber(self: Receipts, known: Sequence[tuple[BatchKey, int]]) -> None:
        for key, crc in known:
            await self.spool.call(partial(Spool.recommit, key=key, crc=crc))

    patch.setattr(Receipts, "_renumber", renumber)


def a_conflict_is_dropped(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 5: a batch in conflict is committed anew, not only deleted."""

    def recommit(self: Spool, key: BatchKey, crc: int) -> bool:
        return bool(self.received([(key, crc)]))

    patch.setattr(Spool, "recommit", recommit)


def drops_are_not_recorded(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 6: drops are recorded in the transaction that drops."""
    patch.setattr(spoolrows, "record_drop", lambda db, key, why: None)


def drops_are_forgotten_with_the_process(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 6: drops travel in the birth until a `closed` names their epoch."""
    real = Spool.renew_epoch

    def renew_epoch(self: Spool) -> None:
        real(self)
        with self._transaction() as db:
            db.execute("DELETE FROM dropped")

    patch.setattr(Spool, "renew_epoch", renew_epoch)


def drops_that_nobody_was_told_of_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Agent, rule 6: a `closed` may rest on the birth of another machine of this name."""

    def close_epochs(db: Any, epochs: Collection[str], told: object) -> None:
        del told
        for epoch in epochs:
            if not db.execute("SELECT 1 FROM batch WHERE epoch = ?", (epoch,)).fetchone():
                db.execute("DELETE FROM epoch WHERE epoch = ?", (epoch,))
                db.execute("DELETE FROM dropped WHERE epoch = ?", (epoch,))

    patch.setattr(spool, "close_epochs", close_epochs)


def receipts_of_any_collector_count(patch: pytest.MonkeyPatch) -> None:
    """Topics: an agent takes receipts only from the collector of its configuration."""
    patch.setattr(Receipts, "_is_ours", lambda self, collector: True)

"""Rules of wire.md taken out of the real code, one at a time: the model must find what breaks.

Each takes pytest's MonkeyPatch and leaves the programs without one rule.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from agent import receipts as agent_receipts
from agent import spool, spoolrows
from agent.delivery import Delivery, Plan
from agent.spool import Spool
from agent.uplink import Uplink
from collector import births
from collector.births import AgentState
from collector.journal import Journal
from collector.lanerow import LaneRow, Standing
from collector.live import Live
from collector.readings import Readings
from collector.receipts import Receipts
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

    async def renumber(
        self: agent_receipts.Receipts, known: Sequence[tuple[BatchKey, int]]
    ) -> None:
        for key, crc in known:
            await self.spool.call(partial(Spool.recommit, key=key, crc=crc))

    patch.setattr(agent_receipts.Receipts, "_renumber", renumber)


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


def receipts_of_any_collector_count(patch: pytest.MonkeyPatch) -> None:
    """Topics: an agent takes receipts only from the collector of its configuration."""
    patch.setattr(agent_receipts.Receipts, "_is_ours", lambda self, collector: True)


def the_receipt_goes_before_the_ledger(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 5: the key is in the ledger before anybody is told."""

    async def handle(self: Readings, arrivals: Sequence[Any]) -> int:
        items = await self.patience.persist(lambda: self.sorter.sort(arrivals))
        for item in items:
            self._tell(item)
        self.books.receipts.flush()
        refused = await self._write(items)
        await self._keep(items, refused)
        entries = [item.entry(len(lines)) for item, lines in zip(items, refused)]
        known = [entry for entry in entries if entry]
        await self.patience.persist(lambda: self.books.ledger.commit(known))
        return len(items)

    patch.setattr(Readings, "handle", handle)


def the_ledger_goes_before_the_store(patch: pytest.MonkeyPatch) -> None:
    """Collector, rules 4 and 5: store first, ledger second."""

    async def handle(self: Readings, arrivals: Sequence[Any]) -> int:
        items = await self.patience.persist(lambda: self.sorter.sort(arrivals))
        known = [entry for item in items if (entry := item.entry(0))]
        await self.patience.persist(lambda: self.books.ledger.commit(known))
        refused = await self._write(items)
        await self._keep(items, refused)
        for item in items:
            self._tell(item)
        return len(items)

    patch.setattr(Readings, "handle", handle)


def receipts_go_before_the_audit_log(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 6: the audit log has an event before a receipt names its batch."""
    patch.setattr(Journal, "sync", lambda self: 0)


def refused_lines_are_not_kept(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 4: what nobody will store is kept in the dead-letter file."""

    async def keep(self: Readings, items: object, refused: object) -> None:
        """Keep nothing."""

    patch.setattr(Readings, "_keep", keep)


def another_crc_is_a_repeat(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 3: a known key with another crc is a conflict, not a repeat."""
    real = LaneRow.standing

    def standing(self: LaneRow, seq: int, crc: int) -> Standing:
        found = real(self, seq, crc)
        return "repeated" if found == "conflict" else found

    patch.setattr(LaneRow, "standing", standing)


def a_forgotten_crc_is_a_repeat(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 3: with a crc that is not known any more, a batch is written again."""
    real = LaneRow.standing

    def standing(self: LaneRow, seq: int, crc: int) -> Standing:
        found = real(self, seq, crc)
        return "repeated" if found == "forgotten" else found

    patch.setattr(LaneRow, "standing", standing)


def epochs_close_while_batches_are_expected(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 8: `closed` names epochs without an expected key."""

    def closed(state: AgentState) -> list[str]:
        listed = state.birth.epochs if state.birth else ()
        current = state.birth.epoch if state.birth else ""
        return [e for e in dict.fromkeys(report.epoch for report in listed) if e != current]

    patch.setattr(births, "closed", closed)


def a_batch_that_came_stays_expected(patch: pytest.MonkeyPatch) -> None:
    """Ledger: *expected* ends when the batch is received."""
    patch.setattr(Live, "received", lambda self, who, key: [])


def damage_is_not_answered(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 2: damaged with a readable key gets a `refused` receipt."""
    patch.setattr(Receipts, "refused", lambda self, who, key, crc: None)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule taken out, and the faults that the schedules need to show it; empty for all."""

    take_out: Callable[[pytest.MonkeyPatch], None]
    faults: tuple[str, ...] = ()


MUTANTS: tuple[Mutant, ...] = (
    Mutant(receipts_count_by_key_alone, ("clone_memory", "repeat_receipt")),
    Mutant(refusals_count_by_key_alone, ("damage",)),
    Mutant(a_puback_counts_as_delivery),
    Mutant(nothing_is_sent_again, ("lose",)),
    Mutant(nothing_is_sent_again_after_a_reconnect, ("cut", "lose")),
    Mutant(what_is_parked_stays_parked, ("swallow", "go_on")),
    Mutant(silence_is_not_probed, ("lose_receipts", "lose_all", "wait")),
    Mutant(the_window_stays_closed_after_silence, ("lose_receipts", "lose_all", "wait")),
    Mutant(the_backlog_is_never_sent, ("agent_crashes",)),
    Mutant(a_restart_keeps_the_epoch, ("copy_disk", "restore_disk")),
    Mutant(a_conflict_keeps_the_epoch, ("clone_memory",)),
    Mutant(a_conflict_is_dropped, ("clone_memory",)),
    Mutant(drops_are_not_recorded),
    Mutant(drops_are_forgotten_with_the_process, ("agent_crashes",)),
    Mutant(receipts_of_any_collector_count),
    Mutant(the_receipt_goes_before_the_ledger, ("collector_crashes", "collector_starts")),
    Mutant(the_ledger_goes_before_the_store, ("collector_crashes", "collector_starts")),
    Mutant(receipts_go_before_the_audit_log),
    Mutant(refused_lines_are_not_kept),
    Mutant(another_crc_is_a_repeat, ("clone_memory",)),
    Mutant(a_forgotten_crc_is_a_repeat, ("clone_memory", "agent_crashes")),
    Mutant(
        epochs_close_while_batches_are_expected,
        ("agent_crashes", "repeat_receipt", "store_is_busy", "wait"),
    ),
    Mutant(a_batch_that_came_stays_expected),
    Mutant(damage_is_not_answered, ("damage",)),
)

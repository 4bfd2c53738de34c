"""Rules of the collector taken out of the real code, one at a time (tests/model/mutants.py)."""

from collections.abc import Sequence
from typing import Any

import pytest

from collector import alarms, audit, births, eventrows, restore
from collector.asking import Asking
from collector.births import AgentState
from collector.eventrows import EventBatch, EventRows
from collector.journal import Journal
from collector.lanerow import LaneRow, Standing
from collector.live import Live
from collector.readings import Readings
from collector.receipts import Receipts
from core.types import Identity


def the_receipt_goes_before_the_ledger(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 5: the key is in the ledger before anybody is told."""

    async def handle(self: Readings, arrivals: Sequence[Any]) -> int:
        items = await self.patience.persist(lambda: self.sorter.sort(arrivals))
        for item in items:
            self._tell(item, self.books.door.opening())
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
            self._tell(item, self.books.door.opening())
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


def an_event_key_with_another_crc_is_a_repeat(patch: pytest.MonkeyPatch) -> None:
    """Collector, rules 3 and 6: event rows keep their crc for good."""
    real = EventRows._take

    def take(self: EventRows, db: Any, batch: EventBatch) -> Standing:
        found = real(self, db, batch)
        return "repeated" if found == "conflict" else found

    patch.setattr(EventRows, "_take", take)


def the_log_goes_on_after_a_number_in_the_database(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 6: the cursor of the audit log is its last record, not a number."""

    def sync(self: Journal) -> int:
        while rows := self.rows.after(self.rows.cursor("log"), 500):
            self.log.append(rows)
            self.rows.set_cursor("log", rows[-1].row)
        return self.log.row

    patch.setattr(Journal, "sync", sync)


def drops_do_not_reach_the_log(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 6: the drops on which a `closed` rests are a row too."""
    patch.setattr(alarms, "drops", lambda who, birth: [])


def a_torn_record_stays(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 7: a torn last audit record is cut."""
    real = audit._last_whole
    patch.setattr(audit, "_last_whole", lambda tail: (real(tail)[0], len(tail)))


def a_batch_that_was_cut_is_a_repeat(patch: pytest.MonkeyPatch) -> None:
    """Collector, rules 6 and 7: of a batch cut at the log's end the rest is taken again."""
    patch.setattr(eventrows, "_was_cut", lambda db, row: False)


def a_database_that_is_behind_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 7: a database that is behind its audit log was restored."""
    patch.setattr(restore, "_last_common", lambda rows, log: log.row)


def the_ends_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    """Collector, rules 6 and 7: a record is a function of its row, whatever was put back."""
    patch.setattr(restore, "_last_common", lambda rows, log: min(rows.last(), log.row))


def numbering_goes_on_after_the_database(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 7: after a restore numbering goes on after the log."""

    def forget_after(db: Any, row: int) -> None:
        db.execute("DELETE FROM event WHERE row > ?", (row,))

    patch.setattr(restore, "forget_after", forget_after)


def points_do_not_wait_for_the_log(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 6: what acts on a row knows it by the number that it has in the log."""
    patch.setattr(Journal, "synced_after", lambda self, row, limit: self.rows.after(row, limit))


def the_points_do_not_go_back_with_the_store(patch: pytest.MonkeyPatch) -> None:
    """Collector, rule 7: if the store went back, the cursor for event points goes back to it."""
    real = EventRows.set_cursor

    def set_cursor(self: EventRows, name: str, row: int) -> None:
        real(self, name, max(row, self.cursor(name)))

    patch.setattr(EventRows, "set_cursor", set_cursor)


def a_birth_takes_back_the_request(patch: pytest.MonkeyPatch) -> None:
    """Ledger: after a restore *expected* lasts until the answer to a request made since."""

    def unanswered(self: Asking, who: Identity) -> None:
        self.answered(who)
        self.shortly(who)

    patch.setattr(Asking, "unanswered", unanswered)

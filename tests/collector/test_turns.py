"""Backups put back in turns: the rows that one has and the audit log has not get new numbers."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collector import eventpoints
from collector.auditrecord import line_of
from collector.chores import CommitCounter
from collector.eventbatch import Taken, read_events
from collector.journal import Note
from collector.ledger import LaneKey, Ledger
from collector.ledgerread import LedgerReader, Question
from collector.store.base import RangeQuery
from core.clock import SECOND
from core.errors import StartError
from core.mqtt import Message
from core.types import Value
from tests.collector.counting import count
from tests.collector.desk import Desk, open_desk
from tests.collector.making import (
    OTHER,
    WHO,
    A,
    Clock,
    batch,
    birth,
    event,
    event_batch,
    events_of,
    readings,
    report,
    state,
)
from tests.model.agent import save
from tests.model.machine import forget_file

TWO = (event("disk_full"), event("clock_step"))


@dataclass
class Collector:
    """A collector that is started, killed, backed up and restored; each takes a second."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.db"

    def start(self) -> None:
        self.clock.at += SECOND
        self.desk = open_desk(self.folder, self.clock)

    def kill(self) -> None:
        self.desk.books.ledger.close()
        self.desk.store.close()

    def restart(self) -> None:
        self.kill()
        self.start()

    def back_up(self) -> Path:
        self.clock.at += SECOND
        copy = self.folder / f"copy-{self.clock.at}.db"
        save(self.ledger, copy)
        return copy

    def put_back(self, copy: Path) -> None:
        self.kill()
        save(copy, self.ledger)
        self.start()

    def lose_database(self) -> None:
        self.kill()
        forget_file(self.ledger)
        self.start()

    def take_unsynced(self, message: Message) -> None:
        """Commit an event batch and come no further, as by a crash before the log has it."""
        taken = read_events(self.desk.arrived(message), {WHO.region})
        assert isinstance(taken, Taken)
        self.desk.books.journal.take([taken.batch])

    async def take(self, *messages: Message) -> None:
        await self.desk.take(*messages)

    def count(self) -> str:
        desk = self.desk
        return count(CommitCounter(desk.books.ledger, desk.store, desk.books.journal))

    def log(self, *kinds: str) -> list[tuple[int, str, int]]:
        """What the audit log has, of *kinds* if given: row, kind and sequence, by us 0."""
        self.desk.books.journal.sync()
        return [
            (r["row"], r["kind"], 0 if r["agent"] == "collector/d1" else r["seq"])
            for r in self.desk.audited(*kinds)
        ]

    def is_one(self) -> bool:
        """Whether database and log are the same to the byte."""
        self.desk.books.journal.sync()
        rows = self.desk.books.journal.rows.all_after(0)
        (file,) = (self.folder / "audit").glob("*.jsonl")
        return b"".join(map(line_of, rows)) == file.read_bytes()


@pytest.fixture
def collector(tmp_path: Path) -> Collector:
    return Collector(tmp_path)


async def live_twice(collector: Collector, unsynced: Message, then: int = 1) -> None:
    """Live on from one backup twice; what was the first time comes back last.

    Then the audit log has so many rows of the second time in the places of *unsynced*.
    """
    await collector.take(events_of(event_batch(A, 1), OTHER))
    before = collector.back_up()
    collector.take_unsynced(unsynced)
    first_time = collector.back_up()
    collector.put_back(before)
    second = [event_batch(A, seq, event("link_slow")) for seq in range(50, 50 + then)]
    await collector.take(*map(events_of, second))
    collector.put_back(first_time)


@pytest.mark.parametrize("then", [1, 2, 6], ids=["shorter", "as long", "longer"])
async def test_rows_that_never_came_into_the_log_follow_it_under_new_numbers(
    collector: Collector, then: int
) -> None:
    here = events_of(event_batch(A, 1, *TWO))
    await live_twice(collector, here, then)
    log = collector.log()
    assert [kind for _, kind, _ in log] == [
        *("link_down", *["link_slow"] * then, "restored", "disk_full", "clock_step")
    ]
    assert [row for row, *_ in log] == [*range(1, len(log) + 1)]
    assert collector.is_one()
    (restored,) = collector.desk.audited("restored")
    details = {"first": 2, "last": then + 1, "rows": then, "renumbered": 2}
    assert restored["details"] == details

    await collector.take(here, events_of(event_batch(A, 2)))
    assert [key.seq for key, _ in collector.desk.got()] == [1, 2]
    assert collector.log()[len(log) :] == [(len(log) + 1, "link_down", 2)]


async def test_what_came_again_since_the_backup_is_recorded_once(collector: Collector) -> None:
    await live_twice(collector, events_of(event_batch(A, 50, event("link_slow"))))
    assert collector.log() == [(1, "link_down", 1), (2, "link_slow", 50), (3, "restored", 0)]
    assert collector.is_one()


async def test_other_bytes_that_took_the_key_since_stay_and_the_sender_is_told(
    collector: Collector,
) -> None:
    here = events_of(event_batch(A, 50, *TWO))
    await live_twice(collector, here)
    assert [kind for _, kind, _ in collector.log()] == ["link_down", "link_slow", "restored"]
    await collector.take(here)
    assert [key.seq for key, _ in collector.desk.got(part="conflict")] == [50]
    assert collector.is_one()


async def test_putting_back_goes_on_for_as_long_as_one_likes(collector: Collector) -> None:
    copies = [collector.back_up()]
    for seq in range(1, 6):
        collector.take_unsynced(events_of(event_batch(A, seq)))
        copies.append(collector.back_up())
        collector.put_back(copies[seq // 2])
        await collector.take(events_of(event_batch(A, 10 + seq)))
    for copy in (*copies, *reversed(copies)):
        collector.put_back(copy)
        collector.desk.books.journal.sync()
    seqs = [seq for *_, seq in collector.log("link_down")]
    assert sorted(seqs) == [*range(1, 6), *range(11, 16)]
    assert collector.is_one()


async def test_a_crash_while_rows_get_new_numbers_starts_it_over(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "went_back", dies)
        with pytest.raises(KeyboardInterrupt):
            await live_twice(collector, events_of(event_batch(A, 1)))
    collector.start()
    assert [kind for _, kind, _ in collector.log()][-2:] == ["restored", "link_down"]
    assert collector.is_one()


async def test_a_record_that_somebody_changed_is_no_restore(collector: Collector) -> None:
    await collector.take(events_of(event_batch(A, 1)), events_of(event_batch(A, 2)))
    (path,) = (collector.folder / "audit").glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"row":2,"seq":2', b'"row":2,"seq":3'))
    with pytest.raises(StartError, match="differ in row 2"):
        collector.restart()


async def test_a_row_that_was_in_the_log_gets_no_new_number(collector: Collector) -> None:
    for seq in (1, 2):
        await collector.take(events_of(event_batch(A, seq)))
    (path,) = (collector.folder / "audit").glob("*.jsonl")
    first = path.read_bytes().splitlines(keepends=True)[0]
    collector.kill()
    other = Collector(collector.folder / "other", Clock(collector.clock.at + SECOND))
    await other.take(events_of(event_batch(A, 3)))
    (of_other,) = (other.folder / "audit").glob("*.jsonl")
    path.write_bytes(of_other.read_bytes())
    with pytest.raises(StartError, match="differ in row 1"):
        collector.start()
    path.write_bytes(first)
    collector.start()
    assert [seq for *_, seq in collector.log()] == [1, 2]


async def test_a_batch_that_two_restores_have_cut_is_taken_whole_when_it_comes_again(
    collector: Collector,
) -> None:
    both = events_of(event_batch(A, 1, *TWO))
    collector.take_unsynced(both)
    first, _ = collector.desk.books.journal.rows.after(0, 2)
    collector.desk.books.journal.log.append([first])
    for _ in range(2):
        collector.lose_database()
        collector.desk.books.journal.sync()
    await collector.take(both, both)
    assert [kind for _, kind, _ in collector.log()] == [
        *("disk_full", "restored", "restored", "clock_step")
    ]
    assert collector.is_one()


async def test_a_point_is_written_under_the_number_that_stays(collector: Collector) -> None:
    def write() -> list[tuple[Value, Value]]:
        desk = collector.desk
        eventpoints.write(desk.books.journal, desk.store)
        rows, words = (
            {at: value for series in found for at, value in series.points}
            for field in ("row", "word")
            for found in [desk.store.range(RangeQuery("event", field, 0, 2**63 - 1))]
        )
        return sorted((row, words[at]) for at, row in rows.items())

    collector.take_unsynced(events_of(event_batch(A, 2, *TWO)))
    assert write() == []
    await live_twice(collector, events_of(event_batch(A, 3, event("disk_full"))))
    assert write() != []
    log = [(row, kind) for row, kind, _ in collector.log()]
    assert write() == log
    assert len(log) == 6


async def test_points_of_a_store_that_went_back_before_the_ledger_did_are_written_again(
    collector: Collector,
) -> None:
    await collector.take(events_of(event_batch(A, 1)))
    eventpoints.write(collector.desk.books.journal, collector.desk.store)
    backup = collector.back_up()
    await collector.take(events_of(event_batch(A, 2)))
    collector.kill()
    forget_file(collector.folder / "store.db")
    collector.start()
    collector.put_back(backup)
    collector.log()
    eventpoints.write(collector.desk.books.journal, collector.desk.store)
    found = collector.desk.store.range(RangeQuery("event", "row", 0, 2**63 - 1))
    assert sorted(row for series in found for _, row in series.points) == [1, 2, 3]


async def test_a_restore_that_only_the_log_tells_of_is_in_the_ledger_once(
    collector: Collector,
) -> None:
    collector.count()
    born = birth(A, epochs=[report(A, [(1, 2)])])
    await collector.take(state(born), readings(batch(A, 1)))
    before = collector.back_up()
    await collector.take(readings(batch(A, 2)), events_of(event_batch(A, 1)))
    collector.put_back(before)
    desk = collector.desk
    assert desk.books.live.state(WHO).awaiting
    desk.store.set_counter(9)
    assert collector.count() == "ledger"
    account = LedgerReader(collector.ledger).account(Question(), collector.clock.at, 0)
    assert [restore.what for restore in account.restores] == ["ledger"]
    assert [kind for _, kind, _ in collector.log()] == ["agent_enrolled", "link_down", "restored"]
    row = LaneKey(WHO, A, "readings")
    assert desk.books.ledger.rows([row])[row].received.spans == ((1, 1),)


def test_no_two_states_of_a_ledger_have_one_commit_counter(collector: Collector) -> None:
    before = collector.back_up()
    collector.count()
    ledger = collector.desk.books.ledger
    ledger.set_counter(ledger.counter() + 1)  # and dies before the store hears of it
    ahead = collector.back_up()
    collector.put_back(before)
    assert collector.count() == "ledger"
    collector.put_back(ahead)
    assert collector.count() == "ledger"


def test_what_the_collector_said_of_itself_is_kept_too(collector: Collector) -> None:
    before = collector.back_up()
    once, twice = Note("unknown_school", "x", once="x"), Note("checkpoint", "d1")
    collector.desk.books.journal.note(once, twice)
    first_time = collector.back_up()
    collector.put_back(before)
    collector.desk.books.journal.note(once)
    collector.log()
    collector.put_back(first_time)
    assert [kind for _, kind, _ in collector.log()] == ["unknown_school", "restored", "checkpoint"]

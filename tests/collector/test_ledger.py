"""The ledger in a real file: what it knows after it was closed, killed or refused."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from msgspec import structs

from collector import births, ledgerfile
from collector.births import AgentState
from collector.lanerow import LaneRow, Standing
from collector.ledger import Entry, LaneKey, Ledger
from collector.verdicts import Known
from core.errors import StartError
from core.messages import EpochReport
from core.types import BatchKey, Identity
from tests.collector.making import NOW, OTHER, WHO, A, B, birth, report
from tests.real import disks

KEY = LaneKey(WHO, A, "readings")


def entry(
    seq: int, crc: int = 1, standing: Standing = "new", *, who: Identity = WHO, epoch: str = A
) -> Entry:
    return Entry(who, BatchKey(epoch, "readings", seq), crc, standing, refused=2, at=NOW + seq)


def born(**words: object) -> AgentState:
    return births.after_birth(AgentState(), birth(**words), NOW, was_up=False)  # type: ignore[arg-type]


def row(ledger: Ledger, key: LaneKey = KEY) -> LaneRow:
    return ledger.rows([key])[key]


def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.commit([entry(1), entry(2), entry(5), entry(1, who=OTHER), entry(1, epoch=B)])
    ledger.commit([entry(2, standing="repeated"), entry(5, 9, standing="conflict")])
    ledger.close()

    again = row(Ledger(tmp_path / "ledger.db"))
    assert again.received.spans == ((1, 2), (5, 5))
    assert (again.refused_lines, again.repeats, again.conflicts, again.high) == (6, 1, 1, 5)
    assert (again.first_at, again.last_at) == (NOW + 1, NOW + 5)
    assert [again.standing(5, crc) for crc in (1, 9)] == ["repeated", "conflict"]


def test_a_batch_that_was_judged_new_twice_is_received_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.commit([entry(1), entry(1)])
    assert (row(ledger).refused_lines, row(ledger).repeats) == (2, 1)


def test_rows_on_their_way_are_read_once_and_anew_when_anything_else_was_written(
    tmp_path: Path,
) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    said: list[str] = []
    ledger._db.set_trace_callback(said.append)  # what really goes to SQLite

    def reads() -> int:
        return sum(one.startswith("SELECT") and "FROM lane" in one for one in said)

    first, second = LaneKey(WHO, A, "readings"), LaneKey(OTHER, A, "readings")
    ledger.rows([first])
    ledger.rows([first, second])  # the next group, while the first is on its way
    ledger.commit([entry(1)])
    assert ledger.rows([first])[first].received.spans == ((1, 1),)
    ledger.commit([entry(1, who=OTHER), entry(2)])
    assert [one.received.spans for one in ledger.rows([first, second]).values()] == [
        ((1, 2),),
        ((1, 1),),
    ]
    assert reads() == 2
    ledger.take({WHO: born(epochs=[report(A, [(1, 9)])])})
    assert row(ledger).high == 9
    with pytest.raises(AttributeError):
        ledger.commit([entry(3), structs.replace(entry(4), crc="not a number")])
    assert row(ledger).received.spans == ((1, 2),)


def test_a_commit_that_fails_leaves_nothing_half_done(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    bad = structs.replace(entry(2), crc="not a number")
    with pytest.raises(AttributeError):
        ledger.commit([entry(1), bad])
    assert row(ledger) == LaneRow()
    ledger.commit([entry(1)])
    assert row(ledger).received.spans == ((1, 1),)


def test_a_ledger_copied_while_it_is_open_holds_every_commit(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.commit([entry(1)])
    copied = tmp_path / "copy"
    copied.mkdir()
    for file in tmp_path.glob("ledger.db*"):
        shutil.copy(file, copied)
    assert row(Ledger(copied / "ledger.db")).received.spans == ((1, 1),)


def test_a_birth_says_what_is_expected_and_what_was_dropped(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.commit([entry(3)])
    drops = [(1, 2, "full"), (6, 9, "full")]
    dropped = EpochReport(A, "readings", 9, [3, 5], drops)
    kept = ledger.take({WHO: born(epoch=B, epochs=[dropped, report(B, [])])})
    assert kept[WHO].expected[A, "readings"].spans == ((4, 5),)
    assert births.closed(kept[WHO]) == []
    assert (row(ledger).dropped, row(ledger).high) == (tuple(drops), 9)

    ledger.commit([entry(4), entry(5)])
    again = ledger.take({WHO: kept[WHO]})[WHO]
    assert births.closed(again) == [A]


def test_what_was_read_is_not_believed_once_something_was_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    key = LaneKey(WHO, A, "readings")
    ledger.rows([key])
    ledger.commit([entry(1)])
    ledger.rows([key])
    ledger.take({WHO: born(epochs=[report(A, [(3, 7)])])})
    ledger.commit([entry(2)])
    assert (row(ledger).received.spans, row(ledger).high) == (((1, 2),), 7)


def test_crcs_are_let_go_once_their_epoch_is_closed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.commit([entry(1), entry(1, epoch=B)])
    ledger.take({WHO: born(epoch=B, epochs=[report(A, [(1, 2)])])})
    assert row(ledger).standing(1, 1) == "repeated"
    ledger.take({WHO: born(epoch=B, no=2, epochs=[report(B, [])])})
    assert row(ledger).standing(1, 1) == "forgotten"
    assert row(ledger, LaneKey(WHO, B, "readings")).standing(1, 1) == "repeated"


def test_every_agent_is_restored_as_it_was_left(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    state = born(epoch=B, no=3, epochs=[report(A, [(1, 2)]), report(B, [])])
    ledger.take({WHO: state, OTHER: structs.replace(state, known=Known(NOW, NOW, stopped=True))})
    ledger.commit([entry(1)])
    ledger.keep_known({WHO: Known(NOW - 5, NOW - 9)})
    ledger.close()

    agents = Ledger(tmp_path / "ledger.db").agents()
    assert agents[WHO].birth == state.birth
    assert agents[WHO].seen == {B: 3}
    assert agents[WHO].known == Known(NOW + 1, NOW - 9), "a batch came after what was kept"
    assert agents[WHO].expected[A, "readings"].spans == ((2, 2),)
    assert agents[OTHER].known.stopped


def test_the_commit_counter_is_kept(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    assert ledger.counter() == 0
    ledger.set_counter(7)
    ledger.close()
    assert Ledger(tmp_path / "ledger.db").counter() == 7


def test_a_damaged_file_or_one_from_the_future_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "damaged.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(StartError, match="move it"):
        Ledger(tmp_path / "damaged.db")
    Ledger(tmp_path / "ledger.db").commit([entry(1)])
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("UPDATE agent SET seen = 'no JSON'")
    with pytest.raises(StartError, match="move it"):
        Ledger(tmp_path / "ledger.db").agents()
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("PRAGMA user_version = 3")
    with pytest.raises(StartError, match="newer"):
        Ledger(tmp_path / "ledger.db")


def test_what_is_committed_is_synced_to_the_disk(tmp_path: Path) -> None:
    db = ledgerfile.connect(tmp_path / "ledger.db")
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def write_much(ledger: Ledger) -> None:
    for value in range(10_000):
        ledger.set_counter(value)


def test_a_full_disk_is_said_with_the_name_of_the_file(tmp_path: Path) -> None:
    with disks.small(tmp_path / "disk", 1) as disk:
        ledger = Ledger(disk / "ledger.db")
        filler = disks.fill(disk)
        with pytest.raises(sqlite3.OperationalError, match=r"ledger\.db: the disk is full: free"):
            write_much(ledger)
        filler.unlink()
        ledger.set_counter(7)
        assert ledger.counter() == 7
        ledger.close()

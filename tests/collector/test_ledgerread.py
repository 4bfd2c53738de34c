"""What the ledger answers while the collector works, after births, restores and restarts."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.chores import Chores
from collector.ledger import LaneKey, Ledger
from collector.ledgerread import FEW, Account, AgentAccount, LedgerReader, Question
from collector.overdue import EXPECTED_FOR, Overdue
from collector.ranges import Ranges
from collector.reasons import HEARD_WITHIN, SPOOL_KEEPS
from collector.states import States
from core.clock import SECOND
from core.errors import StoreBusy
from core.messages import Birth, EpochReport
from tests.collector.desk import Desk, open_desk
from tests.collector.making import OTHER, WHO, A, B, batch, birth, readings, report, state

KEY = LaneKey(WHO, A, "readings")


def account(desk: Desk, **words: object) -> Account:
    question = Question(**words)  # type: ignore[arg-type]
    reader = LedgerReader(desk.books.ledger.path)
    return reader.account(question, desk.clock(), desk.books.door.opening().since)


def of(desk: Desk) -> AgentAccount:
    return account(desk, region=WHO.region, school=WHO.school, agent=WHO.agent).agents[0]


def reasons(desk: Desk) -> list[tuple[int, int, str]]:
    gaps = [gap for lane in of(desk).lanes for gap in lane.missing]
    return [(gap.first, gap.last, gap.reason) for gap in gaps]


async def answered(desk: Desk, said: Birth) -> None:
    """Let the agent answer the request that is open."""
    desk.clock.at += 700 * SECOND
    desk.books.asking._monotonic = desk.clock.monotonic
    desk.books.asking.tick(lambda _who: True)
    number = desk.books.asking.number(WHO)
    assert number
    await desk.take(state(msgspec.structs.replace(said, asked=number)))


async def test_a_gap_is_expected_until_a_birth_tells_and_gone_when_it_is_filled(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(epochs=[report(A, [])])))
    await desk.take(readings(batch(seq=1)), readings(batch(seq=4)))
    assert reasons(desk) == [(2, 3, "expected")]
    assert [gap.since for gap in of(desk).lanes[0].missing] == [desk.clock()]
    full = EpochReport(A, "readings", 4, [3, 3], [(2, 2, "full")])
    await desk.take(state(birth(no=2, epochs=[full])))
    assert reasons(desk) == [(2, 2, "dropped"), (3, 3, "expected")]
    await desk.take(readings(batch(seq=3)), readings(batch(seq=2)))
    assert reasons(desk) == []
    assert account(desk, only_missing=True).agents == ()
    assert of(desk).totals.received == 4


async def test_what_nothing_explains_is_one_error_and_one_event_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(epochs=[report(A, [])])), readings(batch(seq=3)))
    for no in (2, 3):
        await desk.take(state(birth(no=no, epochs=[report(A, [], 3)])))
    assert reasons(desk) == [(1, 2, "unexplained")]
    assert desk.count("unexplained") == 2
    assert [r.levelname for r in caplog.records if "nothing explains it" in r.message] == ["ERROR"]
    again = open_desk(tmp_path, desk.clock)
    await again.take(state(birth(no=4, epochs=[report(A, [], 3)])))
    again.books.journal.sync()
    (row,) = again.audited("unexplained_gap")
    assert (row["target"], row["subject"]) == (str(WHO), f"readings/{A}/1-2")
    assert row["details"] == {"batches": 2}


async def test_a_ledger_begun_anew_asks_and_then_blames_itself(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    told = birth(B, epochs=[report(A, [(9, 10)]), report(B, [], 3)])
    await desk.take(state(told))
    assert {reason for _, _, reason in reasons(desk)} == {"expected"}
    assert desk.receipts() == [], "no epoch is closed before the agent has answered"
    assert open_desk(tmp_path, desk.clock).books.live.state(WHO).awaiting, "over a restart too"

    await answered(desk, msgspec.structs.replace(told, no=2))
    assert reasons(desk) == [
        (1, 8, "ledger_restored"),
        (9, 10, "expected"),
        (1, 3, "ledger_restored"),
    ]
    await desk.take(readings(batch(A, 9)), readings(batch(A, 10)))
    assert desk.receipts()[-1].closed == [A]
    await desk.take(state(birth(B, no=3, epochs=[report(B, [], 4)])))
    assert (4, 4, "unexplained") in reasons(desk), (
        "what came to be after the restore is another matter"
    )


async def test_a_birth_of_before_the_ledger_was_lost_blames_nobody_else(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(B, epochs=[report(A, [(1, 9)]), report(B, [])]), retain=True))
    assert reasons(desk) == [(1, 9, "expected")]
    await answered(desk, birth(B, no=2, epochs=[report(B, [])]))
    assert reasons(desk) == [(1, 9, "ledger_restored")]
    assert [restore.what for restore in account(desk).restores] == ["anew"]


async def test_a_new_agent_that_gathered_offline_is_no_restore(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    gathered = EpochReport(A, "readings", 9, [5, 9], [(1, 4, "full")])
    told = birth(B, epochs=[gathered, report(B, [])])
    await desk.take(state(told))
    assert not of(desk).awaiting
    await desk.take(*(readings(batch(A, seq)) for seq in range(5, 10)))
    assert desk.receipts()[-1].closed == [A]
    await desk.take(state(birth(B, no=2, epochs=[report(B, [])])))
    assert reasons(desk) == [(1, 4, "dropped")]
    assert (account(desk).restores, of(desk).awaiting) == ((), False)


@pytest.mark.parametrize(("counter", "what"), [(0, "anew"), (7, "ledger")])
async def test_a_ledger_that_went_back_lets_every_agent_speak_first(
    tmp_path: Path, counter: int, what: str
) -> None:
    desk = open_desk(tmp_path)
    chores = Chores("d1", desk.store, desk.books, 10**18, desk.clock)
    told = birth(B, epochs=[report(A, [(1, 2)], 5), report(B, [])])
    await desk.take(state(birth(B, no=1, epochs=[report(A, [(1, 5)]), report(B, [])])))
    desk.books.ledger.set_counter(counter)
    desk.store.set_counter(40)
    await chores.minute()
    assert [restore.what for restore in account(desk).restores] == [what]
    await desk.take(state(msgspec.structs.replace(told, no=2)))
    assert {reason for *_, reason in reasons(desk)} == {"expected"}, "answers no request"
    await answered(desk, msgspec.structs.replace(told, no=3))
    assert reasons(desk) == [(1, 2, "expected"), (3, 5, "ledger_restored")]


async def test_a_ledger_that_went_back_asks_also_where_the_store_takes_no_counter_yet(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    chores = Chores("d1", desk.store, desk.books, 10**18, desk.clock)
    await desk.take(state(birth(A, epochs=[report(A, [(1, 5)])])))
    desk.store.set_counter(40)

    def refuse(_value: int) -> None:
        raise StoreBusy("its disk is full")

    vars(desk.store)["set_counter"] = refuse
    with pytest.raises(StoreBusy):
        await chores.minute()
    assert desk.books.live.state(WHO).awaiting
    del vars(desk.store)["set_counter"]
    await chores.minute()
    assert [restore.what for restore in account(desk).restores] == ["anew"]


async def test_an_answer_counts_though_a_birth_that_is_none_came_before_it(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    held = [report(A, [(1, 5)])]
    await desk.take(state(birth(epochs=held)))
    desk.books.ledger.record_restore("ledger", desk.clock())
    desk = open_desk(tmp_path, desk.clock)
    desk.books.asking.everybody([WHO])
    desk.books.asking._monotonic = desk.clock.monotonic
    desk.clock.at += 700 * SECOND
    desk.books.asking.tick(lambda _who: True)
    number = desk.books.asking.number(WHO)
    await desk.take(state(birth(conn=2, no=2, epochs=held)))
    assert of(desk).awaiting
    await desk.take(state(birth(conn=2, no=3, asked=number, epochs=held)))
    assert not of(desk).awaiting
    assert desk.books.asking.number(WHO) == 0


async def test_a_store_that_went_back_is_recorded_and_nobody_has_to_answer(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth()))
    desk.books.ledger.set_counter(40)
    await Chores("d1", desk.store, desk.books, 10**18, desk.clock).minute()
    assert [restore.what for restore in account(desk).restores] == ["store"]
    assert not of(desk).awaiting


async def test_births_that_alternate_are_two_machines_until_one_starts_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(tmp_path)
    for no, epoch in enumerate([A, B, A], 1):
        await desk.take(state(birth(epoch, no=no)))
    assert of(desk).two_machines == ()
    desk = open_desk(tmp_path, desk.clock)
    for no, epoch in enumerate([B, A, B], 4):
        await desk.take(state(birth(epoch, no=no)))
    assert of(desk).two_machines == (A, B)
    assert account(desk, only_missing=True).agents, "shown although nothing is missing"
    assert desk.count("identity_twice") == 1
    (said,) = [r.getMessage() for r in caplog.records if "two machines" in r.message]
    assert A in said
    assert B in said
    desk.books.journal.sync()
    (row,) = desk.audited("identity_twice")
    assert (row["target"], row["details"]["epochs"]) == (str(WHO), [A, B])
    await desk.take(state(birth("C" * 16)))
    assert of(desk).two_machines == ()


@pytest.mark.parametrize("dies", ["before", "after"])
async def test_a_crash_about_the_commit_loses_no_event_of_two_machines_and_makes_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    desk = open_desk(tmp_path)
    for no, epoch in enumerate([A, B, A], 1):
        await desk.take(state(birth(epoch, no=no)))

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        where: Any = Ledger if dies == "before" else States
        patched.setattr(where, "_reasons" if dies == "before" else "_tell", die)
        with pytest.raises(KeyboardInterrupt):
            await desk.take(state(birth(B, no=4)))
    desk = open_desk(tmp_path, desk.clock)
    for no, epoch in enumerate([B, A], 4):
        await desk.take(state(birth(epoch, no=no)))
    desk.books.journal.sync()
    assert len(desk.audited("identity_twice")) == 1


async def test_a_lost_spool_an_old_disk_and_a_silent_agent_are_told_apart(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(A, epochs=[report(A, [(1, 9)])])))
    back = birth(B, epochs=[report(A, [(1, 3)]), report(B, [])])
    await desk.take(state(back))
    assert reasons(desk) == [(1, 3, "expected"), (4, 9, "disk_went_back")]
    desk.clock.at += SPOOL_KEEPS + HEARD_WITHIN
    desk.books.door.connected("readings")
    assert reasons(desk) == [(1, 3, "gone_with_the_agent"), (4, 9, "disk_went_back")]
    await desk.take(state(msgspec.structs.replace(back, no=2, spool="NEW", epochs=[report(B, [])])))
    assert reasons(desk) == [(1, 9, "spool_lost")]


async def test_two_births_in_one_group_are_both_heard(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    lost = birth(A, epochs=[report(A, [(1, 9)])])
    new = msgspec.structs.replace(birth(B, epochs=[report(B, [])]), spool="NEW")
    await desk.take(state(lost), state(new), state(lost, retain=True))
    assert reasons(desk) == [(1, 9, "spool_lost")]
    assert (desk.count("births"), desk.count("states_repeated")) == (2, 1)


async def test_what_is_lost_is_listed_before_what_may_come_and_all_is_counted(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    names = [f"{number:016}" for number in range(FEW + 5)]
    held = [report(name, [(1, 9)]) for name in names[1:]]
    full = EpochReport(names[0], "readings", 2, [], [(1, 2, "full")])
    torn = EpochReport(B, "readings", 80, [80, 80], [(n, n, "old") for n in range(2, 80, 2)])
    await desk.take(state(birth("C" * 16, epochs=[*held, full, torn])))
    (found,) = account(desk).agents
    assert [lane.lost for lane in found.lanes] == [True, True] + [False] * (FEW - 2)
    assert not found.cut
    counts = {(cause.reason, cause.why): cause.n for cause in found.causes}
    assert counts == {
        ("dropped", "full"): 2,
        ("dropped", "old"): 39,
        ("expected", ""): 9 * (FEW + 4) + 41,
    }
    (lane,) = [lane for lane in found.lanes if lane.epoch == B]
    assert (len(lane.missing), lane.more) == (FEW, 60)
    assert {gap.reason for gap in lane.missing} == {"dropped"}
    (lane,) = [lane for lane in of(desk).lanes if lane.epoch == B]
    assert (len(lane.missing), lane.more) == (80, 0)


async def test_pages_end_and_go_on_where_they_ended(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    for who in (WHO, OTHER):
        await desk.take(readings(batch(seq=2), who))
    first = account(desk, agents=1)
    second = account(desk, agents=1, after=first.next)
    assert [one.who for page in (first, second) for one in page.agents] == [WHO, OTHER]
    assert (bool(first.next), second.next) == (True, 0)


async def test_a_file_of_the_version_before_is_taken_over(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(B, epochs=[report(A, [(2, 3)])])), readings(batch(seq=1)))
    desk.books.ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        db.executescript("""
            DROP INDEX lane_missing; DROP TABLE restore;
            ALTER TABLE lane DROP COLUMN told; ALTER TABLE lane DROP COLUMN held;
            ALTER TABLE lane DROP COLUMN restored; ALTER TABLE lane DROP COLUMN marks;
            ALTER TABLE agent DROP COLUMN born_at; ALTER TABLE agent DROP COLUMN awaiting;
            ALTER TABLE agent DROP COLUMN turns; PRAGMA user_version = 1;""")
    again = open_desk(tmp_path, desk.clock)
    assert reasons(again) == [(2, 3, "expected")]
    await again.take(readings(batch(seq=2)), readings(batch(seq=3)))
    assert account(again, only_missing=True).agents == ()


def test_a_ledger_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreBusy, match="cannot be read now"):
        LedgerReader(tmp_path / "none.db").account(Question(), 1, 0)


async def test_an_agent_is_asked_once_an_hour_for_what_stays_expected(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(epochs=[report(A, [])])), readings(batch(seq=3)))
    chores = Chores("d1", desk.store, desk.books, 10**18, desk.clock)
    desk.books.asking._monotonic = desk.clock.monotonic
    asked: list[int] = []
    for _ in range(13):
        await chores.long_expected()
        desk.clock.at += 300 * SECOND
        desk.books.asking.tick(lambda _who: True)
        asked.append(desk.books.asking.number(WHO))
    assert asked[:-1] == [0] * 12
    assert asked[-1]


def test_what_is_only_on_its_way_is_never_overdue() -> None:
    overdue = Overdue()
    for minute in range(300):
        waits = {KEY: Ranges(((minute, minute + 20),))}
        assert overdue.look(waits, minute * 60 * SECOND) == []
    stuck = Ranges(((5, 5),))
    assert overdue.look({KEY: stuck}, 0) == []
    assert overdue.look({KEY: stuck | Ranges(((90, 99),))}, EXPECTED_FOR) == [WHO]
    assert overdue.look({KEY: stuck}, EXPECTED_FOR + 1) == []
    assert overdue.look({}, 2 * EXPECTED_FOR) == []

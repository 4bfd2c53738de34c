"""What the collector records of itself, and events as points of the store."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import pytest

from collector import eventpoints
from collector.auditrecord import EventRow
from collector.chores import Chores, CommitCounter
from collector.eventchores import EventChores
from collector.eventrows import ASKED, move_cursor
from collector.journal import Note
from collector.linecheck import LineCheck
from collector.store.base import RangeQuery, RefusedLine
from collector.store.sqlite import SqliteStore
from core import events
from core.alertkinds import OF_ALERTS
from core.clock import SECOND, rfc3339
from core.errors import StoreBusy, StoreStopped
from core.lineprotocol import parse
from tests.collector.counting import count
from tests.collector.desk import Desk, Failing, open_desk
from tests.collector.making import NOW, WHO, A, birth, event, event_batch, events_of, state
from tests.waiting import until


def chores_of(desk: Desk) -> EventChores:
    return EventChores("d1", desk.store, desk.books)


def rows_stored(desk: Desk) -> list[int]:
    found = desk.store.range(RangeQuery("event", "row", 0, 2**63 - 1))
    return sorted(int(value) for series in found for _, value in series.points)


async def test_a_start_and_a_checkpoint_each_minute_are_recorded(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    chores = chores_of(desk)
    await chores.minute()
    await chores.minute()
    await chores_of(open_desk(tmp_path)).minute()
    assert [r["kind"] for r in desk.audited()] == [
        *("collector_started", "checkpoint", "checkpoint"),
        *("collector_started", "checkpoint"),
    ]
    assert {r["agent"] for r in desk.audited()} == {"collector/d1"}


async def test_a_school_that_no_roster_names_is_recorded_once_over_restarts(tmp_path: Path) -> None:
    for seq in (1, 2):
        desk = open_desk(tmp_path)
        await desk.take(events_of(event_batch(A, seq)))
        chores = chores_of(desk)
        await chores.minute()
        await chores.minute()
    assert [r["target"] for r in desk.audited("unknown_school")] == ["330100/school-1"]


async def minutes_without_audit_log(
    desk: Desk, chores: EventChores, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Let so many minutes pass in which the disk of the audit log is full."""

    def full(_rows: object) -> None:
        raise StoreStopped("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(desk.books.journal.log, "append", full)
        for _ in range(count):
            with pytest.raises(StoreStopped):
                await chores.minute()


async def test_an_audit_log_that_stopped_is_one_event_and_its_end_another_over_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(tmp_path)
    await minutes_without_audit_log(desk, chores_of(desk), monkeypatch, 2)
    again = open_desk(tmp_path, desk.clock)
    for _ in range(2):
        await chores_of(again).minute()
    found = again.audited("audit_stopped")
    assert [(r["active"], r["details"]["reason"]) for r in found] == [
        (True, "no space left"),
        (False, ""),
    ]


async def test_an_audit_log_that_cannot_be_written_makes_the_collector_unready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(tmp_path)
    chores = chores_of(desk)
    await minutes_without_audit_log(desk, chores, monkeypatch, 1)
    assert desk.books.door.trouble == "no space left"
    await chores.minute()
    assert desk.books.door.trouble == ""
    assert [r["kind"] for r in desk.audited()] == [
        *("collector_started", "checkpoint", "audit_stopped"),
        *("checkpoint", "audit_stopped"),
    ]


async def test_a_command_that_the_audit_log_cannot_take_makes_it_unready_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(tmp_path)
    chores, journal = chores_of(desk), desk.books.journal
    await chores.minute()
    journal.note(Note("command_run", "notify test", ""))
    with desk.books.ledger.transaction() as db:
        move_cursor(db, ASKED, 10)
    with monkeypatch.context() as broken:
        broken.setattr(journal.log, "append", Mock(side_effect=StoreStopped("no space left")))
        with pytest.raises(StoreStopped):
            await chores.answer()
    assert desk.books.door.trouble == "no space left"
    await chores.answer()
    await chores.minute()
    assert desk.books.door.trouble == ""


async def test_every_event_becomes_a_point_of_its_own_time(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    same = [event(at=NOW + 5), event(at=NOW + 5), event("dragon_seen", at=NOW, active=False)]
    await desk.take(events_of(event_batch(A, 1, *same)))
    await chores_of(desk).points()
    first = parse(eventpoints.point(desk.books.journal.rows.after(0, 1)[0]))
    assert first.at == NOW + 1
    assert first.tags == {
        "region": WHO.region,
        "school": WHO.school,
        "agent": WHO.agent,
        "kind": "link_down",
        "code": "EV-FLT-SW",
    }
    assert rows_stored(desk) == [1, 2, 3]
    (odd,) = desk.store.last("event", {"kind": "other"}, 0)[:1]
    assert (odd.at, odd.tags["code"]) == (NOW + 3, "EV-OTH")


@pytest.mark.parametrize(
    ("target", "about"),
    [
        ("330106/school-1", {"region": "330106", "school": "school-1"}),
        ("330106/school-1/host", {"region": "330106", "school": "school-1"}),
        ("330106", {}),
        ("collector", {}),
        ("", {}),
    ],
)
def test_the_collectors_own_event_is_found_among_those_of_the_school_that_it_is_about(
    target: str, about: dict[str, str]
) -> None:
    said = {"kind": "room_not_ready", "code": "EV-FLT-ROOM", "at": NOW, "active": True}
    body = json.dumps({**said, "severity": "P3", "target": target, "subject": "302"}).encode()
    tags = parse(eventpoints.point(EventRow("collector/d1", A, 1, 0, 0, NOW, body))).tags
    assert tags == {"kind": "room_not_ready", "code": "EV-FLT-ROOM", "collector": "d1", **about}


async def test_what_an_alert_leaves_by_itself_is_no_event_of_the_charts(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    kinds = sorted(OF_ALERTS)
    desk.books.journal.note(*(Note(kind, f"{WHO}", "alert/1") for kind in kinds))
    desk.books.journal.note(Note("collector_started", "d1"))
    desk.books.journal.sync()
    await chores_of(desk).points()
    assert rows_stored(desk) == [len(kinds) + 1]
    # An agent that says such a word has said something, and that is shown.
    await desk.take(events_of(event_batch(A, 1, event(kinds[0]))))
    await chores_of(desk).points()
    assert rows_stored(desk) == [len(kinds) + 1, len(kinds) + 2]


async def test_points_wait_for_a_store_that_refuses_and_none_is_left_out(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(events_of(event_batch(A, 1)))
    desk.store.errors = [StoreBusy("overloaded")]
    with pytest.raises(StoreBusy):
        await chores_of(desk).points()
    await desk.take(events_of(event_batch(A, 2)))
    await chores_of(desk).points()
    assert rows_stored(desk) == [1, 2]
    assert desk.books.journal.rows.cursor(eventpoints.POINTS) == 2


async def test_odd_names_are_points_like_any_other(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    odd = event_batch(A, 1).replace(b"switch-2/port-5", '学校 🐉,=\\"'.encode() + b"\\\\")
    await desk.take(events_of(odd), state(b"no json"))
    await chores_of(desk).points()
    assert rows_stored(desk) == [1]


async def test_the_latest_time_that_a_header_may_have_is_a_point_too(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    head = events.Header(A, 1, 0, full=True, at=events.MAX_AT)
    await desk.take(events_of(events.seal(head, [])))
    await chores_of(desk).points()
    assert rows_stored(desk) == [1]


async def test_a_point_that_the_store_refuses_is_counted_and_its_reason_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(tmp_path)
    desk.store.write(b"event,kind=x row=1.5 %d\n" % NOW)
    for seq in (1, 2):
        await desk.take(events_of(event_batch(A, seq)))
        await chores_of(desk).points()
    assert desk.count("event_points_refused") == 2
    assert [r.message.count("field type conflict") for r in caplog.records][-1:] == [1]


async def test_a_row_that_cannot_be_a_point_holds_up_no_other(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    desk.books.journal.rows.note([EventRow("collector/d1", A, 1, 0, 0, NOW, b"{}")])
    await desk.take(events_of(event_batch(A, 1)))
    await chores_of(desk).points()
    assert (rows_stored(desk), desk.count("event_points_refused")) == ([2], 1)


def test_an_agent_cannot_write_points_that_look_like_events(tmp_path: Path) -> None:
    line = b"event,kind=link_down,code=EV-FLT-SW active=true,row=1i %d\n" % NOW
    (refused,) = LineCheck().check(line, WHO, NOW, accounted=True).refused
    assert refused.kind == "unknown_measurement"


@pytest.mark.parametrize(
    ("ledger", "store", "kind"), [(9, 5, "store_went_back"), (5, 9, "restored"), (9, 8, None)]
)
async def test_what_went_back_is_recorded_once_and_its_points_are_written_again(
    tmp_path: Path, ledger: int, store: int, kind: str | None
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(events_of(event_batch(A, 1)))
    await chores_of(desk).points()
    desk.books.ledger.set_counter(ledger)
    desk.store.set_counter(store)
    desk.clock.at += SECOND
    counter = CommitCounter(desk.books.ledger, desk.store, desk.books.journal)
    count(counter)
    count(counter)
    desk.books.journal.sync()
    assert [r["kind"] for r in desk.audited()] == ["link_down", *([kind] if kind else [])]
    assert desk.books.journal.rows.cursor(eventpoints.POINTS) == (0 if kind else 1)
    await chores_of(desk).points()
    assert rows_stored(desk) == [1, *([2] if kind else [])]


async def test_a_store_that_hangs_while_it_is_asked_holds_up_no_event_and_no_birth(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    store = Failing(SqliteStore(tmp_path / "store.db", now=desk.clock, busy_seconds=120))
    chores = Chores("d1", store, desk.books, 10**18, desk.clock)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        minute = asyncio.create_task(chores.minute())
        await until(lambda: desk.books.ledger.counter() == 1)  # the store's turn is next
        said = [events_of(event_batch(A, 1)), state(birth())]
        await asyncio.wait_for(desk.take(*said), 60)
        assert desk.seqs() == [1]
        assert desk.books.live.state(WHO).birth
        assert not minute.done()
        assert store.counter() == 0
        other.execute("ROLLBACK")
    await minute
    assert store.counter() == 1


async def test_a_store_that_can_be_read_and_not_written_did_not_go_back(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    counter = CommitCounter(desk.books.ledger, desk.store, desk.books.journal)
    count(counter)

    def refuse(_value: int) -> None:
        raise StoreBusy("its disk is full")

    real = desk.store.set_counter
    vars(desk.store)["set_counter"] = refuse
    for _ in range(5):
        with pytest.raises(StoreBusy):
            count(counter)
    vars(desk.store)["set_counter"] = real
    assert [count(counter), count(counter)] == ["", ""]
    desk.books.journal.sync()
    assert desk.audited("store_went_back") == []


async def test_a_store_that_was_put_back_between_two_counts_is_noticed_and_recorded_once(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    counter = CommitCounter(desk.books.ledger, desk.store, desk.books.journal, desk.clock)
    chores = chores_of(desk)
    for _ in range(6):
        count(counter)
        await chores.minute()
        desk.clock.at += 60 * SECOND
    desk.store.set_counter(3)
    assert [count(counter), count(counter)] == ["store", ""]
    desk.books.journal.sync()
    assert [r["details"] for r in desk.audited("store_went_back")] == [
        {
            "ledger": 6,
            "store": 3,
            "from": rfc3339(NOW + 60 * SECOND),
            "until": rfc3339(NOW + 360 * SECOND),
        }
    ]


async def test_a_store_that_went_back_and_cannot_be_written_yet_is_recorded_once(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    desk.books.ledger.set_counter(9)
    counter = CommitCounter(desk.books.ledger, desk.store, desk.books.journal)
    real = desk.store.set_counter

    def refuse(_value: int) -> None:
        raise StoreBusy("its disk is full")

    vars(desk.store)["set_counter"] = refuse
    for _ in range(3):
        with pytest.raises(StoreBusy):
            count(counter)
    vars(desk.store)["set_counter"] = real
    count(counter)
    desk.books.journal.sync()
    assert len(desk.audited("store_went_back")) == 1
    with desk.books.ledger.transaction() as db:
        assert db.execute("SELECT what FROM restore").fetchall() == [("store",)]


async def test_a_store_that_goes_back_while_points_are_written_gets_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(*[events_of(event_batch(A, seq)) for seq in (1, 2)])
    rows, write = desk.books.journal.rows, desk.store.write
    rows.set_cursor(eventpoints.POINTS, 1)

    def put_back(lines: bytes) -> Sequence[RefusedLine]:
        monkeypatch.setattr(desk.store, "write", write)
        rows.set_cursor(eventpoints.POINTS, 0)
        return write(lines)

    monkeypatch.setattr(desk.store, "write", put_back)
    await chores_of(desk).points()
    assert rows_stored(desk) == [1, 2]

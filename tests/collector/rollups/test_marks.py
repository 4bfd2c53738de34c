"""Which windows are marked, how often, and that no crash loses one."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from collector.ledger import Entry
from collector.rollups.marking import MarkingStore
from collector.rollups.marks import LATENESS, Touch
from collector.rollups.times import HOUR, hour_of
from collector.store.base import RefusedLine
from core import lineprotocol
from core.clock import SECOND
from core.errors import StoreBusy
from core.types import Identity, Reading
from tests.collector.making import NOW, OTHER, WHO, A, batch, readings
from tests.collector.rollups.place import Place, due, open_place

THIS = hour_of(NOW)
DAYS = 24 * HOUR


class Param:
    """What a fixture of a test would be told."""

    param = "sqlite"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return open_place(Param(), tmp_path)  # type: ignore[arg-type]


def hours(place: Place) -> list[tuple[str, int, int]]:
    return [
        (row["agent"], (row["start"] - THIS) // HOUR, row["version"])
        for row in due(place)
        if row["width"] == "hour"
    ]


def mem(at: int, used: int = 1) -> Reading:
    return Reading("mem", {"used": used}, at)


async def test_an_hour_is_marked_once_however_many_batches_come(place: Place) -> None:
    for seq in range(1, 60):
        await place.desk.take(readings(batch(A, seq, [b"mem used=1i %d" % (NOW + seq)])))
    assert hours(place) == [("host", 0, 1)]


async def test_a_batch_of_three_days_marks_each_of_its_hours(place: Place) -> None:
    await place.send(*(mem(THIS - n * HOUR) for n in range(72)), mem(NOW))
    assert hours(place) == [("host", -n, 1) for n in reversed(range(72))]


async def test_what_came_again_or_was_refused_marks_nothing(place: Place) -> None:
    message = readings(batch())
    await place.desk.take(message)
    place.clock.at += HOUR
    place.roll()
    assert hours(place) == []
    await place.desk.take(message)
    await place.send(Reading("event", {"row": 1}, NOW), Reading("mem", {"nothing": 1}, NOW))
    assert hours(place) == []


async def test_an_hour_that_was_taken_up_is_marked_again_by_what_comes_meanwhile(
    place: Place,
) -> None:
    await place.send(mem(NOW - 10 * HOUR, 1))
    place.clock.at += LATENESS
    claim = place.marks.claim_hours(20)
    assert claim
    await place.send(mem(NOW - 10 * HOUR + SECOND, 2))
    place.marks.done(claim)
    assert hours(place) == [("host", -10, 2)]
    place.clock.at += LATENESS
    place.roll()
    assert place.hour("mem", THIS - 10 * HOUR)["used_count"] == 2


async def test_a_crash_between_store_and_ledger_loses_no_mark(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = readings(batch(lines=[b"mem used=7i %d" % (NOW - 10 * HOUR)]))
    with monkeypatch.context() as patched:
        patched.setattr(place.marks, "commit", _crash)
        with pytest.raises(ZeroDivisionError):
            await place.desk.take(message)
    assert hours(place) == []
    assert not place.desk.receipts()

    place = place.restarted()
    await place.desk.take(message)
    assert hours(place) == [("host", -10, 1)]
    assert place.desk.receipts()
    place = place.restarted()
    place.clock.at += LATENESS
    place.roll()
    assert place.hour("mem", THIS - 10 * HOUR)["used_last"] == 7


def _crash(*_: object) -> None:
    raise ZeroDivisionError


async def test_marks_that_were_not_committed_are_made_by_the_next_attempt(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, failures = place.desk.books.ledger, [sqlite3.OperationalError("disk I/O error")]
    real = ledger.commit

    def commit(entries: Sequence[Entry], also: Callable[[sqlite3.Connection], None]) -> None:
        if not failures:
            real(entries, also)
            return
        with ledger.transaction() as db:
            also(db)
            raise failures.pop()

    monkeypatch.setattr(ledger, "commit", commit)
    await place.send(mem(NOW))
    assert not failures
    assert hours(place) == [("host", 0, 1)]
    await place.send(mem(NOW + 1))
    assert hours(place) == [("host", 0, 1)]


async def test_a_restart_goes_on_with_what_is_marked(place: Place) -> None:
    await place.send(mem(NOW))
    place = place.restarted()
    await place.send(mem(NOW))
    await place.send(mem(NOW))
    assert hours(place) == [("host", 0, 2)]


async def test_the_hour_that_has_just_ended_goes_before_what_came_late(place: Place) -> None:
    await place.send(*(mem(THIS - n * HOUR) for n in (5, 3, 1)))
    place.clock.at += LATENESS
    order = []
    while claim := place.marks.claim_hours(1):
        order.append((claim.start - THIS) // HOUR)
        place.marks.done(claim)
    assert order == [-1, -5, -3]


async def test_of_an_hour_whose_raw_points_may_be_gone_nothing_is_made_any_more(
    place: Place,
) -> None:
    keep = 90 * DAYS
    await place.send(mem(THIS - keep + 5 * HOUR), mem(THIS - keep + 4 * HOUR), mem(5))
    assert hours(place) == [("host", -90 * 24 + 5, 1)]
    assert place.marks.again([Touch(WHO, THIS - keep), Touch(WHO, THIS)]) == 1
    place.clock.at += 5 * HOUR
    assert place.marks.tidy() == 1
    assert hours(place) == [("host", 0, 1)]


async def test_a_day_waits_for_its_hours_and_for_no_other(place: Place) -> None:
    await place.send(mem(NOW - 48 * HOUR))
    await place.send(mem(NOW - 48 * HOUR), who=OTHER)
    place.clock.at += LATENESS
    place.roll()
    place.clock.at += LATENESS
    await place.send(mem(NOW - 47 * HOUR))
    claim = place.marks.claim_days(20)
    assert claim
    assert set(claim.versions) == {OTHER}


def test_what_the_collector_says_itself_is_marked_before_it_is_written(place: Place) -> None:
    store = MarkingStore(place.stores[0], place.marks)
    lines = [
        Reading("collector", {"messages": 1}, NOW, {"collector": "d1"}),
        Reading("agent", {"spool_batches": 1}, NOW, who_tags(WHO)),
        Reading("event", {"row": 1}, NOW, {"kind": "x"}),
    ]
    body = b"".join(lineprotocol.encode(one) + b"\n" for one in lines)
    assert list(store.write(body)) == []
    assert hours(place) == [("", 0, 1), ("host", 0, 1)]
    place.clock.at = THIS + HOUR + LATENESS
    place.roll()
    nobody = Identity("", "", "")
    assert place.hour("collector", THIS, nobody)["messages_last"] == 1
    assert [key[0] for key in place.hourly(nobody)] == ["collector"]


def who_tags(who: Identity) -> dict[str, str]:
    return {"region": who.region, "school": who.school, "agent": who.agent}


def test_what_is_not_stored_for_now_is_marked_all_the_same(place: Place) -> None:
    place.desk.store.errors.append(StoreBusy("for now"))
    store = MarkingStore(place.desk.store, place.marks)
    with pytest.raises(StoreBusy):
        store.write(b"collector,collector=d1 messages=1i %d\n" % NOW)
    assert hours(place) == [("", 0, 1)]


def test_an_hour_that_is_taken_up_while_more_of_it_is_written_is_marked_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody, raw = Identity("", "", ""), place.stores[0]
    store = MarkingStore(raw, place.marks)
    store.write(b"collector,collector=d1 messages=1i %d\n" % NOW)
    place.clock.at = THIS + HOUR + LATENESS
    write = raw.write

    def late(lines: bytes) -> Sequence[RefusedLine]:
        place.roll()  # reads before this is there
        return write(lines)

    monkeypatch.setattr(raw, "write", late)
    store.write(b"collector,collector=d1 messages=7i %d\n" % (NOW + SECOND))
    monkeypatch.undo()
    assert place.hour("collector", THIS, nobody)["messages_last"] == 1
    place.clock.at += LATENESS
    place.roll()
    assert place.hour("collector", THIS, nobody)["messages_last"] == 7

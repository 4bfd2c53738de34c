"""Readings from the door to the receipt, on real files, and what breaks in between."""

import asyncio
import base64
import logging
import re
import sqlite3
import threading
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from collector.counters import Counters
from collector.inbox import Inbox
from collector.linecheck import Checked, LineCheck
from collector.offenders import Offenders
from collector.patience import Patience
from collector.readings import at_once
from collector.sorting import GROUP, GROUP_BYTES, Sorter
from collector.store.base import RefusedLine
from core import wire
from core.clock import SECOND
from core.errors import StoreBusy, StoreStopped
from core.types import Identity
from core.wire import Header
from tests.collector.desk import open_desk
from tests.collector.making import (
    NOW,
    OTHER,
    REGION,
    WHO,
    A,
    B,
    batch,
    birth,
    readings,
    report,
    state,
)
from tests.waiting import until, until_sync

SCHOOLS = re.compile(r"school=([a-z0-9-]+)")


async def test_a_batch_is_stored_accounted_and_receipted(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(batch(seq=1)), readings(batch(seq=2), OTHER), readings(batch(seq=2)))
    assert desk.stored() == {NOW + 1: 1, NOW + 2: 2}
    assert desk.stored(OTHER) == {NOW + 2: 2}
    assert desk.received() == [(1, 2)]
    assert desk.seqs() == [1, 2]
    assert desk.seqs(OTHER) == [2]
    assert desk.got()[0][1] == f"{wire.crc(batch(seq=1)):08x}"
    assert (desk.count("batches"), desk.count("lines_stored"), desk.store.writes) == (3, 3, 1)
    assert desk.letters() == []


async def test_a_batch_that_comes_again_is_counted_and_receipted_but_not_written(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(batch()), readings(batch()))
    await desk.take(readings(batch()))
    assert desk.seqs() == [1, 1, 1]
    assert (desk.count("batches"), desk.count("repeated"), desk.store.writes) == (1, 2, 1)
    again = open_desk(tmp_path)
    await again.take(readings(batch()))
    assert (again.seqs(), again.count("repeated")) == ([1], 1)


@pytest.mark.parametrize("together", [True, False])
async def test_other_bytes_under_a_known_key_are_a_conflict_and_kept(
    tmp_path: Path, together: bool
) -> None:
    desk = open_desk(tmp_path)
    other = batch(lines=[b"mem used=666i %d" % NOW])
    if together:
        await desk.take(readings(batch()), readings(other))
    else:
        await desk.take(readings(batch()))
        await desk.take(readings(other))
    assert desk.stored() == {NOW + 1: 1}
    assert (desk.seqs(), desk.seqs(part="conflict")) == ([1], [1])
    assert desk.got(part="conflict")[0][1] == f"{wire.crc(other):08x}"
    (letter,) = desk.letters()
    assert (letter["kind"], wire.unpack(base64.b64decode(letter["payload"]))) == ("conflict", other)
    assert desk.count("conflicts") == 1


async def test_a_batch_whose_crc_is_not_known_any_more_is_written_again_and_receipted(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(batch(A)))
    await desk.take(state(birth(B, epochs=[report(B, [])])))
    await desk.take(readings(batch(A)))
    assert (desk.seqs(), desk.store.writes, desk.stored()) == ([1, 1], 2, {NOW + 1: 1})
    assert desk.received() == [(1, 1)]


async def test_damage_with_a_readable_key_is_refused_with_the_crc_as_it_came(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    torn = batch(lines=[b"mem used=1i 1", b"mem used=2i 2"])[:-3]
    await desk.take(readings(torn))
    assert desk.seqs(part="refused") == [1]
    assert desk.got(part="refused")[0][1] == f"{wire.crc(torn):08x}"
    assert (desk.received(), desk.stored(), desk.letters()[0]["kind"]) == ([], {}, "damaged")

    good = batch(lines=[b"mem used=1i %d" % NOW, b"mem used=2i %d" % (NOW + 1)])
    await desk.take(readings(good))
    assert (desk.received(), desk.seqs()) == ([(1, 1)], [1])


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"# schoolwatch/2 epoch=" + A.encode() + b" seq=1 n=0\n", "header"),
        (b"# schoolwatch/1 epoch=short seq=1 n=0\n", "header"),
        (b"# schoolwatch/1 epoch=" + A.encode() + b" seq=0 n=0\n", "header"),
        (b"# schoolwatch/" + b"9" * 5_000 + b" \n", "header"),
        (wire.ZSTD_MAGIC + b"broken", "payload"),
        (wire.pack(batch() + b"# %d\n" % 7 * 50)[:-4], "payload"),
        (b"\n" * 100_001, "payload"),
        (b"x" * 300_000, "payload"),
    ],
)
async def test_what_cannot_be_read_gets_a_letter_and_no_receipt(
    tmp_path: Path, payload: bytes, kind: str
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(payload, pack=False), readings(batch(), OTHER))
    assert [letter["kind"] for letter in desk.letters()] == [kind]
    assert desk.count("dead_letters", kind) == 1
    assert desk.receipts() == []
    assert desk.seqs(OTHER) == [1]


async def test_a_region_that_is_not_served_is_not_taken_in(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(batch(), Identity("110000", "school-1", "host")))
    assert (desk.letters()[0]["kind"], desk.store.writes) == ("region", 0)


async def test_bad_lines_are_kept_and_counted_and_the_batch_is_received(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    lines = [b"kernel boot_time=1i %d" % NOW, b"mem used=1i %d" % NOW, b"mem used=x 1"]
    await desk.take(readings(batch(lines=lines)))
    assert (desk.stored(), desk.received(), desk.seqs()) == ({NOW: 1}, [(1, 1)], [1])
    found = {letter["kind"]: letter for letter in desk.letters()}
    assert sorted(found) == ["syntax", "unknown_measurement"]
    assert found["unknown_measurement"]["lines"] == [2]
    assert base64.b64decode(found["syntax"]["payload"]) == lines[2] + b"\n"
    assert desk.count("lines_refused", "syntax") == 1
    assert desk.count("lines_stored") == 1


async def test_a_line_that_the_store_refuses_is_kept_with_its_words(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    desk.store._real.write(b'mem,school=x used="text" 1\n')
    await desk.take(
        readings(batch(lines=[b"mem used=1i %d" % NOW, b"mem free=2i %d" % NOW])),
        readings(batch(), OTHER),
    )
    assert [(letter["kind"], letter["seq"]) for letter in desk.letters()] == [("store", 1)] * 2
    assert "type conflict" in desk.letters()[0]["reason"]
    assert desk.stored(name="free") == {NOW: 2}
    assert (desk.seqs(), desk.seqs(OTHER)) == ([1], [1])
    assert desk.count("lines_refused", "store") == 2


async def test_whose_line_was_refused_is_written_alone_for_ten_minutes(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    desk.readings = replace(desk.readings, offenders=Offenders(desk.clock.monotonic))
    desk.store._real.write(b'mem,school=x used="text" 1\n')
    others = [Identity(REGION, f"school-{n}", "host") for n in (2, 3)]

    async def bodies(seq: int, bad: bytes = b"free") -> list[list[str]]:
        """Take a batch of everybody; return whose lines shared a body."""
        line = b"mem %b=%di %d" % (bad, seq, NOW + seq)
        first = [b"mem free=1i %d" % (NOW + seq), b"mem cached=1i %d" % (NOW + seq)]
        desk.store.bodies.clear()
        await desk.take(
            readings(batch(seq=seq, lines=[first[0]]), others[0]),
            readings(batch(seq=seq, lines=[line, b"mem slab=1i %d" % (NOW + seq)])),
            readings(batch(seq=seq, lines=[first[1]]), others[1]),
        )
        return [sorted(set(SCHOOLS.findall(body.decode()))) for body in desk.store.bodies]

    assert await bodies(1, b"used") == [["school-1", "school-2", "school-3"]]
    assert await bodies(2) == [["school-2", "school-3"], ["school-1"]]
    desk.clock.at += 590 * SECOND
    assert await bodies(3, b"used") == [["school-2", "school-3"], ["school-1"]]
    desk.clock.at += 590 * SECOND
    assert await bodies(4) == [["school-2", "school-3"], ["school-1"]]
    desk.clock.at += 11 * SECOND
    assert await bodies(5) == [["school-1", "school-2", "school-3"]]
    assert desk.seqs() == desk.seqs(others[0]) == desk.seqs(others[1]) == [1, 2, 3, 4, 5]
    assert desk.stored(name="slab") == {NOW + seq: 1 for seq in range(1, 6)}
    assert [letter["seq"] for letter in desk.letters()] == [1, 3]


async def test_lines_without_a_header_are_stored_marked_and_prove_life(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(b"mem used=1i\nmem used=2i %d\n" % NOW))
    (point,) = desk.store.last("mem", {"accounted": "no"}, 0)
    assert point.tags["school"] == WHO.school
    assert desk.stored() == {NOW: 2, NOW + 1: 1}
    assert (desk.receipts(), desk.received(), desk.count("unaccounted")) == ([], [], 1)
    picture = desk.books.live.picture(NOW, desk.books.door.opening())
    assert picture.schools[0].line.state == "up"


@pytest.mark.parametrize("error", [StoreBusy("overloaded"), StoreStopped("no access")])
async def test_while_the_store_refuses_nothing_is_receipted_and_then_all_is(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(tmp_path)
    desk.store.errors = [error] * 8
    await desk.take(readings(batch()), readings(b"rubbish one\n"))
    assert (desk.seqs(), desk.stored(), desk.store.writes) == ([1], {NOW + 1: 1}, 9)
    assert len(desk.letters()) == 1
    said = [r for r in caplog.records if r.name == "collector.patience"]
    assert [r.levelno for r in said] == [
        logging.ERROR if isinstance(error, StoreStopped) else logging.WARNING,
        logging.WARNING,
    ]


async def test_a_full_disk_under_the_ledger_is_nobodys_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(tmp_path)
    commit, refusals = desk.books.ledger.commit, [sqlite3.OperationalError("disk is full")] * 3

    def failing(*group: Any) -> None:
        if refusals:
            raise refusals.pop()
        commit(*group)

    monkeypatch.setattr(desk.books.ledger, "commit", failing)
    await desk.take(readings(batch()))
    assert (desk.seqs(), desk.count("batches"), desk.letters()) == ([1], 1, [])


async def test_a_crash_between_store_and_ledger_only_repeats_the_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(tmp_path)

    def crash(*_group: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(desk.books.ledger, "commit", crash)
    with pytest.raises(KeyboardInterrupt):
        await desk.take(readings(batch()))
    assert (desk.stored(), desk.receipts()) == ({NOW + 1: 1}, [])

    again = open_desk(tmp_path)
    await again.take(readings(batch()))
    assert (again.stored(), again.seqs(), again.count("batches")) == ({NOW + 1: 1}, [1], 1)


async def test_a_group_ends_when_it_has_unpacked_a_lot(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    line = b"# " + b"x" * 60_000
    body = wire.seal(Header(A, 1, 30), [line] * 30)
    assert len(body) > GROUP_BYTES
    arrivals = [desk.arrived(readings(body)) for _ in range(10)]
    assert await desk.readings.handle(arrivals) == 1


async def test_a_receipt_goes_at_once_where_nothing_waits_that_could_go_along(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    waiting = [desk.arrived(readings(batch(seq=number))) for number in range(1, GROUP + 2)]
    assert await desk.readings.handle(waiting) == GROUP
    assert desk.seqs() == []
    assert await desk.readings.handle(waiting[GROUP:]) == 1
    assert desk.seqs() == [*range(1, GROUP + 2)]


def test_writers_share_a_group_and_nobodys_lines_stand_in_two_bodies() -> None:
    agents = [structs.replace(WHO, agent=f"pc-{number}") for number in range(5)]
    lines = {who: [b"%b %d\n" % (who.agent.encode(), n) for n in range(4)] for who in agents}
    offenders = Offenders()
    offenders.note(agents[1])
    bodies = offenders.parted(lines, 2)
    assert sorted(b"".join(bodies).splitlines(keepends=True)) == sorted(chain(*lines.values()))
    senders = [{line.partition(b" ")[0] for line in body.splitlines()} for body in bodies]
    assert senders == [{b"pc-0", b"pc-2"}, {b"pc-3", b"pc-4"}, {b"pc-1"}]


def test_when_one_body_is_refused_for_now_none_is_under_way_when_it_is_said() -> None:
    ended: list[bytes] = []
    begun = threading.Event()

    def write(body: bytes) -> list[RefusedLine]:
        if body == b"busy":
            assert begun.wait(20), "two are written at once"
            raise StoreBusy("overloaded")
        begun.set()
        time.sleep(0.2)
        ended.append(body)
        return [RefusedLine(body, "never")]

    with pytest.raises(StoreBusy):
        at_once(write, [b"busy", b"other"], 2)
    assert ended == [b"other"]
    refused = at_once(write, [b"a", b"b", b"c"], 2)
    assert [line.line for line in refused] == [b"a", b"b", b"c"]


async def test_what_was_checked_ahead_is_judged_by_what_came_before_it(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    first = [readings(batch(seq=number)) for number in range(1, GROUP + 1)]
    other = batch(seq=2, lines=[b"mem used=7i %d" % NOW])
    await desk.take(*first, readings(batch(seq=1)), readings(other), readings(batch(seq=GROUP + 1)))
    assert desk.received() == [(1, GROUP + 1)]
    assert (desk.count("repeated"), desk.count("batches")) == (1, GROUP + 1)
    assert desk.seqs(part="conflict") == [2]
    assert desk.store.writes == 2
    assert len(desk.stored()) == GROUP + 1


async def test_the_next_group_is_checked_while_the_store_keeps_us_waiting(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    checked: list[int] = []

    class Watched(LineCheck):
        def check(self, lines: bytes, who: Identity, at: int, *, accounted: bool) -> Checked:
            checked.append(desk.store.writes)
            return super().check(lines, who, at, accounted=accounted)

    desk.readings.sorter = Sorter({REGION}, desk.books.ledger.rows, Watched())
    desk.store.errors = [StoreBusy("overloaded")] * 8
    await desk.take(*[readings(batch(seq=number)) for number in range(1, 2 * GROUP + 1)])
    assert len(checked) == 2 * GROUP, "each once"
    assert checked[-1] < desk.store.writes == 10
    assert desk.received() == [(1, 2 * GROUP)]


async def test_the_store_works_on_a_group_while_the_ledger_takes_in_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(tmp_path)
    at_store: list[int] = []
    commit = desk.books.ledger.commit

    def slow(*group: Any) -> None:
        until_sync(lambda: desk.store.writes == min(len(at_store) + 2, 3), 20)
        at_store.append(desk.store.writes)
        commit(*group)

    monkeypatch.setattr(desk.books.ledger, "commit", slow)
    await desk.take(*[readings(batch(seq=number)) for number in range(1, 3 * GROUP + 1)])
    assert at_store == [2, 3, 3]
    assert desk.received() == [(1, 3 * GROUP)]
    assert len(desk.seqs()) == len(desk.stored()) == 3 * GROUP


async def test_what_was_begun_ahead_counts_for_nothing_until_it_is_its_turn(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    ours = [desk.arrived(readings(batch(seq=number))) for number in range(1, GROUP + 2)]
    assert await desk.readings.handle(ours) == GROUP
    # The connection was begun anew: the broker sends what was not acknowledged, after another.
    await desk.take(readings(batch(), OTHER))
    assert (desk.received(), desk.received(OTHER)) == ([(1, GROUP)], [(1, 1)])
    await desk.take(*(one.message for one in ours[GROUP:]))
    assert desk.received() == [(1, GROUP + 1)]
    assert desk.count("repeated") == 0


async def test_nothing_is_begun_ahead_once_the_collector_stops(tmp_path: Path) -> None:
    desk, stopping = open_desk(tmp_path), asyncio.Event()
    desk.readings.patience = Patience(stopping, lambda _: None)
    stopping.set()
    ours = [desk.arrived(readings(batch(seq=number))) for number in range(1, GROUP + 2)]
    assert await desk.readings.handle(ours) == GROUP
    await desk.readings.settle()
    assert (desk.store.writes, desk.received()) == (1, [(1, GROUP)])


async def test_at_the_end_nothing_that_was_begun_ahead_is_under_way(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    ours = [desk.arrived(readings(batch(seq=number))) for number in range(1, GROUP + 2)]
    await desk.readings.handle(ours)
    await desk.readings.settle()
    assert desk.store.writes == 2
    desk.books.ledger.close()
    again = open_desk(tmp_path)
    assert again.received() == [(1, GROUP)]


async def test_a_line_without_a_time_is_written_once_though_its_group_is_begun_again(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    timeless = readings(b"mem used=7i\n", OTHER)
    ours = [desk.arrived(readings(batch(seq=number))) for number in range(1, GROUP + 1)]
    assert await desk.readings.handle([*ours, desk.arrived(timeless)]) == GROUP
    await desk.readings.settle()
    desk.clock.at += 5 * SECOND
    await desk.take(timeless)
    assert desk.stored(OTHER) == {NOW + 5 * SECOND + 1: 7}


async def test_a_message_that_breaks_the_look_ahead_costs_only_itself(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)

    class Breaking(LineCheck):
        def check(self, lines: bytes, who: Identity, at: int, *, accounted: bool) -> Checked:
            assert b"used=201i" not in lines
            return super().check(lines, who, at, accounted=accounted)

    desk.readings.sorter = Sorter({REGION}, desk.books.ledger.rows, Breaking())
    inbox = Inbox("readings", desk.readings, Counters(), desk.clock)
    for number in range(1, GROUP + 4):
        inbox.put(readings(batch(seq=number)))
    await inbox.drain()
    assert desk.received() == [(1, 200), (202, GROUP + 3)]
    assert [letter["reason"].partition(":")[0] for letter in desk.letters()] == ["AssertionError"]


async def test_an_unknown_epoch_is_asked_for_its_birth_unless_that_comes(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(batch()), readings(batch(), OTHER))
    await desk.take(state(birth(), OTHER))
    desk.books.asking._monotonic = lambda: 10.0**9  # half a minute later, and more
    desk.books.asking.tick(lambda _: True)
    desk.books.receipts.flush()
    number = desk.receipts()[-1].birth
    assert number > 0
    assert all(receipt.birth == 0 for receipt in desk.receipts(OTHER))
    await desk.take(state(birth(no=1, asked=number)))
    assert desk.books.asking.number(WHO) == 0


async def test_when_the_last_held_batch_comes_its_epoch_is_closed(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(B, epochs=[report(A, [(1, 2)]), report(B, [])])))
    await desk.take(readings(batch(A, 1)))
    assert [receipt.closed for receipt in desk.receipts()] == [[]]
    await desk.take(readings(batch(A, 2)))
    assert desk.receipts()[-1].closed == [A]


async def test_times_far_ahead_are_a_wrong_clocks(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    ahead = [b"mem used=1i %d" % (NOW + 599 * SECOND), b"mem used=2i %d" % (NOW + 601 * SECOND)]
    await desk.take(readings(batch(lines=ahead)))
    assert desk.stored() == {NOW + 599 * SECOND: 1}
    assert desk.count("lines_refused", "future") == 1


async def test_a_message_that_makes_the_checking_crash_is_named_and_its_neighbours_are_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(tmp_path)
    inbox, check = Inbox("readings", desk.readings, Counters(), desk.clock), LineCheck.check

    def crash(self: LineCheck, lines: bytes, *args: Any, **more: Any) -> Checked:
        assert b"used=2i" not in lines, "a defect of ours"
        return check(self, lines, *args, **more)

    monkeypatch.setattr(LineCheck, "check", crash)
    for seq in (1, 2, 3):
        inbox.put(readings(batch(seq=seq)))
    running = asyncio.create_task(inbox.run())
    await until(lambda: desk.received() == [(1, 1), (3, 3)])
    inbox.stop()
    await running
    (letter,) = desk.letters()
    assert (letter["kind"], letter["reason"].splitlines()[0]) == (
        "crash",
        "AssertionError: a defect of ours",
    )
    desk.books.receipts.flush()
    assert desk.seqs() == [1, 3], "its sender is not told, and tries again"

"""The spool's events: sealed at once, last to be dropped, and what the spool says of itself."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agent import spoolfile
from agent.spool import DAY, Limits, Spool
from agent.spooltrouble import QUIET_S, RESERVE_BYTES
from core.clock import SECOND
from core.types import BatchKey, Event
from core.wire import MAX_SENT_BYTES

AT = 1_795_374_585 * SECOND
LINE = b"cpu usage_idle=1 1"
LINK_DOWN = Event(
    *("link_down", "switch-2", "switch-2/port-5"),
    active=True,
    severity="P3",
    at=AT,
    details={"speed_mbps": 1000},
)
LINK_UP = replace(LINK_DOWN, active=False, at=AT + SECOND, details={})


@dataclass
class Desk:
    """A spool and the clocks that it reads."""

    folder: Path
    at: int = AT
    seconds: float = 0.0

    def opened(self, **limits: int) -> Spool:
        return Spool(
            self.folder / "spool.db",
            Limits(**limits),
            lambda: self.at,
            agent="pc-1",
            unchecked=lambda: False,
            monotonic=lambda: self.seconds,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def batches(spool: Spool) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    for row in spool.waiting("events", "all", since=0, besides=(), limit=1000):
        batch = spool.read(row.key)
        assert batch is not None
        first, *objects = batch.body.splitlines()
        yield json.loads(first), [json.loads(line) for line in objects]


def told(spool: Spool) -> list[tuple[str, bool]]:
    return [(o["kind"], o["active"]) for _, objects in batches(spool) for o in objects]


def seal_readings(spool: Spool) -> BatchKey:
    spool.take([LINE], unchecked=False)
    waiting = spool.seal()
    assert waiting is not None
    return waiting.key


def drops(spool: Spool, lane: str = "events") -> list[tuple[int, int, str]]:
    return [drop for r in spool.report()[0] if r.lane == lane for drop in r.dropped]


def test_events_are_a_batch_at_once_with_a_sequence_of_their_own(desk: Desk) -> None:
    spool = desk.opened()
    seal_readings(spool)
    (waiting,) = spool.seal_events([LINK_DOWN])

    assert waiting.key == BatchKey(spool.epoch, "events", 1)
    ((header, objects),) = batches(spool)
    assert header == {"schoolwatch": 1, "epoch": spool.epoch, "seq": 1, "n": 1}
    assert objects[0]["details"] == {"speed_mbps": 1000}


def test_more_events_than_a_message_holds_become_several_batches(desk: Desk) -> None:
    spool = desk.opened()
    sealed = spool.seal_events([LINK_DOWN] * 3_000)
    assert len(sealed) > 1
    assert max(waiting.size for waiting in sealed) < MAX_SENT_BYTES
    assert [waiting.key.seq for waiting in sealed] == list(range(1, len(sealed) + 1))


def test_only_what_changes_a_condition_is_an_event(desk: Desk) -> None:
    spool = desk.opened()
    assert spool.tell([LINK_UP]) == []
    for event in (LINK_DOWN, LINK_DOWN, LINK_UP, LINK_UP):
        spool.tell([event])
    assert told(spool) == [("link_down", True), ("link_down", False)]


def test_a_restart_knows_what_is_open_and_since_when(desk: Desk) -> None:
    before = desk.opened()
    before.tell([LINK_DOWN])
    before.close()

    after = desk.opened()
    after.seal_conditions()
    header, objects = list(batches(after))[-1]
    assert (header["full"], header["at"]) == (True, desk.at)
    assert [(o["subject"], o["at"], o["active"]) for o in objects] == [
        ("switch-2/port-5", AT, True)
    ]


def test_the_key_of_names_stays_as_long_as_something_has_one_of_them(desk: Desk) -> None:
    keys, left = [], []
    for told in ([LINK_DOWN], [], [LINK_UP], []):
        with closing(desk.opened()) as spool:
            key, going_on = spool.names({"link_down"})
            spool.tell(told)
        keys.append(key)
        left.append([one.subject for one in going_on])
    assert left == [[], [LINK_DOWN.subject], [LINK_DOWN.subject], []]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_an_empty_list_of_conditions_is_sent_too(desk: Desk) -> None:
    spool = desk.opened()
    spool.seal_conditions()
    ((header, objects),) = batches(spool)
    assert (header["full"], header["n"], objects) == (True, 0, [])


def test_a_list_that_nobody_answers_gives_way_to_the_next_one(desk: Desk) -> None:
    spool = desk.opened()
    for _ in range(100):
        spool.seal_conditions()
    assert spool.size()[0] == 1
    assert drops(spool) == [(1, 99, "superseded")]
    assert spool.dropped_batches == 0, "nothing was lost"


def test_more_open_conditions_than_a_batch_holds_end_nothing(desk: Desk) -> None:
    spool = desk.opened()
    many = [replace(LINK_DOWN, subject=f"port-{n}") for n in range(3_000)]
    spool.tell(many)
    sealed = len(list(batches(spool)))
    spool.seal_conditions()
    lists = list(batches(spool))[sealed:]
    assert sum(len(objects) for _, objects in lists) == 3_000
    assert not any("full" in header for header, _ in lists)


def test_a_conflict_over_events_keeps_the_list_a_list(desk: Desk) -> None:
    spool = desk.opened()
    spool.tell([LINK_DOWN])
    spool.seal_conditions()
    *_, last = spool.waiting("events", "all", since=0, besides=(), limit=9)
    spool.renew_epoch()
    assert spool.recommit(last.key, last.crc)

    header, objects = list(batches(spool))[-1]
    assert (header["epoch"], header["seq"], header["full"]) == (spool.epoch, 1, True)
    assert len(objects) == 1
    assert spool.seal_conditions() == [BatchKey(spool.epoch, "events", 1)]


def test_a_full_spool_drops_readings_before_events_however_old_those_are(desk: Desk) -> None:
    spool = desk.opened(max_bytes=1_000)
    spool.seal_events([LINK_DOWN])
    for _ in range(20):
        seal_readings(spool)
    assert told(spool)[0] == ("link_down", True)
    assert drops(spool) == []
    assert drops(spool, "readings")[0][0] == 1


def test_of_events_alone_the_oldest_go_and_the_spool_stays_in_its_limit(desk: Desk) -> None:
    spool = desk.opened(max_bytes=1_000)
    for _ in range(20):
        spool.seal_events([LINK_DOWN])
    assert spool.size()[1] <= 1_000 + RESERVE_BYTES
    assert ("spool_dropping", True) in told(spool)
    assert drops(spool)[0][0] == 1


def test_dropping_is_told_once_when_it_began_and_once_when_it_ended(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    spool = desk.opened(max_bytes=1_000)
    keys = [seal_readings(spool) for _ in range(30)]
    assert told(spool) == [("spool_dropping", True)]

    desk.seconds += QUIET_S - 1
    received_all(spool, keys)
    spool.end_what_passed()
    assert told(spool) == [("spool_dropping", True)]

    desk.seconds += 1
    spool.end_what_passed()
    spool.end_what_passed()
    assert told(spool) == [("spool_dropping", True), ("spool_dropping", False)]
    assert caplog.text.count("is full, and drops the oldest batches") == 1
    assert caplog.text.count("no more do") == 1


def received_all(spool: Spool, keys: list[BatchKey]) -> None:
    for key in keys:
        batch = spool.read(key)
        if batch:
            spool.received([(key, batch.crc)])


def test_dropping_is_not_over_while_the_spool_is_nearly_full(desk: Desk) -> None:
    spool = desk.opened(max_bytes=1_000)
    keys = [seal_readings(spool) for _ in range(30)]
    desk.seconds += 2 * QUIET_S
    spool.end_what_passed()
    assert told(spool) == [("spool_dropping", True)]

    received_all(spool, keys)
    spool.end_what_passed()
    assert told(spool)[-1] == ("spool_dropping", False)


def test_a_restart_while_dropping_tells_nothing_twice_and_still_tells_the_end(desk: Desk) -> None:
    before = desk.opened(max_bytes=1_000)
    for _ in range(30):
        seal_readings(before)
    before.close()

    after = desk.opened(max_bytes=1_000)
    seal_readings(after)
    assert told(after) == [("spool_dropping", True)]
    after.drop([(row.key, row.crc) for row in rows(after)], "refused")
    desk.seconds += QUIET_S
    after.end_what_passed()
    assert told(after)[-1] == ("spool_dropping", False)


def rows(spool: Spool) -> list[Any]:
    return spool.waiting("readings", "all", since=0, besides=(), limit=1000)


def test_what_the_collector_refused_is_no_dropping(desk: Desk) -> None:
    spool = desk.opened()
    seal_readings(spool)
    spool.drop([(row.key, row.crc) for row in rows(spool)], "refused")
    assert told(spool) == []


def test_rotten_batches_are_told_once_a_spell(desk: Desk) -> None:
    spool = desk.opened()
    keys = [seal_readings(spool) for _ in range(3)]
    with sqlite3.connect(desk.folder / "spool.db") as db:
        db.execute("UPDATE batch SET body = 'rotten'")
    assert [spool.read(key) for key in keys] == [None] * 3
    assert told(spool) == [("spool_corrupt", True)]

    desk.seconds += QUIET_S
    spool.end_what_passed()
    assert told(spool) == [("spool_corrupt", True), ("spool_corrupt", False)]


def test_a_spool_set_aside_is_told_in_the_new_one_until_somebody_took_it_away(desk: Desk) -> None:
    (desk.folder / "spool.db").write_bytes(b"not a database" * 100)
    spool = desk.opened()
    assert told(spool) == [("spool_set_aside", True)]

    spool.close()
    spool = desk.opened()
    assert told(spool) == [("spool_set_aside", True)]
    (desk.folder / "spool.db.broken-1").unlink()
    spool.end_what_passed()
    assert told(spool) == [("spool_set_aside", True), ("spool_set_aside", False)]


def test_a_corrected_clock_does_not_make_batches_old(desk: Desk) -> None:
    desk.at = 3_600 * SECOND  # a machine that wakes in 1970
    spool = desk.opened()
    seal_readings(spool)
    by = AT - desk.at
    desk.at = AT
    spool.shift_times(by)
    assert spool.drop_old() == 0

    desk.at += 8 * DAY
    assert spool.drop_old() == 1
    assert told(spool) == [("spool_dropping", True)]


def test_a_spool_of_the_version_before_goes_on_with_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with sqlite3.connect(path) as db:
        db.executescript(spoolfile.SCHEMA_1)
        db.execute("PRAGMA user_version=1")
        db.execute("INSERT INTO meta VALUES ('spool', 'abc')")
        db.execute("INSERT INTO open_reading (line, unchecked) VALUES (?, 1)", (LINE,))
    spool = Spool(path)
    assert spool.id == "abc"
    assert spool.seal() is not None
    assert spool.tell([LINK_DOWN]) != []


def test_events_from_the_reserve_never_grow_beyond_it(desk: Desk) -> None:
    spool = desk.opened(max_bytes=1)  # too little for any batch of readings
    while not drops(spool):
        seal_readings(spool)
        desk.seconds += QUIET_S
        spool.end_what_passed()
    assert RESERVE_BYTES - 1_000 < spool.size()[1] <= RESERVE_BYTES

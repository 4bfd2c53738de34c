"""A publisher whose tags explode: what is refused, what goes on, who is told, when it is over."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import pytest

from collector.cardinality import (
    FEW,
    QUIET,
    SLOT,
    SLOTS_KEPT,
    Cardinality,
    Kept,
    Key,
    Look,
    slices,
)
from collector.cardinalitywatch import KIND, CardinalityWatch
from collector.linecheck import LineCheck
from collector.lineheads import HeadCache
from collector.sorting import Sorter
from collector.store.config import StoreConfig
from core import clock
from core.clock import SECOND
from core.errors import StoreStopped
from core.types import Identity
from tests.alerts.stage import Stage
from tests.collector import desk
from tests.collector.desk import Desk, open_desk
from tests.collector.making import NOW, OTHER, REGION, WHO, Clock, batch, readings
from tests.collector.played import Played, config, playing, running
from tests.real.brokers import RealBroker
from tests.waiting import until

LIMIT = 20
DAY = SLOTS_KEPT * SLOT
M = "ping"


def some(count: int, first: int = 0) -> list[bytes]:
    return [b"ping,url=%d " % number for number in range(first, first + count)]


def took(found: Cardinality, heads: list[bytes], at: int = NOW, who: Identity = WHO) -> int:
    return sum(found.takes(who, M, head, at) for head in heads)


def told(found: Cardinality, at: int) -> list[bool]:
    look = found.look(at)
    found.done(look)
    return [change.began for change in look.changes]


# The count


def test_up_to_the_limit_all_are_taken_and_beyond_it_those_that_are_known() -> None:
    found = Cardinality(LIMIT, {})
    assert took(found, some(LIMIT)) == LIMIT
    assert told(found, NOW) == []
    assert took(found, some(2 * LIMIT)) == LIMIT
    assert told(found, NOW) == [True]
    assert told(found, NOW + SECOND) == []


def test_other_publishers_and_other_measurements_have_a_count_of_their_own() -> None:
    found = Cardinality(LIMIT, {})
    took(found, some(2 * LIMIT))
    assert took(found, some(LIMIT), who=OTHER) == LIMIT
    assert found.takes(WHO, "mem", b"mem ", NOW)


def test_a_series_is_forgotten_after_a_day_without_a_line_and_makes_room() -> None:
    found = Cardinality(LIMIT, {})
    took(found, some(LIMIT))
    assert took(found, some(1), NOW + DAY - SECOND) == 1
    assert took(found, some(1, LIMIT), NOW + DAY - SECOND) == 0
    later = NOW + DAY + 2 * SLOT
    assert took(found, some(LIMIT - 1, LIMIT), later) == LIMIT - 1
    assert took(found, some(2, 3 * LIMIT), later) == 0, "the first one came again, and is known"


def test_a_quarantine_is_over_once_it_was_quiet_and_there_is_room_and_may_begin_again() -> None:
    found = Cardinality(LIMIT, {})
    took(found, some(2 * LIMIT))
    assert told(found, NOW) == [True]
    assert told(found, NOW + QUIET + SECOND) == [], "quiet, but nothing is forgotten yet"
    late = NOW + DAY + 2 * SLOT
    assert told(found, late) == [False]
    assert told(found, late) == []
    took(found, some(2 * LIMIT, 100), late)
    assert told(found, late) == [True]


def test_one_that_goes_on_with_new_series_stays_in_quarantine() -> None:
    found = Cardinality(LIMIT, {})
    changes = []
    for hour in range(5 * 24):
        at = NOW + hour * 3_600 * SECOND
        took(found, some(LIMIT, hour * LIMIT), at)
        changes += told(found, at)
    assert changes == [True]


def test_what_could_not_be_kept_comes_again() -> None:
    found = Cardinality(LIMIT, {})
    took(found, some(2 * LIMIT))
    look = found.look(NOW)
    found.failed(look)
    assert found.look(NOW).changes == look.changes
    assert found.look(NOW).kept.keys() == set() == found.look(NOW).kept.keys()


def test_when_all_together_have_very_many_everybody_gets_a_tenth() -> None:
    found = Cardinality(LIMIT, {}, most=3 * LIMIT)
    crowd = [Identity(REGION, f"school-{n}", "host") for n in range(50)]
    taken = [took(found, some(LIMIT), who=who) for who in crowd]
    assert taken[:3] == [LIMIT] * 3
    assert set(taken[3:]) == {LIMIT // FEW}
    assert took(found, some(LIMIT), who=crowd[0]) == LIMIT, "what is known goes on"


@pytest.mark.parametrize("seed", range(5))
def test_the_total_is_what_there_is_whatever_happens(seed: int) -> None:
    chance, found, at = random.Random(seed), Cardinality(LIMIT, {}), NOW
    for _ in range(300):
        at += chance.randrange(SLOT)
        who = chance.choice((WHO, OTHER))
        took(found, some(chance.randrange(30), chance.randrange(60)), at, who)
        if chance.random() < 0.3:
            look: Look = found.look(at)
            chance.choice((found.done, found.failed))(look)
        assert found._total == sum(len(one.slots) for one in found._kept.values())
    told(found, at)
    assert not any(told(found, at + 3 * DAY))
    assert (found._total, found._kept) == (0, {})


class Meanwhile:
    """A lock that lets somebody else in whenever it is let go."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._lock, self._work, self._inside = Lock(), work, False

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        if not self._inside:
            self._inside = True
            self._work()
            self._inside = False


def test_lines_are_asked_about_between_slices_and_nothing_of_them_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crowd = [Identity(REGION, f"school-{n}", "host") for n in range(30)]
    found, chance = Cardinality(LIMIT, {}), random.Random(1)
    at, rounds = NOW, 0

    def work() -> None:
        nonlocal rounds
        rounds += 1
        took(found, some(3, chance.randrange(60)), at, chance.choice(crowd))

    def stored(look: Look) -> None:
        rows.update(look.kept)
        for key in [key for key, one in rows.items() if not one.slots and not one.since]:
            del rows[key]

    monkeypatch.setattr("collector.cardinality.slices", lambda keys: slices(keys, 4))
    found._lock = Meanwhile(work)  # type: ignore[assignment]
    rows = dict[Key, Kept]()
    for _ in range(40):
        at += SLOT // 2
        for who in crowd:
            took(found, some(chance.randrange(6), chance.randrange(60)), at, who)
        before = rounds
        look = found.look(at)
        assert rounds - before >= len(look.kept) // 4
        stored(look)
        found.done(look)
    found._lock = Lock()
    for _ in range(2):
        look = found.look(at)
        stored(look)
        found.done(look)
    assert rows == found._kept
    assert found._total == sum(len(one.slots) for one in found._kept.values())
    assert found._quarantined == {key for key, one in rows.items() if one.since} != set()


def test_a_clock_that_was_set_back_keeps_nothing_for_longer() -> None:
    found = Cardinality(LIMIT, {})
    took(found, some(2 * LIMIT), NOW + 30 * DAY)
    assert told(found, NOW + 30 * DAY) == [True]
    assert told(found, NOW) == [False]
    assert took(found, some(LIMIT, 100), NOW) == LIMIT


# In the collector


class Place:
    """A desk with a guard; call it again on the folder for what a restart finds."""

    def __init__(self, folder: Path, time: Clock, limit: int = LIMIT) -> None:
        self.desk: Desk = open_desk(folder, time)
        books = self.desk.books
        self.watch = CardinalityWatch(books, limit, time)
        check = LineCheck(HeadCache(takes=self.watch.cardinality.takes))
        self.desk.readings.sorter = Sorter({REGION}, books.ledger.rows, check)
        self.seq = 0

    def send(self, heads: list[bytes], at: int, who: Identity = WHO, epoch: str = "E" * 16) -> None:
        self.seq += 1
        lines = [b"%b percent_packet_loss=0.0 %d" % (head.strip(), at) for head in heads]
        payload = batch(epoch, self.seq, lines)
        asyncio.run(self.desk.take(readings(payload, who)))

    def minute(self) -> None:
        asyncio.run(self.watch.minute())
        self.desk.books.journal.sync()

    def events(self) -> list[tuple[object, ...]]:
        found = self.desk.audited(KIND)
        return [(one["target"], one["subject"], one["active"]) for one in found]

    def close(self) -> None:
        self.watch.close()
        self.desk.books.ledger.close()
        self.desk.store.close()


def test_new_series_go_to_the_dead_letters_and_those_that_are_known_go_on(tmp_path: Path) -> None:
    time = Clock()
    place = Place(tmp_path, time)
    place.send(some(LIMIT), NOW)
    place.send(some(2 * LIMIT), NOW + SECOND)
    place.send(some(3), NOW + 2 * SECOND, OTHER)
    books = place.desk
    assert books.count("lines_stored") == 2 * LIMIT + 3
    assert books.count("lines_refused", "too_many_series") == books.count("refused_tags") == LIMIT
    [letter] = books.letters()
    assert letter["kind"] == "too_many_series"
    assert letter["reason"] == "too many series of ping within a day: see [store] max_series"
    assert len(books.seqs()) == 2, "the batch is accounted, and the agent may forget it"

    place.minute()
    place.minute()
    assert place.events() == [(str(WHO), "ping", True)]
    assert books.count("quarantined") == 1

    time.at = NOW + DAY + 2 * SLOT
    place.minute()
    place.send(some(3, 500), time.at)
    assert place.events()[1:] == [(str(WHO), "ping", False)]
    assert books.count("quarantined") == 0
    assert books.count("refused_tags") == LIMIT
    place.close()


def test_a_restart_opens_no_hole_and_tells_nothing_twice(tmp_path: Path) -> None:
    time = Clock()
    before = Place(tmp_path, time)
    before.send(some(2 * LIMIT), NOW)
    before.minute()
    before.close()

    after = Place(tmp_path, time)
    after.seq = before.seq
    after.send([*some(LIMIT), *some(LIMIT, 700)], NOW + SECOND)
    after.minute()
    assert after.desk.count("lines_stored") == LIMIT
    assert after.desk.count("refused_tags") == LIMIT
    assert after.events() == [(str(WHO), "ping", True)]
    assert after.desk.count("quarantined") == 1
    after.close()


def test_a_disk_that_is_full_for_a_while_loses_no_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, Clock())
    place.send(some(2 * LIMIT), NOW)

    def full(*_: object) -> None:
        raise StoreStopped("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(place.watch._rows, "keep", full)
        with pytest.raises(StoreStopped):
            asyncio.run(place.watch.minute())
    place.minute()
    assert place.events() == [(str(WHO), "ping", True)]
    place.close()


async def test_the_running_collector_keeps_to_its_option(
    tmp_path: Path, mosquitto: RealBroker
) -> None:
    options = msgspec.structs.replace(
        config(tmp_path / "d1", mosquitto.port), store=StoreConfig(max_series=LIMIT)
    )
    at = clock.now()
    lines = [b"%b percent_packet_loss=0.0 %d" % (head.strip(), at) for head in some(2 * LIMIT)]
    async with running(options) as collector, playing(Played(mosquitto.port)) as agent:
        agent.publish(readings(batch("E" * 16, 1, lines)))
        await until(agent.got, 20)
        await until(lambda: collector.counts().get(("lines_stored", "")) == LIMIT)
        await collector._series.minute()
        collector.books.journal.sync()
    [event] = audited_in(tmp_path / "d1", KIND)
    assert (event["target"], event["details"]["limit"]) == (str(WHO), LIMIT)
    async with running(options) as collector, playing(Played(mosquitto.port)) as agent:
        agent.publish(readings(batch("E" * 16, 2, lines)))
        await until(agent.got, 20)
        await until(lambda: collector.counts().get(("refused_tags", "")) == LIMIT)


def audited_in(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Return the records of *kind* in the audit log."""
    return [one for one in desk.audited_in(folder) if one["kind"] == kind]


def test_heads_that_are_known_are_asked_about_again_once_in_a_slot() -> None:
    asked: list[Key] = []

    def takes(who: Identity, measurement: str, _head: bytes, _at: int) -> bool:
        asked.append(Key(who, measurement))
        return True

    check = LineCheck(HeadCache(takes=takes))
    start = NOW // SLOT * SLOT
    for at in (start, start + SECOND, start + SLOT - 1, start + SLOT, start + SLOT + SECOND):
        lines = b"mem used=1i %d\nmem used=2i %d\n" % (at, at - 1)
        assert check.check(lines, WHO, at, accounted=True).good == 2
    assert asked == [Key(WHO, "mem")] * 2


def test_people_hear_when_it_begins_and_when_it_is_over(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.note_of(KIND, str(WHO), "ping", active=True, limit=1_000)
    stage.note_of(KIND, str(WHO), "disk", active=True, limit=1_000)
    stage.wait(10)
    stage.note_of(KIND, str(WHO), "ping", active=False, limit=1_000)
    stage.wait(10)
    assert stage.told()[0] == "0s begins too_many_series"
    assert "10s ends too_many_series" in stage.told()
    first = stage.messages_made()[0]
    assert "1000" in first.alerts[0].text.zh
    assert "ping" in first.title.zh

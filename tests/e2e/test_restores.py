"""Something is put back from an earlier copy: a spool, the collector's database, the store."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from collector.lanerow import LaneRow
from collector.ledger import LaneKey
from collector.store.base import RangeQuery, Store
from collector.store.sqlite import SqliteStore
from core.alertkinds import OF_ALERTS
from core.clock import SECOND, rfc3339
from tests.e2e import statements
from tests.e2e.accounts import EVER, Accounts, points_of
from tests.e2e.district import BUCKET, LOAD, Agent, District, make, running
from tests.e2e.seen import Seen
from tests.e2e.statements import lines_of
from tests.e2e.witness import Sealed, Witnessed
from tests.real.brokers import RealBroker
from tests.real.influx import RealInflux
from tests.waiting import until_sync

pytestmark = pytest.mark.slow

CAME_WITHIN = 20 * SECOND
"""After it was taken a reading waits a second to be sealed, and for its turn."""
BIRTHS_SOON = {"collector.asking.SPREAD_S": 5}


@pytest.fixture
def district(tmp_path: Path, mosquitto: RealBroker) -> Iterator[District]:
    made = make(tmp_path, mosquitto, LOAD)
    made.collector.waits = BIRTHS_SOON
    try:
        yield made
    finally:
        made.end()


def copied(place: Path, copy: Path) -> Path:
    """Copy the database at *place*, which is not in use."""
    copy.mkdir()
    for file in place.parent.glob(f"{place.name}*"):
        shutil.copy(file, copy)
    return copy / place.name


def backed_up(place: Path, copy: Path) -> Path:
    """Copy the database at *place*, which is in use, as an administrator does."""
    with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def put_back(copy: Path, place: Path) -> None:
    """Let the database at *place* be *copy*, and nothing that was written since."""
    for file in place.parent.glob(f"{place.name}*"):
        file.unlink()
    for file in copy.parent.glob(f"{copy.name}*"):
        shutil.copy(file, place.with_name(place.name + file.name.removeprefix(copy.name)))


def take_more(agent: Agent, readings: int) -> None:
    """Wait until the agent took so many more."""
    upto = agent.taken() + readings
    until_sync(lambda: agent.taken() >= upto, 60)


def missing_in(heard: Witnessed, accounts: Accounts) -> list[Sealed]:
    """Return what left the spool, was not dropped, and is in no ledger."""

    def is_missing(one: Sealed) -> bool:
        row = accounts.lanes.get(LaneKey(heard.who, one.key.epoch, one.key.lane), LaneRow())
        told = [(first, last) for first, last, _ in row.dropped]
        return one.key.seq not in row.received and not any(a <= one.key.seq <= b for a, b in told)

    return [one for one in heard.left if is_missing(one)]


def without(heard: Witnessed, gone: list[Sealed], opened: list[bytes]) -> Witnessed:
    """Return what a witness had seen, had there never been what is *gone*, and *opened* lines."""
    lines = {*opened, *(line for one in gone for line in lines_of(one))}
    taken = [line for line in heard.taken if line not in lines]
    return replace(heard, taken=taken, sealed=[one for one in heard.sealed if one not in gone])


def test_a_spool_put_back_from_a_copy_says_what_it_lost_and_uses_no_key_twice(
    district: District, tmp_path: Path
) -> None:
    seen, agent = Seen(district), district.agent
    agent.fill(30, 10)
    district.start_collector()
    agent.program.start()
    take_more(agent, 200)
    assert agent.program.stop() == 0
    copy = copied(agent.spool, tmp_path / "copy")
    agent.program.start()
    take_more(agent, 200)
    seen.until_asked("ledger", "Nothing is missing")
    assert agent.program.stop() == 0

    assert district.collector.stop() == 0
    agent.fill(60, 0)
    agent.program.start()
    take_more(agent, 1)  # it is connected, and tells what it holds; most does not go out in time
    until_sync(lambda: "connected by" in agent.program.log.read_text().splitlines()[-1], 60)
    agent.program.kill()
    before = agent.hear()
    put_back(copy, agent.spool)
    agent.program.start()
    district.start_collector()
    assert seen.until_asked("ledger", "disk was set back to an earlier state") == 1
    until_sync(lambda: set(seen.missing()) == {"disk_went_back"}, 60)
    take_more(agent, 200)
    missing = seen.missing()["disk_went_back"]
    assert seen.account()["conflicts"] == 0
    until_sync(lambda: agent.held() < 3, 60)
    assert (agent.program.stop(), district.collector.stop()) == (0, 0)

    after, accounts = agent.hear(), district.accounts()
    both = replace(
        after,
        taken=[*dict.fromkeys([*before.taken, *after.taken])],
        sealed=[*{(s.key, s.crc): s for s in (*before.sealed, *after.sealed)}.values()],
    )
    lost = missing_in(both, accounts)
    assert 0 < len(lost) == missing
    assert {one.key for one in lost} <= before.held.keys()
    known = [without(both, lost, before.open)]
    assert statements.broken(known, accounts, known) == []


def test_a_database_of_the_collector_put_back_is_made_again_and_says_what_it_forgot(
    district: District, tmp_path: Path
) -> None:
    seen, agent = Seen(district), district.agent
    agent.fill(10, 20)
    district.start_collector()
    agent.program.start()
    until_sync(lambda: len(seen.audited("link_down")) >= 20, 60)
    take_more(agent, 200)
    copy = backed_up(district.files / "ledger.db", tmp_path / "copy.db")
    take_more(agent, 200)
    assert agent.program.stop() == 0
    agent.fill(10, 20)
    agent.program.start()
    for _ in range(2):
        restart(district)
    district.settle()
    assert district.collector.stop() == 0

    put_back(copy, district.files / "ledger.db")
    district.start_collector()
    assert district.collector.said("was set back to an earlier state")
    seen.until_audited("restored")
    until_sync(lambda: "ledger" in [one["what"] for one in seen.restores()], 30)
    assert seen.until_asked("ledger", "whether they came before is not known", 120) == 1
    until_sync(lambda: set(seen.missing()) == {"ledger_restored"}, 120)
    missing = seen.missing()["ledger_restored"]
    until_sync(lambda: agent.held() < 3, 60)
    assert (agent.program.stop(), district.collector.stop()) == (0, 0)

    accounts, heard = district.accounts(), agent.hear()
    forgotten = missing_in(heard, accounts)
    # Of an epoch that was closed since, and that the agent has forgotten too, nobody knows.
    assert 0 < missing <= len(forgotten)
    assert {one.key.lane for one in forgotten} == {"readings"}
    lines = [line for one in forgotten for line in lines_of(one)]
    points = {point for line in lines for point in points_of(line, heard.who)}
    assert points <= accounts.stored.keys(), "their readings are in the store"
    known = [without(heard, forgotten, [])]
    assert statements.broken(known, accounts, [heard]) == []


def restart(district: District) -> None:
    """Stop the collector and start it: its commit counter goes on by one, as each minute."""

    def counter() -> int:
        with closing(sqlite3.connect(district.files / "ledger.db")) as db:
            (value,) = db.execute("SELECT value FROM counter").fetchone()
        return int(value)

    assert district.collector.stop() == 0
    before = counter()
    district.start_collector()
    until_sync(lambda: counter() > before, 90)


def opened(district: District) -> Store:
    if district.database:
        return district.database.store(BUCKET)
    return SqliteStore(district.files / "store.db")


def event_rows(store: Store) -> set[int]:
    """Return the rows of the audit log that have a point in the store."""
    found = store.range(RangeQuery("event", "row", 0, EVER))
    return {int(value) for series in found for _, value in series.points}


def check_named(district: District) -> None:
    """Check that what the store lacks lies between the times that people are told."""
    seen, agent = Seen(district), district.agent
    (record,) = seen.until_audited("store_went_back", seconds=90)
    assert seen.until_asked("ledger", "the database went back to an earlier state") == 0
    assert [one["what"] for one in seen.restores()] == ["store"]
    assert district.collector.said("the store went back to an earlier state (counters: ledger")
    take_more(agent, 200)
    mark = agent.sealed()
    until_sync(lambda: not agent.held(mark) and set(seen.missing()) <= {"expected"}, 60)
    rows = {r["row"] for r in seen.audited() if r["kind"] not in OF_ALERTS}
    with closing(opened(district)) as store:
        until_sync(lambda: rows <= event_rows(store), 30)
    assert (agent.program.stop(), district.collector.stop()) == (0, 0)

    heard, accounts = agent.hear(), district.accounts()
    left = [line for one in heard.left if one.key.lane == "readings" for line in lines_of(one)]
    gone = {point for line in left for point in points_of(line, heard.who)}
    times = [at for _, _, _, at, _ in gone - accounts.stored.keys()]
    assert times, "the copy lacks what came since"
    assert record["details"]["from"] <= rfc3339(min(times) + CAME_WITHIN)
    assert rfc3339(max(times)) <= record["details"]["until"]


def test_a_store_put_back_is_named_with_the_times_and_has_its_event_points_again(
    district: District, tmp_path: Path
) -> None:
    agent = district.agent
    agent.fill(0, 10)
    district.start_collector()
    agent.program.start()
    take_more(agent, 100)
    restart(district)
    assert district.collector.stop() == 0
    copy = copied(district.files / "store.db", tmp_path / "copy")
    district.start_collector()
    take_more(agent, 200)
    restart(district)
    district.settle()
    assert district.collector.stop() == 0
    put_back(copy, district.files / "store.db")
    district.start_collector()
    check_named(district)


def test_an_influxdb_put_back_while_the_collector_runs_is_named_with_the_times(
    tmp_path: Path, mosquitto: RealBroker, own_influxdb1: RealInflux
) -> None:
    district, influx = make(tmp_path, mosquitto, LOAD, database=own_influxdb1), own_influxdb1
    folders = [influx.folder / name for name in ("meta", "data", "wal")]
    with running(district):
        take_more(district.agent, 100)
        restart(district)
        influx.stop()
        for folder in folders:
            shutil.copytree(folder, tmp_path / "copy" / folder.name)
        influx.start()
        take_more(district.agent, 200)
        for _ in range(2):
            restart(district)
        district.settle()
        influx.stop()
        for folder in folders:
            shutil.rmtree(folder)
            shutil.copytree(tmp_path / "copy" / folder.name, folder)
        influx.start()
        check_named(district)

"""The disk of the collector is full: nothing is acknowledged, and it goes on when there is room."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from paho.mqtt import publish

from tests.e2e.district import LOAD, District, make
from tests.e2e.programs import REGION, SCHOOL
from tests.e2e.seen import Seen
from tests.real import disks
from tests.real.brokers import RealBroker
from tests.waiting import until_sync

MEGABYTES = 4
BIG_ENOUGH = 50
ELSEWHERE = ("audit", "dead-letter")


@dataclass(frozen=True)
class Place:
    """What lies on the small disk, and what people are told when that is full."""

    name: str
    said: str
    noted: tuple[str, ...] = ()


PLACES = [
    Place("ledger", "ledger.db: the disk is full: free some space"),
    Place("audit", "the audit log", ("audit_stopped",)),
    Place("dead-letter", "the dead letters"),
    Place("store", "store.db: the disk is full: free some space"),
]


@pytest.fixture(params=PLACES, ids=[place.name for place in PLACES])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.param
    return found


@pytest.fixture
def small_disk(place: Place, tmp_path: Path) -> Iterator[Path]:
    """A disk that nothing but *place* lies on."""
    home = tmp_path / "collector"
    with ExitStack() as mounted:
        if place.name != "ledger":
            yield mounted.enter_context(disks.small(home / place.name, MEGABYTES))
            return
        disk = mounted.enter_context(disks.small(home, MEGABYTES))
        for other in (*ELSEWHERE, "store"):
            mounted.enter_context(disks.small(home / other, BIG_ENOUGH))
        yield disk


@pytest.fixture
def district(small_disk: Path, tmp_path: Path, mosquitto: RealBroker) -> Iterator[District]:
    made = make(tmp_path, mosquitto, LOAD)
    (made.files / "store").mkdir(exist_ok=True)
    (made.files / "store.db").symlink_to(made.files / "store" / "store.db")
    made.agent.fill(20, 60)
    try:
        made.start_collector()
        yield made
    finally:
        made.end()


def send_rubbish(district: District) -> None:
    """Have something for the dead letters."""
    topic = f"schoolwatch/v1/{REGION}/{SCHOOL}/telegraf/readings"
    publish.single(topic, b"nobody knows=1 1\n" * 50, 1, port=district.broker.port)


def cpu_of(district: District) -> float:
    assert district.collector.process is not None
    used = psutil.Process(district.collector.process.pid).cpu_times()
    return used.user + used.system


@pytest.mark.slow
def test_a_full_disk_holds_the_collector_up_and_nothing_is_lost(
    place: Place, small_disk: Path, district: District
) -> None:
    seen, agent = Seen(district), district.agent
    seen.until_ready(200)
    until_sync(lambda: seen.live()["broker_connected"], 30)

    filler = disks.fill(small_disk)
    send_rubbish(district)
    agent.program.start()
    seen.until_ready(503, place.said)
    code, status = seen.asked("status")
    assert (code, "The collector cannot store: " in status, place.said in status) == (1, True, True)
    assert seen.live()["problem"]

    said, used, taken = district.collector.log.read_text(), cpu_of(district), agent.taken()
    until_sync(lambda: agent.taken() > taken + 300, 60)
    assert "storing is held up, nothing is lost meanwhile: " in said
    assert agent.held() > 0
    assert district.broken() == []
    assert (seen.get("/healthz")[0], seen.get("/")[0]) == (200, 200)
    # About ten seconds in which it tries again now and then, and each part says so once.
    assert cpu_of(district) - used < 2
    assert len(district.collector.log.read_text().splitlines()) - len(said.splitlines()) < 12

    filler.unlink()
    seen.until_ready(200)
    assert district.collector.said("storing works again")
    district.prove(*place.noted)

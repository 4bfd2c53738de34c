"""The fault matrix: kill -9 of each part, while idle, under load and during backfill.

Real processes, ended by their pids. What has to hold is checked on files right after the kill,
before anything can mend it, and again when the system has come back by itself.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.district import IDLE, LOAD, Agent, District, make, running
from tests.real.brokers import RealBroker
from tests.waiting import until_sync

DOWN_S = 0.7
SAVED_BEFORE_S = 0.5
AFTER_SEALING_S = (0.05, 0.2)
"""When to kill under load: a receipt is back about a quarter of a second after the sealing."""
HELD_UP = "storing is held up, nothing is lost"

WHO = {
    "mosquitto": ("agent", "collector", "broker", "broker and its store"),
    "embedded": ("agent", "collector", "broker"),
    "influxdb1": ("database",),
    "influxdb2": ("database",),
}
"""Who dies, by the part that the cell is about; the databases stand beside a mosquitto."""
WHEN = ("idle", "load", "backfill")
SHORT = {
    ("mosquitto", "both", "backfill"),
    ("mosquitto", "broker and its store", "idle"),
}
"""What proves most for its time; the rest is for --slow. Where the collector dies alone, receipts
die with it, and the agent sends again after 15 s; one that was killed too does so at once."""
MATRIX = dict.fromkeys(
    [*((part, who, when) for part in WHO for who in WHO[part] for when in WHEN), *sorted(SHORT)]
)


def rest(district: District) -> Iterator[None]:
    """Kill once, while nothing is on its way."""
    district.settle()
    until_sync(lambda: district.agent.held() == 0, 30)
    yield


def work(district: District) -> Iterator[None]:
    """Kill some times, each while a batch is on its way to its receipt."""
    agent = district.agent
    for pause in AFTER_SEALING_S:
        until_arrived(agent, agent.sealed() + 1)
        sealed = agent.sealed()
        until_sync(lambda: agent.sealed() > sealed, 30)  # noqa: B023
        time.sleep(pause)
        yield


def replay(district: District) -> Iterator[None]:
    """Kill once, amid the replay of what was taken while nobody collected."""
    agent = district.agent
    until_arrived(agent, 1)
    assert district.collector.stop() == 0
    sealed = agent.sealed()
    until_sync(lambda: agent.sealed() > sealed + 2, 30)
    agent.program.kill()
    agent.fill(readings=60, of_events=30)
    agent.program.start()
    district.start_collector()
    until_sync(lambda: agent.held() < 65, 60)
    yield


def until_arrived(agent: Agent, batches: int) -> None:
    """Wait until so many of the first batches have left the spool."""
    until_sync(lambda: agent.sealed() >= batches and not agent.held(batches), 60)


def kill_agent(district: District) -> None:
    district.agent.program.kill()
    look(district)
    district.agent.program.start()


def kill_collector(district: District) -> None:
    district.collector.kill()
    sealed = district.agent.sealed()
    until_sync(lambda: district.agent.sealed() > sealed, 30)
    look(district)
    district.start_collector()


def kill_both(district: District) -> None:
    kill_collector(district)
    kill_agent(district)


def kill_broker(district: District) -> None:
    """It comes back with what it held a moment before; the embedded one with nothing."""
    district.broker.save()
    time.sleep(SAVED_BEFORE_S)
    district.broker.kill()
    look(district)
    district.broker.start()


def kill_broker_and_store(district: District) -> None:
    district.broker.kill()
    look(district)
    district.broker.forget()
    district.broker.start()


def kill_database(district: District) -> None:
    assert district.database is not None
    said = district.collector.count(HELD_UP)
    district.database.kill()
    until_sync(lambda: district.collector.count(HELD_UP) > said, 30)
    time.sleep(DOWN_S)  # for receipts that should not be on their way
    # What is there now was there before the kill: nobody writes it again while we look.
    district.collector.suspend()
    district.database.start()
    assert district.broken() == []
    district.collector.resume()


def look(district: District) -> None:
    """See what holds while somebody is dead, after the others had time to do what is wrong."""
    time.sleep(DOWN_S)
    assert district.broken() == []


MOMENTS: dict[str, tuple[str, Callable[[District], Iterator[None]]]] = {
    "idle": (IDLE, rest),
    "load": (LOAD, work),
    "backfill": (LOAD, replay),
}
KILLS: dict[str, Callable[[District], None]] = {
    "agent": kill_agent,
    "collector": kill_collector,
    "both": kill_both,
    "broker": kill_broker,
    "broker and its store": kill_broker_and_store,
    "database": kill_database,
}


def cell(part: str, who: str, when: str) -> object:
    marks = [pytest.mark.real(part)]
    if (part, who, when) not in SHORT:
        marks.append(pytest.mark.slow)
    return pytest.param(part, who, when, marks=marks, id=f"{part}: {who}, {when}")


@pytest.mark.parametrize(
    ("part", "who", "when"),
    [cell(*names) for names in MATRIX],
)
def test_nothing_is_lost(
    request: pytest.FixtureRequest, tmp_path: Path, part: str, who: str, when: str
) -> None:
    broker: RealBroker = request.getfixturevalue("embedded" if part == "embedded" else "mosquitto")
    database = request.getfixturevalue(f"own_{part}") if who == "database" else None
    probes, moments = MOMENTS[when]
    district = make(tmp_path, broker, probes, database=database)
    with running(district):
        for _ in moments(district):
            KILLS[who](district)
        sealed = district.agent.sealed()
        until_sync(lambda: district.agent.sealed() > sealed, 30)
        district.prove()
        if database:
            assert database.token not in district.collector.log.read_text()

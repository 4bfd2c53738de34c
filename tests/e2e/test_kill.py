"""kill -9 of agent and collector under load: every reading taken is in the store exactly once."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.spool import Spool
from tests.e2e.programs import (
    Program,
    agent_toml,
    collector_toml,
    wait_until_served,
)
from tests.e2e.taken import stored, taken, waiting, watch
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until_sync

LOAD = """
[probes.cpu]
interval_s = 0.1
percpu = true
[probes.mem]
interval_s = 0.1
[probes.net]
interval_s = 0.1
[probes.disk]
interval_s = 0.2
[probes.ping]
interval_s = 1
targets = ["127.0.0.1"]
"""


@dataclass
class District:
    """One agent and one collector, as processes, on the broker that the test was given."""

    folder: Path
    agent: Program
    collector: Program
    broker: RealBroker

    @property
    def spool(self) -> Path:
        return self.folder / "spool" / "spool.db"

    def taken_at_least(self, values: int) -> bool:
        return taken(self.spool).total() >= values

    def drain(self) -> None:
        """Let the agent run on without probes until every batch has its receipt."""
        self.agent.stop()
        before = taken(self.spool).total()
        agent_toml(self.folder, self.broker, "")
        self.agent.start()
        until_sync(lambda: self.taken_at_least(before + 1), 30)  # its first heartbeat
        until_sync(lambda: waiting(self.spool) == 0, 60)


@pytest.fixture
def district(tmp_path: Path, broker: RealBroker) -> object:
    http_port = free_port()
    agent = agent_toml(tmp_path, broker, LOAD)
    collector = collector_toml(tmp_path, broker, http_port)
    Spool(tmp_path / "spool" / "spool.db").close()
    watch(tmp_path / "spool" / "spool.db")
    made = District(
        tmp_path,
        Program(["agent", "run", "--config", str(agent)], tmp_path / "agent.log"),
        Program(["collector", "run", "--config", str(collector)], tmp_path / "collector.log"),
        broker,
    )
    made.collector.start()
    wait_until_served(http_port)
    made.agent.start()
    yield made
    for program in (made.agent, made.collector):
        if program.process is not None and program.process.poll() is None:
            program.kill()


def test_killed_agent_and_killed_collector_lose_nothing_and_repeat_nothing(
    district: District,
) -> None:
    until_sync(lambda: district.taken_at_least(500), 30)
    district.agent.kill()
    district.agent.start()
    before = taken(district.spool).total()
    until_sync(lambda: district.taken_at_least(before + 500), 30)

    district.collector.kill()
    time.sleep(1)  # readings go on being taken while nobody receives them
    district.collector.start()
    before = taken(district.spool).total()
    until_sync(lambda: district.taken_at_least(before + 500), 30)

    district.drain()
    assert district.agent.stop() == 0
    assert district.collector.stop() == 0
    expected = taken(district.spool)
    assert expected.total() > 1500
    assert set(expected.values()) == {1}
    assert stored(district.folder / "collector" / "store.db") == expected

"""Readings in a real InfluxDB that is killed under load: each of them is there exactly once."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.spool import Spool
from tests.e2e.programs import Program, agent_toml, collector_toml, wait_until_served
from tests.e2e.taken import held, taken, waiting, watch
from tests.real.brokers import RealBroker, free_port
from tests.real.influx import RealInflux
from tests.waiting import until_sync

LOAD = """
[probes.cpu]
interval_s = 0.1
[probes.mem]
interval_s = 0.1
"""


@pytest.fixture
def programs(
    tmp_path: Path, mosquitto: RealBroker, own_influx: RealInflux
) -> Iterator[tuple[Program, Program, int]]:
    own_influx.make_bucket("schoolwatch")
    token, http_port = tmp_path / "token", free_port()
    token.write_text(own_influx.token + "\n")
    token.chmod(0o600)
    store = f"""
[store]
type = "influxdb"
url = "{own_influx.url}"
org = "{own_influx.org}"
token_file = "{token}"
timeout_s = 2
"""
    collector = collector_toml(tmp_path, mosquitto, http_port, store)
    agent = agent_toml(tmp_path, mosquitto, LOAD)
    Spool(tmp_path / "spool" / "spool.db").close()
    watch(tmp_path / "spool" / "spool.db")
    made = (
        Program(["agent", "run", "--config", str(agent)], tmp_path / "agent.log"),
        Program(["collector", "run", "--config", str(collector)], tmp_path / "collector.log"),
    )
    made[1].start()
    wait_until_served(http_port)
    made[0].start()
    yield (*made, http_port)
    for program in made:
        if program.process is not None and program.process.poll() is None:
            program.kill()


def test_a_database_that_is_killed_costs_no_reading(
    tmp_path: Path,
    mosquitto: RealBroker,
    own_influx: RealInflux,
    programs: tuple[Program, Program, int],
) -> None:
    agent, collector, http_port = programs
    spool = tmp_path / "spool" / "spool.db"
    with closing(own_influx.store("schoolwatch")) as store:
        until_sync(lambda: held(store).total() > 100, 30)

        own_influx.kill()
        until_sync(lambda: collector.said("storing is held up, nothing is lost"), 30)
        before = taken(spool).total()
        until_sync(lambda: taken(spool).total() > before + 100, 30)
        own_influx.start()
        until_sync(lambda: collector.said("storing works again"), 60)

        agent.stop()
        before = taken(spool).total()
        agent_toml(tmp_path, mosquitto, "")
        agent.start()
        until_sync(lambda: taken(spool).total() > before, 30)  # its first heartbeat
        until_sync(lambda: waiting(spool) == 0, 60)
        assert agent.stop() == 0
        expected = taken(spool)
        assert set(expected.values()) == {1}
        assert held(store) == expected
    with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/api/v1/live", timeout=10) as answer:
        assert json.load(answer)
    assert collector.stop() == 0
    assert own_influx.token not in collector.log.read_text()

"""The files of a trial: read by the programs that they are for, and a person's own once changed."""

from pathlib import Path

import pytest

from agent.config import read_agent
from collector.config import read_collector
from collector.roster import read_roster
from collector.trial import layout
from collector.trial.layout import Layout
from collector.trial.played import Demo, Influx, scenario_toml, write_roster
from core.types import Identity
from simulator.scenario import read_scenario, unknown_schools

WHO = Identity("000000", "trial", "staff-room")


def test_the_agent_reads_what_was_written_for_it(tmp_path: Path) -> None:
    where = Layout(tmp_path)
    layout.write(where.agent_file, layout.agent_toml(WHO, 18883, ["127.0.0.1", 'a"b\\c', "学校"]))
    config = read_agent(where.agent_file)
    assert config.identity == WHO
    assert (config.broker.port, config.broker.reconnect_within_s) == (18883, 5)
    assert config.spool.folder.resolve() == tmp_path / "agent"
    assert [probe.word for probe in config.probes] == ["cpu", "mem", "disk", "net", "ping"]
    assert config.probes[-1].options["targets"] == ["127.0.0.1", 'a"b\\c', "学校"]


def test_the_collector_reads_what_was_written_for_it(tmp_path: Path) -> None:
    where = Layout(tmp_path)
    layout.write(where.roster_file, layout.ROSTER)
    layout.write(where.collector_file, layout.collector_toml(8481, 18885))
    config = read_collector(where.collector_file)
    assert (config.collector.id, config.collector.regions) == ("trial", ("000000",))
    assert config.collector.folder.resolve() == tmp_path / "collector"
    assert (config.http.port, config.broker.port) == (8481, 18885)
    assert config.roster.file
    roster = read_roster(config.roster.file)
    assert [(row.region, row.school) for row in roster.schools] == [(WHO.region, WHO.school)]
    assert roster.said() == []


def test_a_file_that_a_person_made_their_own_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "trial" / "agent.toml"
    assert layout.write(path, f"{layout.OURS}\nport = 1\n")
    assert layout.write(path, f"{layout.OURS}\nport = 2\n")
    path.write_text("port = 3\n")
    assert not layout.write(path, f"{layout.OURS}\nport = 4\n")
    assert path.read_text() == "port = 3\n"


def test_an_agent_that_a_person_named_is_looked_for_by_that_name(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(layout.agent_toml(WHO, 18883, []).replace('"staff-room"', '"library"'))
    assert layout.agent_in(path, WHO) == Identity("000000", "trial", "library")


@pytest.mark.parametrize("text", ["identity = 1", "[identity]\nregion = 'x'", "[[[", "\xff"])
def test_a_damaged_file_is_left_to_the_agent_to_complain_about(tmp_path: Path, text: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_bytes(text.encode("latin-1"))
    assert layout.agent_in(path, WHO) == WHO


def test_the_simulator_and_the_collector_read_what_was_written_for_a_demo(tmp_path: Path) -> None:
    where, token = Layout(tmp_path), tmp_path / "token"
    token.write_text("admin:secret")
    token.chmod(0o600)
    influx = Influx("http://127.0.0.1:8086", token, "district", "trial")
    demo = Demo(30, influx)
    layout.write(where.scenario_file, scenario_toml(demo, 18883, embedded=True))
    scenario = read_scenario(where.scenario_file)
    assert (scenario.district.schools, scenario.days.always) == (30, True)
    assert (scenario.broker.port, scenario.broker.embedded) == (18883, True)
    assert unknown_schools(scenario, scenario.schools()) == []

    write_roster(where)
    layout.write(where.collector_file, layout.collector_toml(8481, 18883, store=influx.toml()))
    config = read_collector(where.collector_file)
    assert (config.store.type, config.store.url) == ("influxdb", influx.url)
    assert (config.store.org, config.store.bucket) == ("district", "trial")
    assert config.store.token() == "admin:secret"
    assert config.roster.file
    assert len(read_roster(config.roster.file).schools) == 30


@pytest.mark.parametrize("schools", [1, 2, 3, 5, 2000])
def test_a_demo_of_any_size_has_faults_at_schools_that_it_has(tmp_path: Path, schools: int) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(scenario_toml(Demo(schools), 18883, embedded=True))
    scenario = read_scenario(path)
    assert unknown_schools(scenario, scenario.schools()) == []

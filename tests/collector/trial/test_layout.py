"""The files of a trial: read by the programs that they are for, and a person's own once changed."""

from pathlib import Path

import pytest

from agent.config import read_agent
from collector.config import read_collector
from collector.roster import read_roster
from collector.trial import layout
from collector.trial.layout import Layout
from core.types import Identity

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

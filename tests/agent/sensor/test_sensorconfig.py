"""`[sensor]` of agent.toml: what it takes, and each mistake with its line."""

from pathlib import Path

import pytest

from agent.config import read_agent
from agent.sensing import options_of
from agent.sensorconfig import SensorConfig
from core.errors import ConfigError

WHO = 'kind = "agent"\nidentity = { region = "110105", school = "3111", agent = "pc-1" }\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "agent.toml"


def test_without_a_word_about_it_the_sensor_is_off(file: Path) -> None:
    file.write_text(WHO)
    assert read_agent(file).sensor == SensorConfig()


def test_what_a_file_says_reaches_the_process(file: Path) -> None:
    (file.parent / "bad.txt").write_text("bad.example\n")
    file.write_text(
        WHO
        + """
[sensor]
interfaces = ["eth0", "eth1"]
promiscuous = true
subnets = ["192.0.2.0/24", "2001:db8::/32"]
[sensor.allow]
scanners = ["192.0.2.9"]
macs = ["02-00-5e-00-53-01"]
[[sensor.block_lists]]
category = "malware"
file = "bad.txt"
[[devices.list]]
id = "switch-1"
kind = "switch"
driver = "ping"
host = "192.0.2.2"
"""
    )
    options = options_of(read_agent(file))
    assert (options.interfaces, options.promiscuous) == (("eth0", "eth1"), True)
    assert options.subnets == ("192.0.2.0/24", "2001:db8::/32")
    assert options.allow["scanners"] == ("192.0.2.9",)
    assert options.allow["macs"] == ("02-00-5e-00-53-01",)
    assert options.devices == ("192.0.2.2",)
    assert options.block_lists == {"malware": [str(file.parent / "bad.txt")]}


MISTAKES = {
    'interfaces = ["eth0/1"]': "[sensor] interfaces item 1 is 'eth0/1'; expected the name of a",
    'interfaces = ["eth0", "eth0"]': "[sensor] interfaces names 'eth0' twice",
    'subnets = ["192.0.2.7/24"]': "[sensor] subnets item 1 is '192.0.2.7/24'; expected a network",
    "promiscous = true": "did you mean 'promiscuous'?",
    '[sensor.allow]\nmacs = ["02:00"]': "[sensor.allow] macs item 1 is '02:00'; expected a hard",
    "[sensor.allow]\nscanner = []": "did you mean 'scanners'?",
    '[sensor.allow]\nrouters = ["r1"]': "[sensor.allow] routers item 1 is 'r1'; expected an",
    "[sensor.detectors.port_scann]": "unknown detector 'port_scann'; did you mean 'port_scan'?",
    "[sensor.detectors]\nport_scan = 5": "[sensor.detectors] port_scan is 5; expected a table",
    '[[sensor.block_lists]]\ncategory = "games"\nfile = ""': "expected 'malware' or 'mining' or",
    '[[sensor.block_lists]]\ncategory = "malware"\nfile = "no.txt"': "is not there",
}


@pytest.mark.parametrize("lines", MISTAKES)
def test_a_mistake_is_named_with_its_line(file: Path, lines: str) -> None:
    file.write_text(WHO + "[sensor]\n" + lines + "\n")
    with pytest.raises(ConfigError) as refused:
        read_agent(file)
    (line,) = str(refused.value).splitlines()
    assert MISTAKES[lines].replace("'", '"') in line.replace("'", '"')
    assert f"{file.name}:" in line

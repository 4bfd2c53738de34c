"""`[[devices.list]]` as the agent gets it; what is refused stands in tests/configs/refused."""

from pathlib import Path

import pytest

from agent.config import read_agent
from agent.devicesconfig import DeviceConfig, DevicesConfig
from core.errors import ConfigError

WHO = 'kind = "agent"\nidentity = { region = "110105", school = "3111", agent = "pc-1" }\n'
ROW = '[[devices.list]]\nid = "{id}"\nkind = "{kind}"\ndriver = "this_machine"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "agent.toml"


def test_an_agent_asks_no_device_unasked(file: Path) -> None:
    file.write_text(WHO)
    assert read_agent(file).devices == DevicesConfig(concurrency=20, list=())


def test_a_device_has_its_own_keys_and_those_of_its_driver(file: Path) -> None:
    file.write_text(
        f"{WHO}[devices]\nconcurrency = 5\n"
        '[[devices.list]]\nid = "ops-302"\nkind = "computer"\ndriver = "tcp"\n'
        'host = "192.0.2.1"\nport = 22\nroom = "三年级2班"\nwake_secureon_file = ""\n'
        f"{ROW.format(id='pc', kind='computer')}behind = 'ops-302'\ninterval_s = 5\n"
    )
    ops = DeviceConfig(
        id="ops-302",
        kind="computer",
        driver="tcp",
        room="三年级2班",
        options={"host": "192.0.2.1", "port": 22},
    )
    pc = DeviceConfig(
        id="pc", kind="computer", driver="this_machine", behind="ops-302", interval_s=5.0
    )
    assert read_agent(file).devices == DevicesConfig(concurrency=5, list=(ops, pc))


@pytest.mark.parametrize(
    ("kind", "more", "needed"),
    [
        ("projector", 'room = "302"', True),
        ("projector", "", False),
        ("projector", 'room = "302"\nessential = false', False),
        ("amplifier", 'room = "302"', False),
        ("amplifier", "essential = true", True),
    ],
)
def test_a_room_needs_what_no_lesson_can_do_without(
    kind: str, more: str, needed: bool, file: Path
) -> None:
    file.write_text(WHO + ROW.format(id="d", kind=kind) + more)
    (device,) = read_agent(file).devices.list
    assert device.needed is needed


def test_a_secret_lies_beside_the_file_and_nobody_else_may_read_it(file: Path) -> None:
    secret = file.parent / "secureon"
    secret.write_text("02:00:5e:00:53:02")
    secret.chmod(0o604)
    file.write_text(WHO + ROW.format(id="d", kind="computer") + 'wake_secureon_file = "secureon"')
    with pytest.raises(ConfigError, match=f"{file}:7: .* can be read by everybody"):
        read_agent(file)
    secret.chmod(0o600)
    (device,) = read_agent(file).devices.list
    assert device.wake_secureon_file == secret

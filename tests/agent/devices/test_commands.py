"""`agent device` and what `agent check` says of devices: one look each, in plain words."""

import json
from pathlib import Path

import pytest

from agent import devicecli
from agent.devices.base import Sighting
from agent.devices.device import Device
from agent.devices.findings import look_at, of_sighting
from core.errors import ConfigError, NotPermitted, TargetUnreachable
from tests.agent.devices.acting import dead, device, raises, returns, well

WHO = 'kind = "agent"\nidentity = { region = "1", school = "2", agent = "3" }\n'
PC = '[[devices.list]]\nid = "pc"\nkind = "computer"\nroom = "302"\ndriver = "this_machine"\n'
GONE = (
    '[[devices.list]]\nid = "ops"\nkind = "computer"\ndriver = "tcp"\n'
    'host = "127.0.0.1"\nport = 1\nname = "三年级2班"\n'
)

Out = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "agent.toml"
    path.write_text(WHO + PC + GONE)
    return str(path)


def test_a_look_is_printed_as_line_protocol_or_json(file: str, capsys: Out) -> None:
    assert devicecli.main(["pc", "--config", file]) == 0
    line = capsys.readouterr().out
    assert line.startswith("device,device=pc,kind=computer,room=302 ")
    assert 'state="ready"' in line
    assert devicecli.main(["pc", "--config", file, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fields"]["on"] is True


def test_one_that_does_not_answer_is_an_error_in_words(file: str, capsys: Out) -> None:
    assert devicecli.main(["ops", "--config", file]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "port 1 of 127.0.0.1: nothing listens there\n")


def test_one_that_the_file_lacks_is_named_with_the_nearest(file: str, capsys: Out) -> None:
    assert devicecli.main(["opps", "--config", file]) == 2
    assert capsys.readouterr().err == f"{file} has no device 'opps'; did you mean 'ops'?\n"


def test_without_an_id_the_devices_of_the_file_are_listed(file: str, capsys: Out) -> None:
    assert devicecli.main(["--config", file]) == 0
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert said == [
        ["pc", "computer", "this_machine", "room", "302"],
        ["ops", "computer", "tcp", "三年级2班"],
    ]


async def findings(*devices: Device) -> dict[str, tuple[str, str]]:
    return {one.part: (one.state, one.text) for one in await look_at(devices, 2)}


async def test_a_check_looks_once_at_each_device_and_says_what_works() -> None:
    lamp = Sighting("fault", "lamp", {"on": True, "model": "EPSON"})
    found = await findings(
        device("well", well),
        device("asleep", returns(Sighting("standby", fields={"on": False, "answer_ms": 12.5}))),
        device("lamp", returns(lamp)),
        device("filter", returns(Sighting("limited", "filter"))),
        device("dead", dead),
        device("refused", raises(ConnectionRefusedError("port 1: nothing listens there"))),
        device("rights", raises(NotPermitted("set this"))),
        device("secret", raises(ConfigError("x is empty; it should hold the secret"))),
        device("defect", raises(KeyError("x"))),
        device("nonsense", returns(3)),
        device("strange", returns(Sighting("ready", fields={"wings": 2}))),
    )
    assert found == {
        "[devices.well]": ("works", "ready, on"),
        "[devices.asleep]": ("works", "standby, off, answered in 12.5 ms"),
        "[devices.lamp]": ("broken", "fault: its lamp has failed, on, EPSON"),
        "[devices.filter]": ("look", "limited: its filter needs cleaning"),
        "[devices.dead]": ("broken", "nobody there"),
        "[devices.refused]": ("broken", "port 1: nothing listens there"),
        "[devices.rights]": ("rights", "set this"),
        "[devices.secret]": ("broken", "x is empty; it should hold the secret"),
        "[devices.defect]": ("broken", "failed: KeyError: 'x'"),
        "[devices.nonsense]": (
            "broken",
            "failed: TypeError: its driver returned int, which is no sighting",
        ),
        "[devices.strange]": ("broken", "left out: 'device': unknown field 'wings'"),
    }
    part = of_sighting("p", Sighting("unreachable", "no_answer"))
    assert part.do == "check its power and its network cable"
    (dead_one,) = await look_at([device("d", raises(TargetUnreachable("no")))], 1)
    assert dead_one.do == part.do

"""The drivers ping, tcp and this_machine on the loopback, and what any driver has to be."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from agent.devices.base import drivers
from agent.devices.device import Device
from agent.devices.looks import LOOK_S, once, time_of
from agent.devicesconfig import DeviceConfig
from core.errors import NotPermitted, TargetUnreachable
from core.icmp import open_socket
from tests.agent.devices.acting import Actor, hang
from tests.agent.probes.test_all import loaded_after

ROOT = Path(__file__).parents[3]


def device(word: str, **options: Any) -> Device:
    config = DeviceConfig(id="d", kind="computer", driver=word, options=options)
    return Device(config, drivers.build(word, options))


def test_every_module_of_a_driver_is_a_word_that_registers_under_its_own_name() -> None:
    modules = {path.stem for path in (ROOT / "agent/devices/drivers").glob("*.py")} - {"__init__"}
    assert modules <= set(drivers.words())
    for word in modules:
        assert all(option.expected for option in drivers.options(word))


@pytest.fixture(params=["127.0.0.1", "::1", "localhost"])
def here(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_host_that_answers_an_echo_is_on(here: str) -> None:
    family = socket.AF_INET6 if ":" in here else socket.AF_INET
    try:
        open_socket(family).sock.close()
    except (NotPermitted, OSError) as error:
        pytest.skip(str(error))
    seen, wrong = await once(device("ping", host=here))
    assert (seen.state, seen.fields["on"], wrong) == ("ready", True, [])
    assert 0 < float(seen.fields["answer_ms"]) < 1000


async def test_a_host_that_keeps_silent_is_unreachable() -> None:
    with pytest.raises(TargetUnreachable, match="2 echo requests, no answer"):
        await once(device("ping", host="192.0.2.250", count=2, timeout_s=0.1))


async def test_a_port_that_takes_a_connection_is_on_and_is_let_go_of() -> None:
    closed = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b"", "nothing is sent"
        closed.set()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    seen, wrong = await once(device("tcp", host="127.0.0.1", port=port))
    assert (seen.state, seen.fields["on"], wrong) == ("ready", True, [])
    await asyncio.wait_for(closed.wait(), 10)
    server.close()
    await server.wait_closed()
    with pytest.raises(ConnectionRefusedError, match=f"port {port} of 127.0.0.1: nothing listens"):
        await once(device("tcp", host="127.0.0.1", port=port))


async def test_a_port_that_keeps_silent_is_unreachable() -> None:
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting.setblocking(False)
        waiting.connect_ex(full.getsockname())
        others = [socket.socket() for _ in range(2)]
        for one in others:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        asked = device("tcp", host="127.0.0.1", port=full.getsockname()[1], timeout_s=0.2)
        with pytest.raises(TargetUnreachable, match=r"no answer within 0\.2 s"):
            await once(asked)
        for one in others:
            one.close()


async def test_this_machine_is_on_while_anybody_asks() -> None:
    seen, _ = await once(device("this_machine"))
    assert (seen.state, seen.fields) == ("ready", {"on": True})


async def test_a_look_has_time_for_what_its_driver_waits() -> None:
    assert time_of(device("this_machine")) == LOOK_S
    assert time_of(device("ping", host="192.0.2.1", timeout_s=0.1)) == LOOK_S
    quick = Actor([hang])
    quick.timeout_s = 30.0  # type: ignore[attr-defined]
    assert time_of(Device(device("this_machine").config, quick)) == 90.0
    quick.LOOK_S = 0.1  # type: ignore[attr-defined]
    with pytest.raises(TargetUnreachable, match=r"did not end within 0\.1 s"):
        await once(Device(device("this_machine").config, quick))


def test_an_agent_without_devices_imports_nothing_of_them(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    who = 'kind = "agent"\nidentity = { region = "1", school = "2", agent = "3" }\n'
    code = (
        "from pathlib import Path; from agent import app, config, parts; "
        f"parts.parts_of(config.read_agent(Path({str(file)!r})), {{}})"
    )
    file.write_text(who + "[probes.mem]\n")
    loaded = loaded_after(code)
    assert {one for one in loaded if one.startswith(("agent.devices.", "core.causes"))} == set()
    row = '[[devices.list]]\nid = "a"\nkind = "computer"\ndriver = "this_machine"\n'
    file.write_text(who + "[probes.mem]\n" + row)
    found = {one for one in loaded_after(code) if one.startswith("agent.devices.drivers.")}
    assert found == {"agent.devices.drivers.this_machine"}

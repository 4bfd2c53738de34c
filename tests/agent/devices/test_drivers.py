"""The drivers ping, tcp and this_machine on the loopback, and what any driver has to be."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.devices.base import SWITCHED_OFF, Sighting, drivers
from agent.devices.device import Device
from agent.devices.looks import LOOK_S, once, time_of
from agent.devicesconfig import DeviceConfig
from core.errors import NotPermitted, TargetUnreachable
from core.icmp import open_socket
from core.names import NotResolved
from core.registry import equipped
from tests.agent.devices.acting import Actor, hang, keeping
from tests.agent.probes.test_all import loaded_after
from tests.waiting import until

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


@contextmanager
def silent_port() -> Iterator[int]:
    """Yield a port of 127.0.0.1 at which so many wait that nobody else gets an answer."""
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting.setblocking(False)
        waiting.connect_ex(full.getsockname())
        others = [socket.socket() for _ in range(2)]
        for one in others:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        try:
            yield full.getsockname()[1]
        finally:
            for one in others:
                one.close()


async def test_a_port_that_keeps_silent_is_unreachable() -> None:
    with silent_port() as port:
        asked = device("tcp", host="127.0.0.1", port=port, timeout_s=0.2)
        with pytest.raises(TargetUnreachable, match=r"no answer within 0\.2 s"):
            await once(asked)


OFF: tuple[Sighting, list[str]] = (SWITCHED_OFF, [])


async def test_a_host_whose_silence_is_standby_is_off_and_well() -> None:
    options: dict[str, Any] = {"count": 1, "timeout_s": 0.1, "silence": "standby"}
    assert await once(device("ping", host="192.0.2.250", **options)) == OFF


async def test_a_port_whose_silence_is_standby_is_off_and_one_that_refuses_is_not() -> None:
    options: dict[str, Any] = {"host": "127.0.0.1", "timeout_s": 0.2, "silence": "standby"}
    with silent_port() as port:
        assert await once(device("tcp", port=port, **options)) == OFF
    with pytest.raises(ConnectionRefusedError, match="nothing listens"):
        await once(device("tcp", port=port, **options))


@pytest.mark.parametrize(
    ("number", "off"),
    [(errno.EHOSTUNREACH, True), (errno.EHOSTDOWN, True), (errno.ENETUNREACH, False)],
)
async def test_an_address_that_no_machine_has_is_silence_and_no_network_here_is_not(
    number: int, off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(*_: object) -> None:
        raise OSError(number, "as the system says")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
    options: dict[str, Any] = {"host": "192.0.2.250", "port": 1}
    with pytest.raises(OSError, match="as the system says"):
        await once(device("tcp", **options))
    if off:
        assert await once(device("tcp", silence="standby", **options)) == OFF
    else:
        with pytest.raises(OSError, match="as the system says"):
            await once(device("tcp", silence="standby", **options))


@pytest.mark.parametrize(("word", "more"), [("ping", {}), ("tcp", {"port": 1})])
async def test_a_name_without_an_address_is_no_silence(word: str, more: dict[str, Any]) -> None:
    async def resolve(host: str, *_: object) -> Any:
        raise NotResolved(host)

    asked = device(word, host="pc-302", silence="standby", **more)
    with pytest.raises(NotResolved):
        await once(Device(asked.config, equipped(asked.driver, resolve=resolve)))


async def test_a_look_that_finds_it_switched_off_is_an_answer() -> None:
    with silent_port() as port:
        options = {"host": "127.0.0.1", "port": port, "timeout_s": 0.1, "silence": "standby"}
        config = DeviceConfig(id="d", kind="computer", driver="tcp", interval_s=0.5)
        asked = Device(config, drivers.build("tcp", options))
        async with keeping(asked) as (keeper, told):
            await until(lambda: len(told.of("d")) > 2)
            assert told.states("d") == ["standby"]
            assert told.of("d")[-1].fields["on"] is False
            assert keeper._watches["d"].standing.failures == 0


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

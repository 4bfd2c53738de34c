"""From a datagram to a look: in a whole agent, and in one that is told of it by a reload."""

import socket
from pathlib import Path

from agent.devicesconfig import DeviceConfig
from agent.parts import changes, parts_of
from tests.agent.devices.test_wired import PING, config, running
from tests.real.snmpd import free_udp_port
from tests.waiting import until

LINE = b"<189>Nov 28 15:00:00 sw1 %%01IFNET/4/LINK_STATE: GE0/0/1 down"
OTHER = DeviceConfig(id="q", kind="switch", driver="ping", options={"host": "127.0.0.3"})


def sent(port: int, sender: str = "127.0.0.1") -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((sender, 0))
        sock.sendto(LINE, ("127.0.0.1", port))


async def test_a_line_of_syslog_has_its_device_looked_at_and_no_other(tmp_path: Path) -> None:
    port = free_udp_port()
    told = config(tmp_path, PING, OTHER, syslog=f"127.0.0.1:{port}")
    async with running(told) as (agent, _):
        keeping = agent.keeping
        await until(lambda: keeping.hearing is not None and keeping.hearing._open)
        assert keeping.keeper is not None
        watches = keeping.keeper._watches
        await until(lambda: all(f"{name}" in watches for name in "pq"), 30)
        await until(lambda: all(watches[name].looked > 0 for name in "pq"), 30)
        before = {name: watches[name].looked for name in "pq"}
        sent(port)
        sent(port, "127.0.0.9")
        await until(lambda: watches["p"].looked > before["p"], 30)
        assert watches["q"].looked == before["q"]
        assert keeping.heard() == {"hints": 1, "hints_refused": 1}
        assert (await agent._own_reading()).fields["hints"] == 1


async def test_a_reload_begins_and_ends_the_listening(tmp_path: Path) -> None:
    port = free_udp_port()
    listens = config(tmp_path, PING, traps=f"127.0.0.1:{port}")
    async with running(config(tmp_path, PING)) as (agent, _):
        keeping = agent.keeping
        await until(lambda: keeping.keeper is not None)
        assert (keeping.hearing, keeping.heard()) == (None, {})
        await agent.change(listens)
        await until(lambda: keeping.hearing is not None and keeping.hearing._open)
        await agent.change(config(tmp_path, PING))
        await until(lambda: keeping.hearing is not None and not keeping.hearing._open)


def test_a_changed_place_is_said(tmp_path: Path) -> None:
    old, new = (
        parts_of(config(tmp_path, PING, traps=place), {}) for place in ("", "127.0.0.1:10162")
    )
    assert changes(old, new) == ["[devices] traps"]

"""R-14 on real things: what happens to a projector, a switch or an agent is said of the room.

The projector is the simulator's, the switch a real snmpd; two real agents tell of room 302 over a
real broker: one asks the devices, the other is the room's computer.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.terminal import NoAnswer, fetch
from simulator.projector.machine import Machine
from simulator.projector.server import Projector
from tests.e2e.programs import SCHOOL, Program, agent_toml, collector_toml, wait_until_served
from tests.real import snmpd
from tests.real.brokers import RealBroker, free_port
from tests.real.snmpd import Snmpd
from tests.waiting import until

pytestmark = pytest.mark.slow

DEVICES = """
[devices]
[[devices.list]]
id = "switch-2f"
kind = "switch"
driver = "snmp"
host = "127.0.0.1"
port = {switch}
community_file = "{community}"
timeout_s = 0.5
retries = 0
interval_s = 1
[[devices.list]]
id = "projector-302"
kind = "projector"
driver = "pjlink"
room = "302"
name = "三年级2班投影机"
behind = "switch-2f"
host = "127.0.0.1"
port = {projector}
timeout_s = 1
interval_s = 1
[[devices.list]]
id = "camera-302"
kind = "document_camera"
driver = "tcp"
room = "302"
essential = true
behind = "switch-2f"
host = "127.0.0.1"
port = {camera}
timeout_s = 1
interval_s = 1
"""
COMPUTER = """
[devices]
[[devices.list]]
id = "computer-302"
kind = "computer"
driver = "this_machine"
room = "302"
interval_s = 1
"""
READY = ("ready", "", "")
SOON = 60


@dataclass
class Room:
    """Room 302 and all that it hangs on; `host` asks its devices, `computer` is one of them."""

    projector: Projector
    camera: Projector
    switch: Snmpd
    host: Program
    computer: Program
    collector: Program
    port: int
    audit: Path

    def said(self) -> dict[str, Any]:
        """Return what `/api/v1/rooms` says of the room; nothing before it knows of it."""
        try:
            rooms = json.loads(fetch(f"http://127.0.0.1:{self.port}", "rooms"))["rooms"]
        except NoAnswer:
            return {}
        found: list[dict[str, Any]] = [one for one in rooms if one["school"] == SCHOOL]
        assert len(found) < 2
        return found[0] if found else {}

    def verdict(self) -> tuple[str, str, str]:
        """Return its state, the cause and the device that decides."""
        said = self.said()
        return (said["state"], said["cause"], said["device"]) if said else ("", "", "")

    def devices(self) -> dict[str, tuple[str, str]]:
        """Return state and cause of each device in it."""
        return {one["device"]: (one["state"], one["cause"]) for one in self.said()["devices"]}

    def events(self) -> list[tuple[str, str, bool]]:
        """Return kind, subject and whether it began, of all that was said of rooms and devices."""
        files = sorted(self.audit.glob("*.jsonl"))
        lines = (line for file in files for line in file.read_bytes().splitlines())
        found = [msgspec.json.decode(line, type=dict[str, Any]) for line in lines]
        kinds = ("room_not_ready", "room_limited", "device_fault", "switch_down")
        of_rooms = [one for one in found if one["kind"] in kinds]
        assert {one["target"] for one in of_rooms} <= {f"000000/{SCHOOL}"}
        return [(one["kind"], one["subject"], one["active"]) for one in of_rooms]

    async def becomes(self, *verdict: str) -> None:
        """Wait for a verdict."""
        await shown(lambda: self.verdict() == verdict)


async def shown(condition: Callable[[], bool]) -> None:
    """Wait for what the API shows; the projector, which lives in this loop, answers meanwhile."""

    async def look() -> None:
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.1)

    await asyncio.wait_for(look(), SOON)


@pytest.fixture
async def room(mosquitto: RealBroker, tmp_path: Path) -> AsyncIterator[Room]:
    snmpd.need()
    async with AsyncExitStack() as stack:
        projector = await stack.enter_async_context(Projector(_lit()))
        # Of the camera only the port counts.
        camera = await stack.enter_async_context(Projector(Machine(1)))
        switch = Snmpd(tmp_path, snmpd.free_udp_port())
        stack.callback(switch.stop)
        await asyncio.to_thread(switch.start)
        community = tmp_path / "community"
        community.touch(0o600)
        community.write_text(snmpd.COMMUNITY)
        devices = DEVICES.format(
            switch=switch.port, community=community, projector=projector.port, camera=camera.port
        )
        http = free_port()
        toml = collector_toml(tmp_path, mosquitto, http)
        collector = Program(["collector", "run", "--config", str(toml)], tmp_path / "collector.log")
        host, computer = (
            _agent(tmp_path / name, mosquitto, name, text)
            for name, text in (("host", devices), ("pc-302", COMPUTER))
        )
        programs = (collector, host, computer)
        stack.callback(_end, programs)
        collector.start()
        await asyncio.to_thread(wait_until_served, http, SOON)
        host.start()
        computer.start()
        audit = tmp_path / "collector" / "audit"
        made = Room(projector, camera, switch, host, computer, collector, http, audit)
        await shown(lambda: len(made.said().get("devices", ())) == 3)
        await made.becomes(*READY)
        yield made


def _end(programs: Sequence[Program]) -> None:
    for one in programs:
        if one.alive:
            one.kill()


def _lit() -> Machine:
    machine = Machine()
    machine.be("on")
    return machine


def _agent(folder: Path, broker: RealBroker, name: str, devices: str) -> Program:
    folder.mkdir()
    toml = agent_toml(folder, broker, devices, agent=name)
    return Program(["agent", "run", "--config", str(toml)], folder / "log")


@asynccontextmanager
async def cut_off(room: Room) -> AsyncIterator[None]:
    """Have the switch away, and with it all that hangs on it."""
    for one in (room.projector, room.camera):
        await one.__aexit__(None, None, None)
    # One that is ended would have its machine refuse, which a switch that is away does not.
    room.switch.suspend()
    yield
    room.switch.resume()
    for one in (room.projector, room.camera):
        await one.__aenter__()


async def test_a_lamp_that_fails_makes_the_room_not_ready_until_it_is_well_again(
    room: Room,
) -> None:
    assert set(room.devices().values()) == {("ready", "")}
    assert room.said()["on"]
    room.projector.machine.errors = "020000"
    await room.becomes("not_ready", "lamp", "projector-302")
    said = room.said()
    assert said["since"]
    assert said["why"]["zh"]
    assert said["first"]["zh"]
    assert room.devices()["camera-302"] == ("ready", "")

    room.projector.machine.errors = "000000"
    await room.becomes(*READY)
    told = [("room_not_ready", "302", True), ("room_not_ready", "302", False)]
    await until(lambda: room.events() == told)


async def test_a_switch_that_goes_away_is_one_fault_and_leaves_its_room_unknown(room: Room) -> None:
    async with cut_off(room):
        await shown(lambda: room.verdict()[:2] == ("unknown", "behind"))
        await shown(
            lambda: (
                room.devices()
                == {
                    "projector-302": ("unknown", "behind"),
                    "camera-302": ("unknown", "behind"),
                    "computer-302": ("ready", ""),
                }
            )
        )
        await until(lambda: room.events() == [("switch_down", "switch-2f", True)])
    await room.becomes(*READY)
    told = [("switch_down", "switch-2f", True), ("switch_down", "switch-2f", False)]
    await until(lambda: room.events() == told)


async def test_without_its_agent_a_room_is_unknown_and_its_computer_may_be_switched_off(
    room: Room,
) -> None:
    room.host.kill()
    await shown(lambda: room.verdict()[:2] == ("unknown", "agent"))
    assert room.devices()["computer-302"] == ("ready", "")
    room.host.start()
    await room.becomes(*READY)

    assert room.computer.stop() == 0
    await shown(lambda: room.devices()["computer-302"] == ("standby", ""))
    assert room.verdict() == READY
    room.computer.start()
    await shown(lambda: room.devices()["computer-302"] == ("ready", ""))
    assert room.verdict() == READY
    assert room.events() == []

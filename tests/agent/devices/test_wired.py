"""Devices in a whole agent: what reaches the spool, and what a reload leaves alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import app
from agent.agentclock import AgentClock
from agent.config import AgentConfig, SpoolConfig
from agent.devices.base import Sighting
from agent.devices.device import Device, told
from agent.devices.keeper import Keeper
from agent.devicesconfig import DeviceConfig, DevicesConfig
from agent.filter import ChangeFilter
from agent.parts import Parts, changes, exchanged, parts_of, said
from agent.recorder import Recorder
from core import clock
from core.brokerconfig import BrokerConfig
from core.types import Identity
from tests.agent.devices.acting import device
from tests.waiting import until

WHO = Identity("000000", "trial", "pc-1")
PC = DeviceConfig(id="pc", kind="computer", driver="this_machine", room="302")
PING = DeviceConfig(id="p", kind="panel", driver="ping", options={"host": "127.0.0.1"})


def config(folder: Path, *devices: DeviceConfig, **more: Any) -> AgentConfig:
    return AgentConfig(
        identity=WHO,
        # Nobody listens: what reaches the spool stays there.
        broker=BrokerConfig(port=1, reconnect_within_s=3600),
        spool=SpoolConfig(folder=folder),
        devices=DevicesConfig(list=devices, **more),
    )


@asynccontextmanager
async def running(config: AgentConfig) -> AsyncIterator[tuple[app.Agent, list[bytes]]]:
    """Run an agent; give the lines that its recorder hands to the spool."""
    agent = app.build(config)
    lines: list[bytes] = []
    take = agent.spool.take

    async def noted(taken: Any, *, unchecked: bool) -> int:
        lines.extend(taken)
        return await take(taken, unchecked=unchecked)

    agent.recorder.spool = Noting(noted, agent.spool.seal)
    task = asyncio.create_task(agent.run())
    try:
        yield agent, lines
    finally:
        agent.stopping.set()
        await asyncio.wait_for(task, 30)


@dataclass(frozen=True)
class Secretive:
    """A driver that is told of a file."""

    password_file: Path

    async def look(self) -> Sighting:
        return Sighting("ready")


class Noting:
    """The spool, and what it is handed."""

    def __init__(self, take: Any, seal: Any) -> None:
        self.take, self.seal = take, seal


def keeper_of(agent: app.Agent) -> Keeper | None:
    return agent.keeping.keeper


async def test_a_device_reaches_the_spool_by_the_recorder_of_all(tmp_path: Path) -> None:
    async with running(config(tmp_path, PC)) as (_, lines):
        await until(lambda: any(line.startswith(b"device,") for line in lines))
    (line, *_) = [line for line in lines if line.startswith(b"device,")]
    assert line.startswith(b"device,device=pc,kind=computer,room=302 state=")
    assert b"on=true" in line
    assert b"essential=true" in line


async def test_an_agent_gets_its_first_device_by_a_reload_and_loses_it_by_another(
    tmp_path: Path,
) -> None:
    async with running(config(tmp_path)) as (agent, lines):
        agent.keeping.hint("192.0.2.1")
        assert keeper_of(agent) is None
        await agent.change(config(tmp_path, PC, concurrency=3))
        await until(lambda: any(line.startswith(b"device,") for line in lines))
        keeper = keeper_of(agent)
        assert keeper is not None
        (watch,) = keeper._watches.values()
        await agent.change(config(tmp_path, PING, PC))
        await until(lambda: len(keeper._watches) == 2)
        assert keeper._watches["pc"] is watch
        agent.keeping.hint("127.0.0.1")
        await agent.change(config(tmp_path))
        await until(lambda: not keeper._watches)


async def test_what_goes_wrong_with_a_device_is_counted_with_the_probes(tmp_path: Path) -> None:
    agent = app.build(config(tmp_path))
    agent.keeping.counters.probe_errors += 1
    assert (await agent._own_reading()).fields["probe_errors"] == 1
    await agent.spool.close()


def parts(folder: Path, *devices: DeviceConfig, **more: Any) -> Parts:
    return parts_of(config(folder, *devices, **more), {"now": clock.now})


def test_a_device_that_is_configured_as_it_was_stays_the_same_object(tmp_path: Path) -> None:
    old = parts(tmp_path, PC, PING)
    other = msgspec.structs.replace(PING, options={"host": "127.0.0.2"})
    new = exchanged(old, parts(tmp_path, other, PC, concurrency=7))
    assert new.devices[1] is old.devices[0]
    assert new.devices[0].host == "127.0.0.2"
    assert changes(old, new) == ["[devices.p]", "[devices] concurrency"]
    assert changes(new, parts(tmp_path)) == [
        *("[devices.p] is off", "[devices.pc] is off", "[devices] concurrency"),
    ]
    assert said(new.config) == "2 devices"


def test_a_secret_with_another_content_makes_another_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "password"
    secret.write_text("one")

    def with_secret(config: DeviceConfig, _ours: object) -> Device:
        return Device(config, Secretive(secret))

    monkeypatch.setattr("agent.devices.device.made", with_secret)
    old = parts(tmp_path, PC)
    assert exchanged(old, parts(tmp_path, PC)).devices[0] is old.devices[0]
    secret.write_text("two")
    new = exchanged(old, parts(tmp_path, PC))
    assert new.devices[0] is not old.devices[0]
    assert changes(old, new) == ["[devices.pc] password_file"]


async def test_of_a_device_that_is_gone_travels_at_once_that_nobody_knows_whether_it_is_on() -> (
    None
):
    """docs/change-filter.md: with an urgent change the whole reading travels; the rest is gone."""
    recorder = Recorder(None, lambda: None, time=AgentClock(), changes=ChangeFilter())  # type: ignore[arg-type]
    one = device("p")
    recorder.take(told(one, Sighting("ready", fields={"on": True, "lamp_h": 7}), clock.now()))
    assert not is_urgent(recorder)
    recorder.take(told(one, Sighting("ready", fields={"on": True, "lamp_h": 7}), clock.now()))
    assert len(recorder._lines) == 1, "nothing changed"
    recorder.take(told(one, Sighting("unreachable", "no_answer"), clock.now()))
    assert is_urgent(recorder)
    line = recorder._lines[-1].line
    assert b'state="unreachable"' in line
    assert b"essential=" in line
    assert b",on=" not in line
    assert b"lamp_h" not in line


def is_urgent(recorder: Recorder) -> bool:
    return recorder._urgent

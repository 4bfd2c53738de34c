"""The sensor switched on, off and over by agent.toml, and tried by `agent check`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
import pytest

from agent.conditions import Gone, Tellable
from agent.config import AgentConfig
from agent.sensing import ALL, Sensing, options_of
from agent.sensor import checking, keeper
from agent.sensor.keeper import Keeper
from agent.sensorconfig import BlockListConfig, SensorConfig
from agent.spool import Spool
from agent.spoolthread import SpoolThread
from core.findings import Finding
from core.types import Identity, Reading
from tests.agent.sensor.test_keeper import FIGURES, PROGRAM
from tests.processes import alive
from tests.waiting import until

WHO = Identity("000000", "trial", "pc-1")
OFF = AgentConfig(identity=WHO)
ON = AgentConfig(identity=WHO, sensor=SensorConfig(interfaces=("eth0",)))
OTHER = AgentConfig(identity=WHO, sensor=SensorConfig(interfaces=("eth0",), promiscuous=True))


@dataclass
class Sensed:
    sensing: Sensing
    told: list[Tellable] = field(default_factory=list)
    read: list[Reading] = field(default_factory=list)

    def over(self) -> set[str]:
        """What was said to be watched no more, whatever it was."""
        found = [one for one in self.told if isinstance(one, Gone) and one.why == "not_watched"]
        return {one.kind for one in found if not one.there("eth0") and not one.there("00112233")}

    @property
    def pid(self) -> int:
        return self.sensing.keeper.pid if self.sensing.keeper else 0


@asynccontextmanager
async def sensed(
    config: AgentConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Sensed]:
    file = tmp_path / "sensor.py"
    file.write_text(PROGRAM + f"say({FIGURES}); stay()")
    command = (sys.executable, "-S", str(file))
    monkeypatch.setattr(keeper, "Keeper", partial(Keeper, command=command))
    told: list[Tellable] = []
    read: list[Reading] = []
    spool = SpoolThread(Spool(tmp_path / "spool.db"))
    found = Sensed(Sensing(config, told.extend, read.extend, spool), told, read)
    task = asyncio.create_task(found.sensing.run())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await spool.close()


async def test_without_an_interface_no_process_is_started_and_nothing_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sensed(OFF, tmp_path, monkeypatch) as found:
        await until(lambda: found.over() == set(ALL))
        assert found.sensing.keeper is None
        assert "rogue_ap" not in found.over(), "a controller tells of those"


async def test_it_is_switched_on_and_off_while_the_agent_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sensed(OFF, tmp_path, monkeypatch) as found:
        await until(lambda: found.told)
        found.told.clear()
        found.sensing.change(ON)
        await until(lambda: found.read)
        pid = found.pid
        found.sensing.change(OFF)
        await until(lambda: found.over() == set(ALL))
        await until(lambda: not alive(pid))
        found.sensing.change(ON)
        await until(lambda: found.pid not in (0, pid))


async def test_another_table_starts_it_anew_and_the_same_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sensed(ON, tmp_path, monkeypatch) as found:
        await until(lambda: found.read)
        pid = found.pid
        found.sensing.change(ON)
        found.sensing.change(msgspec.structs.replace(ON, uplinks=()))
        await asyncio.sleep(0.2)
        assert found.pid == pid
        found.sensing.change(OTHER)
        await until(lambda: found.pid not in (0, pid))


async def test_a_list_of_names_is_read_anew_when_the_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = (BlockListConfig(category="malware", file=tmp_path / "bad.txt"),)
    config = msgspec.structs.replace(
        ON, sensor=SensorConfig(interfaces=("eth0",), block_lists=lists)
    )
    async with sensed(config, tmp_path, monkeypatch) as found:
        await until(lambda: found.read)
        pid = found.pid
        found.sensing.change(config)
        await until(lambda: found.pid not in (0, pid))


async def test_it_ends_with_the_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sensed(ON, tmp_path, monkeypatch) as found:
        await until(lambda: found.read)
        pid = found.pid
    await until(lambda: not alive(pid))


async def looked_at(tmp_path: Path, program: str) -> list[Finding]:
    file = tmp_path / "sensor.py"
    file.write_text(PROGRAM + program)
    return await checking.look_at(options_of(ON), (sys.executable, "-S", str(file)))


async def test_the_check_says_that_it_listens(tmp_path: Path) -> None:
    (one,) = await looked_at(tmp_path, f"say({FIGURES}); stay()")
    assert (one.part, one.state) == ("[sensor] eth0", "works")


async def test_the_check_says_what_to_do_without_the_right(tmp_path: Path) -> None:
    refused = {"type": "refused", "why": "no_right", "text": "listening needs CAP_NET_RAW"}
    (one,) = await looked_at(tmp_path, f"say({refused})")
    assert (one.part, one.state, one.text) == ("[sensor]", "rights", "listening needs CAP_NET_RAW")
    assert "schoolwatch-agent.service.d" in one.do


@pytest.mark.parametrize("why", ["gone", "down", "not_ethernet", "refused"])
async def test_the_check_says_what_is_wrong_with_an_interface(tmp_path: Path, why: str) -> None:
    (one,) = await looked_at(tmp_path, f"say({FIGURES | {'why': why}}); stay()")
    assert (one.part, one.state) == ("[sensor] eth0", "broken")
    assert one.text
    assert one.do


@pytest.mark.parametrize("program", ["sys.exit(1)", "say('{')", "say('x' * 100_000)"])
async def test_the_check_survives_a_process_that_does_not(tmp_path: Path, program: str) -> None:
    (one,) = await looked_at(tmp_path, program)
    assert (one.part, one.state) == ("[sensor]", "broken")


async def test_the_check_says_that_the_process_cannot_be_started() -> None:
    (one,) = await checking.look_at(options_of(ON), ("/nowhere/python",))
    assert (one.state, "/nowhere/python" in one.text) == ("broken", True)

"""Hours of devices as tests/cases/devices/timelines.toml has them, in the times of real life."""

import asyncio
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.devices.base import SWITCHED_OFF, Sighting
from agent.devices.device import Device
from agent.devices.keeper import Keeper
from agent.devicesconfig import DeviceConfig
from core.clock import SECOND
from core.errors import TargetUnreachable
from core.types import Reading
from tests.agent.devices.virtual import run

FILE = Path(__file__).parents[2] / "cases/devices/timelines.toml"
CASES = tomllib.loads(FILE.read_text())["case"]


@dataclass
class Played:
    """A device that does from each of some moments on what its row says."""

    does: dict[int, str]
    host: str = ""
    looks: list[int] = field(default_factory=list)

    async def look(self) -> Sighting:
        now = asyncio.get_running_loop().time()
        self.looks.append(round(now))
        what = [does for at, does in self.does.items() if at <= now][-1]
        if what == "dead":
            await asyncio.sleep(3)
            raise TargetUnreachable("no answer within 3 s")
        if what == "off":
            await asyncio.sleep(3)
            return SWITCHED_OFF
        if what == "refuses":
            raise ConnectionRefusedError("nothing listens there")
        if what == "hangs":
            await asyncio.Event().wait()
        return Sighting(what)  # type: ignore[arg-type]


def made(row: dict[str, Any]) -> Device:
    does = {int(at): what for at, what in row["does"].items()}
    more: dict[str, Any] = {name: row[name] for name in ("behind", "interval_s") if name in row}
    config = DeviceConfig(id=row["id"], kind="projector", driver="ping", **more)
    return Device(config, Played(does, row.get("host", "")))


def changes(readings: list[Reading], name: str) -> Iterator[str]:
    before = ""
    for one in readings:
        now = " ".join(str(one.fields[field]) for field in ("state", "cause")).strip()
        if one.tags["device"] == name and now != before:
            yield f"{one.at // SECOND} {now}"
            before = now


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_timeline_is_told_as_it_is_written(case: dict[str, Any]) -> None:
    devices = [made(row) for row in case["device"]]
    told: list[Reading] = []

    async def play() -> int:
        loop = asyncio.get_running_loop()

        def now() -> int:
            return int((loop.time() + 0.001) * SECOND)

        keeper = Keeper(devices, told.extend, now=now, monotonic=loop.time)
        task = asyncio.create_task(keeper.run())
        for at, address in case.get("hints", []):
            loop.call_at(at, keeper.hint, address)
        await asyncio.wait({task}, timeout=case["ends"])
        assert not task.done()
        task.cancel()
        return keeper.counters.probe_overruns

    overruns = run(play())
    assert overruns == case.get("overruns", overruns)
    found = {
        row["id"]: {"told": list(changes(told, row["id"])), "looks": one.driver.looks}  # type: ignore[attr-defined]
        for row, one in zip(case["device"], devices)
    }
    for row in case["device"]:
        expected = {name: row[name] for name in ("told", "looks") if name in row}
        assert {name: found[row["id"]][name] for name in expected} == expected
    regular = [one for one in told if one.tags["device"] == devices[0].id]
    assert len(regular) >= case["ends"] / devices[0].config.interval_s - 1, "told at each time"


def test_of_two_hundred_devices_fifty_hang_for_an_hour_and_are_noticed_within_their_interval() -> (
    None
):
    """And the others keep their minute all the time; 20 at once, times of real life."""
    back = 3_600
    rows = [
        {"id": f"d{n}", "does": {"0": "hangs", back: "ready"} if n % 4 == 0 else {"0": "ready"}}
        for n in range(200)
    ]
    devices = [made(row) for row in rows]
    told: list[Reading] = []

    async def play() -> None:
        loop = asyncio.get_running_loop()
        keeper = Keeper(
            devices,
            told.extend,
            now=lambda: int((loop.time() + 0.001) * SECOND),
            monotonic=loop.time,
        )
        task = asyncio.create_task(keeper.run())
        await asyncio.wait({task}, timeout=back + 200)
        task.cancel()

    run(play())
    seen: dict[str, list[int]] = {}
    for one in told:
        if one.fields["state"] == "ready":
            seen.setdefault(one.tags["device"], []).append(one.at // SECOND)
    for place, device in enumerate(devices):
        at = seen[device.id]
        if place % 4 == 0:
            assert back <= at[0] <= back + 60 + 3
        elif place:
            assert max(later - sooner for sooner, later in pairwise(at)) <= 61 + 30
            assert max(later - sooner for sooner, later in pairwise(at[2:])) <= 61

"""A projector that the keeper keeps: asked at its times, and at once when it tells of a change."""

import asyncio
from contextlib import suppress

from agent.devices.device import made
from agent.devicesconfig import DeviceConfig
from agent.keeping import Keeping
from agent.schedule import Counters
from core import clock
from core.types import Reading
from simulator.projector import Machine, Projector
from tests.agent.devices.pjlink.test_notices import free_port
from tests.waiting import until


async def test_a_kept_projector_is_told_of_and_asked_when_it_tells_of_a_change() -> None:
    port, told = free_port(), list[Reading]()
    async with Projector(Machine(), notify=("127.0.0.1", port)) as projector:
        config = DeviceConfig(
            id="projector-302",
            kind="projector",
            driver="pjlink",
            room="302",
            interval_s=3_600,
            options={"host": "127.0.0.1", "port": projector.port},
        )
        keeping = Keeping(
            *([made(config, {})], 20, told.extend, Counters(), clock.now),
            notifications=f"127.0.0.1:{port}",
        )
        task = asyncio.create_task(keeping.run())
        try:
            await until(lambda: told, 30)
            assert told[-1].fields["state"] == "standby"
            projector.machine.be("on")
            await until(lambda: told[-1].fields["state"] == "ready", 30)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    assert told[-1].tags == {"device": "projector-302", "room": "302", "kind": "projector"}
    assert told[-1].fields["cause"] == ""

"""A projector whose network is off in standby: unreachable, and healthy."""

from typing import Literal

import pytest

from agent.devices.drivers.pjlink import PjlinkDriver
from core.errors import TargetUnreachable
from simulator.projector import Machine, Projector
from tests.agent.devices.pjlink.driving import driver, plain
from tests.waiting import until

Eco = bool | Literal["learn"]


async def asleep(projector: Projector) -> None:
    projector.machine.be("off")
    await until(lambda: not projector.listens)


async def awake(projector: Projector) -> None:
    projector.machine.be("on")
    await until(lambda: projector.listens)


async def gone(asked: PjlinkDriver) -> bool:
    with pytest.raises((TargetUnreachable, ConnectionRefusedError)):
        await asked.look()
    return True


@pytest.fixture
def machine() -> Machine:
    made = Machine(cool_s=3_600)
    made.be("on")
    return made


async def test_one_that_was_seen_going_off_sleeps_and_comes_back(machine: Machine) -> None:
    async with Projector(machine, faults={"eco"}) as projector:
        asked = driver(projector.port)
        assert plain(await asked.look()) == ("ready", "")
        machine.switch(on=False)
        assert plain(await asked.look()) == ("cooling", "")
        await asleep(projector)
        sighting = await asked.look()
        assert plain(sighting) == ("standby", "")
        assert sighting.by_silence, "the way to it may be cut as well"
        assert sighting.fields["on"] is False
        assert sighting.fields["model"]
        assert plain(await asked.look()) == ("standby", "")

        await awake(projector)
        sighting = await asked.look()
        assert (plain(sighting), sighting.by_silence) == (("ready", ""), False)
        # Now it is known to sleep: off between two looks is no outage either.
        await asleep(projector)
        assert plain(await asked.look()) == ("standby", "")


async def test_one_that_was_on_and_never_slept_is_unreachable(machine: Machine) -> None:
    async with Projector(machine, faults={"eco"}) as projector:
        asked = driver(projector.port)
        await asked.look()
        await asleep(projector)
        assert await gone(asked)
        await awake(projector)
        assert plain(await asked.look()) == ("ready", "")


async def test_one_that_was_never_seen_is_unreachable(machine: Machine) -> None:
    async with Projector(machine, faults={"eco"}) as projector:
        await asleep(projector)
        assert await gone(driver(projector.port))


@pytest.mark.parametrize("seen_off", [True, False], ids=["seen going off", "not seen going off"])
@pytest.mark.parametrize(("eco", "sleeps"), [(True, True), (False, False)])
async def test_the_file_may_say_whether_it_sleeps(
    machine: Machine, eco: Eco, sleeps: bool, seen_off: bool
) -> None:
    async with Projector(machine, faults={"eco"}) as projector:
        asked = driver(projector.port, eco=eco)
        await asked.look()
        if seen_off:
            machine.switch(on=False)
            await asked.look()
        await asleep(projector)
        if sleeps:
            assert plain(await asked.look()) == ("standby", "")
        else:
            assert await gone(asked)
        await awake(projector)
        assert plain(await asked.look()) == ("ready", "")


async def test_a_name_that_nobody_knows_is_no_sleep(machine: Machine) -> None:
    asked = PjlinkDriver("projector-302.invalid", eco=True)
    with pytest.raises(TargetUnreachable):
        await asked.look()

"""Two hundred devices, fifty of them dead, and the keeper of devices as it is."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.devices.base import Sighting
from agent.devices.device import Device
from agent.devices.keeper import Keeper
from agent.devices.snmp.sessions import by_community
from core.types import Reading
from tests.agent.devices.acting import Act, device
from tests.real import snmpd, switches
from tests.real.switches import COLUMNS, PORTS, Place
from tests.waiting import until

INTERVAL_S = 30.0
"""Half of the minute that they have."""
ALL, DEAD = 200, 50


def dead_port(stack: ExitStack) -> Place:
    """Return a place that is silent: what comes is never read, and nobody says so."""
    sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.bind(("127.0.0.1", 0))
    host, port = sock.getsockname()
    return host, port


def looking(place: Place) -> Act:
    session = by_community(place[0], snmpd.COMMUNITY, port=place[1])

    async def look() -> Sighting:
        found = [len(await session.column(oid)) for oid in COLUMNS.values()]
        assert found == [PORTS] * len(COLUMNS)
        return Sighting("ready")

    return look


@pytest.mark.slow
@pytest.mark.real("snmpd")
async def test_two_hundred_devices_of_which_fifty_are_dead_are_asked_within_their_time(
    tmp_path: Path,
) -> None:
    snmpd.need()
    told: dict[str, list[object]] = {}

    def sink(readings: Sequence[Reading]) -> None:
        for one in readings:
            told.setdefault(one.tags["device"], []).append(one.fields["state"])

    with ExitStack() as stack:
        places = stack.enter_context(switches.running(tmp_path, ALL - DEAD))
        each = len(places) // DEAD
        devices: list[Device] = []
        for number in range(DEAD):  # the dead among the living
            some = [*places[number * each : (number + 1) * each], dead_port(stack)]
            for place in some:
                name = f"d{len(devices)}" + ("-dead" if place is some[-1] else "")
                devices.append(device(name, looking(place), interval_s=INTERVAL_S))
        keeper = Keeper(devices, sink)
        running = asyncio.ensure_future(keeper.run())
        try:
            await until(
                lambda: len(told) == ALL and all(len(states) > 1 for states in told.values()),
                3 * INTERVAL_S,
            )
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert len(devices) == ALL
    for name, states in told.items():
        assert set(states) == {"unreachable" if name.endswith("-dead") else "ready"}, name
    assert keeper.counters.probe_overruns == 0, "each had its look before the next was due"
    assert keeper.counters.probe_errors == 0

"""The ports of a switch over time: rates only where they are certain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from agent.devices.drivers.snmp import SnmpDriver
from agent.devices.snmp.session import Value
from tests.agent.devices.recording import Recording, recording

RECV, SENT, ERRORS = (
    "1.3.6.1.2.1.31.1.1.1.6.1",
    "1.3.6.1.2.1.31.1.1.1.10.1",
    "1.3.6.1.2.1.2.2.1.14.1",
)
BEGAN, UPTIME, NAME = "1.3.6.1.2.1.31.1.1.1.19.1", "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.31.1.1.1.1.1"
SPEED: Final = "1.3.6.1.2.1.31.1.1.1.15.1"
MBIT: Final = 125_000


@dataclass
class Switch:
    """The switch of the case `interfaces/lldp`, and the time."""

    device: Recording = field(default_factory=lambda: recording("interfaces/lldp"))
    seconds: float = 1_000.0
    driver: SnmpDriver = field(init=False)

    def __post_init__(self) -> None:
        self.driver = SnmpDriver(
            "192.0.2.7",
            ports=True,
            open_session=lambda **_: self.device,
            monotonic=lambda: self.seconds,
            boottime=lambda: int(1e9 * self.seconds),
        )

    async def after(self, seconds: float, **steps: int) -> Mapping[str, Any]:
        """Return what port ge1 tells after so many seconds, with so much counted meanwhile."""
        self.seconds += seconds
        self.device.objects[UPTIME] = self.number(UPTIME) + int(100 * seconds)
        for name, step in steps.items():
            oid = {"recv": RECV, "sent": SENT, "errors": ERRORS}[name]
            self.device.objects[oid] = self.number(oid) + step
        return await self.ge1()

    async def ge1(self) -> Mapping[str, Any]:
        seen = await self.driver.look()
        [fields] = [one.fields for one in seen.readings if one.tags["port"] == "ge1"]
        return fields

    def number(self, oid: str) -> int:
        value = self.device.objects[oid]
        assert isinstance(value, int)
        return value

    def put(self, oid: str, value: Value) -> None:
        self.device.objects[oid] = value


async def test_two_looks_make_a_rate() -> None:
    switch = Switch()
    assert "recv_mbit_s" not in await switch.ge1()
    told = await switch.after(60, recv=60 * 10 * MBIT, sent=60 * 2 * MBIT, errors=30)
    assert (told["recv_mbit_s"], told["sent_mbit_s"], told["err_in_per_s"]) == (10.0, 2.0, 0.5)


async def test_after_a_reboot_there_is_no_rate_that_round_and_one_the_next() -> None:
    switch = Switch()
    await switch.ge1()
    # It counts from 0, and has counted past where it was: only its uptime tells.
    switch.put(UPTIME, 0)
    switch.put(RECV, 5_000_000_000)
    assert "recv_mbit_s" not in await switch.after(20)
    assert (await switch.after(60, recv=60 * MBIT))["recv_mbit_s"] == 1.0


async def test_a_counter_that_began_anew_gives_no_rate() -> None:
    switch = Switch()
    await switch.after(60)
    switch.put(BEGAN, 777)
    assert "recv_mbit_s" not in await switch.after(60, recv=60 * MBIT)
    assert (await switch.after(60, recv=60 * MBIT))["recv_mbit_s"] == 1.0


async def test_a_counter_that_jumped_is_no_traffic() -> None:
    switch = Switch()
    await switch.ge1()
    told = await switch.after(60, recv=60 * 2_000 * MBIT)  # through a port of 1,000
    assert "recv_mbit_s" not in told
    assert (await switch.after(60, recv=60 * MBIT))["recv_mbit_s"] == 1.0


async def test_a_port_with_the_number_of_another_is_not_taken_for_it() -> None:
    switch = Switch()
    await switch.ge1()
    switch.put(NAME, b"ge1-renamed")
    switch.put("1.3.6.1.2.1.31.1.1.1.1.9", b"ge1")  # that is no Ethernet port
    seen = await switch.driver.look()
    names = [one.tags["port"] for one in seen.readings]
    assert "ge1" not in names
    assert "ge1-renamed" in names


async def test_two_ports_of_one_name_tell_nothing() -> None:
    switch = Switch()
    switch.put(NAME, b"ge2")
    seen = await switch.driver.look()
    assert [one.tags["port"] for one in seen.readings] == ["ge3", "ge4"]


async def test_a_switch_that_counts_in_32_bits_only_gives_no_rate() -> None:
    device = recording("interfaces/counters_of_32_bits")
    driver = SnmpDriver("192.0.2.7", ports=True, open_session=lambda **_: device)
    for _ in range(2):
        for reading in (await driver.look()).readings:
            assert not {"recv_mbit_s", "sent_mbit_s"} & set(reading.fields)


async def test_wrong_types_in_a_table_cost_their_fields_only() -> None:
    switch = Switch()
    await switch.ge1()
    switch.put(RECV, b"\x01")
    switch.put(SPEED, b"fast")
    told = await switch.after(60, sent=60 * MBIT)
    assert "recv_mbit_s" not in told
    assert "speed_mbit_s" not in told
    assert told["up"] is True


async def test_a_speed_that_no_port_has_is_none_and_limits_nothing() -> None:
    switch = Switch()
    switch.put(SPEED, 2**32 - 1)
    assert "speed_mbit_s" not in await switch.ge1()
    assert (await switch.after(60, recv=60 * MBIT))["recv_mbit_s"] == 1.0
    switch.put(SPEED, 400_000)
    assert (await switch.after(60))["speed_mbit_s"] == 400_000.0


async def test_no_personal_device_is_named() -> None:
    seen = await Switch().driver.look()
    assert {one.tags["port"]: one.fields["neighbour"] for one in seen.readings} == {
        "ge1": "一楼汇聚",
        "ge2": "",
        "ge3": "",
        "ge4": "ap-302",
    }
    assert "SOMEBODY" not in str(seen)


@pytest.mark.parametrize(
    ("what", "able", "named"),
    [
        ("a switch", b"\x20", True),
        ("a telephone with a switch in it", b"\x24", False),
        ("a telephone", b"\x04", False),
        ("a computer", b"\x01", False),
        ("a computer with virtual machines", b"\x21", False),
        ("a computer that is a hotspot", b"\x19", False),
        ("one that says nothing of itself", b"", False),
        ("something else", b"\x80", False),
    ],
)
async def test_a_neighbour_is_named_only_where_it_is_no_persons(
    what: str, able: bytes, named: bool
) -> None:
    switch = Switch()
    switch.put("1.0.8802.1.1.2.1.4.1.1.9.0.1.1", b"NAME-OF-IT")
    switch.put("1.0.8802.1.1.2.1.4.1.1.12.0.1.1", able)
    seen = await switch.driver.look()
    assert ("NAME-OF-IT" in str(seen)) is named, what
    assert {one.tags["port"]: one.fields["neighbour"] for one in seen.readings}["ge4"] == "ap-302"

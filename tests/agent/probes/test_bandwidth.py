"""What an uplink was seen to carry: as timelines, and by a real snmpd that counts a real line."""

import asyncio
import socket
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from agent.devices.snmp.session import Session
from agent.devices.snmp.sessions import by_community
from agent.devices.snmp.walking import Walker
from agent.lines import UplinkConfig
from agent.probes import probes
from agent.probes.bandwidth import BandwidthProbe
from agent.routerport import HC_IN, IF_NAME, RouterPort
from agent.starts import SAME_START_S
from agent.uplinkport import Port
from agent.window import Window, percentile
from core.errors import ConfigError, TargetUnreachable
from tests.agent.probes.test_net import KNOWN, flood
from tests.real import school_line, snmpd

MINUTE = 60
MBIT = 1_000_000 // 8
"""Bytes in a second."""


class Timeline:
    """A probe that looks once a minute at a port that carries what it is told."""

    def __init__(self, **options: Any) -> None:
        self.now = self.boot = 0.0
        self.port = Port(10**12, 10**12, 1000, "wan")
        self.took = 0.0
        self.probe = BandwidthProbe(
            interface="wan",
            monotonic=lambda: self.now,
            boottime=lambda: round(self.boot * 1e9),
            look=self._look,
            **options,
        )

    async def _look(self) -> Port:
        self.now += self.took
        self.boot += self.took
        return self.port

    async def fields(self) -> dict[str, Any]:
        (reading,) = await self.probe.measure()
        return dict(reading.fields)

    async def carry(self, recv: float, sent: float = 0, seconds: float = MINUTE) -> dict[str, Any]:
        """Let *recv* and *sent* Mbit/s pass for *seconds*; return what is then told."""
        await self.pass_by(recv, sent, seconds)
        return await self.fields()

    async def pass_by(self, recv: float, sent: float, seconds: float) -> None:
        self.now += seconds
        self.boot += seconds
        self.port = replace(
            self.port,
            bytes_recv=self.port.bytes_recv + round(recv * MBIT * seconds),
            bytes_sent=self.port.bytes_sent + round(sent * MBIT * seconds),
        )


@pytest.mark.parametrize("router", ["", "192.0.2.1"])
async def test_a_counter_that_jumps_beyond_what_the_port_can_carry_is_no_traffic(
    router: str,
) -> None:
    line = Timeline(contracted_mbit_s=1000, router=router)
    await line.fields()
    before = (await line.carry(62))["measured_mbit_s"]
    line.port = replace(line.port, bytes_recv=line.port.bytes_recv + 2**34)
    jumped = await line.carry(62)
    assert "recv_mbit_s" not in jumped
    assert (jumped["measured_mbit_s"], jumped["target_proven"]) == (before, False)
    line.port = replace(line.port, bytes_recv=line.port.bytes_recv - 2**34)
    assert "recv_mbit_s" not in await line.carry(62)
    assert (await line.carry(70))["recv_mbit_s"] == 70.0, "and then it goes on"
    full = await line.carry(1000)
    assert full["recv_mbit_s"] == 1000.0, "all that it can"


async def test_the_speed_that_linux_gives_a_tunnel_bounds_nothing() -> None:
    line = Timeline()
    line.port = replace(line.port, mbit_s=10)
    await line.fields()
    assert (await line.carry(80))["recv_mbit_s"] == 80.0


async def test_a_target_that_nobody_asked_for_is_unproven_and_proven_once_it_was_carried() -> None:
    line = Timeline(contracted_mbit_s=100)
    assert "target_proven" not in await line.fields(), "nothing is known yet"
    quiet = await line.carry(62, 4)
    assert (quiet["measured_mbit_s"], quiet["target_proven"]) == (62.0, False)
    assert (await line.carry(94.9))["target_proven"] is False
    busy = await line.carry(95)
    assert (busy["measured_mbit_s"], busy["target_proven"]) == (95.0, True)
    assert (await line.carry(1))["target_proven"] is True


async def test_contract_port_and_measurement_are_three_numbers() -> None:
    line = Timeline(contracted_mbit_s=500, target_mbit_s=100)
    await line.fields()
    found = await line.carry(62, 70)
    told = [found[f"{name}_mbit_s"] for name in ("contracted", "port", "measured", "target")]
    assert told == [500.0, 1000.0, 70.0, 100.0]
    assert found["target_proven"] is False, "a contract and a fast port prove nothing"
    assert (found["peak_recv_mbit_s"], found["peak_sent_mbit_s"]) == (62.0, 70.0)


async def test_the_contract_of_the_uplink_of_this_name_counts_where_the_probe_has_none() -> None:
    lines = tuple(
        UplinkConfig(name=name, interface="wan", contracted_mbps=mbps)
        for name, mbps in (("backup", 20), ("main", 100))
    )
    told = await (line := Timeline(uplinks=lines)).fields()
    assert told["contracted_mbit_s"] == told["target_mbit_s"] == 100.0
    assert (await line.carry(62))["p95_of_contract_percent"] == 62.0
    own = await Timeline(uplinks=lines, contracted_mbit_s=50).fields()
    assert own["contracted_mbit_s"] == 50.0
    assert "contracted_mbit_s" not in await Timeline(uplinks=lines, uplink="other").fields()


async def test_without_a_target_there_is_nothing_to_prove() -> None:
    line = Timeline()
    await line.fields()
    assert {"target_proven", "target_mbit_s", "p95_of_contract_percent"} & {
        *await line.carry(10)
    } == set()


async def test_a_proof_is_forgotten_with_its_window() -> None:
    line = Timeline(target_mbit_s=100, window_h=1)
    await line.fields()
    assert (await line.carry(100))["target_proven"] is True
    for _ in range(59):
        assert (await line.carry(1))["target_proven"] is True
    found = [await line.carry(1) for _ in range(2)][-1]
    assert (found["target_proven"], found["measured_mbit_s"]) == (False, 1.0)
    assert found["known_s"] <= 3600 + MINUTE


async def test_five_of_a_hundred_samples_may_be_above_the_p95() -> None:
    line = Timeline(contracted_mbit_s=200)
    await line.fields()
    for number in range(100):
        found = await line.carry(100 if number % 20 == 7 else 10)
    assert (found["p95_recv_mbit_s"], found["peak_recv_mbit_s"]) == (10.0, 100.0)
    assert found["p95_of_contract_percent"] == 5.0
    assert found["known_s"] == 100 * MINUTE


async def test_counters_that_began_again_are_no_traffic_and_the_next_minute_is_right() -> None:
    line = Timeline()
    await line.fields()
    line.port = replace(line.port, bytes_recv=0, bytes_sent=0)
    assert "recv_mbit_s" not in await line.carry(10)
    assert (await line.carry(10))["recv_mbit_s"] == 10.0


async def test_another_port_under_the_name_is_no_traffic_even_if_it_counted_more() -> None:
    line = Timeline()
    await line.fields()
    line.port = Port(10**15, 10**15, 1000, "another")
    found = await line.carry(10)
    assert "recv_mbit_s" not in found
    assert found["known_s"] == 0
    assert (await line.carry(10))["measured_mbit_s"] == 10.0


@pytest.mark.parametrize("gap", ["slept", "suspended"])
async def test_a_gap_is_no_sample(gap: str) -> None:
    line = Timeline()
    await line.fields()
    line.boot += 4000
    line.now += 4000 if gap == "suspended" else 0
    assert "recv_mbit_s" not in await line.carry(10)
    assert (await line.carry(10))["recv_mbit_s"] == 10.0


async def test_what_a_router_tells_late_is_no_peak(tmp_path: Path) -> None:
    """Its counters may hold ten seconds more than the minute: six sevenths are certain."""
    line = Timeline(router="192.0.2.1", target_mbit_s=100)
    await line.fields()
    found = await line.carry(105)
    assert (found["recv_mbit_s"], found["measured_mbit_s"]) == (105.0, 90.0)
    assert found["target_proven"] is False
    assert (await line.carry(111))["target_proven"] is True


async def test_an_answer_that_was_long_on_its_way_makes_no_peak() -> None:
    line = Timeline()
    line.took = 20.0
    await line.fields()
    line.took = 0.0
    found = await line.carry(100)
    assert (found["recv_mbit_s"], found["measured_mbit_s"]) == (100.0, 75.0)


async def test_a_look_that_follows_at_once_waits_for_one_that_the_router_has_news_for() -> None:
    line = Timeline(router="192.0.2.1")
    await line.fields()
    assert "recv_mbit_s" not in await line.carry(0, seconds=1)
    assert (await line.carry(60, seconds=59))["recv_mbit_s"] == 59.0


async def test_a_port_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(TargetUnreachable, match=r"this machine has no interface 'wan9'; it has lo"):
        await BandwidthProbe(interface="wan9").measure()


async def test_without_an_interface_nothing_is_asked() -> None:
    assert list(await BandwidthProbe().measure()) == []


def test_a_router_without_its_port_is_refused_before_anything_starts() -> None:
    with pytest.raises(ConfigError, match="router needs interface beside it"):
        probes.build("bandwidth", {"router": "192.0.2.1"})


async def test_a_router_without_a_community_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCHOOLWATCH_SNMP_COMMUNITY", raising=False)
    with pytest.raises(ConfigError, match="community_file, or the variable SCHOOLWATCH_SNMP"):
        await BandwidthProbe(interface="wan", router="127.0.0.1").measure()


@pytest.mark.parametrize(("count", "rank"), [(1, 1), (2, 2), (19, 19), (20, 19), (100, 95)])
def test_the_percentile_is_one_of_the_samples(count: int, rank: int) -> None:
    assert percentile(array("d", range(count, 0, -1))) == rank


def test_a_month_of_minutes_stays_small() -> None:
    window = Window(744 * 3600)
    for minute in range(2 * 744 * 60):
        window.add(minute * 60.0, 60.0, 1.0, 1.0)
        if minute % 1000 == 0:
            window.summary(minute * 60.0)
    window.summary(minute * 60.0)
    assert len(window._ends) == 744 * 60 + 1


class Table:
    """A router as a table: object identifiers and values, as its answers name them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.now, self.started, self.since, self.names = 5000.0, 1000.0, 0, list(names)

    async def column(self, oid: str) -> dict[str, Any]:
        rows = {str(number): name.encode() for number, name in enumerate(self.names, 1)}
        return rows if oid == IF_NAME else {}

    async def get(self, uptime: str, label: str, *oids: str) -> dict[str, Any]:
        row = int(label.rpartition(".")[2])
        name = self.names[row - 1] if row <= len(self.names) else None
        values = [5000, 6000, 100, self.since]
        ticks = round(100 * (self.now - self.started))
        return {uptime: ticks, label: name and name.encode()} | dict(zip(oids, values, strict=True))


def port_of(table: Table) -> RouterPort:
    session = cast(Session, table)
    return RouterPort("192.0.2.1", session, "wan", monotonic=lambda: table.now)


async def test_ports_that_are_numbered_anew_are_looked_for_by_name() -> None:
    table = Table(["lan", "wan"])
    port = port_of(table)
    first = await port.look()
    table.names = ["wan", "lan"]
    with pytest.raises(TargetUnreachable, match="'wan' is no longer number 2"):
        await port.look()
    assert (await port.look()).whose != first.whose


async def test_a_router_that_started_again_counts_anew() -> None:
    table = Table(["wan"])
    port = port_of(table)
    first = await port.look()
    table.now += 60
    assert (await port.look()).whose == first.whose
    table.now, table.started = table.now + 60, table.now + 30
    again = await port.look()
    assert again.whose != first.whose
    table.now, table.started = table.now + 60, table.now + 10  # it runs for longer than it did then
    assert (await port.look()).whose != again.whose


async def test_counters_that_say_when_they_began_anew_are_believed() -> None:
    table = Table(["wan"])
    port = port_of(table)
    first = await port.look()
    table.since = 900
    assert (await port.look()).whose != first.whose


async def test_a_name_that_two_ports_have_names_neither() -> None:
    with pytest.raises(TargetUnreachable, match="has no interface 'wan'; it has wan, wan"):
        await port_of(Table(["wan", "wan"])).look()


# A test that needs both asks for the line first: snmpd looks for new interfaces each three seconds.


@pytest.fixture
def router(tmp_path: Path) -> Iterator[snmpd.Snmpd]:
    snmpd.need()
    router = snmpd.Snmpd(tmp_path, snmpd.free_udp_port())
    router.start()
    yield router
    router.stop()


@pytest.fixture
def line() -> Iterator[school_line.Line]:
    if sys.platform != "linux" or school_line.why_not():
        pytest.skip(school_line.why_not() or "Linux only")
    with school_line.line(number=11) as line:
        yield line


def device(router: snmpd.Snmpd, community: str = snmpd.COMMUNITY) -> Walker:
    return by_community("127.0.0.1", community, port=router.port, timeout_s=2.0)


def probe_at(router: snmpd.Snmpd, folder: Path, interface: str, **more: Any) -> BandwidthProbe:
    secret = folder / "community"
    secret.write_text(snmpd.COMMUNITY)
    secret.chmod(0o600)
    return BandwidthProbe(
        interface=interface,
        router="127.0.0.1",
        router_port=router.port,
        community_file=secret,
        timeout_s=2.0,
        **more,
    )


@pytest.mark.real("snmpd")
async def test_what_a_device_does_not_have_arrives_as_a_value_and_is_none(
    router: snmpd.Snmpd,
) -> None:
    instance, nothing = f"{HC_IN}.999999", "1.3.6.1.4.1.99999.1.0"
    assert await device(router).get(instance, nothing) == {instance: None, nothing: None}


@pytest.mark.real("snmpd")
async def test_a_column_ends_where_the_next_one_begins(router: snmpd.Snmpd) -> None:
    names = await device(router).column(IF_NAME)
    assert set(names.values()) == {name.encode() for _, name in socket.if_nameindex()}


@pytest.mark.real("snmpd")
async def test_a_wrong_community_gets_a_sentence_that_does_not_quote_it(
    router: snmpd.Snmpd,
) -> None:
    wrong = by_community("127.0.0.1", "wrong-word", port=router.port, timeout_s=0.2)
    with pytest.raises(TargetUnreachable) as raised:
        await wrong.get(f"{HC_IN}.1")
    assert "no answer by SNMP" in str(raised.value)
    assert "wrong-word" not in f"{raised.value}{wrong!r}"


@pytest.mark.real("snmpd", "netns")
async def test_bytes_that_pass_a_real_line_are_those_that_snmpd_tells(
    line: school_line.Line, router: snmpd.Snmpd
) -> None:
    port = RouterPort("127.0.0.1", device(router), line.school)
    before = await port.look()
    flood(line)
    after = before

    async with asyncio.timeout(60):
        while after.bytes_sent < before.bytes_sent + KNOWN:  # snmpd counts each three seconds
            await asyncio.sleep(0.5)
            after = await port.look()
    # 42 bytes of headers each; neighbour discovery comes on top, a few packets of under 100 bytes.
    assert KNOWN * 1.042 <= after.bytes_sent - before.bytes_sent < KNOWN * 1.042 + 5_000
    assert after.whose == before.whose
    assert after.mbit_s == 10_000


@pytest.mark.real("snmpd", "netns")
async def test_a_router_that_is_away_is_said_and_measured_again_when_it_is_back(
    line: school_line.Line, router: snmpd.Snmpd, tmp_path: Path
) -> None:
    now = [0.0]
    probe = probe_at(
        router,
        tmp_path,
        line.school,
        monotonic=lambda: now[0],
        boottime=lambda: round(now[0] * 1e9),
        contracted_mbit_s=100,
    )

    async def after_a_minute() -> dict[str, Any]:
        now[0] += 60
        (reading,) = await probe.measure()
        return dict(reading.fields)

    assert (await after_a_minute())["port_mbit_s"] == 10_000.0
    assert (await after_a_minute())["recv_mbit_s"] >= 0

    await asyncio.sleep(SAME_START_S + 0.5)  # else it could be the same start
    router.stop()
    with pytest.raises(TargetUnreachable, match="nothing answers SNMP"):
        await after_a_minute()

    router.start()
    assert "recv_mbit_s" not in await after_a_minute(), "it began again, and who knows when"
    found = await after_a_minute()
    assert (found["known_s"], found["target_proven"]) == (120, False)

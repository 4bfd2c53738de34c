"""What the kernel tells of addresses, routes and neighbours: as recorded, cut off, and as noise."""

import asyncio
import socket
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import netsnapshots
from agent.lines import UplinkConfig
from agent.netlink import messages
from agent.netsnapshots import ADDRESSES, LINKS, NEIGHBOURS, ROUTES
from agent.nettables import Address, Hop, Neighbour, Net, Route, net_of, row_of
from agent.watchers.address import Addresses
from agent.watchers.gateway import Gateways
from agent.watchers.uplink import Failover
from core.clock import SECOND
from tests.agent.probes.recorded import net_of_recorded
from tests.chance import examples

CASES = Path(__file__).parents[1] / "cases"
DUAL_STACK = CASES / "gateway/dual_stack/netlink.bin"
"""Linux 6.18: IPv4 by two gateways at once, a route of another table, an unreachable one; IPv6
by two routers, one preferred; two neighbours."""
DUPLICATE = CASES / "address/one_duplicate/netlink.bin"
"""One address of each kind, one of them another machine's too."""
RECORDED = [DUAL_STACK, DUPLICATE, CASES / "uplink/two_uplinks/netlink.bin"]
NOW = 1_795_374_585 * SECOND


def test_default_routes_as_recorded() -> None:
    net = net_of_recorded(DUAL_STACK)
    first, second = Hop(2, "192.0.2.1"), Hop(3, "198.51.100.1")
    assert net.routes == (
        Route("IPv4", 0, (first, second)),
        Route("IPv6", 1024, (Hop(2, "2001:db8:1::1"),), preference=2),
        Route("IPv6", 2048, (Hop(2, "2001:db8:1::2"),), preference=0),
    )
    assert net.best("IPv4") == {first, second}
    assert net.best("IPv6") == {Hop(2, "2001:db8:1::1")}
    assert Neighbour(first, "02:00:00:00:00:01") in net.neighbours


def test_addresses_as_recorded() -> None:
    found = {one.address: one for one in net_of_recorded(DUPLICATE).addresses}
    assert {address for address, one in found.items() if one.usable} == {
        *("192.0.2.5", "203.0.113.1", "2001:db8::6")
    }
    assert [address for address, one in found.items() if one.duplicate] == ["2001:db8::5"]
    assert found["203.0.113.1"] == Address(2, "IPv4", "203.0.113.1", 32, usable=True)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.parent.name)
def test_what_is_cut_off_is_passed_over_and_the_rest_is_read(path: Path) -> None:
    whole = path.read_bytes()
    rows = [row_of(message) for message in messages(whole)]
    for size in range(0, len(whole), 3):
        cut = [row_of(message) for message in messages(whole[:size])]
        assert cut == rows[: len(cut)]


def noisy(recorded: bytes) -> st.SearchStrategy[bytes]:
    """Give the bytes of *recorded* with some of them replaced."""
    changes = st.lists(st.tuples(st.integers(0, len(recorded) - 1), st.integers(0, 255)))

    def changed(some: list[tuple[int, int]]) -> bytes:
        data = bytearray(recorded)
        for place, byte in some:
            data[place] = byte
        return bytes(data)

    return changes.map(changed)


NOISE = st.one_of(st.binary(max_size=300), *(noisy(path.read_bytes()) for path in RECORDED))


@given(st.lists(NOISE, max_size=4))
@settings(deadline=None)
def test_no_bytes_make_what_is_told_of_them_fail(heard: list[bytes]) -> None:
    uplinks = (UplinkConfig(name="fibre", interface="wan0"),)
    addresses, gateways, failover = Addresses("pc-1"), Gateways("pc-1"), Failover("pc-1", uplinks)
    for number, data in enumerate(heard):
        rows = [row_of(message) for message in messages(data)]
        net, at = net_of(row for row in rows if row is not None), NOW + number * SECOND
        for found in (addresses.take(net, at), gateways.take(net, at), failover.take(net, at)):
            assert all(one.kind for one in found)


@pytest.mark.skipif(not hasattr(socket, "AF_NETLINK"), reason="Linux only")
@given(st.lists(NOISE, max_size=4))
@settings(deadline=None, max_examples=examples(30))
def test_no_bytes_between_the_answers_stop_the_reader(noise: list[bytes]) -> None:
    receive, left = netsnapshots.receive, list(noise)

    async def disturbed(sock: socket.socket) -> bytes | None:
        return left.pop() if left else await receive(sock)

    async def look() -> Net:
        return await netsnapshots.look(LINKS, ADDRESSES, ROUTES, NEIGHBOURS)

    with patch.object(netsnapshots, "receive", disturbed):
        net = asyncio.run(look())
    assert not left
    assert [link.name for link in net.links.values() if link.loopback]

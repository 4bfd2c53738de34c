"""Addresses, gateways and uplinks that come and go in a network namespace, told by its kernel."""

import asyncio
import socket

import pytest

from agent import netsnapshots
from agent.lines import UplinkConfig
from agent.watchers.address import AddressWatcher
from agent.watchers.gateway import GatewayWatcher
from agent.watchers.uplink import UplinkWatcher
from tests.agent.watchers.watched import watching
from tests.real import school_line
from tests.real.namespaces import Namespace, cabled

pytestmark = [
    pytest.mark.real("netns"),
    pytest.mark.skipif(bool(school_line.why_not()), reason=school_line.why_not() or "-"),
]

FIBRE = UplinkConfig(name="fibre", interface="wan0", link_type="fibre", contracted_mbps=200)
CELLULAR = UplinkConfig(name="cellular", interface="wwan0", link_type="5g", metered=True)


async def test_an_address_that_is_taken_away_and_given_back() -> None:
    with cabled("lan0") as (near, _):
        near.ip("addr add 192.0.2.5/24 dev lan0")
        near.ip("addr add 2001:db8::5/64 dev lan0 nodad")
        watcher = AddressWatcher(("lan*",), open_socket=near.open_socket)
        async with watching(watcher) as watched:
            near.ip("addr del 192.0.2.5/24 dev lan0")
            lost = await watched.next("address_lost", True)
            assert (lost.target, lost.subject) == ("pc-1", "lan0 IPv4")
            assert lost.details == {"addresses": ["192.0.2.5/24"], "why": "removed"}

            near.ip("addr del 2001:db8::5/64 dev lan0")
            assert (await watched.next("address_lost", True)).subject == "lan0 IPv6"
            near.ip("addr add 2001:db8::6/64 dev lan0 nodad")
            await watched.next("address_lost", False, "lan0 IPv6")
            changed = await watched.next("address_changed", True, "lan0 IPv6")
            assert changed.details == {"added": ["2001:db8::6/64"], "removed": ["2001:db8::5/64"]}

            near.ip("addr add 192.0.2.5/24 dev lan0")
            await watched.next("address_lost", False, "lan0 IPv4")
            near.ip("addr add 192.0.2.9/24 dev lan0")
            more = await watched.next("address_changed", True, "lan0 IPv4")
            assert more.details == {"added": ["192.0.2.9/24"], "removed": []}


async def test_an_interface_that_is_taken_out_loses_its_addresses() -> None:
    with cabled("lan0") as (near, _):
        near.ip("addr add 192.0.2.5/24 dev lan0")
        watcher = AddressWatcher(("lan*",), open_socket=near.open_socket)
        async with watching(watcher) as watched:
            near.ip("link del lan0")
            lost = await watched.next("address_lost", True)
            assert lost.details["addresses"] == ["192.0.2.5/24"]


async def test_an_ipv6_address_that_another_machine_has_too() -> None:
    with cabled("lan0") as (near, far):
        far.ip("addr add 2001:db8::5/64 dev lan0 nodad")
        watcher = AddressWatcher(("lan*",), open_socket=near.open_socket)
        async with watching(watcher) as watched:
            near.ip("addr add 2001:db8::5/64 dev lan0")
            duplicate = await watched.next("address_duplicate", True)
            assert duplicate.subject == "lan0 2001:db8::5"
            assert watched.count("address_changed") == 0, "it may not be used"
            near.ip("addr del 2001:db8::5/64 dev lan0")
            await watched.next("address_duplicate", False)


async def test_a_default_route_that_is_replaced_and_one_that_is_lost() -> None:
    with cabled("lan0") as (near, _):
        _address(near, "lan0", 1)
        near.ip("route add default via 192.0.2.1")
        async with watching(GatewayWatcher(near.open_socket)) as watched:
            near.ip("route replace default via 192.0.2.2")
            changed = await watched.next("gateway_changed", True)
            assert changed.subject == "IPv4"
            assert changed.details == {
                "was": ["192.0.2.1 dev lan0"],
                "is": ["192.0.2.2 dev lan0"],
            }
            near.ip("route del default")
            assert (await watched.next("gateway_lost", True)).details == {
                "was": ["192.0.2.2 dev lan0"]
            }
            near.ip("route add default via 192.0.2.2")
            await watched.next("gateway_lost", False)
            near.ip("-6 route add default via 2001:db8:1::1")
            await watched.next("gateway_lost", False, "IPv6")
            near.ip("-6 route replace default via 2001:db8:1::2")
            changed = await watched.next("gateway_changed", True, "IPv6")
            assert changed.details["is"] == ["2001:db8:1::2 dev lan0"]
            near.ip("-6 route del default")
            await watched.next("gateway_lost", True, "IPv6")
            assert watched.count("gateway_changed") == 2


async def test_routes_that_the_kernel_takes_away_without_a_word() -> None:
    with cabled("lan0") as (near, _):
        _address(near, "lan0", 1)
        near.ip("route add default via 192.0.2.1")
        async with watching(GatewayWatcher(near.open_socket)) as watched:
            near.ip("addr del 192.0.2.5/24 dev lan0")
            await watched.next("gateway_lost", True, "IPv4")
            near.ip("addr add 192.0.2.5/24 dev lan0")
            near.ip("route add default via 192.0.2.1")
            await watched.next("gateway_lost", False, "IPv4")
            near.ip("link set lan0 down")
            await watched.next("gateway_lost", True, "IPv4")


async def test_a_gateway_that_is_another_machine() -> None:
    with cabled("lan0") as (near, far):
        _address(near, "lan0", 1)
        near.ip("route add default via 192.0.2.1")
        far.ip("link set lan0 address 02:00:00:00:00:01")
        far.ip("addr add 192.0.2.1/24 dev lan0")
        near.inside(_call)
        async with watching(GatewayWatcher(near.open_socket)) as watched:
            far.ip("link set lan0 address 02:00:00:00:00:02")
            near.ip("neigh flush dev lan0")
            near.inside(_call)
            changed = await watched.next("gateway_mac_changed", True)
            assert changed.subject == "192.0.2.1 dev lan0"
            assert changed.details == {"was": "02:00:00:00:00:01", "is": "02:00:00:00:00:02"}


async def test_two_uplinks_fail_over_by_their_metrics_and_back() -> None:
    with cabled("wan0", "wwan0") as (near, _):
        _address(near, "wan0", 1)
        _address(near, "wwan0", 2)
        near.ip("route add default via 192.0.2.1 metric 100")
        near.ip("route add default via 198.51.100.1 metric 200")
        watcher = UplinkWatcher((FIBRE, CELLULAR), open_socket=near.open_socket)
        async with watching(watcher) as watched:
            near.ip("route del default via 192.0.2.1")
            over = await watched.next("uplink_failover", True)
            assert over.subject == "cellular"
            assert over.details == {"instead_of": "fibre", "link_type": "5g", "metered": True}
            near.ip("route add default via 192.0.2.1 metric 100")
            back = await watched.next("uplink_failover", False)
            assert (back.subject, back.details) == ("cellular", {"active": "fibre"})
            near.ip("link set wan0 down")
            await watched.next("uplink_failover", True)


async def test_after_more_changes_than_the_kernel_holds_the_last_one_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    overruns, receive = list[int](), netsnapshots.receive

    async def counting(sock: socket.socket) -> bytes | None:
        data = await receive(sock)
        if data is None:
            overruns.append(1)
        return data

    monkeypatch.setattr(netsnapshots, "receive", counting)
    with cabled("lan0") as (near, _):
        _address(near, "lan0", 1)
        near.ip("route add default via 192.0.2.1")

        def small(groups: int) -> socket.socket:
            sock = near.open_socket(groups)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            return sock

        async with watching(GatewayWatcher(small)) as watched:
            await asyncio.sleep(1)
            # Nobody reads meanwhile, so the kernel throws away what does not fit.
            near.ip("link set lan0 mtu 1400")
            for number in range(60):
                near.ip(f"route replace default via 192.0.2.{10 + number}")
            near.ip("route del default")
            await watched.next("gateway_lost", True)
            assert overruns
            near.ip("route add default via 192.0.2.1")
            await watched.next("gateway_lost", False)


def _address(near: Namespace, interface: str, number: int) -> None:
    network = {1: "192.0.2", 2: "198.51.100"}[number]
    near.ip(f"addr add {network}.5/24 dev {interface}")
    near.ip(f"addr add 2001:db8:{number}::5/64 dev {interface} nodad")


def _call() -> None:
    """Send a datagram to the gateway, so that the kernel asks who that is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"?", ("192.0.2.1", 9))

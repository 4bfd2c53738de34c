"""Addresses, gateways and uplinks as timelines of what the kernel knows: no sockets here."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from agent.calm import CALM_CHANGES
from agent.conditions import Gone
from agent.lines import UplinkConfig, active, lines_of
from agent.netlink import Link
from agent.nettables import Address, Family, Hop, Neighbour, Net, Route
from agent.watchers.address import Addresses
from agent.watchers.gateway import Gateways
from agent.watchers.uplink import Failover
from core.clock import SECOND
from core.types import Event

NOW = 1_795_374_585 * SECOND
ETH0, WWAN0, BRIDGE = (
    Link(2, "eth0", enabled=True, carrier=True),
    Link(3, "wwan0", enabled=True, carrier=True),
    Link(4, "br0", enabled=True, carrier=True, kind="bridge"),
)
FIBRE = UplinkConfig(name="fibre", interface="eth0", link_type="fibre")
CELLULAR = UplinkConfig(name="cellular", interface="wwan0", link_type="5g", metered=True)
SATELLITE = UplinkConfig(name="satellite", interface="sat0", link_type="satellite")


def net(*rows: Address | Route | Neighbour, links: Iterable[Link] = (ETH0, WWAN0, BRIDGE)) -> Net:
    return Net(
        {link.index: link for link in links},
        tuple(row for row in rows if isinstance(row, Address)),
        tuple(row for row in rows if isinstance(row, Route)),
        tuple(row for row in rows if isinstance(row, Neighbour)),
    )


def address(text: str, index: int = 2, **more: Any) -> Address:
    family: Family = "IPv6" if ":" in text else "IPv4"
    return Address(index, family, text, 24, **({"usable": True} | more))


def route(gateway: str, index: int = 2, metric: int = 0, **more: Any) -> Route:
    family: Family = "IPv6" if ":" in gateway else "IPv4"
    return Route(family, metric, (Hop(index, gateway),), **more)


def said(found: Sequence[Event | Gone]) -> list[tuple[str, str, bool]]:
    return [(one.kind, one.subject, one.active) for one in found if isinstance(one, Event)]


def test_addresses_of_the_start_are_no_news_and_their_loss_is() -> None:
    addresses = Addresses("pc-1")
    first = addresses.take(net(address("192.0.2.5")), NOW)
    assert said(first) == [("address_lost", "eth0 IPv4", False)]
    assert said(addresses.take(net(address("192.0.2.5")), NOW + 1)) == []
    (lost,) = addresses.take(net(), NOW + 2)
    assert isinstance(lost, Event)
    assert (lost.subject, lost.active, lost.details["why"]) == ("eth0 IPv4", True, "removed")


def test_an_interface_that_vanished_says_so_of_its_address() -> None:
    addresses = Addresses("pc-1")
    addresses.take(net(address("192.0.2.5")), NOW)
    (lost,) = addresses.take(net(links=[WWAN0]), NOW + 1)
    assert isinstance(lost, Event)
    assert lost.details == {"addresses": ["192.0.2.5/24"], "why": "interface_gone"}


def test_the_same_address_that_comes_back_has_not_changed() -> None:
    addresses = Addresses("pc-1")
    addresses.take(net(address("192.0.2.5")), NOW)
    addresses.take(net(), NOW + 1)
    back = addresses.take(net(address("192.0.2.5")), NOW + 2)
    assert said(back) == [("address_lost", "eth0 IPv4", False)]


def test_another_address_is_told_as_what_happens_and_does_not_last() -> None:
    addresses = Addresses("pc-1")
    addresses.take(net(address("192.0.2.5")), NOW)
    changed = addresses.take(net(address("192.0.2.6")), NOW + 1)
    assert said(changed) == [
        ("address_lost", "eth0 IPv4", False),
        ("address_changed", "eth0 IPv4", True),
        ("address_changed", "eth0 IPv4", False),
    ]


def test_what_is_not_usable_is_no_address() -> None:
    addresses = Addresses("pc-1")
    addresses.take(net(address("192.0.2.5")), NOW)
    lost = addresses.take(net(address("192.0.2.5", usable=False)), NOW + 1)
    assert said(lost) == [("address_lost", "eth0 IPv4", True)]


def test_a_bridge_is_watched_where_it_leads_out_or_is_named() -> None:
    rows = [address("192.0.2.5", index=4)]
    for made, more, expected in (
        (Addresses("pc-1"), [], []),
        (Addresses("pc-1"), [route("192.0.2.1", index=4)], ["br0 IPv4"]),
        (Addresses("pc-1", ("br*",)), [], ["br0 IPv4"]),
    ):
        found = made.take(net(*rows, *more), NOW)
        assert [subject for _, subject, _ in said(found)] == expected


def test_of_what_an_earlier_process_left_open_only_what_is_gone_ends() -> None:
    lost, duplicate = (
        one
        for one in Addresses("pc-1", ("usb*",)).take(net(address("fe80::1", duplicate=True)), NOW)
        if isinstance(one, Gone)
    )
    subjects = ("eth0 IPv4", "usb0 IPv4", "eth9 IPv4")
    assert [lost.there(subject) for subject in subjects] == [True, True, False]
    assert not duplicate.there("eth0 fe80::1"), "it is watched by name only"
    found = Addresses("pc-1").take(net(address("fe80::1", duplicate=True)), NOW)
    assert ("address_duplicate", "eth0 fe80::1", True) in said(found)


def test_an_address_that_flaps_is_told_of_at_most_each_ten_seconds_and_its_end_is_kept() -> None:
    addresses, told, at = Addresses("pc-1"), 0, NOW
    for number in range(300):  # thirty seconds, ten changes in each
        at += SECOND // 10
        there = [address("192.0.2.5")] if number % 2 else []
        told += len(said(addresses.take(net(*there), at)))
    assert told <= CALM_CHANGES + 5
    last = addresses.take(net(), at + 20 * SECOND)
    assert said(last) in ([], [("address_lost", "eth0 IPv4", True)])
    assert addresses._told._items["eth0 IPv4"].told == frozenset()


def test_a_machine_that_never_had_a_default_route_has_lost_none() -> None:
    gateways = Gateways("pc-1")
    assert gateways.take(net(), NOW) == []
    assert said(gateways.take(net(route("192.0.2.1")), NOW + 1)) == [
        ("gateway_lost", "IPv4", False)
    ]
    assert said(gateways.take(net(), NOW + 2)) == [("gateway_lost", "IPv4", True)]


def test_another_route_with_a_higher_metric_changes_nothing() -> None:
    gateways = Gateways("pc-1")
    gateways.take(net(route("192.0.2.1", metric=100)), NOW)
    both = net(route("192.0.2.1", metric=100), route("198.51.100.1", index=3, metric=200))
    assert gateways.take(both, NOW + 1) == []
    changed = gateways.take(net(route("198.51.100.1", index=3, metric=200)), NOW + 2)
    assert said(changed)[1:] == [
        ("gateway_changed", "IPv4", True),
        ("gateway_changed", "IPv4", False),
    ]


def test_of_two_ipv6_routers_the_preferred_one_counts() -> None:
    low, high = route("fe80::1", preference=0), route("fe80::2", preference=2)
    assert net(low, high).best("IPv6") == {Hop(2, "fe80::2")}
    assert net(low, replace(high, preference=0)).best("IPv6") == {
        *(Hop(2, "fe80::1"), Hop(2, "fe80::2"))
    }


def test_only_a_gateway_is_known_by_its_hardware_address() -> None:
    gateways, here = Gateways("pc-1"), route("192.0.2.1")
    pupil = Neighbour(Hop(2, "192.0.2.77"), "02:00:00:00:00:77")
    router = Neighbour(Hop(2, "192.0.2.1"), "02:00:00:00:00:01")
    gateways.take(net(here, pupil, router), NOW)
    assert gateways.take(net(here, replace(pupil, hardware="02:00:00:00:00:78")), NOW + 1) == []
    other = replace(router, hardware="02:00:00:00:00:02")
    found = gateways.take(net(here, other), NOW + 2)
    assert said(found) == [
        ("gateway_mac_changed", "192.0.2.1 dev eth0", True),
        ("gateway_mac_changed", "192.0.2.1 dev eth0", False),
    ]
    assert "77" not in str(found)


def test_fail_over_from_one_backup_to_the_next_and_back() -> None:
    sat0 = Link(5, "sat0", enabled=True, carrier=True)
    failover = Failover("pc-1", (FIBRE, CELLULAR, SATELLITE))

    def take(*routes: Route) -> list[tuple[str, str, bool]]:
        return said(failover.take(net(*routes, links=(ETH0, WWAN0, sat0)), NOW))

    fibre, cellular = route("192.0.2.1", metric=100), route("198.51.100.1", 3, metric=200)
    satellite = route("203.0.113.1", 5, metric=300)
    assert take(fibre, cellular, satellite) == []
    assert take(cellular, satellite) == [("uplink_failover", "cellular", True)]
    assert take(satellite) == [
        ("uplink_failover", "cellular", False),
        ("uplink_failover", "satellite", True),
    ]
    assert take() == [("uplink_failover", "satellite", False)]
    assert take(fibre) == []


def test_an_agent_that_starts_on_the_backup_says_so() -> None:
    found = Failover("pc-1", (FIBRE, CELLULAR)).take(net(route("198.51.100.1", 3)), NOW)
    gone = [one for one in found if isinstance(one, Gone)]
    assert [one.there("cellular") for one in gone] == [True]
    assert [one.there("satellite") for one in gone] == [False]
    assert said(found) == [("uplink_failover", "cellular", True)]


def test_a_way_out_that_nobody_configured_is_called_by_its_interface() -> None:
    found = Failover("pc-1", (FIBRE,)).take(net(route("198.51.100.1", 3)), NOW)
    assert said(found) == [("uplink_failover", "wwan0", True)]


def test_where_there_is_no_ipv4_the_ipv6_route_tells_which_uplink_is_active() -> None:
    both = net(route("192.0.2.1"), route("2001:db8::1", 3))
    assert active(both, (FIBRE, CELLULAR)) == "fibre"
    assert active(net(route("2001:db8::1", 3)), (FIBRE, CELLULAR)) == "cellular"


def test_two_lines_behind_one_interface_are_told_apart_by_their_gateways() -> None:
    first = UplinkConfig(name="first", interface="eth0", gateway="192.0.2.1")
    second = UplinkConfig(name="second", interface="eth0", gateway="192.0.2.2")
    found = lines_of(net(route("192.0.2.2")), (first, second))
    assert [(line.name, line.active, line.up) for line in found] == [
        *(("first", False, True), ("second", True, True))
    ]


def test_a_line_without_a_carrier_is_not_up_whatever_its_route_says() -> None:
    pulled = replace(ETH0, carrier=False)
    (line,) = lines_of(net(route("192.0.2.1"), links=[pulled]), (FIBRE,))
    assert (line.active, line.up, line.metric) == (True, False, 0)

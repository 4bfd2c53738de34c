"""What the kernel says of an error, and that nothing it may say stops us."""

import json
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addressclass import class_of
from core.hops import EXTENDED_ERR, RECVERR, Heard, Hop, hop_of, up_to_the_end

CASES = Path(__file__).parents[1] / "cases/path"
RECORDED = json.loads(
    (CASES / "two_routers_and_the_target_over_both_families/hops.json").read_text()
)["targets"]
FAMILIES = {"far.school": socket.AF_INET, "far6.school": socket.AF_INET6}
ORDINARY = EXTENDED_ERR.pack(113, 2, 11, 0, 0, 0)


def recorded(name: str, number: int) -> tuple[Any, Heard]:
    one = RECORDED[name]
    level, kind, data = one["hops"][number - 1]["said"]
    target = FAMILIES[name], (one["address"], 0)
    return target, Heard(0.05, {(level, kind): bytes.fromhex(data)})


@pytest.mark.parametrize(
    ("name", "router"), [("far.school", "203.0.114.2"), ("far6.school", "2606:9400::2")]
)
def test_a_router_and_the_target_are_told_apart_by_what_they_say(name: str, router: str) -> None:
    assert hop_of(2, *recorded(name, 2)) == Hop(2, "router", ip_address(router), 0.05)
    target, heard = recorded(name, 3)
    assert hop_of(3, target, heard) == Hop(3, "reached", ip_address(target[1][0]), 0.05)
    elsewhere = target[0], ("192.0.2.1" if "." in target[1][0] else "2001:db8::1", 0)
    assert hop_of(3, elsewhere, heard).outcome == "refused", "somebody answers in its place"


def test_an_error_of_our_own_machine_is_nobody_elses() -> None:
    said = {RECVERR[socket.AF_INET]: EXTENDED_ERR.pack(113, 1, 0, 0, 0, 0)}
    assert hop_of(1, (socket.AF_INET, ("192.0.2.1", 0)), Heard(3.0, said)) == Hop(1, "unsent")


@pytest.mark.parametrize("family", FAMILIES.values())
@given(data=st.binary(max_size=64) | st.binary(max_size=40).map(lambda rest: ORDINARY + rest))
def test_nothing_that_a_kernel_says_stops_us(family: socket.AddressFamily, data: bytes) -> None:
    where = "192.0.2.1" if family == socket.AF_INET else "fe80::1%lo"
    hop = hop_of(1, (family, (where, 0)), Heard(0.05, {RECVERR[family]: data}))
    assert hop.number == 1
    assert hop.address is None or class_of(hop.address)


@given(st.lists(st.sampled_from(["router", "silent", "reached", "refused", "unsent"])))
def test_nothing_follows_the_end_of_the_way(outcomes: list[Any]) -> None:
    hops = [Hop(number, outcome) for number, outcome in enumerate(outcomes, 1)]
    found = up_to_the_end(hops)
    assert found == hops[: len(found)]
    assert all(hop.outcome in ("router", "silent") for hop in found[:-1])
    assert len(found) == len(hops) or found[-1].outcome in ("reached", "refused", "unsent")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.1", "public"),
        ("192.168.1.1", "private"),
        ("::ffff:192.168.1.1", "private"),
        ("100.64.0.1", "cgnat"),
        ("100.128.0.1", "public"),
        ("169.254.1.1", "link_local"),
        ("fe80::1", "link_local"),
        ("fd12::1", "private"),
        ("240e::1", "public"),
        ("8.8.8.8", "public"),
        ("127.0.0.1", "reserved"),
        ("192.0.2.1", "reserved"),
        ("2001:db8::1", "reserved"),
        ("224.0.0.1", "reserved"),
        ("ff0e::1", "reserved"),
        ("0.0.0.0", "reserved"),
        ("fec0::1", "private"),
        ("::10.0.0.1", "reserved"),
        ("4000::1", "reserved"),
        ("64:ff9b::8.8.8.8", "public"),
    ],
)
def test_addresses_are_classed_as_the_standards_have_it(address: str, expected: str) -> None:
    assert class_of(ip_address(address)) == expected


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address))
def test_every_address_has_a_class(address: IPv4Address | IPv6Address) -> None:
    assert class_of(address) in ("public", "private", "cgnat", "link_local", "reserved")

"""Gateways and resolvers from the files of real machines, and from files that make no sense."""

import json
from dataclasses import astuple
from pathlib import Path

import pytest

from agent import surroundings
from agent.surroundings import Surroundings, default_routes
from core.errors import TargetUnreachable

CASES = Path(__file__).parents[1] / "cases" / "surroundings"
FILES = {
    surroundings.ROUTES: "route",
    surroundings.ROUTES6: "ipv6_route",
    surroundings.RESOLV_CONF: "resolv.conf",
    surroundings.UPSTREAM: "upstream.conf",
}


def around(case: str, broker: str = "mqtt.example") -> Surroundings:
    return Surroundings(broker, lambda path: surroundings.read(str(CASES / case / FILES[path])))


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_a_machine_is_known_from_its_own_files(case: str) -> None:
    found = around(case)
    expected = json.loads((CASES / case / "expected.json").read_text())
    assert [list(astuple(route)) for route in found.routes()] == expected["routes"]
    assert found.resolvers() == expected["resolvers"]


def test_a_word_stands_for_what_is_found_and_keeps_its_name() -> None:
    found = around("one_gateway_and_a_stub_resolver")
    names = found.names(["gateway", "gateway6", "resolvers", "broker", "192.0.2.9", "gateway"])
    assert {name: found.host(name) for name in names} == {
        "gateway": "192.0.2.1",
        "gateway6": "fe80::1%eth0",
        "resolver-1": "192.0.2.1",
        "resolver-2": "2001:db8::53",
        "broker": "mqtt.example",
        "192.0.2.9": "192.0.2.9",
    }


def test_the_gateways_are_the_one_in_use_and_that_of_ipv6_where_it_is_another() -> None:
    both, none = around("one_gateway_and_a_stub_resolver"), around("no_default_route")
    assert both.names(["gateways", "broker"]) == ["gateway", "gateway6", "broker"]
    assert none.names(["gateways", "gateway"]) == ["gateway"]
    only6 = Surroundings(read=lambda path: both.read(path) if path == surroundings.ROUTES6 else "")
    assert only6.names(["gateways"]) == ["gateway"]
    assert only6.host("gateway") == both.host("gateway6")


def test_a_gateway_that_changes_is_followed() -> None:
    table = (CASES / "one_gateway_and_a_stub_resolver" / "route").read_text()
    files = {surroundings.ROUTES: table}
    found = Surroundings(read=lambda path: files.get(path, ""))
    assert found.host("gateway") == "192.0.2.1"

    files[surroundings.ROUTES] = table.replace("010200C0", "FE0200C0")
    assert found.host("gateway") == "192.0.2.254"

    del files[surroundings.ROUTES]
    with pytest.raises(TargetUnreachable, match="gateway: this machine has no default route"):
        found.host("gateway")
    files[surroundings.ROUTES] = table
    assert found.host("gateway") == "192.0.2.1"


def test_a_word_that_stands_for_nothing_is_said_by_its_name() -> None:
    found = around("no_default_route", broker="")
    assert found.names(["resolvers"]) == ["resolver-1"]
    for word in ("gateway", "gateway6", "resolver-1", "resolver-0", "broker"):
        with pytest.raises(TargetUnreachable, match=f"^{word}: "):
            found.host(word)


def test_a_host_that_has_the_name_of_a_word_is_written_with_a_dot() -> None:
    assert around("no_default_route").host("gateway.") == "gateway."


def test_a_machine_of_the_other_byte_order_writes_the_same_address_the_other_way_round() -> None:
    head = "Iface Destination Gateway Flags RefCnt Use Metric Mask\n"
    (route,) = default_routes(f"{head}eth0 00000000 C0000201 0003 0 0 0 00000000 0 0 0", "big")
    assert route.gateway == "192.0.2.1"

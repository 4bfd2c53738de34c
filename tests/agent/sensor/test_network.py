"""What a machine is in its network, by its address alone."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sensor.network import Allowed, Network
from tests.chance import examples


def packed(text: str) -> bytes:
    return ip_address(text).packed


SCHOOL = Network(
    subnets=(ip_network("192.0.2.0/24"), ip_network("2001:db8:9::/64")),
    gateways=frozenset({packed("192.0.2.1"), packed("fe80::1")}),
    resolvers=frozenset({packed("192.0.2.1"), packed("198.51.100.53")}),
    devices=frozenset({packed("192.0.2.30")}),
    allowed=Allowed(dhcp_servers=frozenset({packed("192.0.2.5")})),
)

SCHOOL_FAR = Network(subnets=(ip_network("203.0.113.0/24"),))


@pytest.mark.parametrize(
    ("address", "role"),
    [
        ("192.0.2.1", "gateway"),
        ("fe80::1", "gateway"),
        ("198.51.100.53", "resolver"),
        ("192.0.2.5", "dhcp_server"),
        ("192.0.2.30", "device"),
        ("192.0.2.77", "inside"),
        ("2001:db8:9::77", "inside"),
        ("fe80::77", "inside"),
        ("0.0.0.0", "inside"),
        ("203.0.113.9", "outside"),
        ("10.0.0.1", "outside"),
        ("2001:db8:a::1", "outside"),
    ],
)
def test_a_machine_is_what_the_configuration_says_of_its_address(address: str, role: str) -> None:
    assert SCHOOL.role_of(packed(address)) == role


def test_where_nothing_is_configured_private_addresses_are_inside() -> None:
    assert Network().role_of(packed("10.1.2.3")) == "inside"
    assert Network().role_of(packed("8.8.8.8")) == "outside"


def test_where_nothing_is_configured_far_examples_are_outside() -> None:
    assert Network().role_of(packed("192.0.2.9")) == "inside"
    assert Network().role_of(packed("198.51.100.9")) == "outside"
    assert Network().role_of(packed("203.0.113.9")) == "outside"
    assert SCHOOL_FAR.role_of(packed("203.0.113.9")) == "inside"


def test_an_address_that_is_not_known_has_no_role() -> None:
    assert SCHOOL.role_of(b"") == ""


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16))
def test_without_subnets_inside_is_what_is_private(address: bytes) -> None:
    far = address[:3] in (packed("198.51.100.0")[:3], packed("203.0.113.0")[:3])
    assert Network().is_ours(address) == (ip_address(address).is_private and not far)


@pytest.mark.parametrize("size", [4, 16])
def test_no_first_byte_of_a_private_address_is_forgotten(size: int) -> None:
    network = Network()
    for first in range(256):
        for second in range(256):
            for rest in (bytes(size - 2), b"\xff" * (size - 2)):
                address = bytes([first, second]) + rest
                far = address[:3] in (packed("198.51.100.0")[:3], packed("203.0.113.0")[:3])
                private = ip_address(address).is_private and not far
                assert network.is_ours(address) == private

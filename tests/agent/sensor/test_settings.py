"""Texts of agent.toml as what detectors are given."""

import pytest

from agent.sensor.detectors import detectors
from agent.sensor.network import Allowed, Network
from agent.sensor.settings import chosen, network_of


def test_addresses_and_networks_become_bytes() -> None:
    made = network_of(
        subnets=("192.0.2.0/24", "2001:db8::/48"),
        gateways=("192.0.2.1",),
        resolvers=("2001:db8::53",),
        devices=("192.0.2.7",),
        allow={"routers": ("fe80::1",), "macs": ("02-00-00-00-00-0A", "02:00:00:00:00:0b")},
    )
    assert made.is_ours(b"\xc0\0\2\x09")
    assert made.gateways == {b"\xc0\0\2\1"}
    assert made.devices == {b"\xc0\0\2\7"}
    assert made.resolvers == {bytes.fromhex("20010db8") + bytes(11) + b"\x53"}
    assert made.allowed == Allowed(
        routers=frozenset({b"\xfe\x80" + bytes(13) + b"\1"}),
        macs=frozenset({b"\2\0\0\0\0\x0a", b"\2\0\0\0\0\x0b"}),
    )


def test_of_nothing_comes_a_network_of_which_nothing_is_known() -> None:
    assert network_of() == Network()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        network_of(gateways=("192.0.2",))


def test_every_detector_is_on_unless_it_is_switched_off() -> None:
    assert chosen({}) == {word: {} for word in detectors.words()}
    some = chosen({"port_scan": {"enabled": False}, "arp_sweep": {"enabled": True, "most": 9}})
    assert "port_scan" not in some
    assert some["arp_sweep"] == {"most": 9}


def test_block_lists_go_to_the_detector_that_reads_them() -> None:
    lists = {"malware": ["a.txt", "b.txt"]}
    found = chosen({"blocked_names": {"lookups": 9}}, lists)
    assert found["blocked_names"] == {"lookups": 9, "malware": ["a.txt", "b.txt"]}
    assert "blocked_names" not in chosen({"blocked_names": {"enabled": False}}, lists)

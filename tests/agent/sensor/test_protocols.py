"""DHCP, DNS and SNMP: what they say of the network is read, what they say of people is not kept."""

import struct
from typing import Any

import pytest

from agent.sensor.facts import Advert, Dhcp, Dhcp6, Dns, Snmp
from tests.agent.sensor.test_packets import ONE, OTHER, facts, packed
from tests.packets import dhcp, dns, ndp, snmp
from tests.packets.frames import mac_bytes, over, udp

CLIENT = "02:00:00:00:00:10"


def test_a_dhcp_offer_says_who_serves_and_where_it_sends_its_clients() -> None:
    frame = dhcp.answers(
        *(ONE, "192.0.2.1", CLIENT),
        yours="192.0.2.9",
        routers=("192.0.2.1", "192.0.2.2"),
        resolvers=("192.0.2.53",),
        transaction=77,
        identifier="192.0.2.3",
    )
    [told], malformed = facts(frame)
    assert isinstance(told, Dhcp)
    assert malformed == {}
    assert told[7:] == (
        *(2, 77, mac_bytes(CLIENT), packed("192.0.2.9"), bytes(4), packed("192.0.2.3")),
        *((packed("192.0.2.1"), packed("192.0.2.2")), (packed("192.0.2.53"),)),
    )


def test_a_dhcp_client_is_named_by_its_message_not_by_its_frame() -> None:
    [told], _ = facts(dhcp.asks(CLIENT, dhcp.REQUEST, src=OTHER))
    assert isinstance(told, Dhcp)
    assert (told.message, told.client, told.src) == (3, mac_bytes(CLIENT), mac_bytes(OTHER))


def from_server(body: bytes) -> bytes:
    return over(ONE, OTHER, udp("192.0.2.1", 67, "192.0.2.9", 68, body))


def test_dhcp_options_in_two_pieces_and_in_the_fields_for_names_are_read() -> None:
    router = packed("192.0.2.1")
    first = dhcp.option(53, b"\5") + dhcp.option(3, router[:2]) + dhcp.option(3, router[2:])
    body = dhcp.bootp(
        CLIENT,
        first + dhcp.option(52, b"\3") + dhcp.END,
        answer=True,
        file=dhcp.option(6, packed("192.0.2.53")) + dhcp.END,
        server_name=dhcp.option(54, router) + dhcp.END,
    )
    [told], _ = facts(from_server(body))
    assert isinstance(told, Dhcp)
    assert (told.routers, told.resolvers, told.server) == (
        *((router,), (packed("192.0.2.53"),), router),
    )


def test_bootp_without_a_message_type_is_no_fact_and_no_mistake() -> None:
    assert facts(from_server(dhcp.bootp(CLIENT, dhcp.END))) == ([], {})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (dhcp.option(53, b"\5") + b"\x06\xff\1", "short"),
        (dhcp.option(53, b"\5") + dhcp.option(3, b"abc"), "dhcp_option"),
        (dhcp.option(53, b"\5\5"), "dhcp_option"),
    ],
    ids=["an option longer than the message", "half a router", "two types"],
)
def test_dhcp_that_contradicts_itself_is_counted(options: bytes, reason: str) -> None:
    assert facts(from_server(dhcp.bootp(CLIENT, options))) == ([], {reason: 1})


def test_a_dhcpv6_server_is_known_by_its_duid() -> None:
    frame = dhcp.answers_6(ONE, "fe80::1", CLIENT, resolvers=("2001:db8::53", "2001:db8::54"))
    [told], malformed = facts(frame)
    assert isinstance(told, Dhcp6)
    assert malformed == {}
    resolvers = (packed("2001:db8::53"), packed("2001:db8::54"))
    assert told[7:] == (2, dhcp.duid(ONE), dhcp.duid(CLIENT), resolvers)


def test_a_dhcpv6_server_behind_two_relays_is_found() -> None:
    inner = dhcp.message_6(7, dhcp.option_6(2, dhcp.duid(ONE)))
    wrapped = dhcp.relayed_6(13, dhcp.relayed_6(13, inner))
    [told], _ = facts(over(ONE, OTHER, udp("fe80::1", 547, "fe80::2", 547, wrapped)))
    assert isinstance(told, Dhcp6)
    assert (told.message, told.server) == (13, dhcp.duid(ONE))


def test_dhcpv6_wrapped_without_end_is_counted() -> None:
    body = dhcp.message_6(7, b"")
    for _ in range(20):
        body = dhcp.relayed_6(13, body)
    frame = over(ONE, OTHER, udp("fe80::1", 547, "fe80::2", 547, body))
    assert facts(frame) == ([], {"dhcp6_relays": 1})


def test_of_a_router_with_prefixes_without_number_some_are_kept() -> None:
    prefixes = [f"2001:db8:{number:x}::/64" for number in range(200)]
    frame = ndp.router_advert(ONE, "fe80::1", prefixes=prefixes, preference=ndp.LOW)
    [told], malformed = facts(frame)
    assert isinstance(told, Advert)
    assert malformed == {}
    assert told.preference == -1
    assert [packed(text.partition("/")[0]) for text in prefixes[:64]] == [
        prefix for prefix, _, _ in told.prefixes
    ]


WORDS: dict[str, Any] = {
    "mac": ONE,
    "source": "192.0.2.9",
    "resolver_mac": OTHER,
    "resolver": "192.0.2.53",
}


def test_a_question_and_its_answer_are_told_apart() -> None:
    [asked], _ = facts(dns.asked("WWW.Example.test", dns.TXT, **WORDS))
    [answered], _ = facts(dns.answered("www.example.test", code=dns.NXDOMAIN, **WORDS))
    assert isinstance(asked, Dns)
    assert isinstance(answered, Dns)
    assert asked[7:] == (False, "www.example.test", 16, 0, 34, 0)
    assert answered[7:] == (True, "www.example.test", 1, 3, 34, 0)


def test_dns_answers_are_counted() -> None:
    [told], _ = facts(dns.answered("a.test", data=(packed("192.0.2.1"),) * 3, **WORDS))
    assert isinstance(told, Dns)
    assert (told.answers, told.name) == (3, "a.test")


def asking(body: bytes) -> bytes:
    return over(ONE, OTHER, udp("192.0.2.9", 40000, "192.0.2.53", 53, body))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (b"\xc0\x0c", "dns_pointer"),
        (b"\1a\xc0\x0c", "dns_pointer"),
        (b"\1a\xc0\xff", "dns_pointer"),
        (b"\x80a\0", "dns_label"),
        (b"\x3f" + b"a" * 10, "short"),
        ((b"\x3f" + b"a" * 63) * 5 + b"\0", "dns_name"),
    ],
    ids=["to itself", "round", "forwards", "no kind of label", "longer than all", "too long"],
)
def test_a_name_that_leads_nowhere_is_counted(name: bytes, reason: str) -> None:
    head = struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0)
    found = facts(asking(head + name + b"\0\1\0\1"))
    assert found == ([], {reason: 1})


def test_dns_without_a_question_is_no_fact_and_no_mistake() -> None:
    assert facts(asking(struct.pack("!6H", 1, 0x8181, 0, 0, 0, 0))) == ([], {})


@pytest.mark.parametrize(
    ("community", "version", "kind", "said"),
    [
        ("public", snmp.V2C, snmp.GET, (1, True, False)),
        ("private", snmp.V1, snmp.RESPONSE, (0, True, True)),
        ("k7Qx", snmp.V2C, snmp.GET_NEXT, (1, False, False)),
        ("k" * 200, snmp.V2C, snmp.GET, (1, False, False)),
    ],
)
def test_a_community_is_known_as_default_or_not_and_not_kept(
    community: str, version: int, kind: int, said: tuple[int, bool, bool]
) -> None:
    body = snmp.message(community, version, kind)
    [told], _ = facts(over(ONE, OTHER, udp("192.0.2.9", 40000, "192.0.2.1", 161, body)))
    assert isinstance(told, Snmp)
    assert told[7:] == said


def test_snmp_version_3_has_no_community() -> None:
    body = snmp.message("", snmp.V3)
    assert facts(over(ONE, OTHER, udp("192.0.2.9", 40000, "192.0.2.1", 161, body))) == ([], {})

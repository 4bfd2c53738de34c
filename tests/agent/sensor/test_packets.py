"""From a frame to its facts: each protocol as its RFC writes it, and what is not worth a fact."""

import struct
from ipaddress import ip_address

import pytest

from agent.sensor.facts import Advert, Arp, Frame, Icmp, Neighbour, Tcp
from tests.agent.sensor.reading import read
from tests.packets import frames as make
from tests.packets.frames import ACK, FIN, PSH, RST, SYN

ONE, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"


def facts(frame: bytes) -> tuple[list[object], dict[str, int]]:
    """What a frame says besides having been there."""
    found, malformed = read([(1000.0, frame)])
    assert isinstance(found[0], Frame)
    return list(found[1:]), malformed


def packed(address: str) -> bytes:
    return ip_address(address).packed


@pytest.mark.parametrize("vlans", [(), (7,), (7, 9)], ids=["plain", "tagged", "in two tags"])
def test_an_arp_answer_says_who_has_what(vlans: tuple[int, ...]) -> None:
    frame = make.arp(2, ONE, "192.0.2.1", OTHER, "192.0.2.2", vlans=vlans)
    one, other = make.mac_bytes(ONE), make.mac_bytes(OTHER)
    ends = (one, packed("192.0.2.1"), other, packed("192.0.2.2"))
    arp = Arp(1000.0, 1, (*vlans, 0)[0], one, other, 2, *ends)
    assert facts(frame) == ([arp], {})


@pytest.mark.parametrize(("one", "other"), [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "fe80::2")])
@pytest.mark.parametrize("flags", [SYN, SYN | ACK, RST, RST | ACK, FIN | ACK, 0, FIN | PSH | 32])
def test_a_segment_that_begins_or_ends_a_connection_is_a_fact(
    one: str, other: str, flags: int
) -> None:
    packet = make.tcp(one, 40000, other, 22, flags, sequence=7, payload=b"abc")
    [tcp], malformed = facts(make.over(ONE, OTHER, packet))
    assert isinstance(tcp, Tcp)
    assert malformed == {}
    assert tcp[5:] == (packed(one), packed(other), 40000, 22, flags, 7, 3, "")


@pytest.mark.parametrize("flags", [ACK, ACK | PSH])
def test_a_segment_in_the_middle_of_a_connection_is_none(flags: int) -> None:
    packet = make.tcp("192.0.2.1", 40000, "192.0.2.2", 80, flags, payload=b'{"id":1,"name":"x"}')
    assert facts(make.over(ONE, OTHER, packet)) == ([], {})


@pytest.mark.parametrize(
    "said",
    [
        b'{"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.10"]}\n',
        b'{"method":"login","params":{"login":"4A","pass":"x","agent":"XMRig/6"},"id":1}\n',
        b'{"id":1,"jsonrpc":"2.0","method":"eth_submitLogin","params":["0x0"]}\n',
        b'{"id":1,"jsonrpc":"2.0","error":null,"result":{"id":"5","job":{"blob":"0e0e",'
        b'"job_id":"q1","target":"b88d0600"},"status":"OK"}}\n',
    ],
    ids=["bitcoin", "monero", "ethereum", "a pool's answer"],
)
def test_what_a_miner_says_first_is_known_at_any_port_and_not_kept(said: bytes) -> None:
    packet = make.tcp("192.0.2.1", 40000, "192.0.2.2", 80, ACK | PSH, payload=said)
    [tcp], _ = facts(make.over(ONE, OTHER, packet))
    assert isinstance(tcp, Tcp)
    assert (tcp.word, tcp.payload) == ("stratum", len(said))


@pytest.mark.parametrize(
    "said",
    [
        b'{"method":"login","params":{"user":"a"}}',
        b'{"method":"Network.enable","id":1}',
        b'{"job_id":7,"state":"printed"}',
    ],
)
def test_other_json_over_tcp_is_no_miner(said: bytes) -> None:
    packet = make.tcp("192.0.2.1", 40000, "192.0.2.2", 3333, ACK | PSH, payload=said)
    assert facts(make.over(ONE, OTHER, packet)) == ([], {})


def test_a_closed_port_answers_with_what_was_asked_of_it() -> None:
    asked = make.udp("192.0.2.1", 40000, "192.0.2.2", 161, b"x")[:28]
    packet = make.icmp("192.0.2.2", "192.0.2.1", 3, 3, bytes(4) + asked)
    [icmp], _ = facts(make.over(OTHER, ONE, packet))
    assert isinstance(icmp, Icmp)
    assert icmp[7:] == ("port_unreachable", packed("192.0.2.1"), packed("192.0.2.2"), 17, 161)


def test_an_unreachable_host_of_ipv6_is_told_from_a_closed_port() -> None:
    asked = make.udp("2001:db8::1", 40000, "2001:db8::2", 161, b"x")
    for code, kind in ((3, "unreachable"), (4, "port_unreachable")):
        packet = make.icmp("2001:db8::2", "2001:db8::1", 1, code, bytes(4) + asked)
        [icmp], _ = facts(make.over(OTHER, ONE, packet))
        assert isinstance(icmp, Icmp)
        assert (icmp.kind, icmp.inner_port) == (kind, 161)


def test_a_ping_is_a_fact_and_its_answer_none() -> None:
    for one, other, kinds in (
        ("192.0.2.1", "192.0.2.2", (8, 0)),
        ("fe80::1", "fe80::2", (128, 129)),
    ):
        asked, answered = (
            facts(make.over(ONE, OTHER, make.icmp(one, other, kind, 0, bytes(40))))
            for kind in kinds
        )
        assert [fact.kind for fact in asked[0] if isinstance(fact, Icmp)] == ["echo"]
        assert answered == ([], {})


def test_a_neighbour_says_its_address_and_whether_it_is_a_router() -> None:
    rest = struct.pack("!B3x", 0xA0) + packed("fe80::1") + bytes([2, 1]) + make.mac_bytes(ONE)
    [told], _ = facts(make.over(ONE, OTHER, make.icmp("fe80::1", "ff02::1", 136, 0, rest)))
    assert isinstance(told, Neighbour)
    assert told[6:] == (packed("fe80::1"), True, make.mac_bytes(ONE), True, True)


def test_a_neighbour_message_that_came_through_a_router_is_thrown_away() -> None:
    rest = bytes(4) + packed("fe80::1")
    packet = bytearray(make.icmp("fe80::1", "ff02::1", 136, 0, rest))
    packet[7] = 64
    assert facts(make.over(ONE, OTHER, bytes(packet))) == ([], {"ndp_hops": 1})


def test_a_router_says_its_prefixes_its_resolvers_and_how_much_it_wants_to_be_chosen() -> None:
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 86400, 14400, 0) + packed("2001:db8::")
    resolver = struct.pack("!BBHI", 25, 3, 0, 600) + packed("2001:db8::53")
    link = bytes([1, 1]) + make.mac_bytes(ONE)
    rest = struct.pack("!BBHII", 64, 0x08, 1800, 0, 0) + link + prefix + resolver
    [told], _ = facts(make.over(ONE, OTHER, make.icmp("fe80::1", "ff02::1", 134, 0, rest)))
    assert isinstance(told, Advert)
    assert told[6:] == (
        *(255, 1800, 1, make.mac_bytes(ONE)),
        ((packed("2001:db8::"), 64, 86400),),
        (packed("2001:db8::53"),),
    )


def test_the_same_frame_sent_again_has_the_same_digest_and_one_for_a_single_machine_none() -> None:
    asked = make.arp(1, ONE, "192.0.2.1", "00:00:00:00:00:00", "192.0.2.2")
    other = make.arp(1, ONE, "192.0.2.1", "00:00:00:00:00:00", "192.0.2.3")
    found, _ = read([(1.0, asked), (2.0, asked), (3.0, other)])
    first, second, third = (fact.digest for fact in found if isinstance(fact, Frame))
    assert first == second != third
    [alone, *_], _ = read([(1.0, make.arp(2, ONE, "192.0.2.1", OTHER, "192.0.2.2"))])
    assert isinstance(alone, Frame)
    assert alone.digest == 0

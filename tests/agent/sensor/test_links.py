"""However a frame was captured, wrapped, tagged or cut in pieces: the same facts come of it."""

import struct

import pytest

from agent.sensor.facts import BROADCAST, Advert, Arp, Dns, Frame, Tcp
from agent.sensor.packets import facts_of
from tests.agent.sensor.reading import read
from tests.agent.sensor.test_packets import ONE, OTHER, facts
from tests.packets import dns, ndp
from tests.packets import frames as make
from tests.packets.captures import COOKED, COOKED_2, NULL, RAW_IP
from tests.packets.cooked import cooked, cooked_2

ARP = make.arp(1, ONE, "192.0.2.1", "00:00:00:00:00:00", "192.0.2.2")
QUESTION = dns.asked(
    "a.test", mac=ONE, source="192.0.2.9", resolver_mac=OTHER, resolver="192.0.2.53"
)
ROUTER = ndp.router_advert(ONE, "fe80::1")
SYN = make.over(ONE, OTHER, make.tcp("2001:db8::1", 40000, "2001:db8::2", 22, make.SYN))


@pytest.mark.parametrize(("wrap", "link"), [(cooked, COOKED), (cooked_2, COOKED_2)])
@pytest.mark.parametrize("frame", [ARP, QUESTION, ROUTER, SYN], ids=["arp", "dns", "ra", "tcp"])
def test_a_cooked_frame_says_what_it_says_plain_but_its_receiver(
    wrap: object, link: int, frame: bytes
) -> None:
    assert callable(wrap)
    (plain_frame, plain), (cooked_frame, same) = (
        read([(1.0, frame)])[0],
        read([(1.0, wrap(frame))], link)[0],
    )
    assert same == plain._replace(dst=BROADCAST if frame is ARP else b"")
    assert isinstance(plain_frame, Frame)
    assert isinstance(cooked_frame, Frame)
    assert (cooked_frame.src, cooked_frame.ethertype) == (plain_frame.src, plain_frame.ethertype)
    assert bool(cooked_frame.digest) == bool(plain_frame.digest)


@pytest.mark.parametrize("wrap", [cooked, cooked_2])
def test_a_tag_in_a_cooked_frame_is_read(wrap: object) -> None:
    assert callable(wrap)
    tagged = make.arp(2, ONE, "192.0.2.1", OTHER, "192.0.2.2", vlans=(7,))
    found, malformed = read([(1.0, wrap(tagged))], COOKED if wrap is cooked else COOKED_2)
    assert malformed == {}
    assert [fact.vlan for fact in found] == [7, 7]


@pytest.mark.parametrize(
    ("frame", "kind"), [(QUESTION, Dns), (ROUTER, Advert), (SYN, Tcp)], ids=["dns", "ra", "tcp"]
)
@pytest.mark.parametrize(
    ("link", "before"), [(RAW_IP, b""), (NULL, b"\x02\0\0\0"), (NULL, b"\0\0\0\x1e")]
)
def test_a_packet_without_a_link_layer_is_read(
    frame: bytes, kind: type, link: int, before: bytes
) -> None:
    found, malformed = read([(1.0, before + frame[14:])], link)
    assert malformed == {}
    assert [type(fact) for fact in found] == [Frame, kind]
    assert {(fact.src, fact.dst) for fact in found} == {(b"", b"")}


@pytest.mark.parametrize("vlans", [(), (7,), (7, 9)], ids=["plain", "tagged", "in two tags"])
def test_a_packet_of_a_dialled_line_is_read(vlans: tuple[int, ...]) -> None:
    for frame, kind in ((QUESTION, Dns), (SYN, Tcp)):
        [fact], malformed = facts(make.pppoe(ONE, OTHER, frame[14:], vlans))
        assert isinstance(fact, kind)
        assert (fact.vlan, malformed) == ((*vlans, 0)[0], {})


def test_what_sets_a_dialled_line_up_is_only_a_frame() -> None:
    hello = make.ethernet(ONE, OTHER, 0x8864, b"\x11\0\0\7\0\x0a\xc0\x21" + bytes(30))
    found, malformed = read([(1.0, hello)])
    assert malformed == {}
    assert [(type(fact), fact.ethertype) for fact in found if isinstance(fact, Frame)] == [
        (Frame, 0x8864)
    ]


def test_tags_without_end_are_counted_and_the_frame_stays() -> None:
    found, malformed = read([(1.0, bytes(12) + b"\x81\0\0\7" * 20)])
    assert malformed == {"vlan_many": 1}
    assert [type(fact) for fact in found] == [Frame]


def test_a_link_layer_that_nobody_knows_is_counted_and_the_frame_stays() -> None:
    found, malformed = read([(1.0, bytes(90))], 147)
    assert malformed == {"link_unknown": 1}
    assert found == [Frame(1.0, 1, 0, b"", b"", 0, 90, 0)]


def fragment(packet: bytes, first: int, last: int, *, more: bool) -> bytes:
    """The bytes of an IPv4 packet's content from *first* to *last* as RFC 791 §3.2 sends them."""
    body = packet[20:][first:last]
    head = packet[:2] + struct.pack("!HHH", 20 + len(body), 7, more << 13 | first // 8)
    return head + packet[8:20] + body


def test_only_the_first_piece_of_a_packet_says_what_it_is() -> None:
    packet = make.tcp("192.0.2.1", 40000, "192.0.2.2", 22, make.SYN, payload=b"x" * 64)
    first, second = fragment(packet, 0, 40, more=True), fragment(packet, 40, 84, more=False)
    [tcp], malformed = facts(make.over(ONE, OTHER, first))
    assert isinstance(tcp, Tcp)
    assert (tcp.target_port, malformed) == (22, {})
    assert facts(make.over(ONE, OTHER, second)) == ([], {})


def test_a_piece_from_far_behind_says_nothing() -> None:
    packet = make.tcp("192.0.2.1", 40000, "192.0.2.2", 22, make.SYN)
    far = packet[:6] + struct.pack("!H", 0x1000) + packet[8:]
    assert facts(make.over(ONE, OTHER, far)) == ([], {})


def test_the_priority_in_a_tag_is_no_part_of_its_network() -> None:
    found, _ = read([(1.0, ARP[:12] + b"\x81\0\xf0\7" + ARP[12:])])
    assert [fact.vlan for fact in found] == [7, 7]


def test_a_first_piece_too_small_for_its_header_is_counted() -> None:
    packet = make.tcp("192.0.2.1", 40000, "192.0.2.2", 22, make.SYN)
    frame = make.over(ONE, OTHER, fragment(packet, 0, 8, more=True))[: 14 + 28]
    assert facts(frame) == ([], {"short": 1})


def extended(packet: bytes, *headers: tuple[int, bytes]) -> bytes:
    """An IPv6 packet with *headers* (number and bytes behind the next header's number)."""
    body, following = packet[40:], packet[6]
    for number, rest in reversed(headers):
        body = bytes([following]) + rest + body
        following = number
    return packet[:4] + struct.pack("!HB", len(body), following) + packet[7:40] + body


HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60
EMPTY = bytes([0, 1, 4, 0, 0, 0, 0])


def test_what_stands_behind_extension_headers_is_read() -> None:
    packet = extended(
        SYN[14:],
        (HOP_BY_HOP, EMPTY),
        (ROUTING, b"\2" + b"\xff" * 22),
        (DESTINATION, EMPTY),
        (FRAGMENT, bytes([0, 0, 1, 0, 0, 0, 9])),
    )
    [tcp], malformed = facts(make.over(ONE, OTHER, packet))
    assert isinstance(tcp, Tcp)
    assert (tcp.target_port, tcp.payload, malformed) == (22, 0, {})


def test_a_later_piece_of_ipv6_says_nothing() -> None:
    packet = extended(SYN[14:], (FRAGMENT, bytes([0, 0, 9, 0, 0, 0, 9])))
    assert facts(make.over(ONE, OTHER, packet)) == ([], {})


def test_extension_headers_without_end_are_counted() -> None:
    packet = extended(SYN[14:], *[(DESTINATION, EMPTY)] * 200)
    assert facts(make.over(ONE, OTHER, packet)) == ([], {"ip_extensions": 1})


def test_padding_behind_a_packet_is_no_part_of_it() -> None:
    packet = make.tcp("192.0.2.1", 40000, "192.0.2.2", 22, make.SYN)
    [tcp], _ = facts(make.over(ONE, OTHER, packet) + b"\xff" * 400)
    assert isinstance(tcp, Tcp)
    assert tcp.payload == 0


def test_a_segment_that_the_card_will_split_is_read_without_a_length() -> None:
    packet = make.tcp("192.0.2.1", 40000, "192.0.2.2", 22, make.SYN, payload=b"x" * 70)
    [tcp], malformed = facts(make.over(ONE, OTHER, packet[:2] + b"\0\0" + packet[4:]))
    assert isinstance(tcp, Tcp)
    assert (tcp.payload, malformed) == (70, {})


def test_what_the_capture_cut_off_is_told_from_what_never_was_there() -> None:
    for size, reason in ((len(QUESTION), "cut"), (0, "short")):
        malformed: dict[str, int] = {}
        facts_of(QUESTION[:50], 1.0, 1, 1, size, malformed=malformed)
        assert malformed == {reason: 1}


def test_a_syn_whose_data_was_cut_off_is_whole() -> None:
    packet = make.tcp("192.0.2.1", 40000, "192.0.2.2", 22, make.SYN, payload=b"x" * 900)
    frame = make.over(ONE, OTHER, packet)
    [_, tcp] = facts_of(frame[:60], 1.0, 1, 1, len(frame))
    assert isinstance(tcp, Tcp)
    assert tcp.payload == 900


def test_an_arp_packet_of_something_else_than_ethernet_and_ipv4_is_counted() -> None:
    frame = bytearray(ARP)
    frame[18] = 8
    found, malformed = read([(1.0, bytes(frame))])
    assert (len(found), malformed) == (1, {"arp_foreign": 1})
    assert not any(isinstance(fact, Arp) for fact in found)

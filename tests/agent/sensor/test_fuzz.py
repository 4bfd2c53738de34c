"""Any bytes: no exception, one `Frame` each, facts that their readers can rely on, in no time."""

import io
import time
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sensor.captures import CaptureError, opened
from agent.sensor.facts import (
    Advert,
    Arp,
    Dhcp,
    Dhcp6,
    Dns,
    Fact,
    Frame,
    Icmp,
    Neighbour,
    Snmp,
    Tcp,
)
from agent.sensor.frames import LINKS
from agent.sensor.packets import facts_of
from tests.chance import examples
from tests.packets import dhcp, dns, ndp, pcapng, snmp
from tests.packets import frames as make
from tests.packets.captures import pcap
from tests.packets.cooked import cooked, cooked_2

ONE, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
ENDS: dict[str, Any] = {
    "mac": ONE,
    "source": "192.0.2.9",
    "resolver_mac": OTHER,
    "resolver": "192.0.2.53",
}
ASKED = make.udp("192.0.2.1", 40000, "192.0.2.2", 161, b"x")
ASKED_6 = make.udp("2001:db8::1", 40000, "2001:db8::2", 161, b"x")
WHOLE = [
    make.arp(1, ONE, "192.0.2.1", OTHER, "192.0.2.2", vlans=(7, 9)),
    make.over(ONE, OTHER, make.tcp("192.0.2.1", 1, "192.0.2.2", 22, make.SYN)),
    make.over(
        ONE,
        OTHER,
        make.tcp("fe80::1", 1, "fe80::2", 3333, make.ACK, payload=b'{"method":"mining.submit"}'),
    ),
    make.over(ONE, OTHER, make.icmp("192.0.2.2", "192.0.2.1", 3, 3, bytes(4) + ASKED)),
    make.over(ONE, OTHER, make.icmp("fe80::2", "fe80::1", 1, 4, bytes(4) + ASKED_6)),
    dhcp.answers(ONE, "192.0.2.1", OTHER, routers=("192.0.2.1",), resolvers=("192.0.2.53",)),
    dhcp.answers_6(ONE, "fe80::1", OTHER, resolvers=("2001:db8::53",)),
    make.over(
        ONE,
        OTHER,
        make.udp("fe80::1", 547, "fe80::2", 547, dhcp.relayed_6(13, dhcp.message_6(7, b""))),
    ),
    ndp.router_advert(ONE, "fe80::1", servers=("2001:db8::53",)),
    ndp.neighbour_advert(ONE, "fe80::1"),
    dns.answered("a.b.test", data=(bytes(4),), **ENDS),
    make.over(ONE, OTHER, make.udp("192.0.2.9", 4000, "192.0.2.1", 161, snmp.message("public"))),
]
"""One of each kind, to be bent."""

links = st.sampled_from([*LINKS, 147])


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """A whole frame with some bytes changed, cut off or added."""
    frame = bytearray(draw(st.sampled_from(WHOLE)))
    for place, byte in draw(
        st.lists(st.tuples(st.integers(0, len(frame) - 1), st.integers(0, 255)), max_size=8)
    ):
        frame[place] = byte
    end = draw(st.integers(0, len(frame)))
    return bytes(frame[:end]) + draw(st.binary(max_size=40))


def sound(fact: Fact) -> None:
    """What detectors take for granted."""
    assert {len(fact.src), len(fact.dst)} <= {0, 6}
    assert 0 <= fact.vlan <= 4095
    if isinstance(fact, Frame):
        return
    if isinstance(fact, Arp):
        assert (len(fact.sender_mac), len(fact.target_mac)) == (6, 6)
        assert (len(fact.sender), len(fact.target)) == (4, 4)
        return
    size = len(fact.source)
    assert size in (4, 16)
    if not isinstance(fact, Advert):
        assert len(fact.target) == size
    match fact:
        case Tcp():
            assert fact.payload >= 0
            assert fact.word in ("", "stratum")
        case Icmp():
            assert len(fact.inner_source) == len(fact.inner_target)
            assert len(fact.inner_source) in (0, size)
        case Dhcp():
            assert len(fact.client) <= 16
            assert len(fact.server) in (0, 4)
            assert {len(one) for one in (fact.yours, fact.relay)} == {4}
            assert {len(one) for one in (*fact.routers, *fact.resolvers)} <= {4}
        case Dhcp6():
            assert max(len(fact.server), len(fact.client)) <= 130
            assert {len(one) for one in fact.resolvers} <= {16}
        case Advert():
            assert len(fact.link) in (0, 6)
            assert len(fact.prefixes) <= 64
            assert {len(prefix) for prefix, _, _ in fact.prefixes} <= {16}
            assert {len(one) for one in fact.resolvers} <= {16}
        case Neighbour():
            assert len(fact.link) in (0, 6)
        case Dns():
            assert len(fact.name) <= 255
            assert fact.name == fact.name.lower()
        case Snmp():
            assert fact.version in (0, 1)


def looked_at(frame: bytes, link: int, size: int) -> None:
    malformed: dict[str, int] = {}
    frame_fact, *rest = facts_of(frame, 1.0, 1, link, size, malformed=malformed)
    assert isinstance(frame_fact, Frame)
    assert len(rest) + sum(malformed.values()) <= 1
    for fact in (frame_fact, *rest):
        sound(fact)


@settings(max_examples=examples(400), deadline=None)
@given(st.binary(max_size=300), links, st.integers(0, 2000))
def test_any_bytes_are_a_frame(frame: bytes, link: int, size: int) -> None:
    looked_at(frame, link, size)


@settings(max_examples=examples(500), deadline=None)
@given(bent(), st.sampled_from([bytes, cooked, cooked_2]), links)
def test_a_frame_that_was_bent_is_a_frame(
    frame: bytes, wrap: Callable[[bytes], bytes], link: int
) -> None:
    looked_at(wrap(frame) if len(frame) >= 14 else frame, link, len(frame))


def test_the_longest_frames_of_nothing_but_repetitions_take_no_time() -> None:
    """Options, labels, tags and headers that go on to the last byte of 64 kB."""
    room = 65_000
    bodies = [
        dhcp.bootp(ONE, dhcp.option(53, b"\1") + bytes(room)),
        dhcp.bootp(ONE, dhcp.option(3, b"") * (room // 2)),
        dhcp.bootp(ONE, dhcp.option(3, b"\0" * 255) * (room // 257)),
    ]
    frames = [make.over(ONE, OTHER, make.udp("192.0.2.1", 67, "192.0.2.2", 68, b)) for b in bodies]
    bodies = [
        dhcp.message_6(7, dhcp.option_6(23, b"") * (room // 4)),
        dhcp.message_6(7, dhcp.option_6(23, bytes(64_000))),
        dhcp.relayed_6(13, b"") * (room // 38),
    ]
    frames += [make.over(ONE, OTHER, make.udp("fe80::1", 547, "fe80::2", 546, b)) for b in bodies]
    frames.append(ndp.router_advert(ONE, "fe80::1", prefixes=("2001:db8::/64",) * (room // 32)))
    frames.append(ndp.router_advert(ONE, "fe80::1", servers=("2001:db8::53",) * 126))
    packet = make.tcp("192.0.2.1", 1, "192.0.2.2", 2, 16, payload=b'{"method":"login"' * 3800)
    frames.append(make.over(ONE, OTHER, packet))
    started = time.process_time()
    for frame in frames:
        looked_at(frame, 1, 0)
    assert time.process_time() - started < 5


@settings(max_examples=examples(300), deadline=None)
@given(st.data())
def test_any_bytes_in_a_capture_end_in_packets_or_in_a_word(data: st.DataObject) -> None:
    frames = [(1.0, frame) for frame in WHOLE[:3]]
    whole = bytearray(data.draw(st.sampled_from([pcap(frames), pcapng.pcapng(frames)])))
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=6)
    ):
        whole[place] = byte
    whole += data.draw(st.binary(max_size=30))
    said = ""
    try:
        for at, frame, size, _ in opened("bent.pcap", io.BytesIO(whole)):
            assert at >= 0
            assert len(frame) <= size
    except CaptureError as error:
        said = str(error)
    assert said == "" or said.startswith("bent.pcap: ")

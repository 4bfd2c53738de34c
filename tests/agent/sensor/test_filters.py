"""What the kernel hands to the sensor: its filter at work on frames, and against tcpdump."""

import shutil
import socket
import struct
import subprocess

import pytest

from agent.sensor import filters
from tests.packets import dhcp, dns, frames, ndp, snmp
from tests.packets.frames import ACK, BROADCAST, FIN, PSH, RST, SYN, over

PC, ROUTER = "02:00:5e:00:53:01", "02:00:5e:00:53:fe"
A, B = "192.0.2.1", "192.0.2.254"
A6, B6 = "2001:db8::1", "2001:db8::fe"
STRATUM = b'{"id":1,"method":"mining.subscribe"}'


def passed(frame: bytes) -> bytes:
    """What comes through; a socket of the system runs the same programs as an interface does."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        filters.attach(far, filters.control())
        near.settimeout(5)
        far.setblocking(False)
        near.send(frame)
        try:
            return far.recv(65_536)
        except BlockingIOError:
            return b""


def tcp(flags: int, payload: bytes = b"", port: int = 443, six: bool = False) -> bytes:
    one, other = (A6, B6) if six else (A, B)
    return over(PC, ROUTER, frames.tcp(one, 50_000, other, port, flags, payload=payload))


def udp(port: int, payload: bytes = bytes(20), six: bool = False) -> bytes:
    one, other = (A6, B6) if six else (A, B)
    return over(PC, ROUTER, frames.udp(one, 50_000, other, port, payload))


CONTROL = {
    "ARP to one machine": frames.arp(2, PC, A, ROUTER, B),
    "ARP to everybody": frames.arp(1, PC, A, "00:00:00:00:00:00", B),
    "a router advertisement": ndp.router_advert(ROUTER, "fe80::1"),
    "a neighbour solicitation": ndp.neighbour_solicit(PC, A6, B6),
    "DHCP": dhcp.asks(PC, 1),
    "a question to a resolver": over(PC, ROUTER, frames.udp(A, 50_000, B, 53, dns.question("a"))),
    "its answer": over(ROUTER, PC, frames.udp(B, 53, A, 50_000, dns.answer("a"))),
    "a question over IPv6": udp(53, six=True),
    "SNMP": over(PC, ROUTER, frames.udp(A, 50_000, B, 161, snmp.message("public"))),
    "a connection that begins": tcp(SYN),
    "one that is taken": tcp(SYN | ACK),
    "one that is refused": tcp(RST | ACK),
    "one that ends": tcp(FIN | ACK),
    "one that begins over IPv6": tcp(SYN, six=True),
    "the first words of mining": tcp(PSH | ACK, STRATUM, port=80),
    "the same over IPv6": tcp(PSH | ACK, STRATUM, six=True),
    "mining in another order": tcp(PSH | ACK, b'{"method":"login"}'),
    "an echo request": over(PC, ROUTER, frames.icmp(A, B, 8, 0, bytes(40))),
    "an unreachable port": over(PC, ROUTER, frames.icmp(A, B, 3, 3, bytes(32))),
    "a broadcast of any kind": frames.ethernet(PC, BROADCAST, 0x88B5, b"x"),
    "a multicast of any kind": frames.ethernet(PC, "01:80:c2:00:00:00", 0x0026, b"x"),
    "IPv6 that hides behind a header": over(PC, ROUTER, frames.ip(A6, B6, 0, bytes(40))),
}
BULK = {
    "data": tcp(ACK | PSH, b"x" * 1400),
    "data over IPv6": tcp(ACK | PSH, b"x" * 1400, six=True),
    "an acknowledgement": tcp(ACK),
    "a page of JSON": tcp(ACK | PSH, b'{"a":1}'),
    "QUIC": udp(443, bytes(1200)),
    "a lesson's video": udp(5004, bytes(1200), six=True),
    "another protocol to one machine": frames.ethernet(PC, ROUTER, 0x88B5, b"x"),
}


@pytest.mark.parametrize("frame", CONTROL.values(), ids=CONTROL.keys())
def test_control_traffic_passes(frame: bytes) -> None:
    assert passed(frame) == frame[:768]


@pytest.mark.parametrize("frame", CONTROL.values(), ids=CONTROL.keys())
def test_the_same_passes_with_a_tag_in_the_frame(frame: bytes) -> None:
    tagged = frame[:12] + struct.pack("!HH", 0x8100, 7) + frame[12:]
    assert passed(tagged) == tagged[:768]


@pytest.mark.parametrize("frame", BULK.values(), ids=BULK.keys())
def test_what_people_send_each_other_stays_in_the_kernel(frame: bytes) -> None:
    assert passed(frame) == b""
    assert passed(frame[:12] + struct.pack("!HH", 0x8100, 7) + frame[12:]) == b""


def test_a_second_fragment_is_not_taken_for_the_beginning_of_a_connection() -> None:
    frame = bytearray(tcp(SYN))
    frame[20:22] = struct.pack("!H", 0x0001)
    assert passed(bytes(frame)) == b""


def test_of_a_long_frame_only_the_beginning_comes_through() -> None:
    frame = frames.ethernet(PC, BROADCAST, 0x88B5, b"x" * 1400)
    assert passed(frame) == frame[:768]


@pytest.mark.real("tcpdump")
@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="apt-get install tcpdump")
def test_the_numbers_are_those_that_tcpdump_makes_of_the_expression() -> None:
    words = ["tcpdump", "-ddd", "-s", "768", "-y", "EN10MB", filters.expression()]
    made = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    kept = filters.CONTROL.read_text("ascii").splitlines()
    assert [line for line in kept if not line.startswith("#")] == made.splitlines()


def test_a_program_that_the_kernel_refuses_is_an_error() -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far, pytest.raises(OSError, match="Invalid"):
        filters.attach(far, filters.control()[:-8])

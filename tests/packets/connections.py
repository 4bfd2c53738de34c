"""TCP connections from their first segment to their last, as RFC 9293 §3.5 to §3.6 have them.

Inside is 192.0.2.0/24 and 2001:db8:9::/64, where a machine's MAC ends as its address does; the
rest is outside, behind the router, which is .1.
"""

from ipaddress import ip_address, ip_network

from tests.packets.frames import ACK, FIN, PSH, RST, SYN, icmp, over, tcp, udp

Timed = list[tuple[float, bytes]]

INSIDE = (ip_network("192.0.2.0/24"), ip_network("2001:db8:9::/64"))
ROUTER = "02:00:00:00:00:01"

RETRIES_S = (0.0, 1.0, 3.0)
"""When Linux sends a SYN that nobody answers, as far as tests care."""


def mac_of(address: str) -> str:
    """The MAC that frames from or to this address have on the school's network."""
    found = ip_address(address)
    if any(found in network for network in INSIDE):
        return f"02:00:00:00:00:{found.packed[-1]:02x}"
    return ROUTER


def segment(
    source: str,
    source_port: int,
    target: str,
    port: int,
    flags: int,
    *,
    sequence: int = 0,
    src: str = "",
    payload: bytes = b"",
) -> bytes:
    packet = tcp(source, source_port, target, port, flags, sequence=sequence, payload=payload)
    return over(src or mac_of(source), mac_of(target), packet)


def silent(at: float, client: str, client_port: int, server: str, port: int) -> Timed:
    """Asked three times, and not answered."""
    syn = segment(client, client_port, server, port, SYN, sequence=1000)
    return [(at + later, syn) for later in RETRIES_S]


def refused(at: float, client: str, client_port: int, server: str, port: int) -> Timed:
    syn = segment(client, client_port, server, port, SYN, sequence=1000)
    return [(at, syn), (at + 0.001, segment(server, port, client, client_port, RST | ACK))]


def accepted(
    at: float,
    client: str,
    client_port: int,
    server: str,
    port: int,
    *,
    up: int = 500,
    down: int = 5000,
    lasts: float = 1.0,
) -> Timed:
    """A whole connection: so many bytes each way, then a FIN from both, the client's first."""
    there = (client, client_port, server, port)
    back = (server, port, client, client_port)
    return [
        (at, segment(*there, SYN, sequence=1000)),
        (at + 0.01, segment(*back, SYN | ACK, sequence=9000)),
        (at + 0.02, segment(*there, ACK, sequence=1001)),
        (at + 0.03, segment(*there, ACK | PSH, sequence=1001, payload=b"x" * min(up, 100))),
        (at + lasts, segment(*there, FIN | ACK, sequence=(1001 + up) % 2**32)),
        (at + lasts + 0.01, segment(*back, FIN | ACK, sequence=(9001 + down) % 2**32)),
    ]


def half_scanned(at: float, client: str, client_port: int, server: str, port: int) -> Timed:
    """A port that nmap -sS finds open: it breaks off before the connection is there."""
    return [
        (at, segment(client, client_port, server, port, SYN, sequence=1000)),
        (at + 0.001, segment(server, port, client, client_port, SYN | ACK, sequence=9000)),
        (at + 0.002, segment(client, client_port, server, port, RST, sequence=1001)),
    ]


def undelivered(
    at: float, sender: str, inner: bytes, code: int, by: str = ""
) -> tuple[float, bytes]:
    """RFC 792 type 3 or RFC 4443 type 1 for the IP packet *inner* that *sender* has sent."""
    six = inner[0] >> 4 == 6
    whose = inner[24:40] if six else inner[16:20]
    reporter = by or str(ip_address(whose))
    packet = icmp(reporter, sender, 1 if six else 3, code, bytes(4) + inner[: 48 if six else 28])
    return at, over(mac_of(reporter), mac_of(sender), packet)


def udp_refused(at: float, client: str, server: str, port: int, client_port: int = 40_000) -> Timed:
    """A datagram to a port where nobody listens."""
    inner = udp(client, client_port, server, port, b"?" * 8)
    code = 4 if ":" in client else 3
    return [
        (at, over(mac_of(client), mac_of(server), inner)),
        undelivered(at + 0.001, client, inner, code),
    ]


def merged(*parts: Timed) -> Timed:
    """All frames in the order of their time."""
    return sorted((frame for part in parts for frame in part), key=lambda one: one[0])

"""What a frame says, in as few words as the detectors need: the vocabulary between both.

Every fact begins with the same four fields. Hardware addresses are 6 bytes, IPv4 addresses 4 and
IPv6 addresses 16, as they stand in the frame: compact as keys, and written out only in what is
told. `Dns.name` is read by detectors and never leaves them.
"""

from typing import Final, NamedTuple

Mac = bytes
Address = bytes

BROADCAST: Mac = b"\xff" * 6

FIN, SYN, RST, ACK = 1, 2, 4, 16
FLAGS: Final = FIN | SYN | RST | ACK
"""Of `Tcp.flags`, those that tell whether a connection begins, goes on or ends."""

made: Final = tuple.__new__
"""`made(Frame, (at, …))` is `Frame(at, …)` without the function in Python that a NamedTuple has in
front: half the time, of which each frame takes two."""


class Frame(NamedTuple):
    """Any frame that was seen, before what it carries is read. One comes for each frame."""

    at: float
    """s since 1970, by the clock of the capture."""
    number: int
    """Of the frame in its capture, from 1."""
    vlan: int
    """0 where there is no tag; the outer one of two."""
    src: Mac
    """b"" where the capture has no hardware addresses."""
    dst: Mac
    ethertype: int
    size: int
    """Bytes on the wire."""
    digest: int
    """Of a broadcast or multicast frame's bytes (CRC-32); 0 of others."""


class Arp(NamedTuple):
    """RFC 826, Ethernet and IPv4."""

    at: float
    number: int
    vlan: int
    src: Mac
    dst: Mac
    operation: int
    """1 request, 2 reply."""
    sender_mac: Mac
    sender: Address
    target_mac: Mac
    target: Address


class Tcp(NamedTuple):
    """A segment that begins, refuses or ends a connection, or whose first bytes were looked at."""

    at: float
    number: int
    vlan: int
    src: Mac
    dst: Mac
    source: Address
    target: Address
    source_port: int
    target_port: int
    flags: int
    """As in the header: FIN 1, SYN 2, RST 4, ACK 16."""
    sequence: int
    payload: int
    """Bytes that it carries."""
    word: str
    """What the payload was recognised as (`stratum`), "" for nothing; the bytes are not kept."""


class Icmp(NamedTuple):
    """ICMP or ICMPv6 echo requests and destination unreachable; ports are of the inner packet."""

    at: float
    number: int
    vlan: int
    src: Mac
    dst: Mac
    source: Address
    target: Address
    kind: str
    """`echo`, `port_unreachable`, `unreachable`."""
    inner_source: Address
    """Who sent what cannot be delivered; b"" for `echo`."""
    inner_target: Address
    inner_protocol: int
    inner_port: int


class Dhcp(NamedTuple):
    """RFC 2131."""

    at: float
    number: int
    vlan: int
    src: Mac
    dst: Mac
    source: Address
    target: Address
    message: int
    """Option 53: 1 discover, 2 offer, 3 request, 4 decline, 5 ack, 6 nak, 7 release, 8 inform."""
    transaction: int
    client: Mac
    """`chaddr`."""
    yours: Address
    """`yiaddr`; four zero bytes where none is given."""
    relay: Address
    """`giaddr`; four zero bytes without a relay."""
    server: Address
    """Option 54, b"" without it."""
    routers: tuple[Address, ...]
    resolvers: tuple[Address, ...]


class Dhcp6(NamedTuple):
    """RFC 8415."""

    at: float
    number: int
    vlan: int
    src: Mac
    dst: Mac
    source: Address
    target: Address
    message: int
    """1 solicit, 2 advertise, 3 request, 7 reply, 13 relay-reply."""
    server: bytes
    """The server's DUID, b"" without one."""
    client: bytes
    resolvers: tuple[Address, ...]


class Advert(NamedTuple):
    """A router advertisement, RFC 4861 and RFC 8106."""

    at: float
    number: int
    vlan: int
    src: Mac
    dst: Mac
    source: Address
    hops: int
    """255 unless somebody forged it from afar."""
    lifetime: int
    """s; 0 says that it is a router no more."""
    preference: int
    """RFC 4191: 1 high, 0 medium, -1 low."""
    link: Mac
    """Source link-layer address option, b"" without one."""
    prefixes: tuple[tuple[Address, int, int], ...]
    """Prefix, its length and its valid lifetime in s."""
    resolvers: tuple[Address, ...]


class Neighbour(NamedTuple):
    """A neighbour solicitation or advertisement, RFC 4861."""

    at: float
    number: int
    vlan: int
    src: Mac
    dst: Mac
    source: Address
    """16 zero bytes while it looks for a duplicate of itself."""
    target: Address
    """The address that is asked for or owned."""
    advert: bool
    link: Mac
    """Source or target link-layer address option, b"" without one."""
    router: bool
    override: bool


class Dns(NamedTuple):
    """A question to a resolver, or its answer: RFC 1035."""

    at: float
    number: int
    vlan: int
    src: Mac
    dst: Mac
    source: Address
    target: Address
    response: bool
    name: str
    """Lower case without the last dot. Never told to anybody."""
    kind: int
    """QTYPE."""
    code: int
    """RCODE of a response."""
    size: int
    """Bytes of the message."""
    answers: int


class Snmp(NamedTuple):
    """A question or answer of SNMP 1 or 2c, whose community is readable on the line."""

    at: float
    number: int
    vlan: int
    src: Mac
    dst: Mac
    source: Address
    target: Address
    version: int
    """0 for v1, 1 for v2c."""
    default: bool
    """Whether the community is `public` or `private`; itself it is not kept."""
    response: bool


Fact = Frame | Arp | Tcp | Icmp | Dhcp | Dhcp6 | Advert | Neighbour | Dns | Snmp
FACTS: tuple[type[Fact], ...] = (
    *(Frame, Arp, Tcp, Icmp, Dhcp, Dhcp6, Advert, Neighbour, Dns, Snmp),
)

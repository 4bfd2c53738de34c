"""Link layers: from a frame as captured to the packet in it, without copying any byte.

The numbers are those of tcpdump.org/linktypes.html.
"""

from collections.abc import Callable
from typing import Final

from agent.sensor.facts import BROADCAST, Mac

NULL, ETHERNET, RAW_IP, LOOP, COOKED, IPV4, IPV6, COOKED_2 = 0, 1, 101, 108, 113, 228, 229, 276

ARP_TYPE, IPV4_TYPE, IPV6_TYPE = 0x0806, 0x0800, 0x86DD
TAGS: Final = frozenset((0x8100, 0x88A8, 0x9100))
"""IEEE 802.1Q, 802.1ad, and what older switches used for the outer tag."""
PPPOE: Final = 0x8864
"""RFC 2516, a session: how many schools reach the internet, seen before their router."""
WRAPPED: Final = TAGS | {PPPOE}
PPP_PROTOCOLS: Final = {0x0021: IPV4_TYPE, 0x0057: IPV6_TYPE}
"""RFC 1661 and its successors."""
TAGS_MAX: Final = 4
"""More do not happen, and a frame of nothing but tags is not read to its end."""


SHARED_KINDS: Final = (1, 2)
"""LINUX_SLL_BROADCAST and LINUX_SLL_MULTICAST."""


class Malformed(Exception):
    """A frame contradicts itself; the text is a word to count it by."""


Unframed = tuple[Mac, Mac, int, int, int, bool]
"""Source, destination, VLAN (the outer tag's; 0 without one), ethertype (under 1536 the length of
an IEEE 802.3 frame), where the packet begins, and whether more than one machine is addressed. A
plain tuple, because one is made for each frame."""

Unframe = Callable[[bytes], Unframed]


def unframe(frame: bytes, link: int) -> Unframed:
    """Return what stands before the packet; raises Malformed, also for a link layer unknown."""
    read = LINKS.get(link)
    if read is None:
        raise Malformed("link_unknown")
    try:
        return read(frame)
    except IndexError:
        raise Malformed("link_short") from None


def _ethernet(frame: bytes) -> Unframed:
    ethertype = frame[12] << 8 | frame[13]
    start, vlan = 14, 0
    if ethertype in WRAPPED:
        ethertype, start, vlan = _unwrapped(frame, ethertype, start)
    return frame[6:12], frame[:6], vlan, ethertype, start, bool(frame[0] & 1)


def _unwrapped(frame: bytes, ethertype: int, start: int) -> tuple[int, int, int]:
    """Return the packet's type, where it begins, and the outer tag's VLAN."""
    vlan = (frame[start] << 8 | frame[start + 1]) & 0x0FFF if ethertype in TAGS else 0
    first = start
    while ethertype in TAGS:
        if start - first >= 4 * TAGS_MAX:
            raise Malformed("vlan_many")
        ethertype = frame[start + 2] << 8 | frame[start + 3]
        start += 4
    if ethertype == PPPOE:
        inner = PPP_PROTOCOLS.get(frame[start + 6] << 8 | frame[start + 7])
        # Others set the line up; they stay what they are.
        return (inner, start + 8, vlan) if inner else (PPPOE, start, vlan)
    return ethertype, start, vlan


def _cooked(frame: bytes) -> Unframed:
    """Linux "cooked": packet type, ARPHRD_, length of the address, address, protocol."""
    src = frame[6:12] if frame[5] == 6 else b""
    return _linux(frame, 16, frame[14] << 8 | frame[15], frame[1], src)


def _cooked_2(frame: bytes) -> Unframed:
    """Version 2: protocol, interface, ARPHRD_, packet type, length of the address, address."""
    src = frame[12:18] if frame[11] == 6 and len(frame) >= 18 else b""
    return _linux(frame, 20, frame[0] << 8 | frame[1], frame[10], src)


def _linux(frame: bytes, start: int, ethertype: int, kind: int, src: Mac) -> Unframed:
    vlan = 0
    if ethertype in WRAPPED:
        ethertype, start, vlan = _unwrapped(frame, ethertype, start)
    # The receiver does not stand there, only what it is to the machine that captured the frame.
    dst = BROADCAST if kind == 1 else b""
    return src, dst, vlan, ethertype, start, kind in SHARED_KINDS


def _raw(frame: bytes) -> Unframed:
    return _bare(frame, 0)


def _family(frame: bytes) -> Unframed:
    """BSD loopback: 4 bytes in the order of a machine unknown; the packet says what it is."""
    return _bare(frame, 4)


def _bare(frame: bytes, start: int) -> Unframed:
    version = frame[start] >> 4
    if version not in (4, 6):
        raise Malformed("ip_version")
    return b"", b"", 0, IPV4_TYPE if version == 4 else IPV6_TYPE, start, False


LINKS: Final[dict[int, Unframe]] = {
    ETHERNET: _ethernet,
    COOKED: _cooked,
    COOKED_2: _cooked_2,
    RAW_IP: _raw,
    IPV4: _raw,
    IPV6: _raw,
    NULL: _family,
    LOOP: _family,
}
"""By link type. 12 and 14, which are raw IP on some systems, are mapped when a file is read."""

"""Links as the Linux kernel tells them over rtnetlink: bytes to values (rtnetlink(7)).

Watch it: ip -details monitor link
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# <linux/rtnetlink.h>, <linux/netlink.h>, <linux/if_link.h>, <linux/if.h>
NLMSG_ERROR, NLMSG_DONE = 2, 3
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
NLM_F_REQUEST, NLM_F_DUMP = 0x1, 0x300
RTMGRP_LINK: Final = 1
IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND = 3, 18, 1
IFF_UP, IFF_LOOPBACK, IFF_LOWER_UP = 0x1, 0x8, 0x10000
TYPE_MASK: Final = 0x3FFF
"""Without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER."""

_HEADER: Final = struct.Struct("=IHHII")
"""Length, type, flags, sequence, port."""
_LINK: Final = struct.Struct("=BxHiII")
"""Family, type of hardware, index, flags, change."""
_ATTRIBUTE: Final = struct.Struct("=HH")
"""Length, type."""


@dataclass(frozen=True, slots=True)
class Link:
    """One interface: `enabled` by its administrator, `carrier` by its cable.

    `kind` is what it is made of (veth, bridge, vlan …), empty for hardware.
    """

    index: int
    name: str
    enabled: bool
    carrier: bool
    loopback: bool = False
    kind: str = ""
    removed: bool = False


class Refused(OSError):
    """The kernel's answer to a request of ours."""


def request(sequence: int) -> bytes:
    """Return the message that asks for every link there is."""
    body = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    length = _HEADER.size + len(body)
    return _HEADER.pack(length, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sequence, 0) + body


def links(data: bytes) -> Iterator[Link]:
    """Return the links that one datagram tells of; raises Refused where the kernel says no.

    What is cut off or of another kind is passed over: the next dump tells the same.
    """
    for kind, body in _messages(data):
        if kind == NLMSG_ERROR:
            number = -struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
            if number:
                raise Refused(number, "the kernel refuses to tell of links")
        elif kind in (RTM_NEWLINK, RTM_DELLINK) and len(body) >= _LINK.size:
            yield _link(body, removed=kind == RTM_DELLINK)


def ends_dump(data: bytes) -> bool:
    """Return whether the answer to a request ends with this datagram."""
    return any(kind == NLMSG_DONE for kind, _ in _messages(data))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or at + length > len(data):
            return
        yield kind, data[at + _HEADER.size : at + length]
        at += _aligned(length)


def _link(body: bytes, *, removed: bool) -> Link:
    _, _, index, flags, _ = _LINK.unpack_from(body)
    attributes = dict(_attributes(body[_LINK.size :]))
    inner = dict(_attributes(attributes.get(IFLA_LINKINFO, b"")))
    return Link(
        index,
        _text(attributes.get(IFLA_IFNAME, b"")) or f"#{index}",
        enabled=bool(flags & IFF_UP),
        carrier=bool(flags & IFF_LOWER_UP),
        loopback=bool(flags & IFF_LOOPBACK),
        kind=_text(inner.get(IFLA_INFO_KIND, b"")),
        removed=removed,
    )


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > len(data):
            return
        yield kind & TYPE_MASK, data[at + _ATTRIBUTE.size : at + length]
        at += _aligned(length)


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "replace")


def _aligned(length: int) -> int:
    return (length + 3) & ~3

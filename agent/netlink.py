"""Messages of the Linux kernel's rtnetlink, and the links they tell of (rtnetlink(7)).

Addresses and routes are read by agent/nettables.py.
Watch it: ip -details monitor link
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

# <linux/rtnetlink.h>, <linux/netlink.h>, <linux/if_link.h>, <linux/if.h>
NLMSG_ERROR, NLMSG_DONE = 2, 3
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
NLM_F_REQUEST, NLM_F_DUMP_INTR, NLM_F_DUMP = 0x1, 0x10, 0x300
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

    @property
    def hardware(self) -> bool:
        """Whether it is a device of the machine, so that a cable or an antenna belongs to it."""
        return not self.loopback and not self.kind

    @property
    def up(self) -> bool:
        """Whether it carries a link."""
        return self.enabled and self.carrier and not self.removed


class Refused(OSError):
    """The kernel's answer to a request of ours."""


class Message(NamedTuple):
    """One message; `port` and `sequence` are those of who asked, 0 where nobody did."""

    kind: int
    flags: int
    sequence: int
    port: int
    body: bytes


def request(sequence: int, kind: int = RTM_GETLINK, size: int = _LINK.size) -> bytes:
    """Return the message that asks for everything of *kind*, whose own header has *size* bytes.

    A header of zeros asks for every family (AF_UNSPEC).
    """
    length = _HEADER.size + size
    return _HEADER.pack(length, kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, 0) + bytes(size)


def links(data: bytes) -> Iterator[Link]:
    """Return the links that one datagram tells of; raises Refused where the kernel says no.

    What is cut off or of another kind is passed over: the next dump tells the same.
    """
    for message in messages(data):
        refused(message)
        found = link_of(message)
        if found is not None:
            yield found


def ends_dump(data: bytes) -> bool:
    """Return whether the answer to a request ends with this datagram."""
    return any(message.kind == NLMSG_DONE for message in messages(data))


def refused(message: Message) -> None:
    """Raise Refused where *message* ends a request with an error."""
    if message.kind in (NLMSG_ERROR, NLMSG_DONE) and len(message.body) >= 4:
        number = -struct.unpack_from("=i", message.body)[0]
        if number > 0:
            raise Refused(number, f"the kernel tells nothing: {os.strerror(number)}")


def messages(data: bytes) -> Iterator[Message]:
    """Return the messages of one datagram; what is cut off ends it."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, flags, sequence, port = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or at + length > len(data):
            return
        yield Message(kind, flags, sequence, port, data[at + _HEADER.size : at + length])
        at += _aligned(length)


def link_of(message: Message) -> Link | None:
    """Return the link that *message* tells of; None where it tells of something else."""
    body = message.body
    if message.kind not in (RTM_NEWLINK, RTM_DELLINK) or len(body) < _LINK.size:
        return None
    removed = message.kind == RTM_DELLINK
    _, _, index, flags, _ = _LINK.unpack_from(body)
    found = dict(attributes(body[_LINK.size :]))
    inner = dict(attributes(found.get(IFLA_LINKINFO, b"")))
    return Link(
        index,
        _text(found.get(IFLA_IFNAME, b"")) or f"#{index}",
        enabled=bool(flags & IFF_UP),
        carrier=bool(flags & IFF_LOWER_UP),
        loopback=bool(flags & IFF_LOOPBACK),
        kind=_text(inner.get(IFLA_INFO_KIND, b"")),
        removed=removed,
    )


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Return type and value of each attribute; what is cut off ends it."""
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

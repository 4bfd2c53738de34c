"""Over which IP version a target is asked: the words of every probe's options `family`, `families`.

any          whichever the system prefers (RFC 6724); readings carry no `family`
ipv4, ipv6   only that one
both         each by itself, as two series: that IPv6 works is not seen while IPv4 answers for it
"""

import socket
from typing import Final, Literal

Family = Literal["any", "ipv4", "ipv6"]
FamilyOrBoth = Literal["any", "ipv4", "ipv6", "both"]

NUMBERS: Final[dict[Family, socket.AddressFamily]] = {
    "any": socket.AF_UNSPEC,
    "ipv4": socket.AF_INET,
    "ipv6": socket.AF_INET6,
}

Asked = tuple[socket.AddressFamily, dict[str, str]]
"""A family to ask over, and the tags of the reading."""


def tags_of(family: Family) -> dict[str, str]:
    """Return the tag that tells the series of one family from those of others."""
    return {} if family == "any" else {"family": family}


def asked_over(family: FamilyOrBoth) -> tuple[Asked, ...]:
    """Return what is to be asked over for *family*."""
    words: tuple[Family, ...] = ("ipv4", "ipv6") if family == "both" else (family,)
    return tuple((NUMBERS[word], tags_of(word)) for word in words)

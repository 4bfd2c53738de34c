"""Over which IP version a target is asked: the option `family` of the probes that have one.

any    whichever the system prefers (RFC 6724); readings carry no `family`
4, 6   only that one
both   each by itself, as two series: that IPv6 works is not seen while IPv4 answers for it
"""

import socket
from typing import Final, Literal

Family = Literal["any", "4", "6", "both"]

Asked = tuple[socket.AddressFamily, dict[str, str]]
"""A family to ask over, and the tags of the reading."""

ANY: Final[Asked] = (socket.AF_UNSPEC, {})
V4: Final[Asked] = (socket.AF_INET, {"family": "ipv4"})
V6: Final[Asked] = (socket.AF_INET6, {"family": "ipv6"})

ASKED: Final[dict[Family, tuple[Asked, ...]]] = {
    "any": (ANY,),
    "4": (V4,),
    "6": (V6,),
    "both": (V4, V6),
}

"""Names resolved to addresses of one family only, or of whichever the system prefers."""

import socket
from typing import Any, Final, Literal

from agent.clients.stream import Resolve
from core.names import Names

Family = Literal["any", "ipv4", "ipv6"]

NUMBERS: Final[dict[Family, socket.AddressFamily]] = {
    "any": socket.AF_UNSPEC,
    "ipv4": socket.AF_INET,
    "ipv6": socket.AF_INET6,
}


def resolver(family: Family) -> Resolve:
    """Return what resolves to addresses of *family*; "any" takes the best one (RFC 6724)."""
    names = Names()

    async def resolve(host: str, timeout_s: float) -> tuple[socket.AddressFamily, Any]:
        return await names.resolve(host, timeout_s, NUMBERS[family])

    return resolve

"""Names resolved to addresses of one family only, or of whichever the system prefers."""

import socket
from typing import Any

from agent.clients.stream import Resolve
from agent.families import NUMBERS, Family
from core.names import Names


def resolver(family: Family) -> Resolve:
    """Return what resolves to addresses of *family*; "any" takes the best one (RFC 6724)."""
    names = Names()

    async def resolve(host: str, timeout_s: float) -> tuple[socket.AddressFamily, Any]:
        return await names.resolve(host, timeout_s, NUMBERS[family])

    return resolve

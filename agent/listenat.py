"""Where this machine listens for what devices say unasked."""

import ipaddress
import socket
from typing import Annotated

from msgspec import Meta

from core.options import CHECK


def endpoint(place: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """Return family and address of *place*, `127.0.0.1:10162` say; raises ValueError."""
    host, _, port = place.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65_535:
        raise ValueError(place)
    if host.startswith("[") and host.endswith("]"):
        return socket.AF_INET6, (str(ipaddress.IPv6Address(host[1:-1])), int(port))
    return socket.AF_INET, (str(ipaddress.IPv4Address(host)), int(port))


def _mistake(place: str) -> str:
    try:
        if place:
            endpoint(place)
    except ValueError:
        return 'is no address and port; expected "127.0.0.1:10162" or "[::1]:10162" say'
    return ""


Place = Annotated[str, Meta(extra={CHECK: _mistake})]
"""An address of this machine and a port; "" for none."""

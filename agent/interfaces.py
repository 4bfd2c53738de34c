"""This machine's network interfaces: counters, identity, speed.

Source: /proc/net/dev, ethtool's ioctl and SIOCGIFINDEX, the first two through psutil.
"""

import socket
from collections.abc import Mapping
from typing import Any, Final

import psutil

NO_SPEED: Final = (0, 4_294, 65_535, 4_294_967_295)
"""What psutil gives where nobody knows: -1 of some width, and Windows above its 32 bits."""


def counters() -> Mapping[str, Any]:
    """Return psutil's counters of each interface."""
    # nowrap would keep psutil's own memory of every counter, and add to it what it thinks is lost.
    return psutil.net_io_counters(pernic=True, nowrap=False)


def links() -> Mapping[str, Any]:
    """Return psutil's record of each interface's link; raises OSError."""
    return psutil.net_if_stats()


def index(name: str) -> int | None:
    """Return the number that no other interface has had since the machine started."""
    try:
        return socket.if_nametoindex(name)
    except OSError:  # gone meanwhile; Windows knows it by another name
        return None


def speed_of(link: Any) -> int | None:
    """Return the Mbit/s that a *link* has agreed on; None where nobody knows."""
    return link.speed if link.speed > 0 and link.speed not in NO_SPEED else None

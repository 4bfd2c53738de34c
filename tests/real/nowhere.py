"""An address at which nobody answers, whatever the network is that the tests run in."""

import functools
import ipaddress
import socket
from collections.abc import Iterator
from typing import Final

import psutil
import pytest

DOCUMENTED: Final = ("192.0.2.1", "198.51.100.1", "203.0.113.1")
"""Kept for documentation (RFC 5737). Some networks are numbered so, some answer for everybody."""
PORT: Final = 80
WITHIN_S: Final = 2.0


@functools.cache
def nowhere() -> str:
    """Return an IPv4 address that lets a connection hang, or is told to be unreachable.

    Skips the test where there is none.
    """
    for address in (*DOCUMENTED, *_nearby()):
        if not _answers(address):
            return address
    pytest.skip("this network answers for every address")


def _nearby() -> Iterator[str]:
    """Yield an address of each network of this machine that is hardly a machine's."""
    for interface in psutil.net_if_addrs().values():
        for one in interface:
            if one.family == socket.AF_INET and one.netmask:
                net = ipaddress.ip_network(f"{one.address}/{one.netmask}", strict=False)
                if net.num_addresses > 2 and not net.is_loopback:
                    yield str(net.broadcast_address - 3)


def _answers(address: str) -> bool:
    try:
        socket.create_connection((address, PORT), WITHIN_S).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True

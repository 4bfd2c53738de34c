"""Hosts with a port as a file writes them, and sockets for them."""

import errno
import socket
from ipaddress import IPv6Address, ip_address
from typing import Any

from core.names import numeric, with_port


class NoFamily(OSError):
    """This machine has no addresses of that family: IPv6 is switched off, say."""


def host_and_port(text: str, otherwise: int) -> tuple[str, int]:
    """Return the parts of `192.0.2.1`, `host:853`, `2001:db8::1`, `[2001:db8::1]:853`.

    The port is *otherwise* where none is written. Raises ValueError where it is no number from
    1 to 65535, or the host is missing.
    """
    host, bracket, rest = text.removeprefix("[").partition("]")
    if not bracket and text.count(":") == 1:
        host, colon, rest = text.partition(":")
        rest = colon + rest
    port = int(rest.removeprefix(":")) if rest else otherwise
    if not host or not 0 < port < 65_536 or (bracket and not text.startswith("[")):
        raise ValueError(f"{text!r} is no host with a port")
    return host, port


def new_socket(family: int, kind: socket.SocketKind) -> socket.socket:
    """Return a socket that does not block; raises NoFamily, or OSError when there are no more."""
    try:
        sock = socket.socket(family, kind)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            raise NoFamily(*error.args) from None
        raise
    sock.setblocking(False)
    return sock


def socket_address(host: str, port: int) -> tuple[int, Any]:
    """Return family and address of the address *host*, which keeps its interface (`%eth0`)."""
    family, _, _, _, address = numeric(host)[0]
    return family, with_port(address, port)


def plain(address: str) -> str:
    """Return *address* without its interface, and IPv4 in its own form."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)

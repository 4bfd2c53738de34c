"""Which faults of a connection are a device that does not answer, and which a cause by itself."""

import errno
import socket
from typing import Any, Final

from agent.clients.stream import CERTIFICATE
from agent.devices.base import Sighting
from core.errors import TargetUnreachable
from core.names import NotResolved, with_port

NO_NAME: Final = {"no_such_host", "resolve_failed"}
GARBLED: Final = {"not_http", "truncated", "unfinished", "tls_failed"}
WORDS: Final = {
    "connect_refused": "refused the connection",
    "no_such_host": "no such host",
    "resolve_failed": "its name cannot be resolved",
    "connect_timeout": "no answer to the connection",
    "tls_timeout": "no answer to the handshake",
    "no_first_byte": "no answer",
}


def sighting_of(verdict: str) -> Sighting | None:
    """Return how a device is whose connection ended in *verdict*; None: it did not answer."""
    if verdict in GARBLED:
        return Sighting("unknown", "garbage")
    if verdict.startswith(CERTIFICATE):
        return Sighting("unknown", "certificate")
    return None


def unreachable(host: str, verdict: str, why: str, number: int) -> TargetUnreachable | OSError:
    """Return what to raise for *verdict*: an OSError where the keeper asks for its errno."""
    text = f"{host}: {WORDS.get(verdict, verdict)}{f' ({why})' if why else ''}"
    if verdict == "connect_refused":
        return ConnectionRefusedError(errno.ECONNREFUSED, text)
    if verdict in NO_NAME:
        return NotResolved(text)
    return OSError(number, text) if number else TargetUnreachable(text)


def see_way(family: socket.AddressFamily, address: Any) -> None:
    """Raise OSError (ENETUNREACH) where this machine has no way to *address*; sends nothing."""
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect(with_port(address, 9))

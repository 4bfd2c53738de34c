"""Why a connection was not made or was lost, as a sentence that says what to do."""

import errno
import socket
import ssl
from typing import Final

from core.mqtt.types import Broker

REFUSED: Final = 0x80
"""Reason codes from here on are refusals; 0x10 to a PUBLISH only says that nobody subscribed."""
BROKER_VERSION = 0x84
_CONNACK = {
    0x84: "it does not speak this version of MQTT",
    0x85: "it does not accept our client id",
    0x86: "user name or password is wrong; check username, password_file and the broker's accounts",
    0x87: "not authorised; check username and password_file, or the client certificate, "
    "and the broker's accounts",
    0x88: "it is unavailable",
    0x89: "it is busy",
    0x8A: "it has banned this client; ask who runs it",
    0x97: "its quota is used up",
    0x9F: "it takes no more connections for now",
}
_DISCONNECT = {
    0x87: "not authorised; check the broker's access list",
    0x8B: "it is shutting down",
    0x8D: "it heard nothing from us for too long",
    0x8E: "another client has connected under our client id",
    0x95: "a packet was too large for it",
    0x97: "our quota is used up",
    0x98: "an administrator closed it",
}
_LOST = {
    "Keep alive timeout": "it does not answer our pings (keep alive timeout)",
    "Protocol error": "what it sends is not MQTT (protocol error)",
}
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})
_NO_RUMQTTD_ID = frozenset("+$#/")


def refused(code: int, name: str) -> str:
    """Say why the broker answered CONNECT with *code*."""
    return f"the broker refuses us: {_CONNACK.get(code, name)} (0x{code:02x})"


def closed(code: int, name: str) -> str:
    """Say why the broker sent DISCONNECT."""
    return f"the broker closed the connection: {_DISCONNECT.get(code, name)} (0x{code:02x})"


def lost(name: str) -> str:
    """Say what paho found wrong with the connection; empty where it says nothing of use."""
    return _LOST.get(name, "")


def unanswered(broker: Broker, client_id: str) -> str:
    """Say what may be wrong where a broker closes the connection instead of answering CONNECT."""
    hints = []
    if broker.ca_file is None:
        hints.append("it may want TLS (ca_file)")
    elif broker.cert_file is None:
        hints.append("it may want a client certificate (cert_file, key_file)")
    if not broker.embedded and _NO_RUMQTTD_ID & set(client_id):
        hints.append("if it is rumqttd, say so: embedded = true")
    return "; ".join(["the connection was closed before the broker answered", *hints])


def failed(error: Exception) -> str:
    """Say why a connection could not be opened."""
    match error:
        case ssl.SSLError():
            return _tls(error)
        case ConnectionRefusedError():
            return "nothing listens there (connection refused)"
        case TimeoutError():
            return "no answer in time"
        case socket.gaierror():
            return f"its name cannot be resolved: {error.strerror}"
        case OSError(filename=str(name)):
            return f"cannot read {name}: {error.strerror}"
    return _system(error)


def _system(error: Exception) -> str:
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"no way leads there ({why.lower()})" if getattr(error, "errno", 0) in _NO_WAY else why


def _tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        what = getattr(error, "verify_message", "") or error
        return f"its certificate is not accepted: {what}; check ca_file and host"
    # Errors that Python raises by itself lack what OpenSSL's have.
    what = getattr(error, "reason", "") or error
    return f"TLS failed: {what}; check ca_file, cert_file and key_file, and the port"

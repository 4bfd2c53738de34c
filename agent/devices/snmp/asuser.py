"""One question by SNMP version 3, and what a device means that refuses it (RFC 3414, 3412)."""

import socket
from dataclasses import dataclass, field
from typing import Any, Final

from pyasn1.error import PyAsn1Error
from pyasn1.type.univ import Integer, ObjectIdentifier, OctetString
from pysnmp.error import PySnmpError
from pysnmp.proto.rfc1902 import IpAddress
from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchInstance, NoSuchObject

from agent.devices.faults import see_way
from agent.devices.snmp.engines import ENGINES, Engine, Engines, Place, Said
from agent.devices.snmp.message import Answer, Question
from agent.devices.snmp.session import Unreadable, Value, WrongCredentials
from agent.devices.snmp.user import User
from core.echo import Address
from core.errors import TargetUnreachable
from core.names import Names, with_port

CREDENTIALS: Final = {
    "UnknownUserName": "does not know the user",
    "UnknownSecurityName": "does not know the user",
    "WrongDigest": "refuses auth_password or auth_protocol of the user",
    "AuthenticationFailure": "refuses auth_password or auth_protocol of the user",
    "AuthenticationError": "refuses auth_password or auth_protocol of the user",
    "DecryptionError": "cannot decrypt by priv_password and priv_protocol of the user",
    "UnsupportedSecurityLevel": "knows other protocols for the user",
    "UnsupportedAuthProtocol": "knows another auth_protocol for the user",
    "UnsupportedPrivProtocol": "knows another priv_protocol for the user",
}
"""By the names of pysnmp's classes, whose instances have no hash."""

STALE: Final = {"UnknownEngineID", "NotInTimeWindow"}
"""It is another device than before, or its clock went back, and the engine remembers who it was."""

SILENCE: Final = "RequestTimedOut"


@dataclass(frozen=True, slots=True)
class AsUser:
    """Asks one device as a user; `timeout_s` is for its address, and for each try."""

    host: str
    port: int
    user: User
    timeout_s: float
    retries: int
    names: Names = field(default_factory=Names, repr=False)
    engines: Engines = field(default=ENGINES, repr=False)
    has_bulk: bool = True

    async def ask(self, question: Question) -> Answer:
        """Return the answer; raises TargetUnreachable, WrongCredentials where it says so."""
        family, address = await self.names.resolve(self.host, self.timeout_s)
        place = with_port(address, self.port)[:2]
        engine = self.engines.of(self.user, place)
        said = await self._asked(engine, (family, place), question)
        word = _word(said)
        if word in STALE or (word == SILENCE and engine.knew_another(place)):
            self.engines.drop(engine)
            engine = self.engines.of(self.user, place)
            said = await self._asked(engine, (family, place), question)
            word = _word(said)
        if word in CREDENTIALS:
            raise WrongCredentials(f"{self.host}: SNMP: {CREDENTIALS[word]} {self.user.name!r}")
        if word == SILENCE:
            _see_way(self.host, family, address)
            raise self._silence(engine, place)
        wrong, status, index, pairs = said
        if wrong:
            raise Unreadable(f"{self.host}: SNMP: {wrong}")
        return Answer(status, index, [(str(name), _plain(value)) for name, value in pairs])

    async def _asked(self, engine: Engine, address: Address, question: Question) -> Said:
        try:
            return await engine.ask(address, question, self.timeout_s, 1 + self.retries)
        except TimeoutError:
            self.engines.drop(engine)  # its timer stands still
            raise self._silence(engine, address[1]) from None
        except (PySnmpError, PyAsn1Error, OSError) as error:
            raise TargetUnreachable(f"{self.host}: SNMP: {error}") from None

    def _silence(self, engine: Engine, place: Place) -> TargetUnreachable:
        if self.user.priv_protocol and engine.only_greets(place):
            return WrongCredentials(
                f"{self.host}: SNMP: says who it is, and nothing to what is encrypted: "
                f"priv_password or priv_protocol of the user {self.user.name!r}?"
            )
        return TargetUnreachable(f"{self.host}: no answer by SNMP on UDP port {self.port}")


def _see_way(host: str, family: socket.AddressFamily, address: Any) -> None:
    try:
        see_way(family, address)
    except OSError as error:
        raise TargetUnreachable(f"{host}: SNMP: {error.strerror}") from error


def _word(said: Said) -> str:
    return type(said[0]).__name__ if said[0] else ""


def _plain(value: Any) -> Value | None:
    """Return a value; None for NoSuchObject and the like, which arrive as values."""
    if isinstance(value, NoSuchObject | NoSuchInstance | EndOfMibView):
        return None
    if isinstance(value, Integer):
        return int(value)
    if isinstance(value, IpAddress):
        return str(value.prettyPrint())
    if isinstance(value, OctetString):
        return bytes(value)
    return str(value) if isinstance(value, ObjectIdentifier) else None

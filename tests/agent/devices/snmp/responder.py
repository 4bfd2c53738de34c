"""A device that answers SNMP 1 and 2c as it is told to, on loopback.

It reads and writes with pysnmp's codec, so that ours is held against another.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api
from pysnmp.proto.api import v2c

from agent.devices.snmp.sessions import by_community
from agent.devices.snmp.walking import Walker

TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5
LOOPBACK: Final = "127.0.0.1"

KINDS: Final = {"GetRequestPDU": "get", "GetNextRequestPDU": "next", "GetBulkRequestPDU": "bulk"}


@dataclass(frozen=True)
class Asked:
    """One question as it arrived, and how it can be answered."""

    version: int
    kind: str
    number: int
    oids: tuple[str, ...]
    rows: int
    whom: Any = None

    def reply(
        self, pairs: Iterable[tuple[str, Any]], status: int = 0, index: int = 0, number: int = 0
    ) -> bytes:
        """Return an answer with *pairs*; under another *number* where one is given."""
        protocol = api.PROTOCOL_MODULES[self.version]
        pdu, message = protocol.GetResponsePDU(), protocol.Message()
        protocol.apiPDU.set_defaults(pdu)
        protocol.apiPDU.set_request_id(pdu, number or self.number)
        protocol.apiPDU.set_error_status(pdu, status)
        protocol.apiPDU.set_error_index(pdu, index)
        protocol.apiPDU.set_varbinds(pdu, [(v2c.ObjectIdentifier(oid), to) for oid, to in pairs])
        protocol.apiMessage.set_defaults(message)
        protocol.apiMessage.set_community(message, "sesam")
        protocol.apiMessage.set_pdu(message, pdu)
        return bytes(encoder.encode(message))

    def refuse(self, status: int, index: int = 0) -> bytes:
        """Return the answer that refuses, with the questions in it as RFC 1157 has it."""
        return self.reply([(oid, v2c.Null("")) for oid in self.oids], status, index)


def asked(data: bytes, whom: Any) -> Asked:
    """Return the question in *data*."""
    version = int(api.decodeMessageVersion(data))
    protocol = api.PROTOCOL_MODULES[version]
    message, _ = decoder.decode(data, asn1Spec=protocol.Message())
    pdu = protocol.apiMessage.get_pdu(message)
    kind = KINDS[type(pdu).__name__]
    rows = int(v2c.apiBulkPDU.get_max_repetitions(pdu)) if kind == "bulk" else 0
    oids = tuple(str(oid) for oid, _ in protocol.apiPDU.get_varbinds(pdu))
    return Asked(version, kind, int(protocol.apiPDU.get_request_id(pdu)), oids, rows, whom)


def numbers(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))


@dataclass
class Table:
    """An honest device, with values by object identifier."""

    values: Mapping[str, Any]
    heard: list[Asked] = field(default_factory=list)

    def __call__(self, one: Asked) -> list[bytes]:
        self.heard.append(one)
        return [self.answer(one)]

    def answer(self, one: Asked) -> bytes:
        if one.kind == "get":
            return self._got(one)
        pairs = [pair for oid in one.oids for pair in self._after(oid)[: one.rows or 1]]
        if pairs or one.version:
            return one.reply(pairs or [(one.oids[0], v2c.EndOfMibView())])
        return one.refuse(NO_SUCH_NAME, 1)

    def _got(self, one: Asked) -> bytes:
        missing = [number for number, oid in enumerate(one.oids, 1) if oid not in self.values]
        if missing and not one.version:
            return one.refuse(NO_SUCH_NAME, missing[0])
        absent = v2c.NoSuchObject()
        return one.reply((oid, self.values.get(oid, absent)) for oid in one.oids)

    def _after(self, oid: str) -> list[tuple[str, Any]]:
        after = [one for one in self.values if numbers(one) > numbers(oid)]
        return [(one, self.values[one]) for one in sorted(after, key=numbers)]


Answering = Callable[[Asked], Iterable[bytes]]


@dataclass
class Responder(asyncio.DatagramProtocol):
    """Answers each question by what *answering* gives; the function may keep the sender too."""

    answering: Answering
    transport: Any = None
    port: int = 0

    def connection_made(self, transport: Any) -> None:
        self.transport, self.port = transport, transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for answer in self.answering(asked(data, addr)):
            self.transport.sendto(answer, addr)

    def session(self, version: Any = "2c", timeout_s: float = 5.0, retries: int = 0) -> Walker:
        return by_community(
            LOOPBACK,
            "sesam",
            port=self.port,
            version=version,
            timeout_s=timeout_s,
            retries=retries,
        )


@asynccontextmanager
async def responding(answering: Answering, host: str = LOOPBACK) -> AsyncIterator[Responder]:
    """Run a device for the length of the block."""
    loop = asyncio.get_running_loop()
    made = await loop.create_datagram_endpoint(lambda: Responder(answering), local_addr=(host, 0))
    try:
        yield made[1]
    finally:
        made[0].close()

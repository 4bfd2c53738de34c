"""A name server on loopback that answers as it is told to: also wrongly, late, twice or never."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Lie = Callable[[dns.message.Message], Sequence[bytes]]
"""From a question to the datagrams that are sent for it, one after the other."""


@dataclass
class NameServer:
    """Answers by `udp` and `tcp`; without `tcp` a connection is closed as soon as it is open."""

    port: int
    host: str
    udp: Lie
    tcp: Lie | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@asynccontextmanager
async def name_server(
    udp: Lie, tcp: Lie | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[NameServer]:
    """Serve on one free port by UDP and TCP."""
    loop = asyncio.get_running_loop()
    server = NameServer(0, host, udp, tcp)
    streams = await asyncio.start_server(lambda r, w: _stream(server, r, w), host, 0)
    server.port = streams.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(server), local_addr=(host, server.port)
    )
    try:
        yield server
    finally:
        transport.close()
        streams.close()
        await streams.wait_closed()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self.server = server

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        question = dns.message.from_wire(data)
        self.server.asked.append(f"udp {question.question[0].name.to_text(omit_final_dot=True)}")
        for datagram in self.server.udp(question):
            self.transport.sendto(datagram, address)


async def _stream(
    server: NameServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    if server.tcp:
        with suppress(OSError, asyncio.IncompleteReadError):  # who asked has gone
            size = int.from_bytes(await reader.readexactly(2))
            question = dns.message.from_wire(await reader.readexactly(size))
            server.asked.append(f"tcp {question.question[0].name.to_text(omit_final_dot=True)}")
            for message in server.tcp(question):
                writer.write(len(message).to_bytes(2) + message)
    writer.close()


def answer(question: dns.message.Message, *addresses: str, rcode: int = dns.rcode.NOERROR) -> bytes:
    """Return an honest answer with those of *addresses* that are of the type asked for."""
    response = dns.message.make_response(question)
    response.set_rcode(dns.rcode.Rcode(rcode))
    kind = dns.rdatatype.to_text(question.question[0].rdtype)
    fit = [a for a in addresses if (":" in a) == (kind == "AAAA")]
    if fit:
        response.answer.append(
            dns.rrset.from_text(question.question[0].name, 300, "IN", kind, *fit)
        )
    return response.to_wire()


def says(*addresses: str, rcode: int = dns.rcode.NOERROR) -> Lie:
    """Answer with *addresses*, once."""
    return lambda question: [answer(question, *addresses, rcode=rcode)]


def silence(_: dns.message.Message) -> list[bytes]:
    """Answer nothing."""
    return []


def cut_off(question: dns.message.Message) -> list[bytes]:
    """Answer that the whole of it does not fit."""
    response = dns.message.make_response(question)
    response.flags |= dns.flags.TC
    return [response.to_wire()]


def with_wrong_id(question: dns.message.Message) -> bytes:
    """Return an answer under an id that nobody has asked with."""
    wire = answer(question, "203.0.113.66")
    return bytes([wire[0] ^ 0xFF]) + wire[1:]


def to_another_question(question: dns.message.Message) -> bytes:
    """Return an answer with the right id about a name that nobody has asked for."""
    other = dns.message.make_query("ads.example.net", question.question[0].rdtype, id=question.id)
    return answer(other, "203.0.113.66")


def nobody() -> str:
    """Return an address where nobody listens."""
    with socket.socket(type=socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{held.getsockname()[1]}"

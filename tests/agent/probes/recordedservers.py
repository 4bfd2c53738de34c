"""Servers as recorded: what they sent, and how long each step took.

`datagrams.json`: a list of questions, each with `server`, `question` (hex), `udp` and `tcp` (lists
of milliseconds and hex) and `refused`. An id is new in each question, so that of an answer is
changed as the question's is: a wrong one stays wrong.
`web.json`: answers by address and family; `ms` of each phase, `fault` of a phase that failed, or
`sent`, the bytes as latin-1.
`shown.json`: certificates by host and port: `fault` and `why` of the first handshake, `leaf` (PEM)
and `sent`.

They were recorded by tests/agent/probes/recording.py; `recorded` in each says from whom.
"""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from agent.clients.certificates import Shown
from agent.clients.dnssocket import Datagram, Heard
from agent.clients.http import Answer, HttpClient, Url
from agent.clients.stream import Fault, Stopwatch, Stream
from agent.clients.web import How


@dataclass
class RecordedNameServers:
    """Stands in for DnsSocket."""

    recording: dict[str, Any]

    async def udp(self, server: tuple[str, int], question: bytes, *_: object) -> Heard:
        one = self._find(server, question)
        return Heard(_datagrams(one, "udp", question), one.get("refused", False))

    async def tcp(self, server: tuple[str, int], question: bytes, _: float) -> Heard:
        return Heard(_datagrams(self._find(server, question), "tcp", question))

    def _find(self, server: tuple[str, int], question: bytes) -> dict[str, Any]:
        for one in self.recording["questions"]:
            same = bytes.fromhex(one["question"])[2:] == question[2:]
            if same and one["server"] == server[0]:
                found: dict[str, Any] = one
                return found
        raise AssertionError(f"nobody recorded {question.hex()} to {server[0]}")


def _datagrams(one: dict[str, Any], kind: str, question: bytes) -> tuple[Datagram, ...]:
    ids = int(one["question"][:4], 16) ^ int.from_bytes(question[:2])
    found = [(ms, bytes.fromhex(text)) for ms, text in one.get(kind, ())]
    return tuple(
        (ms / 1000, (int.from_bytes(data[:2]) ^ ids).to_bytes(2) + data[2:]) for ms, data in found
    )


@dataclass
class RecordedWeb:
    """Plays answers back through the HTTP client that is to be tested."""

    recording: dict[str, Any]

    async def get(self, url: Url, how: How) -> Answer:
        server = _Server(self.recording["answers"][f"{url.text} {how.family}"])
        client = HttpClient(_nobody, ssl.create_default_context, server.open, server.monotonic)
        return await client.get(url, how.timeout_s)


async def _nobody(*_: object) -> Any:
    raise AssertionError("recorded servers have no names")


class _Server:
    def __init__(self, one: dict[str, Any]) -> None:
        self._one, self._at = one, 0.0

    def monotonic(self) -> float:
        return self._at

    def wait(self, phase: str) -> None:
        self._at += self._one["ms"].get(phase, 0.0) / 1000

    @asynccontextmanager
    async def open(self, *_: object, watch: Stopwatch, **__: object) -> AsyncIterator[Stream]:
        known = {*self._one["ms"], self._one.get("phase", ""), "first_byte"}
        for phase in [phase for phase in ("connect", "tls", "first_byte") if phase in known]:
            self.wait(watch.phase)
            if watch.phase == self._one.get("phase"):
                raise Fault(self._one["fault"])
            watch.next(phase)
        yield Stream(cast(Any, _Reader(self)), cast(Any, _Writer()))

    async def read(self, _: int) -> bytes:
        sent: str = self._one["sent"]
        self.wait("first_byte" if sent else "body")
        self._one = self._one | {"sent": ""}
        return sent.encode("latin-1")


@dataclass
class _Reader:
    server: _Server

    async def read(self, most: int) -> bytes:
        return await self.server.read(most)


class _Writer:
    def write(self, data: bytes) -> None:
        assert data.startswith(b"GET ")


@dataclass
class RecordedCertificates:
    """Stands in for the handshakes."""

    recording: dict[str, Any]

    async def show(self, host: str, port: int, *_: object) -> Shown:
        one = self.recording["servers"][f"{host}:{port}"]
        leaf = ssl.PEM_cert_to_DER_cert(one["leaf"]) if one.get("leaf") else b""
        return Shown(one.get("fault", ""), one.get("why", ""), leaf, one.get("sent", 0))


SERVERS: Final[dict[str, Callable[[Any], dict[str, Any]]]] = {
    "datagrams.json": lambda recording: {"socket": RecordedNameServers(recording)},
    "web.json": lambda recording: {"get": RecordedWeb(recording).get},
    "shown.json": lambda recording: {"show": RecordedCertificates(recording).show},
}
"""By the file: what takes the place of which collaborator."""

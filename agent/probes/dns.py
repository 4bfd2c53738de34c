"""Whether each name server answers, how fast, and whether it tells the truth.

Every server is asked for every name and every record type. What an answer is held against stands
in `expected`; agent/clients/dnsanswer.py lists the words that come of it. The names are those of
the configuration: nobody's questions are looked at.
Watch it work: schoolwatch agent probe dns names=www.moe.gov.cn
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from agent.clients.address import host_and_port
from agent.clients.dnsanswer import Found, answer_to, expected_of, found, question
from agent.clients.dnssocket import PORT, DnsSocket, Server
from agent.probes.base import COLLABORATOR, probes
from agent.subjects import Subjects
from agent.surroundings import RESOLVER, WORDS, Surroundings
from core import clock
from core.errors import ConfigError, TargetUnreachable
from core.fields import FilledList
from core.names import numeric
from core.types import Reading, Value

AT_ONCE: Final = 8
"""Questions that are out at the same time; a weak line is not flooded."""

NOERROR, TIMEOUT, ERROR = 0, 1, 2
"""Telegraf's result codes."""

Answers = Annotated[
    dict[str, tuple[str, ...]],
    Meta(description='a table of lists, as { "www.example.org" = ["192.0.2.0/24"] }'),
]


@probes.add("dns")
@dataclass(frozen=True, slots=True)
class DnsProbe:
    """Asks `servers` for `names`; one reading for each server, name and record type."""

    INTERVAL_S: ClassVar[float] = 60.0
    TIMES_ANSWERS: ClassVar[bool] = True

    names: FilledList
    servers: FilledList = ("resolvers",)
    record_types: Annotated[tuple[Literal["A", "AAAA"], ...], Meta(min_length=1)] = ("A", "AAAA")
    expected: Answers = field(default_factory=dict)
    timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 2.0
    linger_s: Annotated[float, Meta(ge=0, le=2)] = 0.2
    surroundings: Surroundings = field(default_factory=Surroundings, metadata=COLLABORATOR)
    socket: DnsSocket = field(default_factory=DnsSocket, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    subjects: Subjects = field(default_factory=partial(Subjects, "dns"), metadata=COLLABORATOR)

    def __post_init__(self) -> None:
        """Raise ConfigError for a name, a server or an expectation that cannot be."""
        for name in self.names:
            try:
                question(name, "A")
            except ValueError as error:
                raise ConfigError(f"names: {error}") from None
        for server in self.servers:
            if server not in WORDS and not server.startswith(RESOLVER):
                try:
                    address_of(server)
                except TargetUnreachable as error:
                    raise ConfigError(f"servers: {error}") from None
        for name, words in self.expected.items():
            if name not in self.names:
                raise ConfigError(f"expected: {name!r} is not among names")
            try:
                expected_of(words)
            except ValueError as error:
                right = "expected an address, a network, NXDOMAIN or NODATA"
                raise ConfigError(f"expected of {name!r}: {error}; {right}") from None

    async def measure(self) -> Iterable[Reading]:
        """Return one reading per question, also for one that nobody answered."""
        at, turn = self.now(), asyncio.Semaphore(AT_ONCE)

        async def one(server: str, name: str, kind: str) -> Reading:
            where = address_of(self.surroundings.host(server))
            async with turn:
                fields = await self._asked(where, name, kind)
            tags = {"server": server, "domain": name, "record_type": kind}
            return Reading("dns_query", fields, at, tags)

        return await self.subjects.ask(
            {
                f"{server} {name} {kind}": one(server, name, kind)
                for server in self.surroundings.names(self.servers)
                for name in dict.fromkeys(self.names)
                for kind in dict.fromkeys(self.record_types)
            }
        )

    async def _asked(self, server: Server, name: str, kind: str) -> dict[str, Value]:
        asked, expected = question(name, kind), expected_of(self.expected.get(name, ()))
        wire = asked.to_wire()

        def fits(datagram: bytes) -> bool:
            return answer_to(asked, datagram) is not None

        heard = await self.socket.udp(server, wire, fits, self.timeout_s, self.linger_s)
        came = found(asked, heard.datagrams, expected, refused=heard.refused)
        if came.verdict != "truncated":
            return fields_of(came)
        whole = await self.socket.tcp(server, wire, self.timeout_s)
        again = found(asked, whole.datagrams, expected, refused=False)
        return fields_of(again if again.answer else came) | {"tcp": True}


def address_of(server: str) -> Server:
    """Return the address and port of *server*; raises TargetUnreachable where it is no address."""
    try:
        host, port = host_and_port(server, PORT)
    except ValueError as error:
        raise TargetUnreachable(str(error)) from None
    if not numeric(host):
        raise TargetUnreachable(f"{server!r} is no address, and there is none to ask for one")
    return host, port


def fields_of(came: Found) -> dict[str, Value]:
    """Return the fields of what came; a time is there only where an answer is."""
    fields: dict[str, Value] = {
        "result_code": _result_code(came),
        "verdict": came.verdict,
        "success": int(came.verdict == "ok"),
        "strays": came.strays,
        "tcp": False,
    }
    if came.answer:
        fields |= {
            "rcode_value": came.answer.rcode,
            "query_time_ms": round(1000 * came.seconds, 3),
            "answers": len(came.answer.addresses),
        }
    if came.answer and came.answer.addresses:
        fields["ttl_s"] = came.answer.ttl_s
    return fields


def _result_code(came: Found) -> int:
    if came.answer:
        return ERROR if came.answer.rcode else NOERROR
    return TIMEOUT if came.verdict in ("timeout", "mismatched") else ERROR

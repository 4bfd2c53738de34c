"""Records the servers of tests/cases: python -m tests.agent.probes.recording

Real exchanges over loopback with the servers of tests/real, which play a school's; then addresses
are written that a reader knows for what they are. What is expected is checked by hand.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dns.rcode
from cryptography.hazmat.primitives.asymmetric import rsa

from agent.clients.certificates import CertificateClient
from agent.clients.dnsanswer import answer_to, question
from agent.clients.dnssocket import DnsSocket
from agent.clients.families import resolver
from agent.clients.http import HttpClient, Url
from agent.clients.stream import Fault, Stream, connected
from agent.clients.tls import checking
from core.clock import SECOND
from tests.agent.probes.recorded import AT
from tests.real import nameserver, webserver
from tests.real.certificates import Issued, issued, roots_file, with_sha1

CASES = Path(__file__).parents[2] / "cases"
FROM = "on loopback, by tests/agent/probes/recording.py"
WWW, NONE = "www.school.example", "no.school.example"
NOW, DAY = datetime.fromtimestamp(AT // SECOND, UTC), timedelta(days=1)


def write(case: str, file: str, **recording: Any) -> None:
    text = json.dumps({"recorded": FROM} | recording, indent=2)
    (CASES / case).mkdir(parents=True, exist_ok=True)
    (CASES / case / file).write_text(f"{text}\n")


async def asked(server: str, name: str, udp: nameserver.Lie, tcp: Any = None) -> dict[str, Any]:
    """Ask one that answers by *udp* and *tcp*; write it down as one at the address *server*."""
    message = question(name, "A")
    wire = message.to_wire()
    found: dict[str, Any] = {"server": server, "question": wire.hex()}
    async with nameserver.name_server(udp, tcp) as real:
        where = (real.host, real.port)
        heard = await DnsSocket().udp(
            where, wire, lambda datagram: answer_to(message, datagram) is not None, 0.5, 0.1
        )
        found["udp"] = [[round(1000 * s, 3), data.hex()] for s, data in heard.datagrams]
        if tcp:
            heard = await DnsSocket().tcp(where, wire, 2)
            found["tcp"] = [[round(1000 * s, 3), data.hex()] for s, data in heard.datagrams]
    return found


async def name_servers() -> None:
    right, wrong = "203.0.113.10", "198.51.100.66"
    nxdomain = nameserver.says(rcode=dns.rcode.NXDOMAIN)
    lies = [
        await asked("192.0.2.53", WWW, nameserver.says(right)),
        await asked("192.0.2.53", NONE, nxdomain),
        await asked("192.0.2.66", WWW, nameserver.says(wrong)),
        await asked("192.0.2.66", NONE, nameserver.says(wrong)),
    ]
    write("dns/an_honest_server_and_one_that_advertises", "datagrams.json", questions=lies)

    def forged(message: Any) -> list[bytes]:
        return [nameserver.answer(message, wrong), nameserver.answer(message, right)]

    def other(message: Any) -> list[bytes]:
        return [nameserver.with_wrong_id(message), nameserver.to_another_question(message)]

    many = nameserver.says(*(f"203.0.113.{number}" for number in range(1, 60)))
    hard = [
        await asked("192.0.2.1", WWW, forged),
        await asked("192.0.2.2", WWW, nameserver.cut_off, many),
        await asked("192.0.2.3", WWW, other),
        await asked("192.0.2.4", WWW, nameserver.silence),
        await asked("192.0.2.5", WWW, nameserver.says(rcode=dns.rcode.SERVFAIL)),
    ]
    write("dns/forged_cut_off_strange_silent_and_failing", "datagrams.json", questions=hard)


async def fetched(
    handler: webserver.Handler, context: ssl.SSLContext | None = None, roots: Any = None
) -> dict[str, Any]:
    """Ask a server for a page, and write down what it sent and when."""
    sent = bytearray()
    phase = ""

    @asynccontextmanager
    async def open_(*words: Any, watch: Any, **options: Any) -> AsyncIterator[Stream]:
        nonlocal phase
        try:
            async with connected(*words, watch=watch, **options) as stream:
                yield Stream(_Copying(stream.reader, sent), stream.writer)  # type: ignore[arg-type]
        except Fault:
            phase = watch.phase
            raise

    async with webserver.web_server(handler, context) as port:
        scheme = "https" if context else "http"
        client = HttpClient(resolver("any"), lambda: checking(roots), open_)
        answer = await client.get(Url(f"{scheme}://127.0.0.1:{port}/"), 5)
    ms = {name: round(value, 3) for name, value in answer.ms.items()}
    if phase and phase not in ("first_byte", "body"):
        return {"ms": ms, "fault": answer.fault, "phase": phase}
    ms["body"] = round(answer.total_ms - sum(ms.values()), 3)
    text = sent.decode("latin-1")
    return {"ms": ms, "sent": text}


class _Copying:
    def __init__(self, reader: asyncio.StreamReader, sent: bytearray) -> None:
        self._reader, self._sent = reader, sent

    async def read(self, most: int) -> bytes:
        data = await self._reader.read(most)
        self._sent += data
        return data


async def web_servers(folder: Path) -> None:
    ca = issued("root.school.example", ca=True)
    roots = roots_file(folder, ca)
    good = issued("127.0.0.1", ca).server_context(folder)
    bad = issued("www.else.example", ca).server_context(folder)
    page = webserver.page("国家智慧教育公共服务平台".encode())
    portal = webserver.page(b"", "302 Found", "Location: http://portal.lan/login")
    answers = {
        "https://platform.example/ any": await fetched(webserver.answers(page), good, roots),
        "https://province.example/ any": await fetched(webserver.answers(page), bad, roots),
        "http://portal.example/ any": await fetched(webserver.answers(portal)),
        "http://cut.example/ any": await fetched(webserver.answers(page[:-3])),
        "http://silent.example/ any": await fetched(webserver.farewell),
    }
    write("http/a_platform_and_four_that_fail", "web.json", answers=answers)
    answers = {
        "http://address.example/ ipv4": await fetched(
            webserver.answers(webserver.page(b"100.64.9.7\n"))
        ),
        "http://address.example/ ipv6": await fetched(
            webserver.answers(webserver.page(b'{"ip": "2400:3200:1:2:a1b2:c3d4:e5f6:789a"}'))
        ),
    }
    write("public_address/shared_over_ipv4_and_public_over_ipv6", "web.json", answers=answers)


async def certificates(folder: Path) -> None:
    rsa_root, short = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 1024)
    ten_years: dict[str, Any] = {"begins": NOW - 365 * DAY, "ends": NOW + 3650 * DAY}
    root = issued("root.school.example", ca=True, key=rsa_root, **ten_years)
    between = issued("between.school.example", root, ca=True, **ten_years)
    stranger = issued("root.stranger.example", ca=True, **ten_years)
    roots, host = roots_file(folder, root), "127.0.0.1"
    times: dict[str, Any] = {"begins": NOW - 10 * DAY, "ends": NOW + 80 * DAY}
    by_stranger, by_between = issued(host, stranger, **times), issued(host, between, **times)
    shown = {
        "good": issued(host, root, **times),
        "expired": issued(host, root, begins=NOW - 91 * DAY, ends=NOW - DAY),
        "early": issued(host, root, begins=NOW + 30 * DAY, ends=NOW + 120 * DAY),
        "other": issued("www.else.example", root, **times),
        "self": issued(host, **times),
        "stranger": Issued(by_stranger.certificate, by_stranger.key, (stranger.certificate,)),
        "alone": Issued(by_between.certificate, by_between.key),
        "short": issued(host, root, key=short, **times),
        "sha1": with_sha1(issued(host, root, **times), root),
    }
    found: dict[str, Any] = {}
    client = CertificateClient(resolver("any"), lambda: checking(roots))
    for name, one in shown.items():
        async with webserver.web_server(webserver.silence, one.server_context(folder)) as port:
            seen = await client.shown(host, port, 5)
        pem = ssl.DER_cert_to_PEM_cert(seen.leaf)
        found[f"{name}.example:443"] = {
            "fault": seen.fault, "why": seen.why, "leaf": pem, "sent": seen.sent
        }  # fmt: skip
    async with webserver.web_server(webserver.farewell) as port:
        seen = await client.shown(host, port, 5)
        found["broken.example:8883"] = {"fault": seen.fault, "why": seen.why}
    write("cert/each_kind_of_fault", "shown.json", servers=found)


async def main() -> None:
    await name_servers()
    with TemporaryDirectory() as folder:
        await web_servers(Path(folder))
        await certificates(Path(folder))


if __name__ == "__main__":
    asyncio.run(main())

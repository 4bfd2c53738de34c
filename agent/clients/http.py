"""One question over HTTP/1.1: the time of each phase, and an end to the waiting and the reading.

No redirect is followed, no cookie kept, no proxy asked. h11 reads the answer (RFC 9112).
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

import h11

from agent.clients.stream import (
    OPENED_LATE,
    Fault,
    Open,
    Resolve,
    Stopwatch,
    Stream,
    connected,
)
from core import clock

AGENT: Final = "schoolwatch"
MOST_BYTES: Final = 65_536
"""Read of an answer; a page that is longer is taken as whole."""

BEGINNING: Final = b"HTTP/"
MOST_INTEGER: Final = 2**63 - 1
"""The store holds no larger one."""

LATE: Final = OPENED_LATE | {"first_byte": "no_first_byte", "body": "unfinished"}


@dataclass(frozen=True, slots=True)
class Url:
    """An address of the web, as it stands in the configuration and in parts."""

    text: str

    @property
    def parts(self) -> SplitResult:
        """Return the parts of the address."""
        return urlsplit(self.text)

    @property
    def host(self) -> str:
        """Return the host in ASCII, as it travels."""
        name = self.parts.hostname or ""
        if ":" in name:
            return name.replace("%25", "%", 1)  # the interface of fe80::1%25eth0 (RFC 6874)
        return name if name.isascii() else name.encode("idna").decode()

    @property
    def is_tls(self) -> bool:
        """Return whether it begins with https."""
        return self.parts.scheme == "https"

    @property
    def port(self) -> int:
        """Return the port, which need not be written."""
        return self.parts.port or (443 if self.is_tls else 80)

    @property
    def target(self) -> str:
        """Return what is asked for: the path, in ASCII."""
        query = f"?{self.parts.query}" if self.parts.query else ""
        return quote(self.parts.path or "/", safe="/%:@!$&'()*+,;=~") + quote(query, safe="?/%=&+")

    @property
    def authority(self) -> str:
        """Return what stands behind `Host:`."""
        # An interface means nothing to the other side (RFC 6874 3).
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return f"{host}:{self.parts.port}" if self.parts.port else host


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, beside the address; `headers` beyond those that each question has."""

    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


GET: Final = Request()


@dataclass(slots=True)
class Answer:
    """What came, as far as it came; `fault` is "" for a whole answer, or the word of a verdict."""

    ms: dict[str, float] = field(default_factory=dict)
    fault: str = ""
    why: str = ""
    number: int = 0
    """Of the system (errno), where it had one."""
    total_ms: float = 0.0
    headers_ms: float = 0.0
    """Until all headers were there; 0 where they were never."""
    status: int = 0
    location: str = ""
    challenges: list[str] = field(default_factory=list)
    """How it wants to be told who asks (WWW-Authenticate)."""
    length: int | None = None
    """Bytes of the body, read or promised."""
    body: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class HttpClient:
    """Asks web servers; `context` is made when the first one with TLS is asked."""

    resolve: Resolve
    context: Callable[[], ssl.SSLContext]
    open: Open = connected
    monotonic: clock.Monotonic = clock.monotonic

    async def get(self, url: Url, timeout_s: float, request: Request = GET) -> Answer:
        """Return what came of asking for *url*; raises OSError where no socket is left."""
        # The first one reads all roots, which is no part of any phase.
        context = self.context() if url.is_tls else None
        watch = Stopwatch(self.monotonic)
        answer = Answer(watch.ms)
        try:
            async with asyncio.timeout(timeout_s):
                await self._get(
                    url, request, answer, context=context, timeout_s=timeout_s, watch=watch
                )
        except Fault as fault:
            answer.fault, answer.why, answer.number = fault.verdict, str(fault), fault.number
        except TimeoutError:
            answer.fault = LATE[watch.phase]
        answer.total_ms = watch.total_ms()
        return answer

    async def _get(
        self,
        url: Url,
        request: Request,
        answer: Answer,
        *,
        context: ssl.SSLContext | None,
        timeout_s: float,
        watch: Stopwatch,
    ) -> None:
        async with self.open(
            url.host,
            url.port,
            resolve=self.resolve,
            timeout_s=timeout_s,
            context=context,
            watch=watch,
        ) as stream:
            await _exchanged(stream, url, request, watch, answer)


async def _exchanged(
    stream: Stream, url: Url, request: Request, watch: Stopwatch, answer: Answer
) -> None:
    connection = h11.Connection(h11.CLIENT)
    headers = [
        ("Host", url.authority),
        ("User-Agent", AGENT),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        *request.headers,
    ]
    if request.body:
        headers.append(("Content-Length", str(len(request.body))))
    asked = connection.send(h11.Request(method=request.method, target=url.target, headers=headers))
    sent = asked or b""
    if request.body:
        sent += connection.send(h11.Data(data=request.body)) or b""
    try:
        stream.writer.write(sent + (connection.send(h11.EndOfMessage()) or b""))
        await _read(stream, connection, watch, answer)
    except h11.RemoteProtocolError as error:
        _, ended = connection.trailing_data
        raise Fault("truncated" if ended else "not_http", str(error)) from None
    except TimeoutError:
        raise
    except OSError as error:  # reset
        verdict = "no_first_byte" if watch.phase == "first_byte" else "truncated"
        raise Fault(verdict, str(error)) from None


async def _read(
    stream: Stream, connection: h11.Connection, watch: Stopwatch, answer: Answer
) -> None:
    came = 0
    while came < MOST_BYTES:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await stream.reader.read(4096)
            if watch.phase == "first_byte":
                _check_beginning(data)
                watch.next("body")
            came += len(data)
            connection.receive_data(data)
        elif isinstance(event, h11.Response):
            answer.status = event.status_code
            answer.headers_ms = watch.total_ms()
            _take_headers(event, answer)
        elif isinstance(event, h11.Data):
            answer.body += event.data
        elif not isinstance(event, h11.InformationalResponse):
            answer.length = len(answer.body)
            return
    if not answer.status:
        raise Fault("not_http", f"no answer within {MOST_BYTES} bytes")


def _check_beginning(data: bytes) -> None:
    if not data:
        raise Fault("no_first_byte", "closed without an answer")
    if not data.startswith(BEGINNING[: len(data)]):
        raise Fault("not_http", "the answer does not begin as HTTP does")


def _take_headers(response: h11.Response, answer: Answer) -> None:
    for name, value in response.headers:
        if name == b"location":
            answer.location = value.decode("latin-1")
        elif name == b"www-authenticate":
            answer.challenges.append(value.decode("latin-1"))
        elif name == b"content-length" and int(value) <= MOST_INTEGER:  # h11: twenty digits at most
            answer.length = int(value)

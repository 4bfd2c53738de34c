"""A TCP or TLS connection, opened step by step and timed, so that a fault has its phase.

resolve      the name      connect      SYN and its answer
tls          the handshake first_byte   from the request to the first byte of an answer
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from agent.clients.address import NoFamily, new_socket
from agent.clients.tls import fault_of, words_of
from core import clock
from core.errors import TargetUnreachable
from core.names import NoSuchHost, with_port

Resolve = Callable[[str, float], Coroutine[Any, Any, tuple[socket.AddressFamily, Any]]]
"""From a host to its family and address, within seconds; raises as `core.names` does."""


OPENED_LATE: Final = {
    "resolve": "resolve_failed",
    "connect": "connect_timeout",
    "tls": "tls_timeout",
}
"""What it is called when the time is over, by the phase that was on, until it is open."""

CERTIFICATE: Final = "certificate_"
"""Begins the word for a handshake that a certificate spoilt (agent/clients/tls.py)."""


class Fault(Exception):
    """What went wrong, as the word of a verdict; text and errno are those of the system, if any."""

    def __init__(self, verdict: str, text: str = "", number: int = 0) -> None:
        super().__init__(text)
        self.verdict, self.number = verdict, number


@dataclass(slots=True)
class Stopwatch:
    """Which phase is on, and how many milliseconds those before it took."""

    monotonic: clock.Monotonic = clock.monotonic
    phase: str = "resolve"
    ms: dict[str, float] = field(default_factory=dict)
    began: float = field(init=False)
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self._since = self.monotonic()

    def next(self, phase: str) -> None:
        """End the phase that is on; *phase* is on from now."""
        at = self.monotonic()
        self.ms[self.phase] = 1000 * (at - self._since)
        self.phase, self._since = phase, at

    def total_ms(self) -> float:
        """Return the milliseconds since the beginning."""
        return 1000 * (self.monotonic() - self.began)


@dataclass(frozen=True, slots=True)
class Stream:
    """An open connection, for one exchange."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


Open = Callable[..., AbstractAsyncContextManager[Stream]]
"""Opens as `connected` does."""


@asynccontextmanager
async def connected(
    host: str,
    port: int,
    *,
    resolve: Resolve,
    timeout_s: float,
    context: ssl.SSLContext | None,
    watch: Stopwatch,
) -> AsyncIterator[Stream]:
    """Open a connection to *host*, over TLS with *context*; gone without a farewell afterwards.

    Raises Fault; the caller limits the time of the whole, *timeout_s* that of a thread which
    resolves. Raises OSError where this machine has no socket left.
    """
    family, address = await _resolved(host, resolve, timeout_s)
    watch.next("connect")
    try:
        sock = new_socket(family, socket.SOCK_STREAM)
    except NoFamily as error:
        raise Fault("connect_failed", str(error)) from None
    with sock:
        await _connect(sock, with_port(address, port))
        reader, writer = await asyncio.open_connection(sock=sock)
        plain = writer.transport
        try:
            if context:
                watch.next("tls")
                await _start_tls(writer, context, host)
            watch.next("first_byte")
            yield Stream(reader, writer)
        finally:
            # Not close(): TLS would wait half a minute for a farewell of the other side. And of
            # what was there before TLS, which knows the socket whatever became of the handshake.
            plain.abort()
            await asyncio.sleep(0)


async def _resolved(host: str, resolve: Resolve, timeout_s: float) -> tuple[int, Any]:
    try:
        return await resolve(host, timeout_s)
    except NoSuchHost as error:
        raise Fault("no_such_host", str(error)) from None
    except TargetUnreachable as error:
        raise Fault("resolve_failed", str(error)) from None


async def _connect(sock: socket.socket, address: Any) -> None:
    try:
        await asyncio.get_running_loop().sock_connect(sock, address)
    except ConnectionRefusedError as error:
        raise Fault("connect_refused", str(error)) from None
    except TimeoutError:
        raise Fault("connect_timeout") from None
    except OSError as error:
        raise Fault("connect_failed", str(error), error.errno or 0) from None


async def _start_tls(writer: asyncio.StreamWriter, context: ssl.SSLContext, host: str) -> None:
    # Not open_connection(ssl=…): cancelled before its first step, it forgets the socket.
    try:
        await writer.start_tls(context, server_hostname=host)
    except ssl.SSLError as error:
        fault = fault_of(error)
        raise Fault(f"{CERTIFICATE}{fault}" if fault else "tls_failed", words_of(error)) from None
    except OSError as error:  # reset, or closed in the middle of it
        raise Fault("tls_failed", str(error)) from None

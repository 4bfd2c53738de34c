"""Fetches the certificate of a server, believed or not, and says what is wrong with it.

Two handshakes at most: the first one checks; only where it refuses, a second one takes what the
server has, so that it can be read. Nothing is sent through either.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.clients.certificate import Certificate, names_of
from agent.clients.stream import (
    CERTIFICATE,
    OPENED_LATE,
    Fault,
    Open,
    Resolve,
    Stopwatch,
    connected,
)
from agent.clients.tls import believing
from core import clock

DER: Final = 2
"""ENCODING_DER of Python's _ssl, which has no public name before 3.13."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a server showed: `fault` is "" where it was believed, or the word for what is wrong."""

    fault: str = ""
    why: str = ""
    leaf: bytes = b""
    """DER; empty where there was no handshake at all."""
    sent: int = 0
    """How many of those that came lead on from the leaf, itself included; 0 where this Python
    cannot tell. Whatever else a server sends vouches for nothing."""


@dataclass(frozen=True, slots=True)
class CertificateClient:
    """Shows the certificates of servers; `context` checks them."""

    resolve: Resolve
    context: Callable[[], ssl.SSLContext]
    open: Open = connected
    monotonic: clock.Monotonic = clock.monotonic

    async def shown(self, host: str, port: int, timeout_s: float) -> Shown:
        """Return what *host* shows; *timeout_s* is for each of the two handshakes."""
        first = await self._handshake(host, port, self.context(), timeout_s)
        if not first.fault.startswith(CERTIFICATE):
            return first
        second = await self._handshake(host, port, believing(), timeout_s)
        return Shown(first.fault.removeprefix(CERTIFICATE), first.why, second.leaf, second.sent)

    async def _handshake(
        self, host: str, port: int, context: ssl.SSLContext, timeout_s: float
    ) -> Shown:
        watch = Stopwatch(self.monotonic)
        try:
            async with asyncio.timeout(timeout_s):
                async with self.open(
                    host,
                    port,
                    resolve=self.resolve,
                    timeout_s=timeout_s,
                    context=context,
                    watch=watch,
                ) as stream:
                    tls = stream.writer.get_extra_info("ssl_object")
                    return Shown("", "", tls.getpeercert(binary_form=True) or b"", _sent(tls))
        except Fault as fault:
            return Shown(fault.verdict, str(fault))
        except TimeoutError:
            return Shown(OPENED_LATE.get(watch.phase, OPENED_LATE["tls"]))


def _sent(tls: Any) -> int:
    """Return how many certificates of what came lead on from the first one.

    Python has a public way to ask from 3.13 on, which gives bytes.
    """
    ask = getattr(tls, "get_unverified_chain", None) or getattr(
        getattr(tls, "_sslobj", None), "get_unverified_chain", None
    )
    came = (ask() or ()) if ask else ()
    try:
        names = [names_of(one if isinstance(one, bytes) else one.public_bytes(DER)) for one in came]
    except ValueError:  # which one is damaged nobody can tell
        return len(came)
    return leading_on(names)


def leading_on(names: Sequence[tuple[bytes, bytes]]) -> int:
    """Return how many lead on from the first one; *names* are issuers and subjects."""
    subjects = {subject: issuer for issuer, subject in reversed(names[1:])}
    count, issuer = len(names[:1]), names[0][0] if names else b""
    while issuer in subjects:
        count, issuer = count + 1, subjects.pop(issuer)
    return count


def verdict_of(shown: Shown, leaf: Certificate | None, now: int) -> str:
    """Return the word for what was *shown*; *now* in seconds since 1970.

    OpenSSL names the first fault that it meets; of several, the one that a person has to see to
    first is told: what is over, then who vouches, then for whom, then how well.
    """
    if leaf is None:
        return shown.fault or "unreadable"
    if now > leaf.not_after:
        return "expired"
    if now < leaf.not_before:
        return "not_yet_valid"
    if shown.fault == "unknown_issuer" and shown.sent == 1 and not leaf.self_issued:
        return "incomplete_chain"
    if shown.fault:
        return shown.fault
    return "weak" if leaf.weak else "ok"

"""How long the certificates of servers are good for, and what is wrong with them.

Words that come of it, in `verdict`: ok, expired, not_yet_valid, self_signed, unknown_issuer,
incomplete_chain (its issuer is neither sent nor known here), wrong_host, weak (SHA-1, or RSA under
2048 bits), not_valid, unreadable; and where there was no certificate to see, no_such_host,
resolve_failed, connect_refused, connect_timeout, connect_failed, tls_timeout, tls_failed.
Watch it work: schoolwatch agent probe cert targets=www.smartedu.cn
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from agent.clients.address import host_and_port
from agent.clients.certificate import Certificate, parse
from agent.clients.certificates import CertificateClient, Shown, verdict_of
from agent.clients.families import resolver
from agent.clients.tls import checking
from agent.probes.base import COLLABORATOR, probes
from agent.subjects import Subjects
from core import clock
from core.errors import ConfigError
from core.fields import FilledList, Roots
from core.types import Reading, Value

PORT: Final = 443
AT_ONCE: Final = 4
DAY_S: Final = 86_400
VALID, INVALID = 0, 1
"""Telegraf's verification codes."""

Show = Callable[[str, int, float, Path | None], Coroutine[Any, Any, Shown]]


async def show(host: str, port: int, timeout_s: float, ca_file: Path | None) -> Shown:
    """Return what *host* shows; the roots are read anew each time, once an hour."""
    return await CertificateClient(resolver("any"), lambda: checking(ca_file)).shown(
        host, port, timeout_s
    )


@probes.add("cert")
@dataclass(frozen=True, slots=True)
class CertProbe:
    """Looks at the certificate of each of `targets`; `timeout_s` is for each of two handshakes."""

    INTERVAL_S: ClassVar[float] = 3600.0

    targets: FilledList
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 10.0
    ca_file: Roots = None
    show: Show = field(default=show, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    subjects: Subjects = field(default_factory=partial(Subjects, "cert"), metadata=COLLABORATOR)

    def __post_init__(self) -> None:
        """Raise ConfigError for a target that is no host with a port."""
        for target in self.targets:
            try:
                host_and_port(target, PORT)
            except ValueError:
                right = "expected a host, with :port behind it where that is not 443"
                raise ConfigError(f"targets: {target!r} is no host; {right}") from None

    async def measure(self) -> Iterable[Reading]:
        """Return one reading per target, also for one that shows nothing."""
        at, turn = self.now(), asyncio.Semaphore(AT_ONCE)
        return await self.subjects.ask(
            {target: self._one(turn, at, target) for target in dict.fromkeys(self.targets)}
        )

    async def _one(self, turn: asyncio.Semaphore, at: int, target: str) -> Reading:
        host, port = host_and_port(target, PORT)
        async with turn:
            shown = await self.show(host, port, self.timeout_s, self.ca_file)
        return Reading("x509_cert", fields_of(shown, at // clock.SECOND), at, {"source": target})


def fields_of(shown: Shown, now: int) -> Mapping[str, Value]:
    """Return the fields of what was shown; *now* in seconds since 1970."""
    leaf = _parsed(shown.leaf)
    verdict = verdict_of(shown, leaf, now)
    fields: dict[str, Value] = {
        "verdict": verdict,
        "verification_code": VALID if verdict in ("ok", "weak") and not shown.fault else INVALID,
    }
    if shown.why:
        fields["verification_error"] = shown.why
    if leaf:
        fields |= {
            "startdate": leaf.not_before,
            "enddate": leaf.not_after,
            "age": now - leaf.not_before,
            "expiry": leaf.not_after - now,
            "days_left": (leaf.not_after - now) // DAY_S,
        }
    return fields


def _parsed(der: bytes) -> Certificate | None:
    try:
        return parse(der) if der else None
    except ValueError:
        return None

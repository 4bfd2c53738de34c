"""HTTP clients for the probes that ask web servers: one for each family, made when it is needed."""

import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.clients.families import resolver
from agent.clients.http import Answer, HttpClient, Url
from agent.clients.tls import checking
from agent.families import Family
from core.errors import ConfigError
from core.fields import url_mistake


@dataclass(frozen=True, slots=True)
class How:
    """How to ask: over which addresses, for how long, believing whom beside the system's roots."""

    family: Family
    timeout_s: float
    ca_file: Path | None = None


Get = Callable[[Url, How], Coroutine[Any, Any, Answer]]


@dataclass(slots=True)
class WebClients:
    """Keeps the clients of a probe, and the context with the roots: more than a megabyte."""

    _contexts: dict[Path | None, ssl.SSLContext] = field(default_factory=dict)
    _clients: dict[How, HttpClient] = field(default_factory=dict)

    async def get(self, url: Url, how: How) -> Answer:
        """Return what came of asking for *url*."""
        if how not in self._clients:
            self._clients[how] = HttpClient(
                resolver(how.family), lambda: self._context(how.ca_file)
            )
        return await self._clients[how].get(url, how.timeout_s)

    def _context(self, ca_file: Path | None) -> ssl.SSLContext:
        if ca_file not in self._contexts:
            self._contexts[ca_file] = checking(ca_file)
        return self._contexts[ca_file]


def check_url(name: str, url: str) -> None:
    """Raise ConfigError, which begins with the option's *name*, where *url* cannot be asked for."""
    mistake = url_mistake(
        url,
        what="address of a page (nor with ? or #, which would travel with each reading)",
        example="https://www.example.org/page",
        secrets="nothing: what needs a password is not for this probe",
    )
    try:
        host = Url(url).host
    except ValueError:
        host = ""
    if not mistake and (not host or any(mark.isspace() for mark in url)):
        mistake = "is no address; its host cannot be the name of one"
    if mistake:
        shown = "it" if "password" in mistake else repr(url)
        raise ConfigError(f"{name}: {shown} {mistake}")

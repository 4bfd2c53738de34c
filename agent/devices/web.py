"""Asks the web server of a device, with an account where it wants one; never led elsewhere."""

import re
import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from agent.clients.families import resolver
from agent.clients.http import GET, Answer, HttpClient, Request, Url
from agent.clients.httpauth import Account, authorization
from agent.clients.tls import believing, checking
from agent.devices.base import Sighting
from agent.devices.faults import sighting_of, unreachable

MOST_REDIRECTS: Final = 3
_MEDIA: Final = re.compile(
    r"snapshot|picture|mjpe?g|/streaming/|media_?service|onvif/media"
    r"|\.(?:jpe?g|png|bmp|gif|mp4|flv|m3u8|wav|mp3)(?:\?|$)",
    re.IGNORECASE,
)


@lru_cache(maxsize=16)
def _context(ca_file: Path | None, verify: bool, _changed: int) -> ssl.SSLContext:
    """Return one context for all devices that are believed alike: its roots take a megabyte."""
    return checking(ca_file) if verify else believing()


def context_of(ca_file: Path | None, verify: bool) -> ssl.SSLContext:
    """Return what checks a device's certificate; made anew when the file has changed."""
    return _context(ca_file, verify, ca_file.stat().st_mtime_ns if ca_file else 0)


@dataclass(frozen=True, slots=True)
class DeviceWeb:
    """How one device is asked."""

    timeout_s: float
    verify: bool = True
    ca_file: Path | None = None
    client: HttpClient = field(init=False)

    def __post_init__(self) -> None:
        """Make the client; its context waits for the first question with TLS."""
        made = HttpClient(resolver("any"), lambda: context_of(self.ca_file, self.verify))
        object.__setattr__(self, "client", made)

    async def ask(self, url: Url, request: Request = GET, account: Account | None = None) -> Answer:
        """Return what *url* answers; a second time with the account where it asks who we are."""
        answer = await self.client.get(url, self.timeout_s, request)
        if answer.status != 401 or account is None:
            return answer
        basic = self.verify or not url.is_tls
        said = authorization(answer.challenges, account, request.method, url.target, basic=basic)
        if not said:
            return answer
        headers = (*request.headers, ("Authorization", said))
        return await self.client.get(
            url, self.timeout_s, Request(request.method, headers, request.body)
        )

    async def page(self, url: Url, account: Account | None = None) -> Answer:
        """Return the page at *url*; redirects are followed where they stay on the host."""
        answer = await self.ask(url, account=account)
        for _ in range(MOST_REDIRECTS):
            to = redirected(url, answer)
            if to is None:
                break
            url, answer = to, await self.ask(to, account=account)
        return answer


def redirected(url: Url, answer: Answer) -> Url | None:
    """Return where *answer* leads: only to the same host, never out of TLS."""
    if answer.status not in (301, 302, 303, 307, 308) or not answer.location:
        return None
    try:
        to = Url(urljoin(url.text, answer.location))
        stays = to.host == url.host and to.port > 0 and to.parts.username is None
    except ValueError:  # no address at all
        return None
    if not stays or to.parts.scheme not in ("http", "https") or (url.is_tls and not to.is_tls):
        return None
    fits = (not url.is_tls or to.port == url.port) and not is_media(to.text)
    return to if fits else None


def is_media(address: str) -> bool:
    """Return whether *address* is one that cameras give pictures or sound at: never asked for."""
    return bool(_MEDIA.search(address))


def failed(url: Url, answer: Answer) -> Sighting | None:
    """Return what a fault of *answer* means, None where there is none.

    Raises TargetUnreachable or OSError where nobody answered.
    """
    if not answer.fault:
        return Sighting("unknown", "credentials") if answer.status in (401, 403) else None
    found = sighting_of(answer.fault)
    if found is None:
        raise unreachable(url.host, answer.fault, answer.why, answer.number)
    return found

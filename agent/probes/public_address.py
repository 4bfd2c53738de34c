"""Which address the school's line has as seen from outside, of which kind, and when it changes.

A host that the configuration names answers with the address of whoever asks, as text or in JSON.
It is the line's address and no person's: of IPv6 only the network (/64) is kept, since the rest
stands for one machine. Its class is one of core/addressclass.py: with `cgnat` the provider
translates too, with `private` the host that was asked is none outside.
Watch it work: schoolwatch agent probe public_address url=https://address.example.org/
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta

from agent.clients.http import Answer, Url
from agent.clients.httpverdict import Wanted, verdict_of
from agent.clients.web import Get, How, WebClients, check_url
from agent.families import Family, tags_of
from agent.probes.base import COLLABORATOR, probes
from agent.subjects import Subjects
from core import clock
from core.addressclass import Ip, class_of
from core.fields import Filled, Roots
from core.types import Reading, Value

MOST_BYTES: Final = 1024
"""An answer that is longer is a page, and no address."""

WANTED: Final = Wanted(status=200, slow_after_s=inf)


@probes.add("public_address")
@dataclass(frozen=True, slots=True)
class PublicAddressProbe:
    """Asks `url` over each of `families`; `key` names the address in an answer of JSON."""

    INTERVAL_S: ClassVar[float] = 600.0

    url: Filled
    families: Annotated[tuple[Family, ...], Meta(min_length=1)] = ("any",)
    key: Filled = "ip"
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 10.0
    ca_file: Roots = None
    get: Get = field(default_factory=lambda: WebClients().get, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    subjects: Subjects = field(
        default_factory=partial(Subjects, "public_address"), metadata=COLLABORATOR
    )
    last: dict[str, str] = field(default_factory=dict, metadata=COLLABORATOR)
    """The address of the round before, by family."""

    def __post_init__(self) -> None:
        """Raise ConfigError for an address that cannot be asked for."""
        check_url("url", self.url)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading per family, also where nobody answers."""
        at = self.now()
        return await self.subjects.ask(
            {family: self._one(at, family) for family in dict.fromkeys(self.families)}
        )

    async def _one(self, at: int, family: Family) -> Reading:
        url = Url(self.url)
        answer = await self.get(url, How(family, self.timeout_s, self.ca_file))
        fields = dict(fields_of(url, answer, self.key))
        if "address" in fields:
            address = str(fields["address"])
            if family in self.last:
                fields["changed"] = address != self.last[family]
            self.last[family] = address
        tags = {"server": self.url} | tags_of(family)
        return Reading("public_address", fields, at, tags)


def fields_of(url: Url, answer: Answer, key: str) -> Mapping[str, Value]:
    """Return the fields of *answer*; those of an address are there only where there is one."""
    verdict = verdict_of(url, answer, WANTED)
    found = address_in(bytes(answer.body), key) if verdict == "ok" else None
    if verdict == "ok" and (found is None or is_nobodys(found)):
        found = None
        verdict = "no_address"
    fields: dict[str, Value] = {"verdict": verdict, "success": int(verdict == "ok")}
    if found:
        fields |= {
            "address": line_of(found),
            "address_class": class_of(found),
            "ip_version": found.version,
        }
    return fields


def address_in(body: bytes, key: str) -> Ip | None:
    """Return the address that *body* is, or that its JSON has under *key*; None for anything else.

    An IPv6 address that stands for one of IPv4 is that one (RFC 4291 2.5.5.2).
    """
    if len(body) > MOST_BYTES:
        return None
    try:
        text: Any = body.decode("utf-8-sig").strip()
        if text.startswith(("{", '"')):
            decoded = msgspec.json.decode(text)
            text = decoded.get(key) if isinstance(decoded, dict) else decoded
        found = ipaddress.ip_address(text if isinstance(text, str) else "")
    except (ValueError, msgspec.DecodeError, RecursionError):
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def is_nobodys(address: Ip) -> bool:
    """Return whether no line can have *address*, so that who answers it has not understood."""
    here = address.is_loopback or address.is_link_local
    return here or address.is_unspecified or address.is_multicast


def line_of(address: Ip) -> str:
    """Return what of *address* is the line's: all of IPv4, of IPv6 the network."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Network((address.packed, 64), strict=False))

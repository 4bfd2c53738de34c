"""Whether web servers answer, how long each phase takes, and in which one it failed.

A GET of its own (agent/clients/http.py); nothing of a page is kept, no redirect followed, no proxy
asked. Words that come of it, in `verdict`:

    ok  slow                      answered; the second one in more than slow_after_s
    no_such_host  resolve_failed  connect_refused  connect_timeout  connect_failed
    tls_timeout  tls_failed       certificate_… with a word of agent/clients/tls.py
    no_first_byte                 connected, and then silence, a reset or the end
    not_http  truncated           no answer of HTTP; one that broke off
    unfinished                    began, and did not come to its end in time
    captive_portal                over plain HTTP, a redirect to another host, or something else
                                  than is expected: somebody else answered
    unexpected                    the server itself answered something else than is expected
    http_error                    a status from 400
Watch it work: schoolwatch agent probe http urls=https://www.smartedu.cn/
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.clients.http import Url
from agent.clients.httpverdict import Wanted, fields_of
from agent.clients.web import Get, How, WebClients, check_url
from agent.families import Family, tags_of
from agent.probes.base import COLLABORATOR, probes
from agent.subjects import Subjects
from core import clock
from core.errors import ConfigError
from core.fields import Filled, FilledList, Roots
from core.types import Reading

AT_ONCE: Final = 4
"""Servers that are asked at the same time; a weak line is not flooded."""

Statuses = Annotated[
    dict[str, Annotated[int, Meta(ge=200, le=599)]],
    Meta(description='a table as { "http://host/page" = 204 }, with a status from 200 to 599'),
]
Texts = Annotated[
    dict[str, Filled],
    Meta(description='a table as { "https://host/page" = "a text" }'),
]


@probes.add("http")
@dataclass(frozen=True, slots=True)
class HttpProbe:
    """Asks for each of `urls` over each of `families`; `timeout_s` is for all phases together."""

    INTERVAL_S: ClassVar[float] = 60.0
    TIMES_ANSWERS: ClassVar[bool] = True

    urls: FilledList
    families: Annotated[tuple[Family, ...], Meta(min_length=1)] = ("any",)
    expect_status: Statuses = field(default_factory=dict)
    expect_text: Texts = field(default_factory=dict)
    slow_after_s: Annotated[float, Meta(ge=0.1, le=60)] = 3.0
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 10.0
    ca_file: Roots = None
    get: Get = field(default_factory=lambda: WebClients().get, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    subjects: Subjects = field(default_factory=partial(Subjects, "http"), metadata=COLLABORATOR)

    def __post_init__(self) -> None:
        """Raise ConfigError for an address that cannot be asked for, or that is not in `urls`."""
        for url in self.urls:
            check_url("urls", url)
        for option, table in (("status", self.expect_status), ("text", self.expect_text)):
            for url in table:
                if url not in self.urls:
                    raise ConfigError(f"expect_{option}: {url!r} is not among urls")

    async def measure(self) -> Iterable[Reading]:
        """Return one reading per address and family, also where nobody answers."""
        at, turn = self.now(), asyncio.Semaphore(AT_ONCE)
        return await self.subjects.ask(
            {
                f"{url} {family}": self._one(turn, at, url, family)
                for url in dict.fromkeys(self.urls)
                for family in dict.fromkeys(self.families)
            }
        )

    async def _one(self, turn: asyncio.Semaphore, at: int, text: str, family: Family) -> Reading:
        url, how = Url(text), How(family, self.timeout_s, self.ca_file)
        async with turn:
            answer = await self.get(url, how)
        wanted = Wanted(
            self.expect_status.get(text, 0), self.expect_text.get(text, ""), self.slow_after_s
        )
        tags = {"server": text, "method": "GET"} | tags_of(family)
        return Reading("http_response", fields_of(url, answer, wanted), at, tags)

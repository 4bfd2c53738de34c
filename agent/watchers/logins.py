"""Logins to this machine that fail, from the journal or from auth.log.

One attack is one `logins_failed`: it begins when so many tries of one source fail within a while,
is told of again while it goes on, and ends when none came for as long. Many sources that try a
little each are one more, which names none. The name that was tried is never kept.
Watch it work: ssh nobody@localhost
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta

from agent.clients.address import plain
from agent.conditions import Tellable
from agent.incidenttold import Told
from agent.sensor.incidents import NOBODY, Incidents, Party, Sign
from agent.sensor.network import Network
from agent.sensor.tables import Bounded, Recent
from agent.watchers.base import COLLABORATOR, watchers
from agent.watchers.loginlines import Failed, LoginLines, from_file, from_journal
from agent.watchers.loglines import JOURNALCTL, Tail, journal, journal_is_readable
from core import clock
from core.clock import SECOND
from core.errors import NotPermitted
from core.fields import Filled

FAILED: Final = "logins_failed"
SOURCES: Final = 4_096
LOOK_EVERY_S: Final = 1.0
ALL: Final = "all"
"""The key of what many sources do together."""
LOCAL: Final = "here"
"""The key of the machine's own screen and of its programs."""


@dataclass(slots=True)
class _Source:
    recent: Recent[int]
    tries: int = 0
    """Since its attack began."""


class Logins:
    """What failed lately, by source: no log is read here, the clock comes in (s)."""

    def __init__(self, incidents: Incidents, tries: int, of_all: int, within_s: float) -> None:
        self._incidents, self._tries, self._of_all = incidents, tries, of_all
        self._within_s, self._serial = within_s, 0
        self._sources: Bounded[str, _Source] = Bounded(SOURCES, self._source)
        self._together = self._source(of_all)
        self._distinct: Recent[str] = Recent(within_s, SOURCES)

    def take(self, failed: Failed, at: float) -> None:
        """Hear of logins that failed at *at*."""
        key, party = _party(failed.host)
        one = self._sources.of(key)
        self._note(one, failed, at)
        if self._incidents.is_open(FAILED, key) or one.recent.count(at) >= self._tries:
            self._sign(key, party, one, failed, at)
            return
        self._note(self._together, failed, at)
        self._distinct.add(key, at)
        if self._together.recent.count(at) >= self._of_all:
            self._sign(ALL, NOBODY, self._together, failed, at, sources=self._distinct.count(at))

    def _note(self, one: _Source, failed: Failed, at: float) -> None:
        if not one.recent.count(at):
            one.tries = 0
        for _ in range(failed.tries):
            self._serial += 1
            one.recent.add(self._serial, at)
        one.tries += failed.tries

    def _sign(
        self, key: str, party: Party, one: _Source, failed: Failed, at: float, **more: int
    ) -> None:
        count = failed.tries if self._incidents.is_open(FAILED, key) else one.tries
        evidence: dict[str, int | float | str] = {
            "tries": one.tries,
            "within_s": self._within_s,
            "way": failed.way,
            **more,
        }
        self._incidents.sign(
            Sign(
                *(FAILED, key, at, 0),
                source=party,
                count=count,
                confidence=0.9 if key != ALL else 0.6,
                evidence=evidence,
                quiet_s=self._within_s,
            )
        )

    def _source(self, most: int = 0) -> _Source:
        return _Source(Recent(self._within_s, 2 * max(most, self._tries)))


def _party(host: str) -> tuple[str, Party]:
    """Return the key and who it is; a name that is no address is a key and nobody's name."""
    text = plain(host)
    try:
        address = ip_address(text).packed
    except ValueError:
        return (f"name {text}", NOBODY) if host else (LOCAL, NOBODY)
    return text, Party(address, role=Network().role_of(address))


@watchers.add("logins")
@dataclass(frozen=True, slots=True)
class LoginsWatcher:
    """Tells of sources whose logins fail too often."""

    tries: Annotated[int, Meta(ge=3, le=10_000)] = 10
    """A person who has forgotten a password tries three times, or six in one connection of ssh."""
    tries_of_all: Annotated[int, Meta(ge=10, le=100_000)] = 100
    within_s: Annotated[float, Meta(ge=10, le=86_400)] = 600.0
    allow: tuple[Filled, ...] = ()
    """Addresses of what the district runs itself, a scanner for weak passwords say."""
    files: tuple[Filled, ...] = ("/var/log/auth.log", "/var/log/secure")
    """Read where the journal is not readable; the first that is there."""
    journal: bool = True
    command: Sequence[str] = field(default=JOURNALCTL, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)

    async def watch(self, target: str) -> AsyncIterator[Sequence[Tellable]]:
        """Yield what is news of attacks; the subject is no address and no name."""
        told = Told(target)
        told.anew((FAILED,), self.now())
        incidents = Incidents(told)
        logins = Logins(incidents, self.tries, self.tries_of_all, self.within_s)
        lines, allowed = LoginLines(), {plain(one) for one in self.allow}
        async with aclosing(self._lines()) as batches:
            async for batch in batches:
                at = self.now() / SECOND
                for program, message in batch:
                    failed = lines.read(program, message)
                    if failed is not None and plain(failed.host) not in allowed:
                        logins.take(failed, at)
                incidents.tick(at)
                news = told.take()
                if news:
                    yield news

    async def _lines(self) -> AsyncGenerator[Sequence[tuple[str, str]], None]:
        """Yield the lines that came, and nothing once a second: time passes without them."""
        if self.journal and (self.command is not JOURNALCTL or journal_is_readable()):
            async for batch in self._of_journal():
                yield batch
        path = next((path for path in map(Path, self.files) if path.is_file()), None)
        if path is None:
            raise NotPermitted(
                "neither the journal nor a file of logins is readable: add the agent's user to the "
                "group systemd-journal or adm"
            )
        tail = Tail(path)
        try:
            while True:
                found = (from_file(line) for line in tail.lines())
                yield [line for line in found if line is not None]
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            tail.close()

    async def _of_journal(self) -> AsyncIterator[Sequence[tuple[str, str]]]:
        queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue(10_000)
        reading = asyncio.create_task(self._read(queue))
        try:
            while True:
                yield [queue.get_nowait() for _ in range(queue.qsize())]
                if reading.done():
                    reading.result()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, queue: "asyncio.Queue[tuple[str, str]]") -> None:
        async with aclosing(journal(self.command)) as entries:
            async for entry in entries:
                line = from_journal(entry)
                if line is not None:
                    await queue.put(line)

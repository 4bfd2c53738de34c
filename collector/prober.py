"""Asks the schools' addresses from outside, each minute, in two ways: ICMP echo and TCP.

A TCP port that refuses has answered: the line is up, whatever listens there. What the answers
prove is worked out in collector/outside.py.
"""

import asyncio
import logging
import socket
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from collector.outside import (
    EVERY,
    OLD_AFTER,
    Proof,
    SchoolKey,
    Seen,
    after_round,
    last_outcome,
    outcome,
    together,
    with_doubt,
)
from collector.roster.school import Address
from core import clock
from core.clock import SECOND
from core.echo import EchoSocket, open_echo
from core.errors import NotPermitted, TargetUnreachable
from core.names import Names

TIMEOUT_S: Final = 3.0
AT_ONCE: Final = 200
"""Schools that are asked at the same time; of a thousand all have had their turn in a minute."""
PORT: Final = 80
"""Asked where the roster names none: most routers refuse it, and that is an answer too."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """A school with addresses, and its carrier, empty where the roster names none."""

    key: SchoolKey
    addresses: Sequence[Address]
    carrier: str = ""


Ask = Callable[[Sequence[Address]], Awaitable[list[bool]]]
"""Asks addresses in every way; returns for each question whether it was answered."""
Keep = Callable[[Mapping[SchoolKey, Seen]], Awaitable[None]]
"""Keeps what changed, durably."""


@dataclass(slots=True)
class Prober:
    """Lives in the event loop; `seen` is what the database had at the start."""

    subjects: Callable[[], Iterable[Subject]]
    ask: Ask
    keep: Keep
    seen: dict[SchoolKey, Seen] = field(default_factory=dict)
    control: Sequence[Address] = ()
    now: clock.Clock = clock.now
    _control: Seen = field(default_factory=Seen)
    _hinted: set[SchoolKey] = field(default_factory=set)

    def soon(self, key: SchoolKey) -> None:
        """Ask a school at the next turn: something has just made its line doubtful."""
        self._hinted.add(key)

    def proof(self) -> Proof:
        """Return what is proven at this moment."""
        now = self.now()
        carriers = {subject.key: subject.carrier for subject in self.subjects()}
        asked = {key: seen for key, seen in self.seen.items() if key in carriers}
        found = {key: outcome(seen, now) for key, seen in asked.items()}
        remembered = {key: last_outcome(seen) for key, seen in asked.items()}
        control = outcome(self._control, now).answers
        proof = together(found, carriers, control_answers=control)
        last = together(remembered, carriers, control_answers=control)
        unasked = any(seen.proven and not seen.tried_at for seen in asked.values())
        return with_doubt(replace(proof, unasked=unasked), last, carriers)

    async def turn(self) -> None:
        """Ask whoever's time has come; to be called each second, never twice at once."""
        now = self.now()
        subjects = {subject.key: subject for subject in self.subjects() if subject.addresses}
        for gone in self.seen.keys() - subjects.keys():
            del self.seen[gone]
        due = [
            subject for key, subject in subjects.items() if self._is_due(key, now, len(subjects))
        ]
        self._hinted.clear()
        # The control first: what it says decides what the others' silence means.
        if self.control and (due or self._control.due() <= now):
            self._control = after_round(self._control, await self.ask(self.control), now)
        limit = asyncio.Semaphore(AT_ONCE)
        changed = await asyncio.gather(*(self._round(subject, limit) for subject in due))
        if kept := {key: self.seen[key] for key in changed if key}:
            await self.keep(kept)

    def _is_due(self, key: SchoolKey, now: int, count: int) -> bool:
        seen = self.seen.get(key)
        if seen is None:
            # Spread over the first minute, so that a thousand are not asked in one second; a few
            # are asked within seconds.
            spread = min(EVERY, count * SECOND // 10) * zlib.crc32("/".join(key).encode()) >> 32
            self.seen[key] = Seen(tried_at=now - EVERY + spread)
            return False
        # A clock that was set back must not stop the asking.
        return key in self._hinted or seen.due() <= now or seen.tried_at > now + OLD_AFTER

    async def _round(self, subject: Subject, limit: asyncio.Semaphore) -> SchoolKey | None:
        """Ask one school; return its key where that changed what is proven of it."""
        async with limit:
            at = self.now()
            answers = await self.ask(subject.addresses)
        before = self.seen[subject.key]
        after = self.seen[subject.key] = after_round(before, answers, at)
        return (
            None if (before.answers, before.since) == (after.answers, after.since) else subject.key
        )


@dataclass(slots=True)
class Ways:
    """The two ways of asking; says once where echo requests are not permitted."""

    open_echo: Callable[[socket.AddressFamily], EchoSocket] = open_echo
    timeout_s: float = TIMEOUT_S
    names: Names = field(default_factory=Names)
    _said: bool = False

    async def ask(self, addresses: Sequence[Address]) -> list[bool]:
        """Ask each of *addresses* in both ways at once."""
        answers = await asyncio.gather(*map(self._both, addresses))
        return [answered for both in answers for answered in both]

    async def _both(self, address: Address) -> list[bool]:
        try:
            family, found = await self.names.resolve(address.host, self.timeout_s)
        except TargetUnreachable:
            # A name server of ours that is silent says nothing about the school.
            return []
        ways = await asyncio.gather(
            self._echo(family, found), self._connect(found[0], address.port or PORT)
        )
        return [answered for answered in ways if answered is not None]

    async def _echo(self, family: socket.AddressFamily, address: Any) -> bool | None:
        try:
            with self.open_echo(family) as echo:
                # Two, since one packet may get lost on a line that is up.
                asked = [echo.ask((family, address), seq, self.timeout_s) for seq in (1, 2)]
                return any(await asyncio.gather(*asked))
        except NotPermitted as error:
            if not self._said:
                _log.warning("schools are asked from outside by TCP only: %s", error)
            self._said = True
        except OSError:  # no IPv6 here, say: nothing was asked
            pass
        return None

    async def _connect(self, host: str, port: int) -> bool | None:
        try:
            async with asyncio.timeout(self.timeout_s):
                _, writer = await asyncio.open_connection(host, port)
        except ConnectionRefusedError:
            return True
        except (TimeoutError, OSError):
            return False
        writer.close()
        return True

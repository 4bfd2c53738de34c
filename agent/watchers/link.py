"""Whether a network cable carries a link: told by the kernel at the moment it is pulled.

`link_down` begins when an interface that carried a link loses it, is switched off or is taken
out, and ends when the link is back. What is open of one that vanished while the agent was down
ends with why "gone". One that never carried a link since the agent started is no fault: many
machines have sockets that nobody uses. Neither holds for one that is named in `interfaces`.
Watch it work: ip -details monitor link
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from agent import netlink, netsnapshots
from agent.calm import CALM_EVERY, Calm
from agent.conditions import Gone
from agent.netlink import Link
from agent.watchers.base import COLLABORATOR, watchers
from core import clock
from core.clock import SECOND
from core.fields import Filled
from core.types import Event, Value

KIND: Final = "link_down"


@dataclass(slots=True)
class _Port:
    """One interface: what was told of it, and what it did since."""

    expected: bool = False
    up: bool | None = None
    told: bool | None = None
    calm: Calm = field(default_factory=Calm)
    why: str = ""


@dataclass(slots=True)
class Ports:
    """Which links are up, from what the kernel tells: no sockets here, the clock comes in."""

    interfaces: Sequence[str] = ()
    _ports: dict[str, _Port] = field(default_factory=dict)

    def take(self, told: Iterable[Link], at: int) -> list[tuple[str, bool, dict[str, Value]]]:
        """Hear of links at *at*; return those to tell of: name, whether it is down, details."""
        for link in told:
            if self._is_watched(link):
                self._change(link, at)
        return self.due(at)

    def due(self, at: int) -> list[tuple[str, bool, dict[str, Value]]]:
        """Return what is to be told by now."""
        found = []
        for name, port in self._ports.items():
            if port.up is None or port.up == port.told or not port.calm.may_tell(at):
                continue
            if port.told is None and not port.up and not port.expected:
                continue
            details: dict[str, Value] = {} if port.up else {"why": port.why}
            port.told, port.calm.told_at = port.up, at
            found.append((name, not port.up, details | port.calm.details()))
        return found

    def waiting(self) -> bool:
        """Return whether something is to be told later, because a link flaps."""
        return any(
            port.up is not None and port.up != port.told and (port.told is not None or port.up)
            for port in self._ports.values()
        )

    def missing(self, seen: Iterable[str], at: int) -> None:
        """Hear that a dump named only *seen*: whatever is not among them was taken out."""
        for name in self._ports.keys() - set(seen):
            gone = Link(0, name, enabled=False, carrier=False, removed=True)
            self._change(gone, at)

    def _is_watched(self, link: Link) -> bool:
        return named(link.name, self.interfaces) if self.interfaces else link.hardware

    def _change(self, link: Link, at: int) -> None:
        port = self._ports.setdefault(link.name, _Port(expected=bool(self.interfaces)))
        up = link.up
        if up == port.up:
            return
        if port.up is not None:
            port.calm.changed(at)
        port.up = up
        port.expected = port.expected or up
        port.why = "removed" if link.removed else "no_carrier" if link.enabled else "switched_off"


def named(name: str, patterns: Iterable[str]) -> bool:
    """Return whether one of *patterns*, with * and ?, is the interface called *name*."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


open_socket: Final = partial(netsnapshots.open_socket, netlink.RTMGRP_LINK)


@watchers.add("link")
@dataclass(frozen=True, slots=True)
class LinkWatcher:
    """Tells of the interfaces that `interfaces` names, with * and ?; else of all hardware."""

    interfaces: tuple[Filled, ...] = ()
    open_socket: Callable[[], socket.socket] = field(default=open_socket, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)

    async def watch(self, target: str) -> AsyncIterator[Sequence[Event | Gone]]:
        """Yield `link_down` as it begins and ends; the interface is the subject."""
        ports, begun = Ports(self.interfaces), False
        with contextlib.closing(self.open_socket()) as sock:
            reader = _Reader(sock)
            await reader.ask()
            while True:
                try:
                    wait = CALM_EVERY / SECOND if ports.waiting() else None
                    async with asyncio.timeout(wait):
                        told = await reader.read()
                except TimeoutError:
                    told = []
                at = self.now()
                if reader.dumped is not None:
                    if not begun:
                        yield [self._gone(target, reader.dumped, at)]
                    ports.missing(reader.dumped, at)
                    begun, reader.dumped = True, None
                found = ports.take(told, at)
                if found:
                    yield [
                        Event(KIND, target, name, active=down, severity="P3", at=at, details=more)
                        for name, down, more in found
                    ]

    def _gone(self, target: str, seen: set[str], at: int) -> Gone:
        return Gone(KIND, target, lambda name: name in seen or named(name, self.interfaces), at)


@dataclass(slots=True)
class _Reader:
    """Reads the kernel's messages; asks for all links again where some were lost."""

    sock: socket.socket
    dumped: set[str] | None = None
    """After the end of a dump: the names that it told of."""
    _sequence: int = 0
    _names: set[str] = field(default_factory=set)

    async def ask(self) -> None:
        self._sequence += 1
        self._names = set()
        await asyncio.get_running_loop().sock_sendall(self.sock, netlink.request(self._sequence))

    async def read(self) -> list[Link]:
        """Return what one datagram tells; raises OSError."""
        data = await netsnapshots.receive(self.sock)
        if data is None:
            await self.ask()
            return []
        found = list(netlink.links(data))
        self._names.update(link.name for link in found if not link.removed)
        if netlink.ends_dump(data):
            self.dumped = self._names
        return found

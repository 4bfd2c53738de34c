"""Fail-over: the traffic goes by another uplink than the first of `[[uplinks]]`.

`uplink_failover` begins when the default route leads through another one, which is its subject,
and ends when it is not that one any more. Without any way out there is nothing to fail over to:
that is `gateway_lost`, of the watcher `gateway`. Without `[[uplinks]]` nobody knows which line is
the one to be used, and nothing is told.
Watch it work: ip monitor route
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agent import netsnapshots
from agent.calm import Change, Told
from agent.conditions import Gone
from agent.lines import UplinkConfig, active
from agent.netsnapshots import ADDRESSES, LINKS, ROUTES, Open, open_socket
from agent.nettables import Net
from agent.watchers.base import COLLABORATOR, watchers
from core import clock
from core.types import Event

KIND: Final = "uplink_failover"
_ACTIVE: Final = "active"


@dataclass(slots=True)
class Failover:
    """What is told of the uplinks of *target*: no sockets here, the clock comes in."""

    target: str
    uplinks: Sequence[UplinkConfig]
    _told: Told[str] = field(default_factory=Told)

    def take(self, net: Net, at: int) -> list[Event | Gone]:
        """Hear of *net* at *at*; return what is news."""
        found: list[Event | Gone] = []
        for change in self._told.see({_ACTIVE: active(net, self.uplinks)}, at):
            if change.before is None:
                found.append(Gone(KIND, self.target, change.now.__eq__, at))
            found += self._about(change, at)
        return found

    def _about(self, change: Change[str], at: int) -> Iterator[Event]:
        before, now = change.before or "", change.now
        if self._is_backup(before):
            yield self._event(before, False, at, {"active": now, **change.details})
        if self._is_backup(now):
            details: dict[str, Any] = {"instead_of": self.uplinks[0].name}
            used = next((one for one in self.uplinks if one.name == now), None)
            if used:
                details |= {"link_type": used.link_type, "metered": used.metered}
            yield self._event(now, True, at, details | dict(change.details))

    def _is_backup(self, name: str) -> bool:
        return name not in ("", self.uplinks[0].name)

    def _event(self, uplink: str, begins: bool, at: int, details: dict[str, Any]) -> Event:
        return Event(KIND, self.target, uplink, begins, at, "P3", details)


@watchers.add("uplink")
@dataclass(frozen=True, slots=True)
class UplinkWatcher:
    """Tells of fail-over between `uplinks`, which the agent takes from `[[uplinks]]`."""

    uplinks: tuple[UplinkConfig, ...] = field(default=(), metadata=COLLABORATOR)
    open_socket: Open = field(default=open_socket, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)

    async def watch(self, target: str) -> AsyncIterator[Sequence[Event | Gone]]:
        """Yield `uplink_failover` as it begins and ends; the uplink in use is the subject."""
        if not self.uplinks:
            yield [Gone(KIND, target, lambda _: False, self.now())]
            await asyncio.Event().wait()
        failover = Failover(target, self.uplinks)
        async for net in netsnapshots.follow(LINKS, ADDRESSES, ROUTES, opened=self.open_socket):
            found = failover.take(net, self.now())
            if found:
                yield found

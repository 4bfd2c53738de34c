"""The way out: a default route that is lost or replaced, and a gateway that is another machine.

`gateway_lost` begins when there is no default route of a family where there was one, and ends
with the next. `gateway_changed` begins and ends at once, when traffic takes another gateway or
interface. So does `gateway_mac_changed`, when the same gateway answers with another hardware
address: a router that was replaced, or somebody who poses as it. No other machine's hardware
address is looked at. Of several default routes the one with the lowest metric counts.
Watch it work: ip monitor route
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from agent import netsnapshots
from agent.calm import Change, Told
from agent.conditions import Gone
from agent.netsnapshots import ADDRESSES, LINKS, NEIGHBOURS, ROUTES, Open, open_socket
from agent.nettables import FAMILIES, Hop, Net
from agent.watchers.base import COLLABORATOR, happened, watchers
from core import clock
from core.types import Event

LOST: Final = "gateway_lost"
CHANGED: Final = "gateway_changed"
MAC_CHANGED: Final = "gateway_mac_changed"


@dataclass(slots=True)
class Gateways:
    """What is told of the ways out of *target*: no sockets here, the clock comes in."""

    target: str
    _told: Told[frozenset[str]] = field(default_factory=Told)
    _hardware: Told[str] = field(default_factory=Told)
    _last: dict[str, frozenset[str]] = field(default_factory=dict)
    """The last ways out that there were, by family."""

    def take(self, net: Net, at: int) -> list[Event]:
        """Hear of *net* at *at*; return what is news."""
        found = list[Event]()
        ways: dict[str, frozenset[str]] = {}
        for family in FAMILIES.values():
            ways[family] = frozenset(_spoken(net, hop) for hop in net.best(family))
        for change in self._told.see(ways, at):
            found += self._about(change, at)
        gateways = {hop for route in net.routes for hop in route.hops}
        hardware = {
            _spoken(net, one.hop): one.hardware for one in net.neighbours if one.hop in gateways
        }
        for one in self._hardware.see(hardware, at):
            if one.before is not None:
                details = {"was": one.before, "is": one.now, **one.details}
                found += happened(Event(MAC_CHANGED, self.target, one.key, True, at, "P3", details))
        return found

    def _about(self, change: Change[frozenset[str]], at: int) -> Iterator[Event]:
        family, now, last = change.key, change.now, self._last.get(change.key)
        if not now:
            if last:
                details = {"was": sorted(last), **change.details}
                yield Event(LOST, self.target, family, True, at, "P3", details)
            return
        self._last[family] = now
        yield Event(LOST, self.target, family, False, at, "P3", {"is": sorted(now)})
        if last is not None and now != last:
            details = {"was": sorted(last), "is": sorted(now), **change.details}
            yield from happened(Event(CHANGED, self.target, family, True, at, "P4", details))


def _spoken(net: Net, hop: Hop) -> str:
    """Return a way out as `ip route` writes it: without a gateway the line itself leads there."""
    return f"{hop.gateway} dev {net.name(hop.index)}".lstrip()


@watchers.add("gateway")
@dataclass(frozen=True, slots=True)
class GatewayWatcher:
    """Tells of the default routes, IPv4 and IPv6 each for itself."""

    open_socket: Open = field(default=open_socket, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)

    async def watch(self, target: str) -> AsyncIterator[Sequence[Event | Gone]]:
        """Yield what is news of the ways out; the family is the subject."""
        gateways = Gateways(target)
        tables = (LINKS, ADDRESSES, ROUTES, NEIGHBOURS)
        async for net in netsnapshots.follow(*tables, opened=self.open_socket):
            found = gateways.take(net, self.now())
            if found:
                yield found

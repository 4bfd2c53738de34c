"""Addresses that an interface loses, gets or shares with another machine: told by the kernel.

`address_lost` begins when an interface that had an address of a family has none left, and ends
with the next one. `address_changed` begins and ends at once: others have to find the machine
anew. `address_duplicate` lasts while another machine uses an IPv6 address of ours; of a shared
IPv4 address the kernel knows nothing. Temporary IPv6 addresses change by themselves and are left
out, and so are those that reach no further than the cable.
Watch it work: ip monitor address
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from agent import netsnapshots
from agent.calm import Change, Told
from agent.conditions import Gone
from agent.netlink import Link
from agent.netsnapshots import ADDRESSES, LINKS, ROUTES, Open, open_socket
from agent.nettables import FAMILIES, Net
from agent.watchers.base import COLLABORATOR, happened, watchers
from agent.watchers.link import named
from core import clock
from core.fields import Filled
from core.types import Event

LOST: Final = "address_lost"
CHANGED: Final = "address_changed"
DUPLICATE: Final = "address_duplicate"


@dataclass(slots=True)
class Addresses:
    """What is told of the addresses of *target*: no sockets here, the clock comes in."""

    target: str
    interfaces: Sequence[str] = ()
    _told: Told[frozenset[str]] = field(default_factory=Told)
    _duplicates: Told[bool] = field(default_factory=Told)
    _last: dict[str, frozenset[str]] = field(default_factory=dict)
    """The last addresses that there were any of, by subject."""
    _watched: set[str] = field(default_factory=set)
    _begun: bool = False

    def take(self, net: Net, at: int) -> list[Event | Gone]:
        """Hear of *net* at *at*; return what is news."""
        self._watched |= {link.name for link in net.links.values() if self._is_watched(net, link)}
        found: list[Event | Gone] = [] if self._begun else list(self._gone(net, at))
        self._begun = True
        subjects = {f"{name} {family}" for name in self._watched for family in FAMILIES.values()}
        so = {subject: set[str]() for subject in sorted(subjects)}
        for address in net.addresses:
            subject = f"{net.name(address.index)} {address.family}"
            if address.usable and subject in so:
                so[subject].add(f"{address.address}/{address.prefix}")
        for change in self._told.see({key: frozenset(value) for key, value in so.items()}, at):
            found += self._about(change, net, at)
        duplicates = dict.fromkeys(self._duplicates.known(), False) | self._duplicate(net)
        for one in self._duplicates.see(duplicates, at):
            details = {"address": one.key.rpartition(" ")[2], **one.details}
            found.append(Event(DUPLICATE, self.target, one.key, one.now, at, "P3", details))
        return found

    def _is_watched(self, net: Net, link: Link) -> bool:
        if self.interfaces:
            return named(link.name, self.interfaces)
        # A bridge or a tunnel is of interest where it is the way out.
        leads_out = any(hop.index == link.index for route in net.routes for hop in route.hops)
        return link.hardware or leads_out

    def _duplicate(self, net: Net) -> dict[str, bool]:
        found = ((net.name(one.index), one) for one in net.addresses if one.duplicate)
        return {f"{name} {one.address}": True for name, one in found if name in self._watched}

    def _gone(self, net: Net, at: int) -> Iterator[Gone]:
        """End what an earlier process left open and nobody can see any more."""
        names, duplicates = {link.name for link in net.links.values()}, self._duplicate(net)

        def there(subject: str) -> bool:
            name = subject.rpartition(" ")[0]
            return name in names or named(name, self.interfaces)

        yield Gone(LOST, self.target, there, at)
        yield Gone(DUPLICATE, self.target, duplicates.__contains__, at)

    def _about(self, change: Change[frozenset[str]], net: Net, at: int) -> Iterator[Event]:
        subject, now, last = change.key, change.now, self._last.get(change.key, frozenset())
        if not now:
            if last:
                there = subject.rpartition(" ")[0] in {link.name for link in net.links.values()}
                why = "removed" if there else "interface_gone"
                details = {"addresses": sorted(last), "why": why, **change.details}
                yield Event(LOST, self.target, subject, True, at, "P3", details)
            return
        self._last[subject] = now
        details = {"addresses": sorted(now), **change.details}
        yield Event(LOST, self.target, subject, False, at, "P3", details)
        if change.before is not None and now != last:
            details = {"added": sorted(now - last), "removed": sorted(last - now)}
            yield from happened(Event(CHANGED, self.target, subject, True, at, "P4", details))


@watchers.add("address")
@dataclass(frozen=True, slots=True)
class AddressWatcher:
    """Tells of the interfaces that `interfaces` names, with * and ?; else of all hardware.

    Of what is no hardware (a bridge, a tunnel) it tells where a default route leads through it.
    """

    interfaces: tuple[Filled, ...] = ()
    open_socket: Open = field(default=open_socket, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)

    async def watch(self, target: str) -> AsyncIterator[Sequence[Event | Gone]]:
        """Yield what is news of addresses; interface and family are the subject."""
        addresses = Addresses(target, self.interfaces)
        tables = (LINKS, ADDRESSES, ROUTES)
        async for net in netsnapshots.follow(*tables, opened=self.open_socket):
            found = addresses.take(net, self.now())
            if found:
                yield found

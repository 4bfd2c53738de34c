"""Which addresses are gateways, and what a machine's own address is, as the frames show it.

A capture comes without configuration: then DHCP, router advertisements and the traffic from
outside say who the gateway is, and last the custom of giving it the first or last address.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from agent.sensor.facts import Address, Advert, Dhcp, Dns, Fact, Icmp, Mac, Neighbour, Snmp, Tcp
from agent.sensor.network import Network
from agent.sensor.tables import Bounded

MACHINES_MAX: Final = 4096
GATEWAYS_MAX: Final = 64
OUTSIDE: Final = 4
"""Different addresses from outside behind one MAC: only what routes has them."""
INSIDE_MAX: Final = 4
CUSTOM: Final = (1, 254)
"""Last byte of a gateway's IPv4 address, where nothing else says which it is."""

Traffic = Tcp | Icmp | Dns | Snmp


@dataclass(slots=True)
class _Seen:
    """Source addresses of the packets of one MAC."""

    inside: dict[Address, None] = field(default_factory=dict)
    outside: set[Address] = field(default_factory=set)


class Gateways:
    """Learns from facts."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Tcp, Icmp, Dns, Snmp, Dhcp, Advert, Neighbour)

    def __init__(self, network: Network) -> None:
        self._network = network
        self._named = Bounded[Address, bool](GATEWAYS_MAX, lambda: True)
        self._senders = Bounded[tuple[int, Address], tuple[Mac, ...]](MACHINES_MAX, tuple)
        self._seen = Bounded[tuple[int, Mac], _Seen](MACHINES_MAX, _Seen)

    def __len__(self) -> int:
        """Return how many rows all tables have together."""
        return len(self._named) + len(self._seen) + len(self._senders)

    def take(self, fact: Traffic | Dhcp | Advert | Neighbour) -> None:
        """Hear of a packet."""
        if isinstance(fact, (Tcp, Dns, Icmp, Snmp)):  # most are; a union would cost more to ask
            if fact.src:
                self._sent(fact)
        elif isinstance(fact, Dhcp):
            for router in fact.routers:
                self._named.put(router, True)
        elif isinstance(fact, Advert):
            if fact.lifetime:
                self._named.put(fact.source, True)
        elif fact.advert and fact.router:
            self._named.put(fact.target, True)

    def tick(self, now: float) -> None:
        """Nothing waits here."""

    def is_named(self, address: Address) -> bool:
        """Return whether configuration, DHCP or an advert names it as a gateway."""
        return address in self._network.gateways or self._named.get(address) is not None

    def is_gateway(self, address: Address, vlan: int, owners: tuple[Mac, ...] = ()) -> bool:
        """Return whether *address*, claimed by *owners*, is a gateway as far as can be known."""
        if self.is_named(address) or any(self.routes(vlan, mac) for mac in owners):
            return True
        unknown = not self._network.gateways and not len(self._named)
        return unknown and len(address) == 4 and address[3] in CUSTOM

    def routes(self, vlan: int, mac: Mac) -> bool:
        """Return whether packets from outside come by *mac*."""
        seen = self._seen.get((vlan, mac))
        return seen is not None and len(seen.outside) >= OUTSIDE

    def sends_from(self, vlan: int, mac: Mac) -> list[Address]:
        """Return the inside address that packets of *mac* alone have as their source.

        None where there are several: a man in the middle sends his victim's packets on.
        """
        seen = self._seen.get((vlan, mac))
        found = (
            [one for one in seen.inside if self._senders.get((vlan, one)) == (mac,)] if seen else []
        )
        return found if len(found) == 1 else []

    def _sent(self, fact: Traffic) -> None:
        seen, source = self._seen.of((fact.vlan, fact.src)), fact.source
        if source in seen.inside or source in seen.outside:
            return
        if len(seen.inside) >= INSIDE_MAX and len(seen.outside) >= OUTSIDE:
            return
        if self._network.is_ours(source):
            if len(seen.inside) < INSIDE_MAX:
                seen.inside[source] = None
                before = self._senders.of((fact.vlan, source))
                self._senders.put((fact.vlan, source), (*before[:1], fact.src))
        elif len(seen.outside) < OUTSIDE:
            seen.outside.add(source)

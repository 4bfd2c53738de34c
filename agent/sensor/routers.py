"""Whose hardware address stands for many machines: without it, nobody is named by a MAC."""

from functools import lru_cache
from typing import ClassVar, Final

from agent.sensor.facts import BROADCAST, Address, Dns, Fact, Mac, Snmp, Tcp
from agent.sensor.incidents import Party
from agent.sensor.network import Network, is_virtual
from agent.sensor.roles import OUTSIDE
from agent.sensor.tables import Bounded

ADDRESSES: Final = 4096
ROUTERS: Final = 64
V4: Final = 4
MACS: Final = 1024
NETWORKS: Final = 3
"""So many networks (/24) of inside addresses that one MAC is sent to for make it a router's."""


class Routers:
    """Learns routers from what is *sent to* them for the outside, and from the gateways' addresses.

    What comes *from* a hardware address proves nothing: who floods makes up its source addresses.
    """

    takes: ClassVar[tuple[type[Fact], ...]] = (Tcp, Dns, Snmp)

    def __init__(self, network: Network) -> None:
        self.role_of = lru_cache(ADDRESSES)(network.role_of)
        self._gateways = network.gateways
        self._macs: Bounded[Mac, bool] = Bounded(ROUTERS, bool)
        self._behind: Bounded[Mac, set[bytes]] = Bounded(MACS, set)

    def take(self, fact: Tcp | Dns | Snmp) -> None:
        """Learn from a packet."""
        dst, target = fact.dst, fact.target
        if dst and dst != BROADCAST:
            if self.role_of(target) == OUTSIDE:
                self._macs.of(dst)
            elif len(target) == V4:
                behind = self._behind.of(dst)
                if len(behind) < NETWORKS:
                    behind.add(target[:3])
        if fact.source in self._gateways and fact.src:
            self._macs.of(fact.src)

    def tick(self, now: float) -> None:
        """Nothing waits here."""

    def known(self) -> bool:
        """Return whether any router is known, so that another MAC is known not to be one."""
        return len(self._macs) > 0

    def is_router(self, mac: Mac) -> bool:
        """Return whether *mac* forwards for others."""
        behind = self._behind.get(mac)
        many = behind is not None and len(behind) >= NETWORKS
        return many or is_virtual(mac) or self._macs.get(mac) is not None

    def party(self, address: Address, mac: Mac = b"", port: int = 0) -> Party:
        """Return who has *address*; the MAC only where it is the machine's own."""
        role = self.role_of(address)
        own = b"" if role == OUTSIDE or mac == BROADCAST or self.is_router(mac) else mac
        return Party(address, own, port, role)

"""DHCP servers of one network: what each gives, and in what two of them differ."""

from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_address
from typing import Final, NamedTuple

from agent.sensor.facts import Address, Dhcp, Mac
from agent.sensor.network import Network
from agent.sensor.tables import Recent

NONE: Final = bytes(4)
REMEMBERED_S: Final = 3600.0
SETTINGS_MAX: Final = 8
Key = tuple[int, Address, Mac]
"""VLAN, address and MAC of a server; b"" for the MAC where a relay brings its answers."""


class Settings(NamedTuple):
    """What one answer would make of a client."""

    routers: frozenset[Address]
    resolvers: frozenset[Address]
    yours: Address


@dataclass(slots=True)
class Server:
    """One server as it was seen."""

    key: Key
    first: float
    source: Address
    last: float = 0.0
    answers: int = 0
    served_at: float = 0.0
    """When it first gave somebody an address."""
    given: list[Settings] = field(default_factory=list)
    clients: Recent[Mac] = field(default_factory=lambda: Recent(REMEMBERED_S, 256))

    @property
    def address(self) -> Address:
        """Return what it calls itself (option 54)."""
        return self.key[1]

    @property
    def mac(self) -> Mac:
        """Return its MAC, b"" behind a relay."""
        return self.key[2]

    @property
    def relayed(self) -> bool:
        """Return whether it was seen only through a relay."""
        return not self.key[2]

    def hear(self, fact: Dhcp, settings: Settings) -> None:
        """Note one of its answers."""
        self.last = fact.at
        self.answers += 1
        if settings not in self.given:
            self.given = [*self.given[-SETTINGS_MAX + 1 :], settings]
        if fact.message == 5:
            self.served_at = self.served_at or fact.at
            self.clients.add(fact.client, fact.at)

    def routers(self) -> frozenset[Address]:
        """Return every router that it gave."""
        return frozenset[Address]().union(*(one.routers for one in self.given))

    def resolvers(self) -> frozenset[Address]:
        """Return every resolver that it gave."""
        return frozenset[Address]().union(*(one.resolvers for one in self.given))


def is_relayed(fact: Dhcp, relays: Collection[Address]) -> bool:
    """Return whether a relay brings *fact*: one of *relays*, where any is known."""
    return fact.relay != NONE and (not relays or fact.relay in relays)


def settings_of(fact: Dhcp) -> Settings:
    """Return what the answer *fact* gives."""
    return Settings(frozenset(fact.routers), frozenset(fact.resolvers), fact.yours)


def difference(one: Settings, other: Settings) -> str:
    """Return what a client would have otherwise by the one than by the other; "" for nothing."""
    if one.routers and other.routers:
        if one.routers.isdisjoint(other.routers):
            return "router"
    elif NONE not in (one.yours, other.yours):
        # Without a router of one, its network tells; a school's is rarely larger than a /16.
        length = 3 if one.routers or other.routers else 2
        if one.yours[:length] != other.yours[:length]:
            return "subnet"
    if one.resolvers and other.resolvers and one.resolvers.isdisjoint(other.resolvers):
        return "resolver"
    return ""


def otherwise(settings: Settings, other: Server) -> str:
    """Return what differs between *settings* and all that *other* ever gave to other clients."""
    found = {difference(settings, one) for one in other.given}
    # Another resolver says too little without a client that was offered both.
    return "" if "" in found or not found or "resolver" in found else found.pop()


def foreign(settings: Settings, network: Network, *, works: bool) -> tuple[str, float, str]:
    """Return what a client would have that is not ours, how sure that is, and by what.

    ("", 0, "") where it may be ours; *works* says that others live there, whatever is configured.
    """
    if settings.yours == NONE:
        return "", 0, ""
    yours = ip_address(settings.yours)
    ours = [one for one in network.subnets if one.version == 4]
    # Where no network is configured, the one around each gateway is ours for certain.
    around = [IPv4Network((one, 24), strict=False) for one in network.gateways if len(one) == 4]
    here = [one for one in ours or around if yours in one]
    known = {one for one in network.gateways if any(ip_address(one) in net for net in here)}
    if known and settings.routers and known.isdisjoint(settings.routers):
        return "router", 0.9, "gateway"
    if ours and not here and not works:
        return "subnet", 0.7, "subnets"
    return "", 0, ""


def mirrored(one: Server, other: Server) -> bool:
    """Return whether each gives itself as resolver and neither as router: a pair, set up alike."""
    return all(
        server.address not in settings.routers and settings.resolvers == {server.address}
        for server in (one, other)
        for settings in server.given
    )

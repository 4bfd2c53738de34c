"""DHCP servers for IPv6 of one network (RFC 8415) and which is not ours.

Windows prefers the resolvers that it gets this way, and asks also where nobody runs IPv6: mitm6
answers with its own link-local address. A real server gives an address that others can use too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from agent.sensor.facts import Address, Dhcp6, Mac
from agent.sensor.network import Network
from agent.sensor.routers6 import LINK_LOCAL, SENIOR_S
from agent.sensor.tables import Bounded

ADVERTISE, REPLY = 2, 7
TOGETHER_S: Final = 60.0
ANSWERS_MAX: Final = 8


@dataclass(slots=True)
class Server6:
    """One server as it was seen."""

    vlan: int
    address: Address
    mac: Mac
    first: float
    answers: int = 0
    resolvers: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True)
class Accused6:
    """A server that is not ours."""

    server: Server6
    confidence: float
    differs: str
    by: str
    ours: Server6 | None = None


@dataclass(slots=True)
class _Exchange:
    at: float = 0.0
    answers: list[Server6] = field(default_factory=list)


class Servers6:
    """What servers say to clients; *is_router* tells of an address whether it advertises well."""

    def __init__(self, network: Network, is_router: Callable[[int, Address], bool]) -> None:
        self._network, self._is_router = network, is_router
        self._servers: Bounded[tuple[int, Address, Mac], Server6 | None] = Bounded(64, lambda: None)
        self._exchanges: Bounded[tuple[int, bytes], _Exchange] = Bounded(512, _Exchange, turns=True)

    def hear(self, fact: Dhcp6) -> Accused6 | None:
        """Note a message, and return whom it shows to be a rogue."""
        if fact.message not in (ADVERTISE, REPLY) or not fact.server:
            return None
        key = fact.vlan, fact.source, fact.src
        server = self._servers.of(key)
        if server is None:
            server = Server6(*key, fact.at)
            self._servers.put(key, server)
        server.answers += 1
        server.resolvers = frozenset(fact.resolvers) or server.resolvers
        exchange = self._exchanges.of((fact.vlan, fact.client))
        if fact.at - exchange.at > TOGETHER_S:
            exchange.answers = []
        exchange.at = fact.at
        others = [one for one in exchange.answers if one is not server]
        exchange.answers = [*others[-ANSWERS_MAX + 1 :], server]
        return self._alone(server) or self._beside(server, others)

    def _alone(self, server: Server6) -> Accused6 | None:
        listed = {one for one in self._network.allowed.dhcp_servers if len(one) == 16}
        if listed:
            unlisted = server.address not in listed
            return Accused6(server, 0.95, "list", "list") if unlisted else None
        if server.resolvers and all(one.startswith(LINK_LOCAL) for one in server.resolvers):
            known = self._is_router(server.vlan, server.address)
            return None if known else Accused6(server, 0.7, "resolver", "link-local resolver")
        return None

    def _beside(self, server: Server6, others: list[Server6]) -> Accused6 | None:
        for other in others:
            if not server.resolvers or not other.resolvers:
                continue
            if not server.resolvers.isdisjoint(other.resolvers):
                continue
            for by, confidence, good in (
                ("list", 0.95, lambda one: one.address in self._network.allowed.dhcp_servers),
                ("resolver", 0.9, lambda one: one.resolvers & self._network.resolvers),
                ("router", 0.85, lambda one: self._is_router(one.vlan, one.address)),
            ):
                if bool(good(server)) != bool(good(other)):
                    ours, rogue = (server, other) if good(server) else (other, server)
                    return Accused6(rogue, confidence, "resolver", by, ours)
            ours, rogue = sorted((server, other), key=lambda one: one.first)
            senior = rogue.first - ours.first >= SENIOR_S
            by, confidence = ("seen before", 0.8) if senior else ("seen first", 0.5)
            return Accused6(rogue, confidence, "resolver", by, ours)
        return None

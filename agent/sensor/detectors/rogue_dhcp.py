"""A DHCP server that is not ours: RFC 2131. The usual one is a home router that somebody brought.

Two servers are no attack: a pair that gives the same router is left alone. Two that answer one
client with different routers, networks or resolvers contradict each other, and one of them is
named by `agent.sensor.dhcpjudge`. A server is also a rogue where it is not in the list of ours,
gives a gateway that is not ours to our network, or refuses what another one gave.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.detectors.base import detectors
from agent.sensor.dhcpjudge import Judgement, Use, judge
from agent.sensor.dhcpservers import (
    NONE,
    Key,
    Server,
    Settings,
    difference,
    foreign,
    is_relayed,
    mirrored,
    otherwise,
    settings_of,
)
from agent.sensor.facts import Address, Arp, Dhcp, Dns, Fact, Mac
from agent.sensor.incidents import NOBODY, Incidents, Party, Sign
from agent.sensor.network import Network
from agent.sensor.roles import DHCP_SERVER, INSIDE, OUTSIDE
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded

OFFER, REQUEST, ACK, NAK = 2, 3, 5, 6
EVERYBODY: Final = b"\xff" * 4
ANSWERS_MAX: Final = 8
KNOWN: Final = 2
"""Answers of one of two servers at least, before one that answers alone is held against it."""
WORKING: Final = 3
"""So many that use a router: its network works, whoever else does not know it."""


@detectors.add("rogue_dhcp")
@dataclass(frozen=True, slots=True)
class RogueDhcp:
    """Thresholds of the detector.

    `together_s`: servers that never answered one client together are compared where both were
    heard within this time; longer, and one replaced the other. `quiet_s`: a rogue speaks only when
    a client asks, which may take minutes in a small school.
    """

    together_s: Annotated[float, Meta(ge=1, le=86_400)] = 300.0
    quiet_s: Annotated[float, Meta(ge=10, le=86_400)] = 600.0

    def watch(self, shared: Shared, incidents: Incidents) -> "Watch":
        """Return a machine without a past."""
        return Watch(self, shared.network, incidents)


@dataclass(slots=True)
class Exchange:
    """One client's question (by VLAN, `chaddr` and transaction) and what came back."""

    returns: bool = False
    """Whether the client asks for what it had before."""
    named: Address = b""
    answers: dict[Key, Settings] = field(default_factory=dict)


@dataclass(slots=True)
class Case:
    """An accused server: the key of its incident, and what it is accused of."""

    key: tuple[str, Key]
    confidence: float
    differs: str
    by: str
    ours: Server | None = None


class Watch:
    """The state of the detector."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Dhcp, Arp, Dns)

    def __init__(self, thresholds: RogueDhcp, network: Network, incidents: Incidents) -> None:
        self._is, self._network, self._incidents = thresholds, network, incidents
        self._use = Use()
        self._servers: Bounded[Key, Server | None] = Bounded(64, lambda: None)
        self._exchanges: Bounded[tuple[int, Mac, int], Exchange] = Bounded(
            1024, Exchange, turns=True
        )
        self._accused: Bounded[Key, Case | None] = Bounded(64, lambda: None)

    def take(self, fact: Dhcp | Arp | Dns) -> None:
        """Hear of a fact."""
        if isinstance(fact, Arp):
            if fact.operation == 1 and fact.sender not in (NONE, fact.target):
                self._use.asked_for(fact.target, fact.sender_mac, fact.at)
            return
        if isinstance(fact, Dns):
            if not fact.response and len(fact.target) == 4:
                self._use.asked_for(fact.target, fact.src, fact.at)
            return
        exchange = self._exchanges.of((fact.vlan, fact.client, fact.transaction))
        if fact.message in (OFFER, ACK):
            self._answered(fact, exchange)
        elif fact.message == NAK:
            self._refused(fact, exchange)
        elif fact.message == REQUEST:
            exchange.named = fact.server or exchange.named
            exchange.returns = not fact.server and not exchange.answers
            if fact.server and self._unlisted(fact.server):
                self._chosen(fact)
            if not fact.server and fact.source != NONE and fact.target != EVERYBODY:
                self._use.came_back(fact.target, fact.client, fact.at)

    def tick(self, now: float) -> None:
        """Forget accusations whose incident is over."""
        for key, case in self._accused.items():
            if case is None or not self._incidents.is_open("rogue_dhcp", case.key):
                self._accused.drop(key)

    def _answered(self, fact: Dhcp, exchange: Exchange) -> None:
        settings = settings_of(fact)
        # A boot server beside the DHCP server (PXE) offers no address, and does no harm.
        if settings.yours == NONE and (fact.message == OFFER or not fact.routers + fact.resolvers):
            return
        server = self._server(fact)
        server.hear(fact, settings)
        if fact.message == ACK and exchange.returns:
            self._use.came_back(server.address, fact.client, fact.at)
        if server.key not in exchange.answers and len(exchange.answers) < ANSWERS_MAX:
            exchange.answers[server.key] = settings
        self._compare(fact, server, settings, exchange)
        self._know(fact, server, settings)
        case = self._accused.get(server.key)
        if case is not None:
            self._sign(fact, server, case)

    def _refused(self, fact: Dhcp, exchange: Exchange) -> None:
        """Only the server that a client named may refuse it (RFC 2131 §4.3.2)."""
        server = self._server(fact)
        server.last = fact.at
        server.answers += 1
        if self._unlisted(server.address, server.source):
            self._accuse(server, Case(("", server.key), 0.9, "list", "list"))
        for (vlan, address, _), other in self._servers.items():
            if other and vlan == fact.vlan and address == exchange.named != server.address:
                found = judge(other, server, self._use, self._network, fact.at, refuses=server)
                self._met(found, "refuses")
        case = self._accused.get(server.key)
        if case is not None:
            self._sign(fact, server, case)

    def _server(self, fact: Dhcp) -> Server:
        address = fact.server or fact.source
        relayed = is_relayed(fact, self._network.allowed.dhcp_relays)
        key = fact.vlan, address, b"" if relayed else fact.src
        server = self._servers.of(key)
        if server is None:
            server = Server(key, fact.at, address if relayed else fact.source)
            self._servers.put(key, server)
        return server

    def _compare(self, fact: Dhcp, server: Server, settings: Settings, exchange: Exchange) -> None:
        """Look for servers that would have made something else of a client."""
        for key, other in self._servers.items():
            if other is None or other is server or key[0] != fact.vlan:
                continue
            together = key in exchange.answers
            if together:
                differs = difference(settings, exchange.answers[key])
            elif self._apart(fact, server, other):
                continue
            else:
                differs = otherwise(settings, other)
            if not differs or (differs == "resolver" and mirrored(server, other)):
                continue
            found = judge(server, other, self._use, self._network, fact.at, refuses=None)
            top = 0.95 if together else 0.7
            top = min(top, 0.75) if differs == "resolver" else top
            self._met(found._replace(confidence=min(top, found.confidence)), differs)
            case = self._accused.get(other.key)
            if found.rogue is other and case is not None:
                self._sign(fact, other, case)

    def _apart(self, fact: Dhcp, server: Server, other: Server) -> bool:
        """Return whether two servers without a client in common may belong to two networks."""
        if server.relayed or other.relayed or server.address == other.address:
            return True
        if max(server.answers, other.answers) < KNOWN:
            return True
        if fact.at - other.last > self._is.together_s:
            return True
        case = self._accused.get(server.key)
        if self._accused.get(other.key) is not None or (case and case.ours is not other):
            return True  # a rogue is held against the server that accused it, not a thousand others
        users = (self._use.users(one, fact.at) for one in (server, other))
        return min(users) >= WORKING

    def _know(self, fact: Dhcp, server: Server, settings: Settings) -> None:
        """Hold an answer against what is configured."""
        if self._unlisted(server.address, server.source):
            self._accuse(server, Case(("", server.key), 0.95, "list", "list"))
        elif not fact.vlan and not server.relayed and not self._network.allowed.dhcp_servers:
            works = self._use.users(server, fact.at) >= WORKING
            differs, confidence, by = foreign(settings, self._network, works=works)
            if differs:
                self._accuse(server, Case(("", server.key), confidence, differs, by))

    def _unlisted(self, *addresses: Address) -> bool:
        allowed = self._network.allowed
        # A relay may stand in for the server (RFC 5107).
        known = allowed.dhcp_servers | allowed.dhcp_relays
        return bool(allowed.dhcp_servers) and known.isdisjoint(addresses)

    def _chosen(self, fact: Dhcp) -> None:
        """Tell of a server that a client chose, where a switch keeps its answers from us."""
        for key, server in self._servers.items():
            if server is not None and key[:2] == (fact.vlan, fact.server):
                return  # it was heard, and told of then
        unheard = Server((fact.vlan, fact.server, b""), fact.at, fact.server)
        self._sign(fact, unheard, Case(("", unheard.key), 0.8, "list", "choice of a client"))

    def _met(self, found: Judgement, differs: str) -> None:
        """Accuse the rogue of two; an accusation of the other one was a mistake and moves."""
        mistaken = self._accused.get(found.ours.key)
        case = Case(("", found.rogue.key), found.confidence, differs, found.by, found.ours)
        if mistaken is not None and mistaken.ours is found.rogue:
            self._accused.drop(found.ours.key)
            if self._accused.get(found.rogue.key) is None:
                case.key = mistaken.key
        self._accuse(found.rogue, case)

    def _accuse(self, server: Server, case: Case) -> None:
        before = self._accused.get(server.key)
        if before is None:
            self._accused.put(server.key, case)
        elif case.confidence >= before.confidence:
            before.confidence, before.differs = case.confidence, case.differs
            before.by, before.ours = case.by, case.ours or before.ours

    def _sign(self, fact: Dhcp, server: Server, case: Case) -> None:
        address = server.address if server.relayed else server.source
        role = self._network.role_of(address)
        if role == OUTSIDE and not server.relayed:  # it is on our wire, whatever it calls itself
            role = INSIDE
        ours = case.ours
        target = Party(ours.address, ours.mac, role=DHCP_SERVER) if ours else NOBODY
        evidence: dict[str, int | float | str] = {
            "answers": server.answers,
            "clients": server.clients.count(fact.at),
            "servers": sum(1 for key, _ in self._servers.items() if key[0] == fact.vlan),
            "differs": case.differs,
            "judged_by": case.by,
        }
        self._incidents.sign(
            Sign(
                *("rogue_dhcp", case.key, fact.at, fact.number),
                *(Party(address, server.mac, role=role), target),
                confidence=case.confidence,
                evidence=evidence,
                quiet_s=self._is.quiet_s,
                vlan=fact.vlan,
            )
        )

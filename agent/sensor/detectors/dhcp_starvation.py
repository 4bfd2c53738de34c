"""A machine that takes all addresses of a DHCP server by posing as many clients.

dhcpstarv sends from its own MAC for ever new clients (`chaddr`): it is named. Others (yersinia,
dhcpig, scapy) make up the MAC of the frame too: then nobody can be named, and what tells is that
no maker gave out such addresses, or that the clients never do anything else. A power cut or the
first lesson gives as many clients at once; those have their own MACs, ask again, and go on.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.detectors.base import detectors
from agent.sensor.facts import Address, Arp, Dhcp, Fact, Mac, Neighbour
from agent.sensor.incidents import NOBODY, Incidents, Party, Sign
from agent.sensor.madeup import GROUP, made_up
from agent.sensor.network import Network
from agent.sensor.roles import DHCP_SERVER, INSIDE
from agent.sensor.tables import Bounded, Recent

DISCOVER, OFFER, REQUEST, DECLINE, ACK, RELEASE = 1, 2, 3, 4, 5, 7
CLAIMS: Final = frozenset((DISCOVER, REQUEST, DECLINE, RELEASE))
NONE: Final = bytes(4)
KIND: Final = "dhcp_starvation"
ALIVE: Final = 3
"""So many clients were seen to go on after they got an address: those who do not stand out."""

Number = Annotated[int, Meta(ge=2, le=100_000)]


@detectors.add("dhcp_starvation")
@dataclass(frozen=True, slots=True)
class DhcpStarvation:
    """Thresholds of the detector, all within `window_s` but those of one source.

    `clients_per_source` within `source_s`: an access point that hides MACs behind its own has some
    telephones; a server that looks whether an address is free before it offers one slows a tool
    down to 20 clients a minute. `made_up`: of 300 machines with MACs of makers some twenty have a
    maker of their own. `gone`: clients that sent one message and no more for `wait_s`, in which a
    real one asks again (RFC 2131: after 4 s). `unclaimed`: clients that were offered an address
    and did not ask for it within `claim_s`; a real one does at once. `at_once`: more clients than
    a school's network has, of which hardly any has come further than its first message.
    `declines`: a client refuses an address only where another machine has it. `transactions`: a
    client that gets no answer asks 4 times a minute.
    """

    window_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0
    wait_s: Annotated[float, Meta(ge=5, le=600)] = 15.0
    source_s: Annotated[float, Meta(ge=1, le=3600)] = 300.0
    clients_per_source: Number = 20
    made_up: Number = 50
    gone: Number = 100
    unclaimed: Number = 30
    claim_s: Annotated[float, Meta(ge=1, le=60)] = 4.0
    at_once: Number = 500
    declines: Number = 20
    transactions: Number = 200
    quiet_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0

    def watch(self, network: Network, incidents: Incidents) -> "Watch":
        """Return a machine without a past."""
        return Watch(self, incidents)


@dataclass(slots=True)
class Client:
    """One that was heard and has to show that it is a machine."""

    since: float
    took: bool = False
    offered: float = 0.0


class Segment:
    """What was seen in one VLAN."""

    def __init__(self, limits: DhcpStarvation) -> None:
        seconds = limits.window_s
        self.clients: Recent[Mac] = Recent(seconds, 4096)
        self.forged: Recent[Mac] = Recent(seconds, 1024)
        """Sources of frames that stand for another client, each for a few."""
        self.declined: Recent[tuple[Mac, int]] = Recent(seconds, 1024)
        self.lapsed: Recent[Mac] = Recent(seconds, 1024)
        self.unclaimed: Recent[Mac] = Recent(seconds, 1024)
        self.silent: Recent[Mac] = Recent(seconds, 1024)
        self.served: Recent[Mac] = Recent(seconds, 1024)
        self.waiting: Bounded[Mac, Client | None] = Bounded(4096, lambda: None)
        self.alive: Recent[Mac] = Recent(3600.0, 64)
        self.server = NOBODY
        self.fresh = 0
        """Clients since it was last asked whether they are made up."""
        self.unsaid = 0
        """Messages since the last sign; then the time and number of the last one."""
        self.since = 0.0
        """When it was calm last."""
        self.due = False
        """Whether a client was given up since."""
        self.last_at = 0.0
        self.number = 0
        self.strange = 0
        self.most: dict[str, float] = {}
        """The highest figures of what is going on."""


@dataclass(slots=True)
class Source:
    """Whom frames of one MAC stand for."""

    clients: Recent[Mac]
    transactions: Recent[tuple[int, int]]
    declines: Recent[int]
    since: float = 0.0


class Watch:
    """The state of the detector."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Dhcp, Arp, Neighbour)

    def __init__(self, limits: DhcpStarvation, incidents: Incidents) -> None:
        self._is, self._incidents = limits, incidents
        self._segments: Bounded[int, Segment] = Bounded(16, lambda: Segment(limits))
        self._sources: Bounded[tuple[int, Mac], Source] = Bounded(1024, self._source)
        self._addresses: Bounded[Mac, Address] = Bounded(1024, bytes)
        self._routers: Bounded[Mac, bool] = Bounded(64, bool)
        """Of frames in which a relay speaks."""

    def _source(self) -> Source:
        seconds = self._is.window_s
        clients: Recent[Mac] = Recent(self._is.source_s, 1024)
        return Source(clients, Recent(seconds, 1024), Recent(seconds, 256))

    def take(self, fact: Dhcp | Arp | Neighbour) -> None:
        """Hear of a fact."""
        segment = self._segments.of(fact.vlan)
        if isinstance(fact, Dhcp):
            if fact.message in CLAIMS:
                self._claimed(fact, segment)
            elif fact.message in (OFFER, ACK):
                mac = fact.src if fact.relay == NONE else b""
                segment.server = Party(fact.server or fact.source, mac, role=DHCP_SERVER)
                client = segment.waiting.get(fact.client)
                if client is not None and not client.offered and fact.message == OFFER:
                    client.offered = fact.at
            return
        mac = fact.sender_mac if isinstance(fact, Arp) else fact.src
        client = segment.waiting.get(mac)
        if client is not None:
            segment.waiting.drop(mac)
            if client.took:
                segment.alive.add(mac, fact.at)
        if isinstance(fact, Arp) and fact.sender != NONE:
            self._addresses.put(mac, fact.sender)

    def tick(self, now: float) -> None:
        """See which clients have shown nothing more for too long."""
        for vlan, segment in self._segments.items():
            for mac, client in segment.waiting.items():
                kept = self._given_up(segment, client, now)
                if kept is not None:
                    segment.waiting.drop(mac)
                    kept.add(mac, now)
                    segment.due = True
            if segment.unsaid or segment.due:
                self._judge(now, vlan, segment)

    def _given_up(self, segment: Segment, client: Client | None, now: float) -> Recent[Mac] | None:
        """Return where a client belongs that has waited too long, None while it may still speak."""
        if client is None:
            return segment.lapsed
        if client.offered and not client.took and now - client.offered >= self._is.claim_s:
            return segment.unclaimed
        if now - client.since < self._is.wait_s:
            return None
        return segment.silent if client.took else segment.lapsed

    def _claimed(self, fact: Dhcp, segment: Segment) -> None:
        if fact.relay != NONE:
            self._routers.put(fact.src, True)
            segment.clients.add(fact.client, fact.at)  # the frame is the relay's
        elif fact.message == REQUEST and fact.source != NONE:
            return  # it renews what it has: nothing is taken, and a router may stand between
        elif self._by_source(fact, segment):
            return
        else:
            self._follow(fact, segment)
        if fact.message == DECLINE:
            segment.declined.add((fact.client, fact.transaction), fact.at)
        if not segment.unsaid:
            segment.since = fact.at
        segment.unsaid += 1
        segment.fresh += 1
        segment.last_at, segment.number = fact.at, fact.number
        # Of thousands each time all would cost more than the frames.
        if segment.fresh >= max(self._is.made_up // 2, segment.clients.count(fact.at) // 4):
            segment.fresh = 0
            segment.strange = made_up(segment.clients.keys(), self._is.made_up)
            self._judge(fact.at, fact.vlan, segment)

    def _by_source(self, fact: Dhcp, segment: Segment) -> bool:
        """Return whether the frame's MAC stands for so many that it is the attacker."""
        if not fact.src or self._routers.get(fact.src):
            return False
        source = self._sources.of((fact.vlan, fact.src))
        if not source.clients.count(fact.at):
            source.since = fact.at
        source.clients.add(fact.client, fact.at)
        source.transactions.add((fact.transaction, fact.message), fact.at)
        if fact.message == DECLINE:
            source.declines.add(fact.transaction, fact.at)
        clients, asked = source.clients.count(fact.at), source.transactions.count(fact.at)
        declines = source.declines.count(fact.at)
        many = clients >= self._is.clients_per_source or declines >= self._is.declines
        if not many and asked < self._is.transactions:
            return False
        key = ("source", fact.vlan, fact.src)
        before = self._incidents.is_open(KIND, key)
        self._incidents.sign(
            Sign(
                *(KIND, key, fact.at, fact.number),
                Party(self._addresses.get(fact.src) or b"", fact.src, role=INSIDE),
                target=segment.server,
                count=1 if before else max(asked, clients),
                confidence=0.95 if many else 0.7,
                evidence={"clients": clients, "requests": asked, "declines": declines},
                began=source.since,
                quiet_s=self._is.quiet_s,
                vlan=fact.vlan,
            )
        )
        return True

    def _follow(self, fact: Dhcp, segment: Segment) -> None:
        new = segment.clients.add(fact.client, fact.at)
        if fact.src != fact.client or fact.src[0] & GROUP:
            segment.forged.add(fact.src, fact.at)
        waits = segment.waiting.get(fact.client)
        if fact.message == DISCOVER and waits is None and new:
            segment.waiting.put(fact.client, Client(fact.at))
        elif fact.message == REQUEST and waits is not None:
            segment.waiting.put(fact.client, Client(fact.at, took=True))
            segment.served.add(fact.client, fact.at)
        elif waits is not None and not waits.took:
            segment.waiting.drop(fact.client)  # it asks again, as a machine does

    def _judge(self, at: float, vlan: int, segment: Segment) -> None:
        """Tell whether clients of no known source are too many and too strange."""
        limits = self._is
        if segment.clients.count(at) < limits.made_up:
            segment.strange = 0
        forged, lapsed = segment.forged.count(at), segment.lapsed.count(at)
        silent = segment.silent.count(at) if segment.alive.count(at) >= ALIVE else 0
        declined = segment.declined.count(at)
        reasons = (
            (forged >= limits.clients_per_source, 0.85),
            (segment.strange >= limits.made_up, 0.9),
            (declined >= limits.declines, 0.8),
            (lapsed >= limits.gone, 0.7),
            (silent >= limits.gone, 0.7),
            (segment.unclaimed.count(at) >= limits.unclaimed, 0.8),
            (len(segment.waiting) >= limits.at_once + 4 * segment.served.count(at), 0.7),
        )
        confidence = max((sure for true, sure in reasons if true), default=0.0)
        if not self._incidents.is_open(KIND, ("flood", vlan)):
            segment.most = {"confidence": 0.0}
        if confidence:
            figures = {
                "confidence": confidence,
                "clients": segment.clients.count(at),
                "made_up": segment.strange,
                "gone": lapsed + silent + segment.unclaimed.count(at),
            }
            most = {name: max(now, segment.most.get(name, 0)) for name, now in figures.items()}
            segment.most = dict(most)
            self._incidents.sign(
                Sign(
                    *(KIND, ("flood", vlan), segment.last_at, segment.number, Party(role=INSIDE)),
                    target=segment.server,
                    count=segment.unsaid,
                    confidence=most.pop("confidence"),
                    evidence=most,
                    began=segment.since,
                    quiet_s=self._is.quiet_s,
                    vlan=vlan,
                )
            )
        segment.due = False
        if confidence or segment.clients.count(at) < limits.made_up // 2:
            segment.unsaid = 0

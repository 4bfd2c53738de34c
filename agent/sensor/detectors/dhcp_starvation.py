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
from agent.sensor.dhcpclients import (
    ACK,
    DECLINE,
    DISCOVER,
    OFFER,
    RELEASE,
    REQUEST,
    Segment,
    Source,
)
from agent.sensor.dhcpservers import NONE, is_relayed
from agent.sensor.facts import Address, Arp, Dhcp, Fact, Mac, Neighbour
from agent.sensor.incidents import Incidents, Party, Sign
from agent.sensor.network import Network
from agent.sensor.roles import DHCP_SERVER, INSIDE
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded

CLAIMS: Final = frozenset((DISCOVER, REQUEST, DECLINE, RELEASE))
KIND: Final = "dhcp_starvation"

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
    unclaimed: Number = 60
    claim_s: Annotated[float, Meta(ge=1, le=60)] = 4.0
    at_once: Number = 500
    declines: Number = 20
    transactions: Number = 200
    quiet_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0

    def watch(self, shared: Shared, incidents: Incidents) -> "Watch":
        """Return a machine without a past."""
        return Watch(self, shared.network, incidents)


class Watch:
    """The state of the detector."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Dhcp, Arp, Neighbour)

    def __init__(self, limits: DhcpStarvation, network: Network, incidents: Incidents) -> None:
        self._is, self._incidents = limits, incidents
        self._known = network.allowed.dhcp_relays
        self._segments: Bounded[int, Segment] = Bounded(16, lambda: Segment(limits))
        self._sources: Bounded[tuple[int, Mac], Source] = Bounded(1024, lambda: Source(limits))
        self._addresses: Bounded[Mac, Address] = Bounded(1024, bytes)
        self._relays: Bounded[Mac, bool] = Bounded(64, bool)
        """By the MACs of frames in which one speaks."""

    def take(self, fact: Dhcp | Arp | Neighbour) -> None:
        """Hear of a fact."""
        segment = self._segments.of(fact.vlan)
        if isinstance(fact, Neighbour):
            segment.speaks(fact.src, fact.at)
        elif isinstance(fact, Arp):
            segment.speaks(fact.sender_mac, fact.at)
            if fact.sender != NONE:
                self._addresses.put(fact.sender_mac, fact.sender)
        elif fact.message in CLAIMS:
            self._claimed(fact, segment)
        elif fact.message in (OFFER, ACK):
            mac = b"" if is_relayed(fact, self._known) else fact.src
            segment.server = Party(fact.server or fact.source, mac, role=DHCP_SERVER)
            if fact.message == OFFER:
                segment.offer(fact)

    def tick(self, now: float) -> None:
        """See which clients have shown nothing more for too long."""
        for vlan, segment in self._segments.items():
            segment.give_up(now)
            if segment.unsaid or segment.due:
                self._judge(now, vlan, segment)

    def _claimed(self, fact: Dhcp, segment: Segment) -> None:
        relayed = is_relayed(fact, self._known)
        if relayed:
            self._relays.put(fact.src, True)
        elif fact.message == REQUEST and fact.source != NONE:
            return  # it renews what it has: nothing is taken, and a router may stand between
        elif self._by_source(fact, segment):
            return
        segment.claim(fact, relayed=relayed)
        if segment.due:
            self._judge(fact.at, fact.vlan, segment)

    def _by_source(self, fact: Dhcp, segment: Segment) -> bool:
        """Return whether the frame's MAC stands for so many that it is the attacker."""
        if not fact.src or self._relays.get(fact.src):
            return False
        source = self._sources.of((fact.vlan, fact.src))
        source.hear(fact)
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

    def _judge(self, at: float, vlan: int, segment: Segment) -> None:
        """Tell of clients of no known source."""
        key = ("flood", vlan)
        if not self._incidents.is_open(KIND, key):
            segment.most = {}
        confidence, figures = segment.judged(at)
        if confidence:
            now = {"confidence": confidence, **figures}
            segment.most = {name: max(one, segment.most.get(name, 0)) for name, one in now.items()}
            self._incidents.sign(
                Sign(
                    *(KIND, key, segment.last_at, segment.number, Party(role=INSIDE)),
                    target=segment.server,
                    count=segment.unsaid,
                    confidence=segment.most["confidence"],
                    evidence={name: segment.most[name] for name in figures},
                    began=segment.since,
                    quiet_s=self._is.quiet_s,
                    vlan=vlan,
                )
            )
        segment.due = False
        if confidence or figures["clients"] < self._is.made_up // 2:
            segment.unsaid = 0

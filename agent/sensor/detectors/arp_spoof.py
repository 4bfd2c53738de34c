"""A machine that poses as another one, by ARP or by IPv6 neighbour discovery.

Kinds: `gateway_spoof` where it poses as a gateway, else `arp_spoof`. The incident names the machine
that lies, by the MAC that its lies come from and the address that is its own; never the one that it
poses as. What counts is behaviour (`agent.sensor.suspicion`), not who was seen first.
Watch it work: arpspoof -i eth0 -t VICTIM GATEWAY (dsniff), then the other way round.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final, NamedTuple

from msgspec import Meta

from agent.sensor.claims import Claim
from agent.sensor.contest import Contest
from agent.sensor.detectors.base import detectors
from agent.sensor.facts import (
    Address,
    Fact,
    Mac,
)
from agent.sensor.incidents import NOBODY, Incidents, Party, Sign
from agent.sensor.owners import Owners
from agent.sensor.roles import GATEWAY, INSIDE
from agent.sensor.shared import Shared
from agent.sensor.suspicion import Case, Suspicion, Verdict
from agent.sensor.tables import Bounded

KINDS: Final = ("gateway_spoof", "arp_spoof")
SOLVED_S: Final = 600.0
"""So long after an attack nobody else is accused for its address: the owner sets things right."""
CHANGED_MIN: Final = 10
"""Unasked answers of another one for which that does not hold, where a third machine is the owner:
an attacker who changed his MAC."""
DOUBT_S: Final = 30.0
"""So long a newcomer that is beginning to answer unasked has to show that he does so often."""
CULPRITS_MAX: Final = 256
ADDRESSES_MAX: Final = 64


@detectors.add("arp_spoof")
@dataclass(frozen=True, slots=True)
class ArpSpoof:
    """Thresholds.

    `answers`: unasked answers to one machine within 35 s; hosts ask again after 15 s at the
    earliest, so 3 are not answers to questions that the sensor did not see. `quiet_s` without a
    lie end the incident; ettercap pauses 10 s at most.
    """

    answers: Annotated[int, Meta(ge=2, le=5)] = 3
    quiet_s: Annotated[float, Meta(ge=15, le=3600)] = 60.0

    def watch(self, shared: Shared, incidents: Incidents) -> "ArpSpoofMachine":
        """Return a machine without a past."""
        return ArpSpoofMachine(self, shared, incidents)


@dataclass(slots=True)
class _Culprit:
    """One that was accused: of what, in the incident that is open."""

    gateway: bool = False
    frames: int = 0
    addresses: dict[Address, None] = field(default_factory=dict)


class _Solved(NamedTuple):
    """Who lied about an address, and his last lie that was told of."""

    who: Mac
    at: float = -1e9
    number: int = 0


class ArpSpoofMachine:
    """The state: claims, what is known of gateways, and who was accused."""

    takes: ClassVar[tuple[type[Fact], ...]] = ()

    def __init__(self, options: ArpSpoof, shared: Shared, incidents: Incidents) -> None:
        self._options, self._incidents = options, incidents
        self.contests, self.gateways = shared.contests, shared.gateways
        self._suspicion = Suspicion(self.contests, self.gateways, shared.network, options.answers)
        self.contests.tell.append(self._judge)
        self.owners = Owners(self.contests, shared.network, shared.handed, shared.at)
        self._doubts = Bounded[tuple[int, Address], Claim | None](CULPRITS_MAX, lambda: None)
        self._culprits = Bounded[tuple[int, Mac], _Culprit](CULPRITS_MAX, _Culprit)
        self._solved = Bounded[tuple[int, Address], _Solved](CULPRITS_MAX, lambda: _Solved(b""))

    def take(self, fact: Fact) -> None:
        """Facts come as claims."""

    def tick(self, now: float) -> None:
        """Accuse those of whom there was doubt, once nobody has spoken who would be the liar."""
        for key, claim in self._doubts.items():
            contest = self.contests.of.get(key)
            if claim is None or contest is None:
                self._doubts.drop(key)
            elif now - max(one.last for one in contest.claimants.values()) >= DOUBT_S:
                self._doubts.drop(key)
                verdict = self._suspicion.accused(claim, contest)
                if verdict is not None:
                    self._judged(claim, contest, verdict)

    def _judge(self, claim: Claim, contest: Contest | None) -> None:
        if contest is None:
            return
        if crowd := self._suspicion.crowd(claim, contest):
            self._accuse_crowd(claim, crowd)
            return
        verdict = self._suspicion.accused(claim, contest)
        key = (claim.vlan, claim.address)
        if verdict is None:
            self._doubts.drop(key)
        elif verdict.sure:
            self._doubts.drop(key)
            self._judged(claim, contest, verdict)
        else:
            self._doubts.put(key, claim)

    def _judged(self, claim: Claim, contest: Contest, verdict: Verdict) -> None:
        who = verdict.who
        lie = max(
            (one for mac, one in contest.claimants.items() if contest.culprit(mac) == who),
            key=lambda one: one.last,
        )
        key = (claim.vlan, claim.address)
        solved = self._solved.get(key) or _Solved(who)
        # The owner may be the one to speak now: that shows a lie once, and is itself no other one.
        if lie.number == solved.number:
            return
        if solved.who != who and lie.last - solved.at < SOLVED_S:
            owned = any(
                one.proper and contest.culprit(mac) not in (who, solved.who)
                for mac, one in contest.claimants.items()
            )
            if lie.last < solved.at or not owned or verdict.case.unasked < CHANGED_MIN:
                return
        self._solved.put(key, _Solved(who, lie.last, lie.number))
        self._accuse(claim._replace(at=lie.last, number=lie.number), contest, who, verdict.case)

    def _accuse_crowd(self, claim: Claim, crowd: int) -> None:
        key = (claim.vlan, claim.address)
        self._incidents.sign(
            Sign(
                *("gateway_spoof", key, claim.at, claim.number),
                source=Party(role=INSIDE),
                target=Party(claim.address, role=GATEWAY),
                count=1 if self._incidents.is_open("gateway_spoof", key) else crowd,
                evidence={"made_up_macs": crowd},
                quiet_s=self._options.quiet_s,
                vlan=claim.vlan,
            )
        )

    def _accuse(self, claim: Claim, contest: Contest, who: Mac, case: Case) -> None:
        key = (claim.vlan, who)
        if not any(self._incidents.is_open(kind, key) for kind in KINDS):
            self._culprits.drop(key)
        culprit = self._culprits.of(key)
        gateway = self._suspicion.is_gateway(claim, contest, who)
        target = _owner(claim, contest, who, gateway)
        if not gateway and not culprit.gateway:
            # He lies to both sides, and the owner of the gateway's address has not spoken yet.
            pushed = (address for address, _ in self.contests.pushes(*key))
            for address in (*pushed, *self.contests.duels(*key, claim.at)):
                if self.gateways.is_gateway(address, claim.vlan):
                    gateway, target = True, Party(address, role=GATEWAY)
        new = not culprit.gateway and gateway
        if new and self._incidents.is_open("arp_spoof", key):
            # What was told until now was the same attack, whose target only shows itself now.
            self._incidents.become("arp_spoof", "gateway_spoof", key)
            new = False
        culprit.gateway |= gateway
        culprit.frames += 1
        culprit.addresses[claim.address] = None
        if len(culprit.addresses) > ADDRESSES_MAX:
            del culprit.addresses[next(iter(culprit.addresses))]
        own = [one for one in self._suspicion.own(*key) if one not in culprit.addresses]
        # Who looks for the machine does so by an address of the family that it lies about.
        own.sort(key=lambda one: len(one) == len(claim.address))
        self._incidents.sign(
            Sign(
                *(KINDS[not culprit.gateway], key, claim.at, claim.number),
                source=Party(own[-1] if own else b"", who, role=INSIDE),
                # That he poses as a gateway's client too says nothing new.
                target=target if gateway or not culprit.gateway else NOBODY,
                count=_said(contest, who) if new or culprit.frames == 1 else 1,
                confidence=min(0.95, 0.5 + 0.1 * case.points),
                evidence={**case.why, "addresses": len(culprit.addresses)},
                began=case.began,
                quiet_s=self._options.quiet_s,
                vlan=claim.vlan,
            )
        )


def _said(contest: Contest, who: Mac) -> int:
    """Return how often *who* claimed the address until he was accused."""
    return sum(one.count for mac, one in contest.claimants.items() if contest.culprit(mac) == who)


def _owner(claim: Claim, contest: Contest, who: Mac, gateway: bool) -> Party:
    """Return whom he poses as; the MAC is that of the one who claims it for himself most often."""
    owned = {
        mac: one.own
        for mac, one in contest.claimants.items()
        if one.own and contest.culprit(mac) != who
    }
    mac = max(owned, key=lambda key: owned[key], default=b"")
    return Party(claim.address, mac, role=GATEWAY if gateway else INSIDE)

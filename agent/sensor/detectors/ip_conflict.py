"""Two machines that use one address, neither of which is a man in the middle (RFC 5227).

Seen by: two that answer the same question, that claim the address in turn, or one that looks
whether the address is free (a probe) and is told each time that it is not. An address that moves
once (failover, DHCP, a replaced router, a sleep proxy) is none of these.
Watch it work: give two machines one address, then arping -D ADDRESS from a third.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.claims import Claim
from agent.sensor.contest import Contest, Times
from agent.sensor.contests import COPY_S
from agent.sensor.detectors.base import detectors
from agent.sensor.facts import (
    Address,
    Fact,
    Mac,
)
from agent.sensor.incidents import Incidents, Party, Sign
from agent.sensor.network import is_virtual
from agent.sensor.roles import DEVICE, GATEWAY, INSIDE, RESOLVER
from agent.sensor.shared import Shared
from agent.sensor.suspicion import Suspicion
from agent.sensor.tables import Bounded

TURNS: Final = 3
TURNS_S: Final = 60.0
"""Failover and the way back within a minute are two turns."""
DEFENDED_S: Final = 1.5
"""An owner that hears another announce his address announces it at once (RFC 5227 §2.4)."""
PROBE_ANSWERED_S: Final = 2.0
REFUSALS: Final = 2
"""Whoever looks by itself stops at the first (RFC 5227 §2.1.1) and has found another address."""
SPOOFED_S: Final = 600.0
WAITING_MAX: Final = 256
DOUBTED_S: Final = 60.0
"""So long it waits where one of the two has another address as well: a man in the middle speaks for
himself too, each time that he asks for somebody; hosts do so each 15 to 45 s."""
IPV4: Final = 4
"""Bytes of an address; a machine has several of IPv6 anyway."""
ANSWERS: Final = 3
"""As in `arp_spoof`, whose judgement decides that it is no conflict."""

Key = tuple[int, Address]


@detectors.add("ip_conflict")
@dataclass(frozen=True, slots=True)
class IpConflict:
    """Thresholds.

    `settle_s`: so long it waits before it tells, since an attack may look like a conflict until
    its third lie (a minute where one of the two has another address besides). `quiet_s`: both may
    be silent for minutes while neither is asked for.
    """

    settle_s: Annotated[float, Meta(ge=0, le=300)] = 10.0
    quiet_s: Annotated[float, Meta(ge=60, le=86_400)] = 300.0

    def watch(self, shared: Shared, incidents: Incidents) -> "IpConflictMachine":
        """Return a machine without a past."""
        return IpConflictMachine(self, shared, incidents)


@dataclass(slots=True)
class _Waiting:
    """What looks like a conflict: since when, and the last frame that shows it."""

    first: float
    claim: Claim
    confidence: float
    frames: int = 0
    told: bool = False


@dataclass(slots=True)
class _Probe:
    """A machine that looked whether the address is free, and how often it was not."""

    mac: Mac = b""
    at: float = -1e9
    refused_at: float = -1e9
    refusals: int = 0


class IpConflictMachine:
    """The state: claims, probes, and what waits to be told."""

    takes: ClassVar[tuple[type[Fact], ...]] = ()

    def __init__(self, options: IpConflict, shared: Shared, incidents: Incidents) -> None:
        self._options, self._network, self._incidents = options, shared.network, incidents
        self.contests, self.gateways = shared.contests, shared.gateways
        self._suspicion = Suspicion(self.contests, self.gateways, shared.network, ANSWERS)
        self.contests.tell.append(self._heard)
        self._waiting = Bounded[Key, _Waiting | None](WAITING_MAX, lambda: None)
        self._probes = Bounded[Key, _Probe](WAITING_MAX, _Probe)
        self._spoofed = Bounded[Key, float](WAITING_MAX, lambda: -1e9)

    def take(self, fact: Fact) -> None:
        """Facts come as claims."""

    def tick(self, now: float) -> None:
        """Tell of what has waited long enough."""
        for key, waiting in self._waiting.items():
            if waiting is None or waiting.told:
                continue
            if now - waiting.first >= self._settle_s(waiting.claim):
                self._tell(key, waiting)

    def _heard(self, claim: Claim, contest: Contest | None) -> None:
        if claim.how == "probe":
            self._probed(claim)
        elif claim.how == "lease":
            self._waiting.drop((claim.vlan, claim.address))
        elif contest is not None:
            self._claimed(claim, contest)

    def _probed(self, claim: Claim) -> None:
        probe = self._probes.of((claim.vlan, claim.address))
        if probe.mac != claim.by:
            probe.mac, probe.refusals = claim.by, 0
        probe.at = claim.at

    def _claimed(self, claim: Claim, contest: Contest) -> None:
        key = (claim.vlan, claim.address)
        if self._refused(key, claim):
            self._wait(key, claim, 0.6)
        if len(contest.claimants) == 1:
            return
        suspicion = self._suspicion
        if suspicion.crowd(claim, contest) or suspicion.accused(claim, contest):
            self._spoofed.put(key, claim.at)
            self._waiting.drop(key)
        elif self._disputed(claim, contest):
            self._wait(key, claim, 0.9 if contest.doubled_at == claim.at else 0.8)

    def _refused(self, key: Key, claim: Claim) -> bool:
        """Return whether a machine learnt again that the address which it wants is taken."""
        probe = self._probes.get(key)
        if probe is None or claim.mac == probe.mac or claim.at - probe.at > PROBE_ANSWERED_S:
            return False
        if claim.how == "ask":
            return False
        if probe.at - probe.refused_at <= COPY_S:
            return False  # the same look, told by several or shown twice by a mirror
        probe.refusals += 1
        probe.refused_at = claim.at
        return probe.refusals >= REFUSALS

    def _disputed(self, claim: Claim, contest: Contest) -> bool:
        allowed = self._network.allowed.macs
        macs = [mac for mac, one in contest.claimants.items() if claim.at - one.last <= TURNS_S]
        if sum(not is_virtual(mac, allowed) for mac in macs) < 2:
            return False
        if any(self._suspicion.is_proxy(claim, mac) for mac in macs):
            return False
        if contest.doubled_at == claim.at:
            return True
        # A bond speaks by one MAC to everybody and by another to each client.
        told = contest.turns if contest.asks_often(claim.at) else contest.disputes
        if not told or told[-1] != claim.at:
            return False
        return all(
            _within(times, TURNS, TURNS_S, claim.at) or _within(times, 2, DEFENDED_S, claim.at)
            for times in (told, contest.turns)
        )

    def _wait(self, key: Key, claim: Claim, confidence: float) -> None:
        if claim.at - (self._spoofed.get(key) or -1e9) < SPOOFED_S:
            return
        waiting = self._waiting.get(key)
        if waiting is None or claim.at - waiting.claim.at > self._options.quiet_s:
            waiting = _Waiting(claim.at, claim, confidence)
            self._waiting.put(key, waiting)
        waiting.claim, waiting.frames = claim, waiting.frames + 1
        waiting.confidence = max(waiting.confidence, confidence)
        if claim.at - waiting.first >= self._settle_s(claim):
            self._tell(key, waiting)

    def _settle_s(self, claim: Claim) -> float:
        """Return how long it may still turn out to be an attack."""
        contest, seconds = self.contests.of.get((claim.vlan, claim.address)), self._options.settle_s
        if contest is None or len(claim.address) != IPV4:
            return seconds
        double = any(
            len(other) == IPV4
            for mac in contest.claimants
            for other, _ in self.contests.alone(claim.vlan, mac)
        )
        return max(seconds, DOUBTED_S) if double else seconds

    def _tell(self, key: Key, waiting: _Waiting) -> None:
        claim = waiting.claim
        contest = self.contests.of.get(key)
        count, waiting.frames = (waiting.frames if not waiting.told else 1), 0
        waiting.told = True
        self._incidents.sign(
            Sign(
                *("ip_conflict", key, claim.at, claim.number),
                target=self._whose(claim, contest),
                count=count,
                confidence=waiting.confidence,
                evidence={
                    "machines": max(2, len(contest.claimants) if contest else 0),
                    "doubled": contest.doubles if contest else 0,
                },
                began=waiting.first,
                quiet_s=self._options.quiet_s,
                vlan=claim.vlan,
            )
        )

    def _whose(self, claim: Claim, contest: Contest | None) -> Party:
        """Return the address where it is infrastructure; that of a pupil's machine stays here."""
        owners = tuple(contest.claimants) if contest else ()
        if self.gateways.is_gateway(claim.address, claim.vlan, owners):
            return Party(claim.address, role=GATEWAY)
        if claim.address in self._network.resolvers:
            return Party(claim.address, role=RESOLVER)
        if claim.address in self._network.devices:
            return Party(claim.address, role=DEVICE)
        return Party(role=INSIDE)


def _within(times: Times, count: int, seconds: float, at: float) -> bool:
    return len(times) >= count and at - times[-count] <= seconds

"""Whom somebody floods with connections that are begun and never used. The target is the key.

Of each service the new SYNs less the FINs are summed, less what is usual, never below zero: the
non-parametric CUSUM of Wang, Zhang, Shin, "Detecting SYN Flooding Attacks", IEEE INFOCOM 2002. A
SYN that is sent again counts against it: a real system waits for its answer, a tool does not. Such
a sum alone would call an examination that 500 machines begin a flood, so its sources must look
made up (nearly every SYN has another), or one machine must send the most. Slower floods show by
what they leave: answers (SYN-ACK) that the target has to repeat, since nobody takes them.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.detectors.base import Machine, detectors
from agent.sensor.facts import ACK, FIN, FLAGS, SYN, Address, Fact, Mac, Tcp
from agent.sensor.incidents import Incidents, Party, Sign
from agent.sensor.roles import INSIDE
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded, Distinct, Recent

ROWS: Final = 256
"""Services that are asked most lately."""
SEGMENTS: Final = 8192
"""SYNs, and answers, that are known again."""
COPY_S: Final = 0.2
"""A segment that comes again sooner is a second copy of a mirror port; systems wait for 1 s."""
HALF_OPEN_S: Final = 60.0
HIGH: Final = 64
"""Services that are flooded at a time; of more the events would name nobody anyhow."""
SENDERS: Final = 32
SAMPLE: Final = 100_000
"""SYNs after which it is settled who sends them."""
MADE_UP: Final = 0.5
"""Of the SYNs each with a source of its own: machines open several connections each."""
SPOOFS: Final = 10
"""Addresses of one machine that say that they are made up."""
MOST: Final = 0.5
"""Of the SYNs from one machine: it does it."""


@detectors.add("syn_flood")
@dataclass(frozen=True, slots=True)
class SynFlood:
    """Thresholds for one service (address and port).

    `usual_per_s` new connections: more than a school's busiest server sees for long. `surplus` of
    SYNs above that and above the FINs: what 500 machines with 6 connections each open at once
    stays below; a flood of 1,000 per second is found after 6 s. `half_open` answers repeated
    within a minute: what small devices can hold (128 to 256) is full then.
    """

    usual_per_s: Annotated[float, Meta(ge=1, le=100_000)] = 100.0
    surplus: Annotated[int, Meta(ge=100, le=1_000_000)] = 5000
    half_open: Annotated[int, Meta(ge=16, le=1000)] = 256

    def watch(self, shared: Shared, incidents: Incidents) -> Machine:
        """Return a machine without a past."""
        return SynFloodMachine(self, shared, incidents)


@dataclass(slots=True)
class _Sender:
    """One hardware address, or one address of the outside."""

    count: int = 0
    address: Address = b""
    addresses: Distinct = field(default_factory=lambda: Distinct(256))


@dataclass(slots=True)
class _Service:
    """What was asked of one service since its sum last was zero."""

    level: float = 0.0
    at: float = 0.0
    began: float = 0.0
    number: int = 0
    vlan: int = 0
    mac: Mac = b""
    """Of who offers it, as the SYNs have it."""
    last: float = 0.0
    news: int = 0
    second: int = 0
    in_second: int = 0
    in_last: int = 0
    peak: int = 0
    sampled: int = 0
    sources: Distinct | None = None
    senders: Bounded[Mac | Address, _Sender] | None = None
    half_open: Recent[int] | None = None


_Where = tuple[Address, int]


class SynFloodMachine:
    """Bounded by its tables, whatever sources are made up."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Tcp,)

    def __init__(self, limits: SynFlood, shared: Shared, incidents: Incidents) -> None:
        self._limits, self._incidents = limits, incidents
        self._allowed = shared.network.allowed.scanners
        self._routers = shared.routers
        self._services: Bounded[_Where, _Service] = Bounded(ROWS, _Service, turns=True)
        self._segments: Bounded[int, float] = Bounded(SEGMENTS, float, turns=True)
        self._high: dict[_Where, _Service] = {}

    def take(self, fact: Tcp) -> None:
        """Hear of a segment."""
        flags = fact.flags & FLAGS
        if flags == SYN:
            self._asked(fact)
        elif flags == SYN | ACK:
            self._answered(fact)
        elif flags & FIN:
            there, back = (fact.target, fact.target_port), (fact.source, fact.source_port)
            service = self._services.get(there) or self._services.get(back)
            if service is not None:
                service.level = max(0.0, service.level - 1)

    def tick(self, now: float) -> None:
        """Hear that it is *now*."""
        for where, service in list(self._high.items()):
            self._drain(service, now)
            rate = service.in_second + service.in_last
            full = service.half_open is not None and (
                service.half_open.count(now) >= self._limits.half_open
            )
            high = service.level >= self._limits.surplus and rate >= self._limits.usual_per_s
            if service.news and (full or high):
                self._judge(where, service, full=full)
            service.news = 0
            if not full and service.level == 0:
                del self._high[where]

    def _asked(self, fact: Tcp) -> None:
        if fact.source in self._allowed:
            return
        at, surplus = fact.at, self._limits.surplus
        where = (fact.target, fact.target_port)
        service = self._services.of(where)
        self._drain(service, at)
        if service.level == 0:
            service.began, service.peak = at, 0
            service.sources = service.senders = None
        before = self._again(fact)
        if before is not None:
            if before >= COPY_S:
                service.level = max(0.0, service.level - 1)
            return
        level = service.level = min(service.level + 1, 2.0 * surplus)
        service.news += 1
        _count(service, int(at))
        service.last, service.number, service.vlan = at, fact.number, fact.vlan
        service.mac = fact.dst
        if level >= surplus / 10:
            self._sample(service, fact)
        if level >= surplus:
            self._rise(where, service)

    def _rise(self, where: _Where, service: _Service) -> None:
        if len(self._high) < HIGH:
            self._high[where] = service

    def _sample(self, service: _Service, fact: Tcp) -> None:
        """Remember who asks, once there is more than usual."""
        if service.sources is None or service.senders is None:
            service.sources, service.sampled = Distinct(65_536), 0
            service.senders = Bounded(SENDERS, _Sender)
        service.sources.add(fact.source)
        if service.sampled >= SAMPLE:
            return
        service.sampled += 1
        # Behind a router each address is a sender of its own.
        near = fact.src and not self._routers.is_router(fact.src)
        sender = service.senders.of(fact.src if near else fact.source)
        sender.count += 1
        sender.address = fact.source
        sender.addresses.add(fact.source)

    def _answered(self, fact: Tcp) -> None:
        before = self._again(fact)
        service = self._services.get((fact.source, fact.source_port))
        if before is None or before < COPY_S or service is None:
            return
        if service.half_open is None:
            service.half_open = Recent(HALF_OPEN_S, self._limits.half_open)
        service.half_open.add(_connection(fact), fact.at)
        if service.half_open.count(fact.at) >= self._limits.half_open:
            self._rise((fact.source, fact.source_port), service)

    def _again(self, fact: Tcp) -> float | None:
        """Return how long ago this segment came last, None for never."""
        key = _connection(fact)
        before = self._segments.get(key)
        self._segments.put(key, fact.at)
        return None if before is None else fact.at - before

    def _drain(self, service: _Service, now: float) -> None:
        if now > service.at:
            left = service.level - self._limits.usual_per_s * (now - service.at)
            service.level, service.at = max(left, 0.0), now

    def _judge(self, where: _Where, service: _Service, *, full: bool) -> None:
        sources = service.sources.count() if service.sources else 0
        made_up = sources >= MADE_UP * service.sampled > 0
        source, most = self._sender(service)
        if not (full or made_up or most):
            return
        evidence = {
            "per_s": max(service.peak, service.in_second),
            "sources": sources,
            "half_open": service.half_open.count(service.at) if service.half_open else 0,
            "seconds": round(service.last - service.began, 1),
        }
        address, port = where
        self._incidents.sign(
            Sign(
                "syn_flood",
                address,
                service.last,
                service.number,
                source,
                self._routers.party(address, service.mac, port),
                service.news,
                0.9 if made_up or most else 0.7,
                evidence,
                service.began,
                vlan=service.vlan,
            )
        )

    def _sender(self, service: _Service) -> tuple[Party, bool]:
        """Return who floods as far as that is known, and whether one machine sends the most."""
        role = ""
        for key, sender in service.senders.items() if service.senders else ():
            role = self._routers.role_of(sender.address)
            if sender.count < MOST * service.sampled:
                continue
            if sender.addresses.count() < SPOOFS:
                return self._routers.party(
                    sender.address, key if key != sender.address else b""
                ), True
            # Only where the router is known to be another: else all this comes from outside.
            if self._routers.known() and not self._routers.is_router(key):
                return Party(mac=key, role=INSIDE), True
        return Party(role=role), False


def _count(service: _Service, second: int) -> None:
    if second != service.second:
        service.in_last = service.in_second if second == service.second + 1 else 0
        service.peak = max(service.peak, service.in_last)
        service.second, service.in_second = second, 0
    service.in_second += 1


def _connection(fact: Tcp) -> int:
    ends = (fact.source, fact.source_port, fact.target, fact.target_port)
    return hash((ends, fact.flags & ACK))

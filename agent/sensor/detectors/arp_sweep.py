"""A machine that asks for every address of its network: arp-scan, netdiscover, nmap -sn, worms.

By ARP (RFC 826) or IPv6 neighbour solicitation. Questions go to everybody, so that any port sees a
sweep. What counts is addresses that this machine did not ask for lately and of which most are not
there: a monitoring server asks for the same ones each minute, a router for those that exist.
Watch it work: arp-scan --localnet, or nmap -sn 192.0.2.0/24.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.claims import Claim, claims_of
from agent.sensor.detectors.base import detectors
from agent.sensor.facts import Address, Arp, Dhcp, Fact, Mac, Neighbour
from agent.sensor.incidents import OPEN_MAX, Incidents, Party, Sign
from agent.sensor.roles import INSIDE
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded, Recent

MACHINES_MAX: Final = 512
ALIVE_MAX: Final = 4096
ASKED_MAX: Final = 320
"""Addresses remembered for one machine: more than the 254 of the usual subnet."""
MOST, SOME = 2 / 3, 0.2
"""Such shares of the addresses asked for must be silent."""
WAITING_MAX: Final = 32
"""Questions that are asked while one is answered: arp-scan asks 500 a second."""
LONE_S: Final = 10.0


@detectors.add("arp_sweep")
@dataclass(frozen=True, slots=True)
class ArpSweep:
    """Thresholds.

    `targets` new addresses within `window_s`: a server that asks for a class of 50 machines
    that are all off stays below. `many` need only a fifth that is silent: in a full network
    most are there, while a server asks for those that it knows. `slow_targets` within an hour:
    nmap -T1 asks each 15 s.
    `lone_targets` within 10 s, each asked for by another machine that asked for nothing else: a
    sweep that makes its source up; 50 machines that boot all ask for the same few.
    """

    targets: Annotated[int, Meta(ge=10, le=300)] = 64
    many: Annotated[int, Meta(ge=20, le=300)] = 128
    window_s: Annotated[float, Meta(ge=1, le=600)] = 60.0
    slow_targets: Annotated[int, Meta(ge=20, le=300)] = 100
    lone_targets: Annotated[int, Meta(ge=20, le=500)] = 128
    quiet_s: Annotated[float, Meta(ge=10, le=3600)] = 60.0

    def watch(self, shared: Shared, incidents: Incidents) -> "ArpSweepMachine":
        """Return a machine without a past."""
        return ArpSweepMachine(self, shared, incidents)


SLOW_S: Final = 3600.0


@dataclass(slots=True)
class _Asker:
    """What one machine asked for within the hour, the latest last, and when that was new."""

    asked: OrderedDict[Address, float] = field(default_factory=OrderedDict)
    """When each address was first asked for after an hour without."""
    at: float = 0.0

    def ask(self, address: Address, at: float) -> bool:
        """Return whether *address* is new."""
        self.at = at
        while self.asked and at - next(iter(self.asked.values())) > SLOW_S:
            self.asked.popitem(last=False)
        if address in self.asked:
            return False
        self.asked[address] = at
        if len(self.asked) > ASKED_MAX:
            self.asked.popitem(last=False)
        return True

    def since(self, at: float) -> list[Address]:
        """Return what was new since *at*."""
        found = []
        for address, asked in reversed(self.asked.items()):
            if asked < at:
                break
            found.append(address)
        return found


@dataclass(slots=True)
class _Sweep:
    """What one that was told of asked for, of which the latest alone are held by name."""

    began: float = 0.0
    targets: int = 0
    silent: int = 0
    """Of those that had their time to answer."""
    waiting: deque[Address] = field(default_factory=deque)
    """The latest, which may still answer."""
    _asked: bytearray = field(default_factory=lambda: bytearray(8192))
    """A bit for the last two bytes of each address: a network has not more."""

    def add(self, address: Address, is_silent: Callable[[Address], bool]) -> None:
        """Note that it asked for *address*."""
        place, bit = divmod(address[-2] << 8 | address[-1], 8)
        if not self._asked[place] & 1 << bit:
            self._asked[place] |= 1 << bit
            self.targets += 1
            self.waiting.append(address)
            if len(self.waiting) > WAITING_MAX:
                self.silent += is_silent(self.waiting.popleft())


class ArpSweepMachine:
    """The state: who asked for what, and which addresses are known to be there."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Arp, Neighbour, Dhcp)

    def __init__(self, options: ArpSweep, shared: Shared, incidents: Incidents) -> None:
        self._options, self._network, self._incidents = options, shared.network, incidents
        self._gateways, self._routers = shared.gateways, shared.routers
        self.askers = Bounded[tuple[int, Mac], _Asker](MACHINES_MAX, _Asker)
        self.alive = Bounded[tuple[int, Address], Mac](ALIVE_MAX, bytes)
        self._sweeps = Bounded[tuple[int, Mac], _Sweep](OPEN_MAX, _Sweep)
        self._lone = Bounded[int, Recent[Address]](
            16, lambda: Recent(LONE_S, options.lone_targets + 1)
        )

    def take(self, fact: Arp | Neighbour | Dhcp) -> None:
        """Hear of a fact."""
        said = claims_of(fact)
        sender = next((one.address for one in said if one.how == "ask"), b"")
        for claim in said:
            if claim.how in ("wanted", "probe"):
                self._asked(claim, sender)
            else:
                self._claimed(claim)

    def tick(self, now: float) -> None:
        """Nothing waits for time to pass."""

    def _claimed(self, claim: Claim) -> None:
        key = (claim.vlan, claim.address)
        # A question may bear any sender: it says whose an address is only where nothing else does.
        if claim.how in ("answer", "lease") or not self.alive.get(key):
            self.alive.put(key, claim.mac)

    def _asked(self, claim: Claim, sender: Address) -> None:
        network = self._network
        if network.own.sweeps(claim.by, claim.address, network.devices, claim.at):
            return
        key = (claim.vlan, claim.by)
        asker = self.askers.of(key)
        if not asker.ask(claim.address, claim.at):
            return
        if claim.how == "wanted" and len(asker.asked) == 1:
            self._alone(claim)
        owner = self.alive.get((claim.vlan, sender))
        own = sender if owner == claim.by else b""
        if own in self._network.allowed.scanners or self._routes(own, claim):
            return
        options = self._options
        for seconds, least, share in (
            (options.window_s, options.targets, MOST),
            (options.window_s, options.many, SOME),
            (SLOW_S, options.slow_targets, MOST),
        ):
            if len(asker.asked) < least:
                continue
            targets = asker.since(claim.at - seconds)
            silent = self._silent(claim.vlan, targets)
            if len(targets) >= least and silent >= share * len(targets):
                self._tell(claim, asker, own, targets)
                return

    def _routes(self, own: Address, claim: Claim) -> bool:
        return bool(own) and (
            self._gateways.is_named(own)
            or self._gateways.routes(claim.vlan, claim.by)
            or self._routers.is_router(claim.by)
        )

    def _silent(self, vlan: int, targets: list[Address]) -> int:
        return sum(not self.alive.get((vlan, address)) for address in targets)

    def _tell(self, claim: Claim, asker: _Asker, own: Address, targets: list[Address]) -> None:
        key = (claim.vlan, claim.by)
        if not self._incidents.is_open("arp_sweep", key):
            self._sweeps.put(key, _Sweep(asker.asked[targets[-1]]))
        sweep = self._sweeps.of(key)
        before = sweep.targets

        def is_silent(address: Address) -> bool:
            return not self.alive.get((claim.vlan, address))

        for address in targets[:1] if before else reversed(targets):
            sweep.add(address, is_silent)
        seconds = max(claim.at - sweep.began, 0.001)
        pause = seconds / sweep.targets
        self._incidents.sign(
            Sign(
                *("arp_sweep", key, claim.at, claim.number),
                source=Party(own, claim.by, role=self._network.role_of(own) or INSIDE),
                count=sweep.targets - before,
                confidence=0.9 if pause < self._options.window_s / self._options.targets else 0.7,
                evidence={
                    "targets": sweep.targets,
                    # The one asked for just now cannot have answered.
                    "silent": sweep.silent + sum(map(is_silent, [*sweep.waiting][:-1])),
                    "seconds": round(seconds, 1),
                    "per_s": round(1 / pause, 1),
                },
                began=sweep.began,
                # Slow ones must not fall to pieces.
                quiet_s=max(self._options.quiet_s, 10 * pause),
                vlan=claim.vlan,
            )
        )

    def _alone(self, claim: Claim) -> None:
        """Count addresses whose only asker asked for nothing else: a sweep with made-up sources."""
        lone = self._lone.of(claim.vlan)
        lone.add(claim.address, claim.at)
        if lone.count(claim.at) < self._options.lone_targets:
            return
        targets = lone.keys()
        silent = self._silent(claim.vlan, targets)
        if silent < MOST * len(targets):
            return
        key = (claim.vlan, b"")
        going_on = self._incidents.is_open("arp_sweep", key)
        self._incidents.sign(
            Sign(
                *("arp_sweep", key, claim.at, claim.number),
                source=Party(role=INSIDE),
                count=1 if going_on else len(targets),
                confidence=0.7,
                evidence={"targets": len(targets), "silent": silent, "made_up_sources": 1},
                began=claim.at - LONE_S,
                quiet_s=self._options.quiet_s,
                vlan=claim.vlan,
            )
        )

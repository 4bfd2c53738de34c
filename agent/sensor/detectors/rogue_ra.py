"""A machine that poses as an IPv6 router (RFC 6104) or as its DHCP server.

Two routers that give one prefix are a pair, and one that gives a new prefix renumbers. Told are
routers that contradict each other, those that are not in the list of ours, whoever speaks with the
address of another one, above all to say that it is a router no more, and floods of routers.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.adverts import Flood, Why, by_itself, poser_first
from agent.sensor.detectors.base import detectors
from agent.sensor.facts import Address, Advert, Dhcp6, Fact, Neighbour
from agent.sensor.incidents import NOBODY, Evidence, Incidents, Party, Sign
from agent.sensor.network import Network, is_virtual
from agent.sensor.newcomers import Newcomers
from agent.sensor.roles import DHCP_SERVER, GATEWAY, INSIDE
from agent.sensor.routers6 import Key, Router, Use, difference, hear, judge
from agent.sensor.servers6 import Accused6, Servers6
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded

KIND: Final = "rogue_ra"
WORKING: Final = 3
"""So many that had addresses of a prefix before: its network works, whoever does not know it."""

UNSURE: Final = 0.5
TOGETHER_S: Final = 0.2
NEWCOMER_S: Final = 2.0
"""So long it is waited whether others come after a new router: then all are one flood."""
EVEN: Final = 5
"""So many even pauses of a router that is alone, and wants to be preferred all the same: a tool.

By chance radvd with pauses of 3 to 10 s has two after another twice a day, five in no lifetime."""
LONGEST_S: Final = 1800.0
"""Between two advertisements of one router, RFC 4861 §6.2.1."""


@detectors.add("rogue_ra")
@dataclass(frozen=True, slots=True)
class RogueRa:
    """Thresholds of the detector.

    `routers` new ones within `flood_s` are a flood: no network has so many. `kills` within
    `killed_s`: a router that restarts says once that it goes. `quiet_s`: routers advertise every
    10 minutes at most unless set otherwise (RFC 4861 §6.2.1), and one may be missed.
    """

    routers: Annotated[int, Meta(ge=3, le=1000)] = 5
    flood_s: Annotated[float, Meta(ge=1, le=3600)] = 10.0
    kills: Annotated[int, Meta(ge=2, le=15)] = 3
    killed_s: Annotated[float, Meta(ge=10, le=86_400)] = 600.0
    quiet_s: Annotated[float, Meta(ge=10, le=86_400)] = 900.0

    def watch(self, shared: Shared, incidents: Incidents) -> "Watch":
        """Return a machine without a past."""
        return Watch(self, shared.network, incidents)


class Watch:
    """The state of the detector."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Advert, Neighbour, Dhcp6)

    def __init__(self, thresholds: RogueRa, network: Network, incidents: Incidents) -> None:
        self._is, self._network, self._incidents = thresholds, network, incidents
        self._use = Use()
        self._routers: Bounded[Key, Router | None] = Bounded(64, lambda: None)
        self._floods: Bounded[int, Flood] = Bounded(16, lambda: Flood(thresholds.flood_s))
        self._accused: Bounded[Key, tuple[Key, Key] | None] = Bounded(64, lambda: None)
        """The key of its incident, and which router accused it."""
        self._servers = Servers6(network, self._routes_well)
        self._newcomers = Newcomers(incidents, NEWCOMER_S)

    def take(self, fact: Advert | Neighbour | Dhcp6) -> None:
        """Hear of a fact."""
        if isinstance(fact, Dhcp6):
            accused = self._servers.hear(fact)
            if accused is not None:
                self._sign_server(fact, accused)
        elif isinstance(fact, Neighbour):
            self._use.lives(fact.target if fact.advert else fact.source, fact.src, fact.at)
            if not fact.advert and any(fact.source):
                self._use.looks(fact.target, fact.src, fact.at)
        else:
            self._advertised(fact)

    def tick(self, now: float) -> None:
        """Accuse the newcomers that came alone; forget accusations whose incident is over."""
        self._newcomers.tick(now)
        for key, case in self._accused.items():
            if case is None or not self._is_told(("ra", case[0])):
                self._accused.drop(key)

    def _is_told(self, key: tuple[object, ...]) -> bool:
        return self._incidents.is_open(KIND, key) or key in self._newcomers

    def _advertised(self, fact: Advert) -> None:
        router = self._router(fact)
        if router.adverts == 1 and self._floods_in(fact, router):
            return
        if self._posed(fact, router) or not router.routes:
            return
        found = by_itself(fact, router, self._use, self._network)
        if found:
            self._sign_router(fact, router, found)
            return
        alone = True
        for key, other in self._routers.items():
            if other is None or other is router or key[0] != fact.vlan or not other.routes:
                continue
            alone = False
            if min(router.lived, other.lived) >= WORKING or other.address == router.address:
                continue
            differs, top = difference(router, other)
            if not differs or fact.at - other.last > LONGEST_S:
                continue
            result = judge(router, other, self._use, self._network, fact.at)
            together = abs(router.first - other.first) < TOGETHER_S
            if result.confidence <= UNSURE and together and result.rogue.adverts < 2:
                continue  # either may be it, or it is the beginning of a flood
            # What another one did before is told once: it goes on only while it advertises.
            fresh = self._accused.get(other.key) is None and fact.at - other.last < self._is.quiet_s
            if result.rogue is router or fresh:
                sure = min(top, result.confidence)
                self._move(result.rogue, result.ours)
                self._sign_router(fact, result.rogue, (differs, sure, result.by), result.ours)
        if alone and router.preference > 0 and router.even >= EVEN and not router.lived:
            self._sign_router(fact, router, ("preference", 0.6, "even pace"))

    def _router(self, fact: Advert) -> Router:
        key = fact.vlan, fact.source, fact.src
        router = self._routers.of(key)
        if router is None:
            router = Router(key, fact.at)
            self._routers.put(key, router)
            living = (self._use.living(one[0][:8], fact.at) for one in fact.prefixes)
            router.lived = max(living, default=0)
        hear(router, fact)
        return router

    def _floods_in(self, fact: Advert, router: Router) -> bool:
        """Return whether a new router is one of a flood; then none of these is remembered."""
        flood = self._floods.of(fact.vlan)
        count = flood.add(router, fact.at, self._is.routers)
        if not count:
            return False
        taken_back: dict[int, Sign] = {}  # an advertisement may contradict two others
        for key in flood.keys() if count <= self._is.routers else (router.key,):
            self._routers.drop(key)
            self._accused.drop(key)
            for kind in ("ra", "pose"):
                taken_back |= {one.number: one for one in self._newcomers.take_back((kind, key))}
        source = Party(mac=flood.mac, role=INSIDE)
        figures: Evidence = {"routers": count, "seconds": self._is.flood_s}
        sign = self._made(fact, ("flood", fact.vlan), source, confidence=0.9, evidence=figures)
        for _, one in sorted(taken_back.items()):
            self._incidents.sign(replace(sign, at=one.at, number=one.number, count=one.count))
        self._incidents.sign(sign)
        return True

    def _posed(self, fact: Advert, router: Router) -> bool:
        """Return whether somebody speaks with the address of a router that it is not."""
        kills = [at for at in router.killed if fact.at - at < self._is.killed_s]
        if len(kills) >= self._is.kills:
            target = Party(router.address, router.mac, role=GATEWAY)
            figures: Evidence = {"kills": len(kills), "differs": "lifetime"}
            source = Party(role=INSIDE)
            key = "kill", router.key
            sign = self._made(fact, key, source, target, confidence=0.7, evidence=figures)
            self._incidents.sign(sign)
            return True
        if is_virtual(router.mac, self._network.allowed.macs):
            return False
        for its, other in self._routers.items():
            if other is None or its[:2] != router.key[:2] or other is router:
                continue
            if is_virtual(other.mac, self._network.allowed.macs):
                continue
            if not fact.lifetime and other.lifetime:
                self._sign_poser(fact, router, other, "lifetime", 0.9)
                return True
            differs, _ = difference(router, other)
            if fact.lifetime and other.lifetime and differs:
                self._sign_poser(fact, *poser_first(router, other), differs, 0.8)
                return True
            if other.first > router.first and other.lifetime:  # both speak in turn
                poser, ours = poser_first(other, router)
                self._sign_poser(fact, poser, ours, "address", 0.8)
                return True
        return False

    def _routes_well(self, vlan: int, address: Address) -> bool:
        return any(
            router is not None
            and key[:2] == (vlan, address)
            and bool(router.prefixes)
            and self._accused.get(key) is None
            for key, router in self._routers.items()
        )

    def _move(self, rogue: Router, ours: Router) -> None:
        """Accuse *rogue*; where it had accused *ours* before, that was a mistake and moves."""
        mistaken = self._accused.get(ours.key)
        incident = rogue.key
        if mistaken is not None and mistaken[1] == rogue.key:
            self._accused.drop(ours.key)
            incident = mistaken[0]
        if self._accused.get(rogue.key) is None:
            self._accused.put(rogue.key, (incident, ours.key))

    def _sign_router(
        self, fact: Advert, rogue: Router, why: Why, ours: Router | None = None
    ) -> None:
        differs, confidence, by = why
        case = self._accused.get(rogue.key)
        if case is None:
            case = rogue.key, rogue.key
            self._accused.put(rogue.key, case)
        source = Party(rogue.address, rogue.mac, role=INSIDE)
        target = Party(ours.address, ours.mac, role=GATEWAY) if ours else NOBODY
        figures: Evidence = {"adverts": rogue.adverts, "differs": differs, "judged_by": by}
        key = "ra", case[0]
        sign = self._made(fact, key, source, target, confidence=confidence, evidence=figures)
        self._newcomers.sign(sign, rogue.first)

    def _sign_poser(
        self, fact: Advert, poser: Router, ours: Router, differs: str, confidence: float
    ) -> None:
        # The address is the router's; only the frame tells who sent it.
        source = Party(mac=poser.mac, role=INSIDE)
        target = Party(ours.address, ours.mac, role=GATEWAY)
        figures: Evidence = {"adverts": poser.adverts, "differs": differs}
        key = "pose", poser.key
        sign = self._made(fact, key, source, target, confidence=confidence, evidence=figures)
        self._newcomers.sign(sign, poser.first)

    def _sign_server(self, fact: Dhcp6, accused: Accused6) -> None:
        server, ours = accused.server, accused.ours
        source = Party(server.address, server.mac, role=INSIDE)
        target = Party(ours.address, ours.mac, role=DHCP_SERVER) if ours else NOBODY
        figures: Evidence = {
            "answers": server.answers,
            "differs": accused.differs,
            "judged_by": accused.by,
            "dhcp": 6,
        }
        key = "dhcp6", server.vlan, server.address, server.mac
        sure = accused.confidence
        sign = self._made(fact, key, source, target, confidence=sure, evidence=figures)
        self._incidents.sign(sign)

    def _made(
        self,
        fact: Advert | Dhcp6,
        key: tuple[object, ...],
        source: Party,
        target: Party = NOBODY,
        *,
        confidence: float,
        evidence: Evidence,
    ) -> Sign:
        return Sign(
            *(KIND, key, fact.at, fact.number, source, target),
            confidence=confidence,
            evidence=evidence,
            quiet_s=self._is.quiet_s,
            vlan=fact.vlan,
        )

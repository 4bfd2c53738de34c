"""IPv6 routers of one network: what each advertises, who uses it, and which of two is not ours.

As with DHCP, nothing in an advertisement says who may send it (RFC 6104): what tells is the
configuration, which prefix the machines here have addresses of, whom they look for, and only then
who was seen first.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from agent.sensor.facts import Address, Advert, Mac
from agent.sensor.network import Network, is_virtual
from agent.sensor.tables import Bounded, Recent

Key = tuple[int, Address, Mac]
"""VLAN, link-local address and MAC of whoever advertises."""

SIX_TO_FOUR: Final = b"\x20\x02"
"""2002::/16, which Windows gave out where a connection was shared; deprecated by RFC 7526."""
UNIQUE_LOCAL: Final = frozenset((0xFC, 0xFD))
LINK_LOCAL: Final = b"\xfe\x80"
SENIOR_S: Final = 30.0
EVEN_S: Final = 0.03
EVEN_MAX_S: Final = 30.0
"""Routers draw each pause anew (RFC 4861 §6.2.4), of 3 s and more; fake_router6 sleeps 5 s."""
KEPT: Final = 16


@dataclass(slots=True)
class Router:
    """Whoever advertises, as it was seen."""

    key: Key
    first: float
    last: float = 0.0
    adverts: int = 0
    lifetime: int = 0
    preference: int = 0
    prefixes: frozenset[bytes] = frozenset()
    """First halves: all that hosts form addresses of (RFC 4862)."""
    resolvers: frozenset[Address] = frozenset()
    lived: int = 0
    """Prefixes of its own that others had addresses of before it was first heard."""
    killed: list[float] = field(default_factory=list)
    """When it said that it is a router no more, right after it said that it is."""
    pause: float = 0.0
    even: int = 0
    """Pauses that were as long as the one before."""

    @property
    def address(self) -> Address:
        """Return its link-local address."""
        return self.key[1]

    @property
    def mac(self) -> Mac:
        """Return the MAC that its frames come from."""
        return self.key[2]

    @property
    def routes(self) -> bool:
        """Return whether hosts would do something because of it.

        Not so with a border router of Thread or a HomePod (lifetime 0, a prefix of its own, ULA):
        it only adds a way to the lamps.
        """
        return self.lifetime > 0 or bool(self.resolvers) or any(map(is_public, self.prefixes))


def is_public(address: bytes) -> bool:
    """Return whether an address or prefix is meant for the Internet; such for manuals count too."""
    return address[0] not in UNIQUE_LOCAL and not address.startswith(LINK_LOCAL)


def hear(router: Router, fact: Advert) -> None:
    """Note an advertisement of *router*; prefixes and resolvers add up, as they do in a host."""
    ended = frozenset(one[0][:8] for one in fact.prefixes if not one[2])
    given = frozenset(one[0][:8] for one in fact.prefixes if one[2])
    if router.lifetime and not fact.lifetime:
        router.killed = [*router.killed[-KEPT:], fact.at]
    pause = fact.at - router.last if router.adverts else 0.0
    even = 0 < pause < EVEN_MAX_S and abs(pause - router.pause) <= EVEN_S
    router.even, router.pause = router.even + 1 if even else 0, pause
    router.last, router.adverts = fact.at, router.adverts + 1
    router.lifetime, router.preference = fact.lifetime, fact.preference
    router.prefixes = frozenset(sorted((router.prefixes | given) - ended)[:KEPT])
    router.resolvers = frozenset(fact.resolvers)


def difference(one: Router, other: Router) -> tuple[str, float]:
    """Return what a host has by the one and not by the other, and how much that says at most.

    ("", 0) where they may well be two routers of one network.
    """
    if one.prefixes and other.prefixes and one.prefixes.isdisjoint(other.prefixes):
        return "prefix", 0.95
    if one.resolvers and other.resolvers and one.resolvers.isdisjoint(other.resolvers):
        return "resolver", 0.8
    for mine, its in ((one, other), (other, one)):
        # One of two routers may lack the option; but whoever is no router, or gives nobody but
        # itself, is there for the sake of the names.
        alone = not mine.lifetime or mine.resolvers == {mine.address}
        if mine.resolvers and not its.resolvers and alone:
            return "resolver", 0.75
    if bool(one.prefixes) != bool(other.prefixes) and one.lifetime and other.lifetime:
        return "prefix", 0.6
    early, late = sorted((one, other), key=lambda router: router.first)
    known = late.first - early.first >= SENIOR_S and early.adverts > 1
    return ("preference", 0.55) if known and late.preference > max(early.preference, 0) else ("", 0)


class Use:
    """Which prefixes machines have addresses of, and for whom they look; bounded."""

    def __init__(self) -> None:
        self._living: Bounded[bytes, Recent[Mac]] = Bounded(64, lambda: Recent(3600.0, 64))
        self._looked: Bounded[Address, Recent[Mac]] = Bounded(256, lambda: Recent(3600.0, 64))

    def lives(self, address: Address, mac: Mac, at: float) -> None:
        """Note that *mac* has *address*."""
        if any(address) and not address.startswith(LINK_LOCAL):
            self._living.of(address[:8]).add(mac, at)

    def looks(self, address: Address, mac: Mac, at: float) -> None:
        """Note that a machine looks for *address*, as one does for its router."""
        self._looked.of(address).add(mac, at)

    def living(self, prefix: bytes, at: float) -> int:
        """Return how many machines have addresses of *prefix*."""
        found = self._living.get(prefix)
        return found.count(at) if found else 0

    def prefixes(self, at: float, enough: int) -> frozenset[bytes]:
        """Return the public prefixes that at least *enough* machines have addresses of."""
        return frozenset(
            prefix
            for prefix, macs in self._living.items()
            if macs.count(at) >= enough and is_public(prefix)
        )

    def looking(self, router: Router, at: float) -> int:
        """Return how many machines look for *router*."""
        found = self._looked.get(router.address)
        return found.count(at) if found else 0


class Judgement(NamedTuple):
    """Which of two routers is not ours, how sure that is, and by what."""

    rogue: Router
    ours: Router
    confidence: float
    by: str


def judge(one: Router, other: Router, use: Use, network: Network, at: float) -> Judgement:
    """Tell which of two routers that contradict each other is the rogue."""
    marks = _marks(one, use, network, at), _marks(other, use, network, at)
    for (by, confidence, mine), (_, _, its) in zip(*marks, strict=True):
        if mine >= 2 * its and mine > its:
            return Judgement(other, one, confidence, by)
        if its >= 2 * mine and its > mine:
            return Judgement(one, other, confidence, by)
    early, late = sorted((one, other), key=lambda router: router.first)
    if late.first - early.first >= SENIOR_S:
        return Judgement(late, early, 0.8, "seen before")
    for by, odd in (
        ("preference", lambda router: router.preference > 0),
        ("resolver of its own", lambda router: router.address in router.resolvers),
        ("local prefix", lambda router: all(p[0] in UNIQUE_LOCAL for p in router.prefixes)),
    ):
        if odd(one) != odd(other):
            rogue, ours = (one, other) if odd(one) else (other, one)
            return Judgement(rogue, ours, 0.65, by)
    return Judgement(late, early, 0.5, "seen first")


def _marks(
    router: Router, use: Use, network: Network, at: float
) -> tuple[tuple[str, float, int], ...]:
    """Return what speaks for a router, the strongest first."""
    return (
        ("list", 0.95, int(router.address in network.allowed.routers)),
        ("gateway", 0.95, int(router.address in network.gateways)),
        ("virtual address", 0.9, int(is_virtual(router.mac, network.allowed.macs))),
        ("6to4 prefix", 0.9, int(not any(p.startswith(SIX_TO_FOUR) for p in router.prefixes))),
        ("machines with its prefix", 0.9, router.lived),
        ("machines that look for it", 0.8, use.looking(router, at)),
    )

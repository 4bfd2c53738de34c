"""Which of two DHCP servers that contradict each other is not ours.

Nothing in an answer says who may give it. What tells is what others do: clients that come back to
a server, machines that use the router that it gives, a relay that was set up for it. Whoever was
seen first is only the last thing asked.
"""

from typing import Final, NamedTuple

from agent.sensor.dhcpservers import REMEMBERED_S, Server
from agent.sensor.facts import Address, Mac
from agent.sensor.gateways import CUSTOM
from agent.sensor.network import Network
from agent.sensor.tables import Bounded, Recent

SENIOR_S: Final = 30.0
"""So much earlier than the other, and with a client served: it was there before."""
AGAIN_S: Final = 5.0
"""So much earlier that it answered a question which the other one did not: some look for 3 s
whether an address is free before they answer."""
HOME: Final = frozenset(
    bytes((192, 168, third)) for third in (0, 1, 2, 3, 8, 10, 11, 16, 31, 43, 50, 68, 99, 100, 123)
) | frozenset((bytes((192, 168, 137)), bytes((10, 0, 0)), bytes((172, 20, 10))))
"""Networks that home routers, shared connections of Windows and telephones give out."""


class Use:
    """Who came back to a server, and who uses a router: counted by MAC, bounded."""

    def __init__(self) -> None:
        self._regulars: Bounded[Address, Recent[Mac]] = Bounded(
            64, lambda: Recent(REMEMBERED_S, 256)
        )
        self._users: Bounded[Address, Recent[Mac]] = Bounded(256, lambda: Recent(REMEMBERED_S, 64))

    def came_back(self, server: Address, client: Mac, at: float) -> None:
        """Note a client that renews what it had from *server* before."""
        self._regulars.of(server).add(client, at)

    def asked_for(self, address: Address, mac: Mac, at: float) -> None:
        """Note that a machine looks for *address* as one does for its router, or asks it a name."""
        self._users.of(address).add(mac, at)

    def regulars(self, server: Server, at: float) -> int:
        """Return how many clients came back to it."""
        found = self._regulars.get(server.address)
        return found.count(at) if found else 0

    def users(self, server: Server, at: float) -> int:
        """Return how many use a router or resolver that it gives, and had it before it gave it."""
        found = (self._users.get(one) for one in server.routers() | server.resolvers())
        mine = set(server.clients.keys())
        return max((len(set(one.keys()) - mine) for one in found if one), default=0)


class Judgement(NamedTuple):
    """Which of two servers is not ours, how sure that is, and by what."""

    rogue: Server
    ours: Server
    confidence: float
    by: str


def judge(
    one: Server, other: Server, use: Use, network: Network, at: float, *, refuses: Server | None
) -> Judgement:
    """Tell which of two servers that contradict each other is the rogue.

    *refuses* is the one that refused what the other had given, where that is how they met.
    """
    marks = _marks(one, use, network, at), _marks(other, use, network, at)
    for (by, confidence, mine), (_, _, its) in zip(*marks, strict=True):
        # Figures decide only where one is clearly more; 1 and 0 stand for yes and no.
        if mine >= 2 * its and mine > its:
            return Judgement(other, one, confidence, by)
        if its >= 2 * mine and its > mine:
            return Judgement(one, other, confidence, by)
    early, late = sorted((one, other), key=lambda server: server.first)
    if late.first - early.first >= AGAIN_S:
        served = early.served_at and late.first - early.served_at >= SENIOR_S
        return Judgement(late, early, 0.85 if served else 0.75, "seen before")
    if refuses is not None:
        return Judgement(refuses, other if refuses is one else one, 0.7, "refusal")
    return _by_looks(one, other) or Judgement(late, early, 0.5, "seen first")


def _by_looks(one: Server, other: Server) -> Judgement | None:
    """Tell the rogue by its address and what it gives, where nothing that others do speaks."""
    for mine, its in ((one, other), (other, one)):
        # Who forges resolvers leaves the router as it is.
        if mine.address in its.routers() and its.address not in mine.routers():
            return Judgement(its, mine, 0.7, "router that both give")
    together = one.address[:3] == other.address[:3]
    for by, confidence, odd in (
        ("router of its own", 0.65, _selfish),
        ("network of a home router", 0.65, _at_home),
        ("router at an unusual address", 0.6, _unusual),
        ("server at an unusual address", 0.55, lambda server: together and _odd(server)),
    ):
        if odd(one) != odd(other):
            rogue, ours = (one, other) if odd(one) else (other, one)
            return Judgement(rogue, ours, confidence, by)
    return None


def _marks(
    server: Server, use: Use, network: Network, at: float
) -> tuple[tuple[str, float, int], ...]:
    """Return what speaks for a server, the strongest first."""
    listed = network.allowed.dhcp_servers
    return (
        ("list", 0.95, int(server.address in listed or server.source in listed)),
        ("gateway", 0.95, int(not network.gateways.isdisjoint(server.routers()))),
        ("relay", 0.9, int(server.relayed)),
        ("clients that came back", 0.9, use.regulars(server, at)),
        ("users of its router", 0.85, use.users(server, at)),
    )


def _selfish(server: Server) -> bool:
    """Return whether it makes itself the router, as whoever wants to be in the middle must."""
    return any({server.address, server.source} & one.routers for one in server.given)


def _at_home(server: Server) -> bool:
    return any(one.yours[:3] in HOME for one in server.given)


def _unusual(server: Server) -> bool:
    return not any(one[-1] in CUSTOM for one in server.routers())


def _odd(server: Server) -> bool:
    """Return whether it is not where a network's gateway is by custom."""
    return server.address[-1] not in CUSTOM

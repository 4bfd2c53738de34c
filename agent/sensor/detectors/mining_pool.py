"""A machine that mines cryptocurrency: it speaks Stratum with a pool, on whatever port.

The parser knows Stratum by the first bytes of a segment (`agent.sensor.protocols.tcp`), which
holds for port 80 and for 443 without TLS too. Inside TLS nothing is seen of it; then a machine
that holds connections to several addresses outside, on ports that pools have and hardly anybody
else, is told with half the confidence.
"""

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.detectors.base import detectors
from agent.sensor.facts import ACK, SYN, Address, Fact, Tcp
from agent.sensor.incidents import Incidents, Party, Sign
from agent.sensor.network import Network
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded, Recent

KIND: Final = "mining_pool"
WORD: Final = "stratum"
POOL_PORTS: Final = frozenset((3333, 3334, 13333, 14433, 14444, 20535, 45560, 45700))
"""Of large pools, and of no program that schools have; 4444, 5555, 8080 and 9999 are of many."""

Flow = tuple[Address, int, Address, int]


@detectors.add(KIND)
@dataclass(frozen=True, slots=True)
class MiningPool:
    """Thresholds of the detector.

    `segments` of Stratum between one machine and one pool within `window_s`: a miner logs in and
    asks for work with two already. `pools`: addresses outside on pool ports that one machine is
    connected to; a miner has some to fall back on, a program of another kind one.
    """

    segments: Annotated[int, Meta(ge=1, le=1000)] = 2
    window_s: Annotated[float, Meta(ge=10, le=86_400)] = 600.0
    pools: Annotated[int, Meta(ge=2, le=100)] = 3
    quiet_s: Annotated[float, Meta(ge=60, le=86_400)] = 600.0

    def watch(self, shared: Shared, incidents: Incidents) -> "Watch":
        """Return a machine without a past."""
        return Watch(self, shared.network, incidents)


@dataclass(slots=True)
class Talk:
    """What a miner and a pool say, until `window_s` of silence."""

    first: float = 0.0
    last: float = 0.0
    segments: int = 0
    ways: dict[bool, int] = field(default_factory=dict)
    """By whether the miner spoke or the pool, where its last segment stood in the stream."""


class Watch:
    """The state of the detector."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Tcp,)

    def __init__(self, thresholds: MiningPool, network: Network, incidents: Incidents) -> None:
        self._is, self._network, self._incidents = thresholds, network, incidents
        self._talks: Bounded[tuple[Address, Address, int], Talk] = Bounded(512, Talk)
        self._began: Bounded[Flow, bool] = Bounded(2048, bool, turns=True)
        """Connections whose beginning was seen, as who began them writes them."""
        self._pools: Bounded[Address, Recent[Address]] = Bounded(
            512, lambda: Recent(thresholds.window_s, 64)
        )

    def take(self, fact: Tcp) -> None:
        """Hear of a segment."""
        if fact.word == WORD:
            self._spoke(fact)
        elif fact.flags & SYN:
            flow = fact.source, fact.source_port, fact.target, fact.target_port
            if not fact.flags & ACK:
                self._began.put(flow, True)
            elif fact.source_port in POOL_PORTS:
                self._accepted(fact)

    def tick(self, now: float) -> None:
        """Nothing to do: windows go by the facts."""

    def _spoke(self, fact: Tcp) -> None:
        mine = self._by_miner(fact)
        ends = self._ends(fact)
        miner, pool = ends if mine else ends[::-1]
        key = miner.address, pool.address, pool.port
        talk = self._talks.of(key)
        if fact.at - talk.last > self._is.window_s:
            talk.first, talk.segments = fact.at, 0
            talk.ways.clear()
        talk.last = fact.at
        if talk.ways.get(mine) == fact.sequence:
            return  # sent again, or shown twice by a mirror
        talk.segments += 1
        talk.ways[mine] = fact.sequence
        if talk.segments >= self._is.segments:
            sure = 0.98 if len(talk.ways) == 2 else 0.9
            figures = {"segments": talk.segments}
            count = 1 if self._incidents.is_open(KIND, key) else talk.segments
            self._incidents.sign(
                Sign(
                    *(KIND, key, fact.at, fact.number, replace(miner, port=0), pool, count, sure),
                    evidence=figures,
                    began=talk.first,
                    quiet_s=self._is.quiet_s,
                    vlan=fact.vlan,
                )
            )

    def _by_miner(self, fact: Tcp) -> bool:
        """Return whether the segment's source is the miner: who began the connection, as a rule."""
        if self._began.get((fact.source, fact.source_port, fact.target, fact.target_port)):
            return True
        if self._began.get((fact.target, fact.target_port, fact.source, fact.source_port)):
            return False
        ours = [self._network.is_ours(one) for one in (fact.source, fact.target)]
        if ours[0] != ours[1]:
            return ours[0]
        return fact.source_port > fact.target_port

    def _accepted(self, fact: Tcp) -> None:
        """Note a connection that a pool's port took."""
        miner, pool = fact.target, fact.source
        if self._network.is_ours(pool) or not self._network.is_ours(miner):
            return
        pools = self._pools.of(miner)
        pools.add(pool, fact.at)
        count = pools.count(fact.at)
        if count >= self._is.pools:
            target, source = self._ends(fact)
            self._incidents.sign(
                Sign(
                    *(KIND, (miner, "pools"), fact.at, fact.number, replace(source, port=0)),
                    target=target,
                    confidence=0.5,
                    evidence={"pools": count},
                    quiet_s=self._is.quiet_s,
                    vlan=fact.vlan,
                )
            )

    def _ends(self, fact: Tcp) -> tuple[Party, Party]:
        """Return who sent a segment and to whom; beyond the router, MACs are the router's."""
        ours, role = self._network.is_ours, self._network.role_of
        return (
            Party(
                *(fact.source, fact.src if ours(fact.source) else b"", fact.source_port),
                role(fact.source),
            ),
            Party(
                *(fact.target, fact.dst if ours(fact.target) else b"", fact.target_port),
                role(fact.target),
            ),
        )

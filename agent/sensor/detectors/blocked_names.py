"""Names of block lists that are asked for: counts by category, and neither who asked nor for what.

A count begins an event once it is high enough that it points at no single child (`lookups`), for
malware and mining. What is harmful to children is counted and never told (docs/decisions/015).
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.blocklists import BlockList, block_list
from agent.sensor.detectors.base import detectors
from agent.sensor.facts import Address, Dns, Fact
from agent.sensor.incidents import Incidents, Party, Sign
from agent.sensor.network import Network
from agent.sensor.roles import INSIDE
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded, Recent

KINDS: Final = {"malware": "malware_names", "mining": "mining_names"}
MINUTE: Final = 60.0
"""A page asks for IPv4, IPv6 and again within seconds: that is one lookup."""


@detectors.add("blocked_names")
@dataclass(frozen=True, slots=True)
class BlockedNames:
    """The files of each category, and the thresholds.

    `lookups` of one category within `window_s` begin an event: what is infected asks each minute
    or two, a person who followed a link asks once or twice; and fewer than 5 could point at
    somebody.
    """

    malware: tuple[str, ...] = ()
    mining: tuple[str, ...] = ()
    harmful: tuple[str, ...] = ()
    lookups: Annotated[int, Meta(ge=5, le=1000)] = 5
    window_s: Annotated[float, Meta(ge=60, le=86_400)] = 600.0
    quiet_s: Annotated[float, Meta(ge=60, le=86_400)] = 1800.0

    def watch(self, shared: Shared, incidents: Incidents) -> "Watch":
        """Return a machine without a past; raises ConfigError for a file that is no list."""
        return Watch(self, shared.network, incidents)


class Watch:
    """The state of the detector; `verdicts` has the lookups of each category since it began."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Dns,)

    def __init__(self, options: BlockedNames, network: Network, incidents: Incidents) -> None:
        self._is, self._network, self._incidents = options, network, incidents
        files = {"malware": options.malware, "mining": options.mining, "harmful": options.harmful}
        self._lists: dict[str, BlockList] = {
            category: block_list(tuple(names)) for category, names in files.items() if names
        }
        self.verdicts: dict[str, int] = dict.fromkeys(self._lists, 0)
        self._minute: Recent[int] = Recent(2 * MINUTE, 8192)
        self._lookups: dict[str, Recent[int]] = {
            category: Recent(options.window_s, max(1024, options.lookups))
            for category in self._lists
        }
        self._resolvers: Bounded[Address, bool] = Bounded(64, bool)
        """Machines of ours that answer; what they ask others for was counted before."""

    def take(self, fact: Dns) -> None:
        """Hear of a question or an answer."""
        if not self._lists:
            return
        client = fact.target if fact.response else fact.source
        if fact.response and self._network.is_ours(fact.source):
            self._resolvers.put(fact.source, True)
        for category, names in self._lists.items():
            if fact.name in names:
                if not self._resolvers.get(client):
                    minute = int(fact.at // MINUTE)
                    self._count(fact, category, hash((category, client, fact.name, minute)))
                return

    def tick(self, now: float) -> None:
        """Nothing to do: windows go by the facts."""

    def _count(self, fact: Dns, category: str, one: int) -> None:
        if not self._minute.add(one, fact.at):
            return
        self.verdicts[category] += 1
        lookups = self._lookups[category]
        lookups.add(one, fact.at)
        count = lookups.count(fact.at)
        kind = KINDS.get(category)
        if kind is None or count < self._is.lookups:
            return
        began = self._incidents.is_open(kind, category)
        self._incidents.sign(
            Sign(
                *(kind, category, fact.at, fact.number),
                source=Party(role=INSIDE),
                count=1 if began else count,
                evidence={"names": count, "seconds": self._is.window_s},
                quiet_s=self._is.quiet_s,
            )
        )

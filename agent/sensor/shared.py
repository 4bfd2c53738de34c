"""What several detectors learn from the same facts: learnt once for all of one interface."""

from collections.abc import Sequence
from functools import cached_property

from agent.sensor.contacts import Contacts
from agent.sensor.contests import Contests
from agent.sensor.gateways import Gateways
from agent.sensor.network import Network
from agent.sensor.owners import Owner
from agent.sensor.routers import Routers


class Shared:
    """What detectors are given: *network*, and parts that are made where one first asks.

    *handed* is what was known of gateways before, as of *at*.
    """

    def __init__(self, network: Network, handed: Sequence[Owner] = (), at: float = 0.0) -> None:
        self.network, self.handed, self.at = network, handed, at
        self.learners: list[Routers | Contacts | Gateways | Contests] = []
        """The parts that somebody asked for: they hear of each fact before any detector does."""

    @cached_property
    def routers(self) -> Routers:
        """Whose hardware address stands for many machines."""
        routers = Routers(self.network)
        self.learners.append(routers)
        return routers

    @cached_property
    def gateways(self) -> Gateways:
        """Which addresses are gateways."""
        gateways = Gateways(self.network)
        self.learners.append(gateways)
        return gateways

    @cached_property
    def contests(self) -> Contests:
        """Who claims which address."""
        contests = Contests()
        self.learners.append(contests)
        return contests

    @cached_property
    def contacts(self) -> Contacts:
        """What each machine tried to reach for the first time."""
        contacts = Contacts(self.network, self.routers)
        self.learners.append(contacts)
        return contacts

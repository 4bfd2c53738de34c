"""Who tries many machines on a port that worms use: infected, until somebody says otherwise.

Inside or outside. The judgement is the one of `port_scan` (`agent.sensor.reach`), so that one
attack is told by one of the two.
"""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from agent.sensor.detectors.base import Machine, detectors
from agent.sensor.incidents import Incidents
from agent.sensor.ports import WORM_PORTS
from agent.sensor.reach import WORM_SWEEP, Reach
from agent.sensor.shared import Shared
from agent.sensor.tallies import Limits

Port = Annotated[int, Meta(ge=1, le=65_535)]


@detectors.add("worm_sweep")
@dataclass(frozen=True, slots=True)
class WormSweep:
    """Thresholds.

    `worm_ports` replace the list of `agent.sensor.ports`; empty for that list.
    `targets` that a machine did not reach on one of them, of which five that it did reach weigh
    as one: an administrator's work on 20 machines stays below, and 100 that answer do too.
    `targets_unseen` where no answer to this machine was seen at all: perhaps none ever can be.
    `gap_s` without a try forgives.
    """

    worm_ports: tuple[Port, ...] = ()
    targets: Annotated[int, Meta(ge=3, le=10_000)] = 25
    targets_unseen: Annotated[int, Meta(ge=3, le=10_000)] = 60
    gap_s: Annotated[float, Meta(ge=10, le=86_400)] = 900.0

    def watch(self, shared: Shared, incidents: Incidents) -> Machine:
        """Return a machine without a past."""
        limits = Limits(
            worm_ports=frozenset(self.worm_ports or WORM_PORTS),
            worm_targets=self.targets,
            worm_targets_unseen=self.targets_unseen,
            gap_s=self.gap_s,
        )
        return Reach(shared.contacts, incidents, WORM_SWEEP, limits)

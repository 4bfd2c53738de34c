"""Who tries many ports of a machine, or one port of many machines: nmap, masscan and their like.

TCP by SYN, connect, FIN, NULL and Xmas; UDP by "port unreachable"; both families; also one try
in several minutes. Ports that worms use are left to `worm_sweep` where nothing else is swept
(`agent.sensor.reach`). What it cannot tell stands in docs/detectors.md.
"""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from agent.sensor.detectors.base import Machine, detectors
from agent.sensor.incidents import Incidents
from agent.sensor.reach import PORT_SCAN, Reach
from agent.sensor.shared import Shared
from agent.sensor.tallies import Limits

Count = Annotated[int, Meta(ge=3, le=10_000)]


@detectors.add("port_scan")
@dataclass(frozen=True, slots=True)
class PortScan:
    """Thresholds; each counts first contacts that failed, less those that were accepted.

    `ports` of one target: an application tries a handful, nmap's shortest list has 100.
    `targets` inside for one port: a school's machine knows some servers, and a class is not one.
    `targets_outside`: telephones whose services are blocked try some dozen addresses of them, all
    of the web's port. `spread`: machines and ports inside in any mixture.
    `ports_unseen` of one target without any answer in sight, ten of them system ports: where
    the sensor may see one direction only, in which a client of a domain controller looks like one
    of twenty ports, eight of them below 1024. `targets_unseen` inside for one port without any
    answer in sight: more than half of a /24. `gap_s` without a try forgives; nmap's slowest timing
    (`-T0`) waits for 300 s.
    """

    ports: Count = 15
    targets: Count = 25
    targets_outside: Count = 200
    spread: Count = 100
    ports_unseen: Count = 40
    targets_unseen: Count = 128
    gap_s: Annotated[float, Meta(ge=10, le=86_400)] = 900.0

    def watch(self, shared: Shared, incidents: Incidents) -> Machine:
        """Return a machine without a past."""
        limits = Limits(
            ports=self.ports,
            targets=self.targets,
            targets_outside=self.targets_outside,
            spread=self.spread,
            ports_unseen=self.ports_unseen,
            targets_unseen=self.targets_unseen,
            gap_s=self.gap_s,
        )
        return Reach(shared.contacts, incidents, PORT_SCAN, limits)

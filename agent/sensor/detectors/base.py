"""What a detector is, and the list of the words that name one.

A detector is a frozen dataclass whose fields are its thresholds, each with a unit in its name and
its reason beside it; it makes the machine that holds the state. A machine knows time only from
facts and ticks, is bounded whatever is sent (`agent.sensor.tables`), and gives signs, which
`agent.sensor.incidents` makes events of. So a capture gives what a live interface gives.
"""

from typing import Any, ClassVar, Final, Protocol

from agent.sensor.facts import Fact
from agent.sensor.incidents import Incidents
from agent.sensor.shared import Shared
from core.registry import Registry


class Machine(Protocol):
    """The state of one detector."""

    takes: ClassVar[tuple[type[Fact], ...]]
    """The facts that `take` is called with, in the order of the frames; no others come."""

    def take(self, fact: Any) -> None:
        """Hear of a fact."""

    def tick(self, now: float) -> None:
        """Hear that it is *now* (s, by the clock of the facts): about once a second."""


class Detector(Protocol):
    """The thresholds of one detector."""

    def watch(self, shared: Shared, incidents: Incidents) -> Machine:
        """Return a machine without a past that gives its signs to *incidents*.

        What several detectors learn in the same way it takes from *shared*.
        """


WORDS: Final = (
    *("arp_spoof", "ip_conflict", "arp_sweep", "mac_flapping", "broadcast_storm"),
    *("rogue_dhcp", "dhcp_starvation", "rogue_ra"),
    *("port_scan", "syn_flood", "worm_sweep", "password_guessing", "cleartext_login"),
    *("dns_tunnel", "blocked_names", "mining_pool", "new_device"),
)

detectors: Registry[Detector] = Registry("detector", "agent.sensor.detectors", WORDS)
"""One module for each word that an operator can write in `[sensor.detectors]`."""

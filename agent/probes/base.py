"""What a probe is, and the list of the words that name one."""

from collections.abc import Iterable
from typing import Final, Protocol

from core.registry import COLLABORATOR, Registry
from core.types import Reading

__all__ = ["COLLABORATOR", "INTERVAL_S", "Probe", "by_default", "interval_of", "probes"]

INTERVAL_S: Final = 10.0
"""From one round to the next, where a probe's class names no `INTERVAL_S` of its own."""


class Probe(Protocol):
    """Asks the machine or the network one thing; when to ask is the schedule's business."""

    async def measure(self) -> Iterable[Reading]:
        """Return what is so at this moment, in the names and types of `core.catalog`.

        Raises TargetUnreachable, NotPermitted or OSError: expected, said once, asked again at
        the next round. Never blocks the loop: what can hang goes through `core.threads`.
        """


by_default: Final = (
    "cpu",
    "disk",
    "mem",
    "net",
    "path",
    "ping",
    "processes",
    "swap",
    "system",
    "temp",
    "uplink",
)
"""The words of those that are on where the file switches none on: what matters, what needs no
option and no rights, and what disturbs nobody."""

probes: Registry[Probe] = Registry(
    "probe",
    "agent.probes",
    (
        "bandwidth",
        "cert",
        "cpu",
        "disk",
        "dns",
        "http",
        "mem",
        "net",
        "path",
        "ping",
        "processes",
        "public_address",
        "sntp",
        "swap",
        "system",
        "temp",
        "uplink",
    ),
)


def interval_of(word: str) -> float:
    """Return the seconds between two rounds where the file does not say; raises ConfigError."""
    return float(getattr(probes.kind(word), "INTERVAL_S", INTERVAL_S))

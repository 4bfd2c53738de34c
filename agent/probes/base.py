"""What a probe is, and the list of the words that name one."""

from collections.abc import Iterable
from typing import Protocol

from core.registry import COLLABORATOR, Registry
from core.types import Reading

__all__ = ["COLLABORATOR", "Probe", "probes"]


class Probe(Protocol):
    """Asks the machine or the network one thing; when to ask is the schedule's business."""

    async def measure(self) -> Iterable[Reading]:
        """Return what is so at this moment, in the names and types of `core.catalog`.

        Raises TargetUnreachable, NotPermitted or OSError: expected, said once, asked again at
        the next round. Never blocks the loop: what can hang goes through `core.threads`.
        """


probes: Registry[Probe] = Registry(
    "probe",
    "agent.probes",
    (
        "cpu",
        "disk",
        "mem",
        "net",
        "ping",
    ),
)

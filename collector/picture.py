"""What the pages, the API and the alerts see of the district at one moment."""

from dataclasses import dataclass

from collector.verdicts import Verdict
from core.types import Identity


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent as pages and API show it.

    `held_batches` counts what its last birth said to be waiting, and what did not come since.
    """

    who: Identity
    verdict: Verdict
    last_arrival: int
    version: str
    started: str
    held_batches: int
    clock_offset_ms: float
    clock_checked: bool


@dataclass(frozen=True, slots=True)
class SchoolView:
    """One school with its agents; `in_roster` is false for one that nobody listed."""

    region: str
    school: str
    name: str
    in_roster: bool
    line: Verdict
    agents: tuple[AgentView, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that the pages show of the present, worked out at `at`."""

    at: int
    collector: str
    broker_connected: bool
    schools: tuple[SchoolView, ...]

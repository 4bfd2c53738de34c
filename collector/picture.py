"""What the pages, the API and the alerts see of the district at one moment."""

from dataclasses import dataclass

from collector.roster.school import School, Standing
from collector.verdicts import UNSEEN, Outside, Verdict
from core.types import Identity


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent as pages and API show it.

    `held_batches` counts what its last birth said to be waiting, and what did not come since. Of
    one that is `unaccounted` messages came without a header: what of those is lost nobody knows.
    """

    who: Identity
    verdict: Verdict
    last_arrival: int
    version: str
    started: str
    held_batches: int
    clock_offset_ms: float
    clock_checked: bool
    unaccounted: bool = False


@dataclass(frozen=True, slots=True)
class SchoolView:
    """One school with its agents; `entry` is what the roster says of it, where it names it.

    `outside` is what probes from outside say of its line.
    """

    region: str
    school: str
    name: str
    standing: Standing
    line: Verdict
    agents: tuple[AgentView, ...]
    entry: School | None = None
    outside: Outside = UNSEEN

    @property
    def counts(self) -> bool:
        """Whether it is one of those that a share is a share of: open at this moment."""
        return self.standing == "open"

    @property
    def in_roster(self) -> bool:
        """Whether the roster names it, be it open or not."""
        return self.standing != "unlisted"


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that the pages show of the present, worked out at `at`.

    Without a `roster` nobody knows which schools there are.
    """

    at: int
    collector: str
    broker_connected: bool
    schools: tuple[SchoolView, ...]
    roster: bool = True

    @property
    def counted(self) -> tuple[SchoolView, ...]:
        """The schools that count; without a roster that is everybody who reports."""
        if not self.roster:
            return self.schools
        return tuple(view for view in self.schools if view.counts)

"""What an incident is: an alert of security that people have to judge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from alerts.incidents.grades import Grade


class Report(NamedTuple):
    """A person says that what a clock asks for was reported, outside of this program."""

    clock: str
    at: int
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident as it stands; it has the number of its alert. Times in ns, 0 where not yet.

    `discovered_at` is when the alert fired: when we first knew. `proposed` is ours, for `reason`;
    `grade` is what a person said, empty before. `concerns` is what only a person can know.
    """

    number: int
    kind: str
    code: str
    place: str
    began_at: int
    discovered_at: int
    proposed: Grade
    reason: str = ""
    ended_at: int = 0
    grade: str = ""
    confirmed_by: str = ""
    confirmed_at: int = 0
    note: str = ""
    concerns: frozenset[str] = frozenset()
    closed_at: int = 0
    closed_by: str = ""
    closing: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()

    def report(self, clock: str) -> Report | None:
        """Return what was reported for a clock."""
        return next((one for one in self.reports if one.clock == clock), None)

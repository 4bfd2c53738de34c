"""The district in numbers: how many schools are in each state, in all and of each kind; pure.

What the overview counts and what `/api/v1/live` counts is this, so the two cannot differ.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from collector.verdicts import State
from collector.web.board import Fallen, SchoolRow, fallen, tally
from collector.web.scope import (
    AREAS,
    CONNECTED,
    UNSTATED,
    Scope,
    area_of,
    is_teaching_point,
    lacks_owners,
)

Counts = dict[State, int]
"""Of every state, also of those that no school is in."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is seen at a glance.

    `rows` are the schools that are wanted, of every state, those that count no more last; `counts`
    is of those that count, `areas` and `points` of them without regard to the area that is wanted.
    """

    rows: Sequence[SchoolRow]
    counts: Counts
    areas: Sequence[tuple[str, Counts]]
    points: Counts
    not_counted: int
    owners_missing: int
    fallen: Sequence[Fallen]

    @property
    def total(self) -> int:
        """How many schools count."""
        return sum(self.counts.values())

    @property
    def by_area(self) -> bool:
        """Whether the roster says anything that sets schools apart."""
        stated = [counts for area, counts in self.areas if area != UNSTATED]
        return any(n for counts in (*stated, self.points) for n in counts.values())

    @property
    def not_up(self) -> int:
        """Of how many that count nothing proves that they are online."""
        return self.total - sum(self.counts[state] for state in CONNECTED)


def glance(found: Sequence[SchoolRow], scope: Scope) -> Glance:
    """Return what *scope* shows of *found*, its state left out of account."""
    everywhere = replace(scope, area="", teaching_point=False)
    around = [row for row in found if row.counts and everywhere.holds(row)]
    rows = sorted((row for row in found if scope.holds(row)), key=lambda row: not row.counts)
    counted = [row for row in rows if row.counts]
    areas = ((area, [row for row in around if area_of(row.view) == area]) for area in AREAS)
    return Glance(
        rows=rows,
        counts=_counts(counted),
        areas=[(area, _counts(of_area)) for area, of_area in areas],
        points=_counts(row for row in around if is_teaching_point(row.view)),
        not_counted=len(rows) - len(counted),
        owners_missing=sum(lacks_owners(row.view) for row in counted),
        fallen=fallen(found),
    )


def _counts(rows: Iterable[SchoolRow]) -> Counts:
    return tally(row.state for row in rows)

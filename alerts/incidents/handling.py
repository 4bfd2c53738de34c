"""Whether incidents are closed in time (I-26, 安全事件处置及时率): pure.

Due is what had to be closed within the month, and what had to be before and is still open: whoever
leaves an incident lie does not meet the target again on the first of the next month.
"""

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from alerts.incidents.clocks import Workday, end_of
from alerts.incidents.grades import FALSE_ALARM
from alerts.incidents.incident import Incident
from core import clock
from core.clock import SECOND

Class = Literal["worse", "ordinary"]
ORDINARY: Final = "一般"
ASKED: Final[Mapping[Class, Fraction]] = {"worse": Fraction(1), "ordinary": Fraction(95, 100)}
"""What is asked for (domain.md §6): all of 较大 and above, nineteen in twenty of 一般."""


class Handled(NamedTuple):
    """Of `due` incidents of a class `good` were closed in time; `late` are open and overdue."""

    good: int
    due: int
    late: int


def handled(
    incidents: Iterable[Incident],
    limits: Mapping[str, str],
    at: int,
    zone: tzinfo,
    workday: Workday,
) -> Mapping[Class, Handled]:
    """Return how the month of *at* (ns) stands; *limits* are by grade, as `24h` or `5wd`."""
    there = clock.local(at, zone)
    begins = int(there.replace(day=1, hour=0, minute=0, second=0).timestamp()) * SECOND
    found: dict[Class, Handled] = {"worse": Handled(0, 0, 0), "ordinary": Handled(0, 0, 0)}
    for one in incidents:
        grade = one.grade or one.proposed
        if grade == FALSE_ALARM or grade not in limits:
            continue
        until = end_of(limits[grade], one.discovered_at, zone, workday)
        is_open = not one.closed_at
        if until > at or (until < begins and not is_open):
            continue
        of: Class = "ordinary" if grade == ORDINARY else "worse"
        good, due, late = found[of]
        in_time = not is_open and one.closed_at <= until
        found[of] = Handled(good + in_time, due + 1, late + is_open)
    return found

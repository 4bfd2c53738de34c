"""How many alerts are open at each school, and how they stand: pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from alerts.attended import Attended
from alerts.step import Case
from collector.degraded import SHOWN
from collector.outside import SchoolKey
from core.alerts import Alert
from core.kind import SEVERITIES

SEVERE: Final = tuple(severity.lower() for severity in SEVERITIES)
ALWAYS: Final = (*SEVERE, "muted", "hidden")
ATTENDED: Final = ("unacked", "overdue")
"""Counted only where it is known who takes care of what."""

Counts = Mapping[SchoolKey, Mapping[str, int]]


def alert_counts(cases: Iterable[Case], attended: Attended | None = None) -> Counts:
    """Return how many of each severity; those that nobody is told of are counted apart.

    An alert of a region, or of all, is no school's. A count that is 0 everywhere is left out, but
    those of ATTENDED stand there for every school that has alerts, unless *attended* is None.
    """
    found: dict[SchoolKey, dict[str, int]] = {}
    for case in cases:
        alert = case.alert
        region, _, rest = alert.key.place.partition("/")
        if alert.state not in SHOWN or not rest or region == "collector":
            continue
        of_school = found.setdefault((region, rest.partition("/")[0]), {})
        for name in _counted(alert, attended):
            of_school[name] = of_school.get(name, 0) + 1
    return found


def elsewhere(cases: Iterable[Case]) -> int:
    """Return how many are open that are no school's; those that nobody is told of do not count."""
    return sum(
        case.alert.state in SHOWN and not case.alert.is_quiet and not case.alert.key.school
        for case in cases
    )


def _counted(alert: Alert, attended: Attended | None) -> Iterable[str]:
    if alert.hidden_by:
        yield "hidden"
    elif alert.muted_by:
        yield "muted"
    else:
        yield alert.severity.lower()
        if attended and alert.number not in attended.acked:
            yield "unacked"
    if attended and alert.number in attended.overdue:
        yield "overdue"

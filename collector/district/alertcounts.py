"""How many alerts are open at each school: pure."""

from collections.abc import Iterable, Mapping

from alerts.step import Case
from collector.degraded import SHOWN
from collector.outside import SchoolKey
from core.kind import Severity


def alert_counts(cases: Iterable[Case]) -> Mapping[SchoolKey, Mapping[Severity, int]]:
    """Return how many of each severity; those that nobody is told of are not among them.

    An alert of a region, or of all, is no school's.
    """
    found: dict[SchoolKey, dict[Severity, int]] = {}
    for case in cases:
        alert = case.alert
        region, _, rest = alert.key.place.partition("/")
        if alert.state not in SHOWN or alert.is_quiet or not rest or region == "collector":
            continue
        of_school = found.setdefault((region, rest.partition("/")[0]), {})
        of_school[alert.severity] = of_school.get(alert.severity, 0) + 1
    return found

"""What many schools see of one server, as one fact: pure.

An outage of a national platform is one cause, and no alert for each school (domain.md §8: three
schools with the same signature are one incident).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from alerts.facts import Sight, Wrong
from alerts.shipped import everywhere, servers
from alerts.step import Case
from collector.listed import listed

SCHOOLS: Final = 3
"""From so many on that see the same at once."""

WHOLE_OF: Final[Mapping[str, str]] = {
    servers.TARGET_UNREACHABLE.name: everywhere.TARGET_AWAY.name,
    servers.TARGET_SLOW.name: everywhere.TARGET_BUSY.name,
    servers.CERT_INVALID.name: everywhere.CERT_EVERYWHERE.name,
    servers.CERT_EXPIRING.name: everywhere.CERT_EVERYWHERE.name,
}
COVERS: Final = frozenset(WHOLE_OF.values())


def everywhere_of(
    cases: Iterable[Case], heard: Callable[[str], bool], name_of: Callable[[str], str], at: int
) -> Sight:
    """Return what is seen from many schools, of open *cases*.

    What has not lasted long enough counts only where the agent is *heard*: below one that is
    silent nothing is known.
    """
    seen: dict[tuple[str, str], dict[str, int]] = {}
    for case in cases:
        alert = case.alert
        whole = WHOLE_OF.get(alert.key.rule)
        if not whole or alert.state not in ("pending", "firing"):
            continue
        if alert.state == "pending" and not heard(alert.key.place):
            continue
        if alert.hidden_by not in ("", whole):
            continue  # a line that is down says nothing of the platform behind it
        school = "/".join(alert.key.place.split("/")[:2])
        began = seen.setdefault((whole, alert.key.target), {})
        began[school] = min(alert.began_at, began.get(school, alert.began_at))
    wrong = [
        Wrong(kind, "", sorted(began.values())[SCHOOLS - 1], target, listed(map(name_of, began)))
        for (kind, target), began in seen.items()
        if len(began) >= SCHOOLS
    ]
    return Sight(at, COVERS, wrong)

"""What one look at the live picture tells of each school: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from alerts.targets.uptime import Line
from collector.district.alertcounts import Counts
from collector.outside import SchoolKey
from collector.picture import Picture, SchoolView
from collector.verdicts import State
from collector.web import board

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Seen:
    """One school at one moment; what the roster leaves open is None or `unknown`.

    `line` is what is proven of its line, since `since` (ns, 0 where never): of one that is not up
    no earlier than the last that came of it. `state` and `cause` are the words that people read.
    """

    key: SchoolKey
    name: str
    area: str
    type: str
    state: State
    cause: str
    line: Line
    since: int
    counts: bool
    agents: int
    agents_up: int
    agents_unknown: int
    contracted: float | None
    target: float | None
    opened: date | None
    alerts: Mapping[str, int]
    attended: bool


def seen(picture: Picture, alerts: Counts, *, attended: bool = True) -> list[Seen]:
    """Return every school of *picture*; *alerts* are those that are open.

    Unless *attended* nobody could tell who takes care of them.
    """
    counted = {(view.region, view.school) for view in picture.counted}
    return [_seen(view, counted, alerts, attended) for view in picture.schools]


def line_of(view: SchoolView) -> Line:
    """Return what is proven of a line; one that is degraded works."""
    state = view.line.state
    if state in ("up", "degraded"):
        return "up"
    return "down" if state == "down" else "unknown"


def _since(view: SchoolView) -> int:
    since = view.line.since
    if line_of(view) == "up":
        return since
    # Probes may have failed for long while agents were heard: until then the line worked.
    return max([since, *(agent.last_arrival for agent in view.agents)])


def _seen(
    view: SchoolView,
    counted: set[SchoolKey],
    alerts: Counts,
    attended: bool,
) -> Seen:
    key, entry, row = (view.region, view.school), view.entry, board.school_row(view)
    states = [agent.verdict.state for agent in view.agents]
    return Seen(
        key=key,
        name=view.name,
        area=(entry.area if entry else None) or UNKNOWN,
        type=(entry.type if entry else None) or UNKNOWN,
        state=row.state,
        cause=row.reason,
        line=line_of(view),
        since=_since(view),
        counts=key in counted,
        agents=sum(state != "never_seen" for state in states),
        agents_up=states.count("up"),
        agents_unknown=states.count("unknown"),
        contracted=entry.contracted_mbps if entry else None,
        target=entry.target_mbps if entry else None,
        opened=entry.opened if entry else None,
        alerts=alerts.get(key, {}),
        attended=attended,
    )


def began(one: Seen, at: int, before: int) -> int:
    """Return when a state began that a look *at* finds, and the one *before* did not.

    That a line was lost shows minutes after it was: then it was not up meanwhile. That it is up
    proves nothing of the time before that look: nobody heard anything of it.
    """
    return max(one.since or at, before) if one.line == "up" else one.since or at

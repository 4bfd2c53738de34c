"""What the picture means to a person: the worst first, a reason for each, and how many of each.

Pure functions, shared by pages, API, metrics and (through the API) by `schoolwatch status`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from collector.picture import AgentView, Picture, SchoolView
from collector.verdicts import Cause, State, Verdict

Reason = Literal[Cause, "never_seen", "stopped", "all_stopped"]

WORST_FIRST: Final[tuple[State, ...]] = (
    "down",
    "unknown",
    "degraded",
    "never_seen",
    "stopped",
    "up",
)


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent, and why it is in its state."""

    view: AgentView
    state: State
    reason: Reason
    since: int


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """One school as a person would call it, with its agents, worst first.

    `counts`: it is one of those that a share is a share of.
    """

    view: SchoolView
    state: State
    reason: Reason
    since: int
    agents: tuple[AgentRow, ...]
    counts: bool = True


def rows(picture: Picture) -> list[SchoolRow]:
    """Return every school, worst first; one whose line is up but whose agent is not comes next."""
    counted = {(view.region, view.school) for view in picture.counted}
    found = (
        replace(school_row(view), counts=(view.region, view.school) in counted)
        for view in picture.schools
    )
    return sorted(found, key=_urgency)


def school_row(view: SchoolView) -> SchoolRow:
    """Return *view* with its state in one word; the line's own state stays in the view."""
    agents = tuple(sorted((agent_row(agent) for agent in view.agents), key=_agent_urgency))
    state = _school_state(view.line, agents)
    return SchoolRow(view, state, _school_reason(view.line, state, agents), view.line.since, agents)


def agent_row(view: AgentView) -> AgentRow:
    """Return *view* with the reason for its state."""
    verdict = view.verdict
    own: dict[State, Reason] = {"never_seen": "never_seen", "stopped": "stopped", "up": ""}
    return AgentRow(view, verdict.state, own.get(verdict.state, verdict.cause), verdict.since)


def tally(states: Iterable[State]) -> dict[State, int]:
    """Return how many there are of each state, also of those that nobody is in."""
    counted = Counter(states)
    return {state: counted[state] for state in WORST_FIRST}


@dataclass(frozen=True, slots=True)
class Fallen:
    """Many schools that one cause took away, as one fact; `name` is of the region or carrier."""

    what: Literal["region", "carrier", "own_line"]
    name: str
    since: int
    schools: int


def fallen(found: Iterable[SchoolRow]) -> list[Fallen]:
    """Return what fell as a whole, the largest first."""
    facts: dict[tuple[Literal["region", "carrier", "own_line"], str], list[int]] = {}
    for row in found:
        view = row.view
        away = [agent.since for agent in row.agents if agent.reason == "region"]
        if away:
            facts.setdefault(("region", view.region), []).append(min(away))
        if view.line.cause == "carrier" and view.entry:
            facts.setdefault(("carrier", view.entry.carrier), []).append(view.line.since)
        if view.line.cause == "own_line":
            facts.setdefault(("own_line", ""), []).append(view.line.since)
    made = (Fallen(*fact, min(since), len(since)) for fact, since in facts.items())
    return sorted(made, key=lambda one: (-one.schools, one.what, one.name))


def _school_state(line: Verdict, agents: tuple[AgentRow, ...]) -> State:
    # Seen from the line alone a school that went on holiday is as unknown as one whose router
    # burnt; people need the two apart, so the words of its agents decide here.
    if line.state != "unknown":
        return line.state
    heard = {agent.state for agent in agents} - {"never_seen"}
    if not heard:
        return "never_seen"
    return "stopped" if heard == {"stopped"} else "unknown"


def _school_reason(line: Verdict, state: State, agents: tuple[AgentRow, ...]) -> Reason:
    if state == "never_seen":
        return "unproven"
    if state == "stopped":
        return "all_stopped"
    if state == "up" or line.cause:
        return line.cause
    return next((agent.reason for agent in agents if agent.state != "up"), "")


def _urgency(row: SchoolRow) -> tuple[int, int, str, str]:
    worst = min((WORST_FIRST.index(agent.state) for agent in row.agents), default=0)
    return WORST_FIRST.index(row.state), worst, row.view.region, row.view.school


def _agent_urgency(row: AgentRow) -> tuple[int, str]:
    return WORST_FIRST.index(row.state), row.view.who.agent

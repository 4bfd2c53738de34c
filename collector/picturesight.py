"""The live picture as a sight for the alert rules: who is silent, and whose line is down.

Pure. Where the collector itself cannot tell, nothing ends and nothing begins.
"""

from collections.abc import Iterator
from typing import Final

from alerts.facts import Sight, Wrong
from collector.picture import AgentView, Picture, SchoolView

COVERS: Final = frozenset({"agent_silent", "line_down"})
_SILENT: Final = ("silent", "will")
_NOBODY_KNOWS: Final = ("broker", "collector")


def sight_of(picture: Picture) -> Sight:
    """Return what is wrong in *picture*."""
    agents = [agent for school in picture.schools for agent in school.agents]
    unknown = {str(agent.who) for agent in agents if agent.verdict.cause in _NOBODY_KNOWS}
    unknown |= {
        f"{school.region}/{school.school}"
        for school in picture.schools
        if school.line.cause in _NOBODY_KNOWS
    }
    wrong = [*_silent(agents), *_lines_down(picture.schools)]
    return Sight(picture.at, COVERS, wrong, frozenset(unknown))


def _silent(agents: list[AgentView]) -> Iterator[Wrong]:
    for agent in agents:
        verdict = agent.verdict
        silent = verdict.state == "unknown" and verdict.cause in _SILENT
        if silent or verdict.state == "down":
            details = {"cause": verdict.cause, "version": agent.version}
            yield Wrong("agent_silent", str(agent.who), verdict.since, details=details)


def _lines_down(schools: tuple[SchoolView, ...]) -> Iterator[Wrong]:
    for school in schools:
        if school.line.state == "down":
            place = f"{school.region}/{school.school}"
            details = {"cause": school.line.cause}
            yield Wrong("line_down", place, school.line.since, details=details)

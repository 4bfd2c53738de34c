"""From the picture to what the alert rules see of it: pure.

What nobody can tell at this moment is neither wrong nor over: its places are `unknown`, so that an
alert that is open there stays open. One cause is one fact: of a region or a carrier that fell its
schools stand in the details, and are no facts of their own.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from alerts.facts import Members, Sight, Wrong
from collector.canary import Canary
from collector.door import Opening
from collector.listed import listed
from collector.picture import AgentView, Picture, SchoolView
from collector.verdicts import Cause
from core.types import Identity

LOST: Final[frozenset[Cause]] = frozenset({"silent", "will", "agent", "line"})
"""Causes for which an agent is silent, as far as its own school knows."""
NOT_TO_TELL: Final[frozenset[Cause]] = frozenset({"broker", "collector", "region"})
_EXPLAINS: Final[Mapping[Cause, str]] = {
    "silent": "agent_silent",
    "will": "agent_silent",
    "agent": "agent_silent",
    "line": "line_down",
    "own_line": "own_line",
    "carrier": "carrier_away",
}
"""The rule whose alert says why nothing is known of a school."""

COVERS: Final = frozenset(
    {
        "agent_silent",
        "school_unknown",
        "clock_off",
        "line_down",
        "region_away",
        "carrier_away",
        "own_line",
        "canary_missed",
    }
)


def sight_of(
    picture: Picture,
    opening: Opening,
    canary: Canary,
    cut_off: Collection[Identity] = frozenset(),
) -> Sight:
    """Return what is wrong in *picture*, which was painted by *opening*.

    *cut_off* are agents on machines behind a switch that is down: their silence is part of that.
    """
    wrong: list[Wrong] = []
    unknown: set[str] = set()
    together: dict[tuple[str, str, str], list[SchoolView]] = {}
    since: dict[tuple[str, str, str], int] = {}
    for school in picture.schools:
        if school.is_over:
            continue  # shown while it still reports; what is open of it ends
        for agent in school.agents:
            part_of = "switch_down" if agent.who in cut_off else _part_of(school)
            _agent(agent, part_of, wrong, unknown)
            _clock(agent, wrong)
        _line(school, wrong, unknown)
        for fact, began in _shared(school):
            together.setdefault(fact, []).append(school)
            since[fact] = min(began, since.get(fact, began))
    for fact, schools in together.items():
        kind, place, target = fact
        wrong.append(
            Wrong(
                kind,
                place,
                since[fact],
                target,
                listed(school.name or school.school for school in schools),
            )
        )
    unknown |= _regions_unknown(picture, opening)
    missed = bool(opening.since) and canary.is_missed(picture.at, opening.since)
    if missed:
        wrong.append(Wrong("canary_missed", f"collector/{picture.collector}", canary.seen_at))
    unseen = _carriers_unseen(picture)
    if not missed and not (opening.since and canary.seen_at > opening.since):
        # It comes by the broker, and has not come since we hear anything again.
        unseen.add("canary_missed")
    untold = frozenset(("carrier_away", carrier) for carrier in _carriers_untold(picture))
    return Sight(
        picture.at, COVERS - unseen, wrong, frozenset(unknown), untold, members_of(picture)
    )


def members_of(picture: Picture) -> Mapping[str, Members]:
    """Return all agents and lines that may be wrong: not of schools that are over, nor what was
    stopped or never heard of."""
    silent: dict[tuple[str, str], bool] = {}
    clocks: dict[tuple[str, str], bool] = {}
    lines: dict[tuple[str, str], bool] = {}
    schools: dict[tuple[str, str], bool] = {}
    for school in picture.schools:
        if school.is_over:
            continue
        for agent in school.agents:
            if agent.verdict.state not in ("stopped", "never_seen"):
                member, told = (str(agent.who), ""), agent.verdict.cause not in NOT_TO_TELL
                silent[member] = told
                clocks[member] = told and agent.clock.state != "unknown"
        member = (f"{school.region}/{school.school}", "")
        if school.line.since:
            lines[member] = school.line.state != "unknown"
            schools[member] = school.line.cause not in NOT_TO_TELL
    return {
        "agent_silent": silent,
        "clock_off": clocks,
        "line_down": lines,
        "school_unknown": schools,
    }


def _regions_unknown(picture: Picture, opening: Opening) -> set[str]:
    """Return the regions of which nobody can tell whether they are away: where nothing comes in,
    or most agents have not been heard again since the collector came back."""
    if not opening.since:
        return {school.region for school in picture.schools}
    awaited = Counter[str]()
    for school in picture.schools:
        for agent in school.agents:
            if agent.verdict.state in ("up", "unknown"):
                awaited[school.region] += 1 if agent.verdict.cause == "collector" else -1
    return {region for region, more in awaited.items() if more > 0}


def _carriers_unseen(picture: Picture) -> set[str]:
    """Return what outside probes cannot tell now as a whole: neither that it is so nor that it is
    over. A carrier is judged by probes that have been everywhere, and that somebody answers."""
    if picture.unasked:
        return {"carrier_away", "own_line"}
    blind = any(school.outside.blind for school in picture.schools)
    return {"carrier_away"} if blind else set()


def _carriers_untold(picture: Picture) -> set[str]:
    """Return the carriers that fell and of which nobody can tell whether they are back: more lines
    could not be asked since than are up."""
    untold = Counter[str]()
    for school in picture.schools:
        if school.entry and school.entry.outside:
            untold[school.entry.carrier] += school.untold - (school.line.state == "up")
    return {carrier for carrier, more in untold.items() if more > 0}


def _agent(agent: AgentView, part_of: str, wrong: list[Wrong], unknown: set[str]) -> None:
    verdict = agent.verdict
    if verdict.cause in NOT_TO_TELL:
        unknown.add(str(agent.who))
    elif verdict.cause in LOST:
        details = {"cause": verdict.cause}
        wrong.append(
            Wrong("agent_silent", str(agent.who), verdict.since, "", details, part_of=part_of)
        )


def _clock(agent: AgentView, wrong: list[Wrong]) -> None:
    # Of one that is silent the last that it said counts; one that was stopped needs nobody.
    clock = agent.clock
    if clock.state == "bad" and agent.verdict.state != "stopped":
        details = {"offset_ms": clock.offset_ms}
        wrong.append(Wrong("clock_off", str(agent.who), clock.since, "", details))


def _line(school: SchoolView, wrong: list[Wrong], unknown: set[str]) -> None:
    place, line = f"{school.region}/{school.school}", school.line
    if line.state == "unknown":
        unknown.add(place)
        if line.since and line.cause not in NOT_TO_TELL | {"unproven"}:
            wrong.append(_unknown(school, place))
    elif line.state == "down":
        part_of, whole = _part_of(school), _carrier(school)
        wrong.append(Wrong("line_down", place, line.since, part_of=part_of, whole=whole))


def _part_of(school: SchoolView) -> str:
    return "carrier_away" if school.line.cause == "carrier" or school.untold else ""


def _carrier(school: SchoolView) -> str:
    return school.entry.carrier if school.entry and _part_of(school) else ""


def _unknown(school: SchoolView, place: str) -> Wrong:
    """Return that nothing is known of a school, and what may explain it.

    A silence that one of its agents is told of is that; that all were stopped, nobody tells.
    """
    line = school.line
    part_of = _EXPLAINS.get(line.cause, "")
    details = {"cause": line.cause or "all_stopped"}
    return Wrong("school_unknown", place, line.since, "", details, part_of=part_of)


def _shared(school: SchoolView) -> Iterable[tuple[tuple[str, str, str], int]]:
    """Return the facts that a school is only a part of: kind, place and target, and since when."""
    silent = [a.verdict.since for a in school.agents if a.verdict.cause == "region"]
    if silent:
        yield ("region_away", school.region, ""), min(silent)
    if school.line.cause == "carrier" and school.entry:
        yield ("carrier_away", "", school.entry.carrier), school.line.since
    if school.line.cause == "own_line":
        yield ("own_line", "", ""), school.line.since

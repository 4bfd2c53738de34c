"""From what is known of agents, roster and outside probes to the picture: pure.

A region whose agents fall silent together, and a carrier whose lines fall together, are found here
and become one cause, so that they are one fact to whoever reads it and not a thousand.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from collector import births
from collector.births import AgentState
from collector.door import Opening
from collector.outside import NOTHING, Proof, SchoolKey
from collector.picture import AgentView, Picture, SchoolView
from collector.roster.school import School, Standing
from collector.verdicts import (
    Known,
    Verdict,
    agent_verdict,
    fell_together,
    line_verdict,
    lost_since,
)
from core.clock import SECOND
from core.messages import ClockReport
from core.types import Identity

STILL_REPORTS = 86_400 * SECOND
"""A school that counts no more is shown until nothing came from it for so long."""

_NO_CLOCK = ClockReport()


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a picture is made of.

    `degraded` is what the rules say of the lines of agents; of one that is not up it is old.
    """

    at: int
    day: date
    collector: str
    opening: Opening
    agents: Mapping[Identity, AgentState]
    by_school: Mapping[SchoolKey, Collection[Identity]]
    roster: Mapping[SchoolKey, School]
    proof: Proof = NOTHING
    degraded: Mapping[Identity, Verdict] = field(default_factory=dict)
    listed: bool = False


def standing_of(roster: Mapping[SchoolKey, School], key: SchoolKey, day: date) -> Standing:
    """Return what a school is to *roster* on *day*."""
    entry = roster.get(key)
    return entry.standing(day) if entry else "unlisted"


def paint(scene: Scene) -> Picture:
    """Return the state of every school and agent."""
    keys = sorted({*scene.roster, *scene.by_school})
    standings = {key: standing_of(scene.roster, key, scene.day) for key in keys}
    regions = _regions(scene)
    schools = tuple(
        _school(scene, key, standing, regions.get(key[0], 0))
        for key, standing in standings.items()
        if standing in {"open", "unlisted"} or _still_reports(scene, key)
    )
    return Picture(scene.at, scene.collector, scene.opening.broker_connected, schools, scene.listed)


def _regions(scene: Scene) -> dict[str, int]:
    """Return since when most agents of a region are silent, for regions in which they are."""
    if not scene.opening.since:
        return {}
    lost: dict[str, list[int]] = {}
    others: dict[str, int] = {}
    for who, state in scene.agents.items():
        known = state.known
        if not known.last_arrival or known.stopped:
            continue
        if since := lost_since(known, scene.at, scene.opening.since):
            lost.setdefault(who.region, []).append(since)
        else:
            others[who.region] = others.get(who.region, 0) + 1
    return {region: fell_together(found, others.get(region, 0)) for region, found in lost.items()}


def _school(scene: Scene, key: SchoolKey, standing: Standing, region_since: int) -> SchoolView:
    found = sorted(scene.by_school.get(key, ()), key=str)
    agents = tuple(_agent(scene, who, region_since) for who in found)
    entry, outside = scene.roster.get(key), scene.proof.of(key)
    line = line_verdict(
        [agent.verdict for agent in agents],
        outside,
        scene.proof.carriers.get(entry.carrier, 0) if entry else 0,
        _degraded(scene, agents),
    )
    name = entry.name if entry else ""
    return SchoolView(*key, name, standing, line, agents, entry, outside)


def _degraded(scene: Scene, agents: Iterable[AgentView]) -> Verdict | None:
    up = (agent.who for agent in agents if agent.verdict.state == "up")
    found = [scene.degraded[who] for who in up if who in scene.degraded]
    return min(found, key=lambda verdict: verdict.since, default=None)


def _still_reports(scene: Scene, key: SchoolKey) -> bool:
    heard = _last_arrivals(scene, scene.by_school.get(key, ()))
    return scene.at - max(heard, default=0) < STILL_REPORTS


def _last_arrivals(scene: Scene, agents: Iterable[Identity]) -> Iterable[int]:
    return (scene.agents[who].known.last_arrival for who in agents)


def _agent(scene: Scene, who: Identity, region_since: int) -> AgentView:
    state = scene.agents[who]
    birth = state.birth
    clock = birth.clock if birth else _NO_CLOCK
    return AgentView(
        who=who,
        verdict=_verdict(scene, who, state.known, region_since),
        last_arrival=state.known.last_arrival,
        version=birth.version if birth else "",
        started=birth.started if birth else "",
        held_batches=births.waiting(state),
        clock_offset_ms=clock.offset_ms,
        clock_checked=clock.checked,
        unaccounted=state.unaccounted,
    )


def _verdict(scene: Scene, who: Identity, known: Known, region_since: int) -> Verdict:
    opening, outside = scene.opening, scene.proof.of((who.region, who.school))
    verdict = agent_verdict(known, scene.at, opening.since, outside, region_since)
    if verdict.cause == "broker" and opening.away:
        return replace(verdict, cause=opening.away, since=opening.away_since)
    return verdict

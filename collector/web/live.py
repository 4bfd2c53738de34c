"""The answer of `/api/v1/live`, as the collector writes it and `schoolwatch status` reads it.

Times come twice: RFC 3339 for people (null where never), nanoseconds for programs (0 where never).
"""

import msgspec

from collector.picture import Picture, SchoolView
from collector.roster.school import School as Entry
from collector.verdicts import Verdict
from collector.web import board, schools
from collector.web.fields import (
    AreaOrNone,
    AreaWord,
    At,
    CauseWord,
    Count,
    FellWord,
    LinkWord,
    Ns,
    OutcomeWord,
    RoleWord,
    StandingWord,
    StateWord,
    TypeWord,
    when,
)
from collector.web.glance import glance
from collector.web.scope import Scope
from core.clock import rfc3339

LONGEST_WORD = 100
"""Version and start come from agents; an honest one needs far less."""


class Clock(msgspec.Struct, frozen=True):
    """How far the machine's clock is off, and whether anybody checked."""

    offset_ms: float
    checked: bool


class Line(msgspec.Struct, frozen=True):
    """A school's line as far as it is proven."""

    state: StateWord
    cause: CauseWord
    since: At | None
    since_ns: Ns


class Outside(msgspec.Struct, frozen=True):
    """What probes from outside say of a line.

    `unproven`: the roster names addresses, but there is no outcome that proves anything; `blind`:
    no school at all answers, so that the collector's own line may be cut.
    """

    outcome: OutcomeWord
    since: At | None
    since_ns: Ns


class Agent(msgspec.Struct, frozen=True):
    """One agent."""

    region: str
    school: str
    agent: str
    state: StateWord
    cause: CauseWord
    since: At | None
    since_ns: Ns
    last_seen: At | None
    last_seen_ns: Ns
    version: str
    started: str
    held_batches: Count
    clock: Clock
    unaccounted: bool = False


class About(msgspec.Struct, frozen=True):
    """What the roster says of a school; null for what it leaves open."""

    type: TypeWord | None
    area: AreaWord | None
    teaching_point: bool
    link: LinkWord | None
    carrier: str
    contracted_mbps: float | None
    target_mbps: float | None
    classes: int | None
    pupils: int | None
    rooms: int | None
    opened: str | None
    closed: str | None


class School(msgspec.Struct, frozen=True):
    """One school: `state` is the word that the pages show, `line` what is proven.

    `standing`: `open`, `not_yet`, `merged`, `closed` or `unlisted`; only those that are open count,
    or all where there is no roster. `missing_owners`: which of the three nobody is.
    """

    region: str
    school: str
    name: str
    in_roster: bool
    standing: StandingWord
    counts: bool
    missing_owners: list[RoleWord]
    about: About | None
    state: StateWord
    cause: CauseWord
    since: At | None
    since_ns: Ns
    line: Line
    outside: Outside
    agents: list[Agent]


class Counts(msgspec.Struct, frozen=True):
    """How many schools are in each state; only those that count."""

    down: Count
    unknown: Count
    degraded: Count
    never_seen: Count
    stopped: Count
    up: Count


class AreaCounts(msgspec.Struct, frozen=True):
    """The counts of one area; `unstated` where the roster says none."""

    area: AreaOrNone
    counts: Counts


class Fell(msgspec.Struct, frozen=True):
    """Many schools that one cause took away; `name` is of the region or carrier, else empty."""

    what: FellWord
    name: str
    since: At | None
    since_ns: Ns
    schools: Count


class Live(msgspec.Struct, frozen=True):
    """The district at one moment, worst first; `problem` says why nothing is stored.

    `counts` are of the schools that are asked for, in every state; `areas` and `teaching_points`
    of them without regard to area and teaching point.
    """

    at: At
    at_ns: Ns
    collector: str
    broker_connected: bool
    ready: bool
    problem: str
    counts: Counts
    areas: list[AreaCounts]
    teaching_points: Counts
    not_counted: Count
    fell: list[Fell]
    schools: list[School]


def live(picture: Picture, ready: tuple[bool, str], scope: Scope | None = None) -> Live:
    """Return what *scope* shows of *picture* in the words of the API."""
    wanted = scope or Scope()
    rows = board.rows(picture)
    seen = glance(rows, wanted)
    return Live(
        at=rfc3339(picture.at),
        at_ns=picture.at,
        collector=picture.collector,
        broker_connected=picture.broker_connected,
        ready=ready[0],
        problem="" if ready[0] else ready[1],
        counts=Counts(**seen.counts),
        areas=[AreaCounts(area, Counts(**counts)) for area, counts in seen.areas],
        teaching_points=Counts(**seen.points),
        not_counted=seen.not_counted,
        fell=[_fell(one) for one in seen.fallen],
        schools=[_school(row) for row in rows if wanted.holds(row) and wanted.shows(row.state)],
    )


def agents(picture: Picture, scope: Scope) -> list[Agent]:
    """Return the agents of the schools that *scope* holds, if they are in its state."""
    return [
        agent_of(agent)
        for row in board.rows(picture)
        for agent in row.agents
        if scope.holds(row) and scope.shows(agent.state)
    ]


def _school(row: board.SchoolRow) -> School:
    view = row.view
    return School(
        region=view.region,
        school=view.school,
        name=view.name,
        in_roster=view.in_roster,
        standing=view.standing,
        counts=row.counts,
        missing_owners=list(view.entry.missing_owners) if view.entry else [],
        about=_about(view.entry) if view.entry else None,
        state=row.state,
        cause=row.reason,
        since=when(row.since),
        since_ns=row.since,
        line=_line(view.line),
        outside=_outside(view),
        agents=[agent_of(agent) for agent in row.agents],
    )


def _about(entry: Entry) -> About:
    return About(
        type=entry.type,
        area=entry.area,
        teaching_point=entry.teaching_point,
        link=entry.link,
        carrier=entry.carrier,
        contracted_mbps=entry.contracted_mbps,
        target_mbps=entry.target_mbps,
        classes=entry.classes,
        pupils=entry.pupils,
        rooms=entry.rooms,
        opened=entry.opened.isoformat() if entry.opened else None,
        closed=entry.closed.isoformat() if entry.closed else None,
    )


def agent_of(row: board.AgentRow) -> Agent:
    """Return one agent in the words of the API."""
    view = row.view
    return Agent(
        region=view.who.region,
        school=view.who.school,
        agent=view.who.agent,
        state=row.state,
        cause=row.reason,
        since=when(row.since),
        since_ns=row.since,
        last_seen=when(view.last_arrival),
        last_seen_ns=view.last_arrival,
        version=view.version[:LONGEST_WORD],
        started=view.started[:LONGEST_WORD],
        held_batches=view.held_batches,
        clock=Clock(view.clock_offset_ms, view.clock_checked),
        unaccounted=view.unaccounted,
    )


def _line(verdict: Verdict) -> Line:
    return Line(verdict.state, verdict.cause, when(verdict.since), verdict.since)


def _outside(view: SchoolView) -> Outside:
    since = view.outside.since
    return Outside(schools.outside(view), when(since), since)


def _fell(one: board.Fallen) -> Fell:
    return Fell(one.what, one.name, when(one.since), one.since, one.schools)

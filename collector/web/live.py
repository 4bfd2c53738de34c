"""The answer of `/api/v1/live`, as the collector writes it and `schoolwatch status` reads it.

Times come twice: RFC 3339 for people (null where never), nanoseconds for programs (0 where never).
"""

import msgspec

from collector.picture import AgentView, Picture
from collector.roster.school import School as Entry
from collector.verdicts import Verdict
from collector.web import board
from core.clock import rfc3339

LONGEST_WORD = 100
"""Version and start come from agents; an honest one needs far less."""


class Clock(msgspec.Struct, frozen=True):
    """How far the machine's clock is off, and whether anybody checked."""

    offset_ms: float
    checked: bool


class Line(msgspec.Struct, frozen=True):
    """A school's line as far as it is proven."""

    state: str
    cause: str
    since: str | None
    since_ns: int


class Agent(msgspec.Struct, frozen=True):
    """One agent."""

    region: str
    school: str
    agent: str
    state: str
    cause: str
    since: str | None
    since_ns: int
    last_seen: str | None
    last_seen_ns: int
    version: str
    started: str
    held_batches: int
    clock: Clock
    unaccounted: bool = False


class About(msgspec.Struct, frozen=True):
    """What the roster says of a school; null for what it leaves open."""

    type: str | None
    area: str | None
    teaching_point: bool
    link: str | None
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
    standing: str
    counts: bool
    missing_owners: list[str]
    about: About | None
    state: str
    cause: str
    since: str | None
    since_ns: int
    line: Line
    agents: list[Agent]


class Live(msgspec.Struct, frozen=True):
    """The district at one moment, worst first; `problem` says why nothing is stored."""

    at: str
    at_ns: int
    collector: str
    broker_connected: bool
    ready: bool
    problem: str
    schools: list[School]


def live(picture: Picture, ready: tuple[bool, str]) -> Live:
    """Return *picture* in the words of the API."""
    return Live(
        at=rfc3339(picture.at),
        at_ns=picture.at,
        collector=picture.collector,
        broker_connected=picture.broker_connected,
        ready=ready[0],
        problem="" if ready[0] else ready[1],
        schools=[_school(row) for row in board.rows(picture)],
    )


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
        since=_when(row.since),
        since_ns=row.since,
        line=_line(view.line),
        agents=[_agent(agent, agent.view) for agent in row.agents],
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


def _agent(row: board.AgentRow, view: AgentView) -> Agent:
    return Agent(
        region=view.who.region,
        school=view.who.school,
        agent=view.who.agent,
        state=row.state,
        cause=row.reason,
        since=_when(row.since),
        since_ns=row.since,
        last_seen=_when(view.last_arrival),
        last_seen_ns=view.last_arrival,
        version=view.version[:LONGEST_WORD],
        started=view.started[:LONGEST_WORD],
        held_batches=view.held_batches,
        clock=Clock(view.clock_offset_ms, view.clock_checked),
        unaccounted=view.unaccounted,
    )


def _line(verdict: Verdict) -> Line:
    return Line(verdict.state, verdict.cause, _when(verdict.since), verdict.since)


def _when(at: int) -> str | None:
    return rfc3339(at) if at else None

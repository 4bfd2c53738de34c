"""The live picture: every agent as last heard of, beside the roster (defaults.md, "Live picture").

Lives in the event loop. It is told after the ledger's commit, never before, and is restored from
the ledger, so a restart shows what was known.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from collector import births
from collector.births import AgentState
from collector.door import Opening
from collector.picture import (
    AgentView,
    Known,
    Picture,
    SchoolView,
    Verdict,
    agent_verdict,
    line_verdict,
)
from collector.roster import School
from core.messages import ClockReport
from core.types import BatchKey, Identity

_log = logging.getLogger(__name__)

_NO_CLOCK: Final = ClockReport()
MAX_SAID: Final = 20
SchoolKey = tuple[str, str]
"""Region and school."""


def was_up(known: Known, at: int, opening: Opening) -> bool:
    """Return whether an agent counted as up until *at*; while nothing is taken in nobody falls."""
    return agent_verdict(known, at, opening.since or at).state == "up"


class Live:
    """Knows every agent's state; `schools` are those of the roster that are open."""

    def __init__(
        self,
        collector: str,
        regions: Collection[str],
        schools: Collection[School],
        agents: Mapping[Identity, AgentState],
    ) -> None:
        self._collector = collector
        self._roster = {
            (school.region, school.school): school.name
            for school in schools
            if school.region in regions and school.status == "open"
        }
        self._closed = {(one.region, one.school) for one in schools if one.status != "open"}
        self._agents: dict[Identity, AgentState] = {}
        self._by_school: dict[SchoolKey, set[Identity]] = {}
        self._unknown = 0
        self._backlogs: set[Identity] = set()
        self._changed: set[Identity] = set()
        for who, state in agents.items():
            if who.region in regions:
                self.put(who, state)
        self._changed.clear()

    def state(self, who: Identity) -> AgentState:
        """Return what is known of *who*; an empty state of one never heard of."""
        return self._agents.get(who) or AgentState()

    def put(self, who: Identity, state: AgentState) -> None:
        """Replace what is known of *who*."""
        if who not in self._agents:
            self._welcome(who)
        self._agents[who] = state
        self._changed.add(who)
        if births.has_backlog(state):
            self._backlogs.add(who)
        else:
            self._backlogs.discard(who)

    def heard(self, who: Identity, epoch: str | None, at: int, opening: Opening) -> None:
        """Hear that a message of *who* arrived at *at*; no epoch for one without a header."""
        before = self.state(who)
        after = births.after_arrival(before, epoch, at, was_up=was_up(before.known, at, opening))
        self.put(who, after)

    def received(self, who: Identity, key: BatchKey) -> list[str]:
        """Hear that a batch is in the ledger; return the epochs that it closed."""
        before = self.state(who)
        after = births.after_batch(before, key)
        if after is before:
            return []
        self.put(who, after)
        return [e for e in births.closed(after) if e not in births.closed(before)]

    def backlogs(self) -> int:
        """Return how many agents have more to send than what is on its way."""
        return len(self._backlogs)

    def agents(self) -> list[Identity]:
        """Return everybody that was ever heard of."""
        return list(self._agents)

    def answering(self) -> list[Identity]:
        """Return everybody who may answer a request: not those who only ever sent no header."""
        found = self._agents.items()
        return [who for who, state in found if state.birth or not state.unaccounted]

    def await_answers(self, agents: Mapping[Identity, AgentState]) -> list[Identity]:
        """Hear that the ledger went back, and what it expects until agents answer a request."""
        for who in self._agents.keys() & agents.keys():
            now = agents[who]
            self._agents[who] = replace(
                self._agents[who], awaiting=now.awaiting, expected=now.expected
            )
        return self.answering()

    def is_closed(self, who: Identity) -> bool:
        """Tell whether the roster has closed the school of *who*."""
        return (who.region, who.school) in self._closed

    def unknown_schools(self) -> list[SchoolKey]:
        """Return the schools that report and are not in the roster."""
        return [key for key in self._by_school if key not in self._roster]

    def changed(self) -> dict[Identity, Known]:
        """Return what is known of those that changed since this was last asked."""
        changed, self._changed = self._changed, set()
        return {who: self._agents[who].known for who in changed}

    def picture(self, at: int, opening: Opening) -> Picture:
        """Return the state of every school and agent at *at*."""
        keys = sorted({*self._roster, *self._by_school})
        schools = tuple(self._school(key, at, opening) for key in keys)
        return Picture(at, self._collector, opening.broker_connected, schools)

    def _school(self, key: SchoolKey, at: int, opening: Opening) -> SchoolView:
        region, school = key
        found = sorted(self._by_school.get(key, ()), key=str)
        agents = tuple(self._agent(who, at, opening) for who in found)
        line = line_verdict(tuple(agent.verdict for agent in agents))
        name, in_roster = self._roster.get(key, ""), key in self._roster
        return SchoolView(region, school, name, in_roster, line, agents)

    def _agent(self, who: Identity, at: int, opening: Opening) -> AgentView:
        state = self._agents[who]
        birth = state.birth
        clock = birth.clock if birth else _NO_CLOCK
        return AgentView(
            who=who,
            verdict=self._verdict(state.known, at, opening),
            last_arrival=state.known.last_arrival,
            version=birth.version if birth else "",
            started=birth.started if birth else "",
            held_batches=births.waiting(state),
            clock_offset_ms=clock.offset_ms,
            clock_checked=clock.checked,
            unaccounted=state.unaccounted,
        )

    @staticmethod
    def _verdict(known: Known, at: int, opening: Opening) -> Verdict:
        verdict = agent_verdict(known, at, opening.since)
        if verdict.cause == "broker" and opening.away:
            return replace(verdict, cause=opening.away, since=opening.away_since)
        return verdict

    def _welcome(self, who: Identity) -> None:
        key = (who.region, who.school)
        if key not in self._roster and key not in self._by_school:
            self._unknown += 1
            if self._unknown <= MAX_SAID:
                _log.warning("school %s/%s is not in the roster, but reports", *key)
            if self._unknown == MAX_SAID:
                _log.warning(
                    "more schools that are not in the roster are only shown in the picture"
                )
        self._by_school.setdefault(key, set()).add(who)

"""The live picture: every agent as last heard of, beside the roster (defaults.md, "Live picture").

Lives in the event loop. It is told after the ledger's commit, never before, and is restored from
the ledger, so a restart shows what was known.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, tzinfo
from typing import Final

from msgspec.structs import replace

from collector import births
from collector.agentclocks import NOT_KNOWN, ClockVerdict, clock_verdict
from collector.births import AgentState
from collector.canary import is_canary
from collector.door import Opening
from collector.outside import NOTHING, Proof, SchoolKey
from collector.painting import Scene, paint, standing_of
from collector.picture import Picture
from collector.prober import Subject
from collector.roster.school import School, Standing
from collector.verdicts import Known, Verdict, lost_since
from core.clock import local
from core.messages import ClockReport
from core.types import BatchKey, Identity

_log = logging.getLogger(__name__)

MAX_SAID: Final = 20
EVER: Final = 2**63 - 1


def may_hear(known: Known, at: int, opening: Opening) -> bool:
    """Return whether an agent may be there to be asked something: nothing says that it is not."""
    if not known.last_arrival or known.stopped:
        return False
    return not lost_since(known, at, opening.since or at)


def was_up(known: Known, at: int, opening: Opening) -> bool:
    """Return whether an agent counted as up until *at*; while nothing is taken in nobody falls.

    One that was silent before that was not up, although its silence counts anew from then on.
    """
    if not may_hear(known, at, opening):
        return False
    since, until = opening.before
    return not lost_since(known, until, since)


class Live:
    """Knows every agent's state; `schools` are all that the roster names, in *regions* or not,
    None where there is no roster.

    A school opens and closes by the day in *zone*. *at* is the time of the start, before which
    everything was heard.
    """

    def __init__(
        self,
        collector: str,
        regions: Collection[str],
        schools: Iterable[School] | None,
        agents: Mapping[Identity, AgentState],
        zone: tzinfo = UTC,
        *,
        at: int = EVER,
    ) -> None:
        self._collector, self._regions, self._zone = collector, frozenset(regions), zone
        self.proof: Callable[[], Proof] = lambda: NOTHING
        """What outside probes prove, once somebody probes."""
        self.lost: Callable[[SchoolKey], None] = _nobody_asks
        """Hears at once of a school of which an agent's connection broke off."""
        self.degraded: Mapping[Identity, Verdict] = {}
        """What the rules say of the lines of agents."""
        self._roster: Mapping[SchoolKey, School] = {}
        self._listed = False
        if schools is not None:
            self.take_roster(schools)
        self._agents: dict[Identity, AgentState] = {}
        self._clocks: dict[Identity, ClockVerdict] = {}
        self._by_school: dict[SchoolKey, set[Identity]] = {}
        self._unknown = 0
        self._backlogs: set[Identity] = set()
        self._changed: set[Identity] = set()
        for who, state in agents.items():
            if who.region in regions:
                # Heard of later than now: by a clock that was set back since. Nobody is up for it.
                known = state.known
                heard = min(known.last_arrival, at), min(known.changed_at, at)
                self.put(who, replace(state, known=known.at(*heard)))
        self._changed.clear()

    def take_roster(self, schools: Iterable[School]) -> None:
        """Go on with another roster; the picture is of the old one or of the new, never of both."""
        self._listed = True
        mine = (school for school in schools if school.region in self._regions)
        self._roster = {(school.region, school.school): school for school in mine}

    def state(self, who: Identity) -> AgentState:
        """Return what is known of *who*; an empty state of one never heard of."""
        return self._agents.get(who) or AgentState()

    def put(self, who: Identity, state: AgentState) -> None:
        """Replace what is known of *who*; the canary is in no picture."""
        if is_canary(who):
            return
        before = self._agents.get(who)
        if before is None:
            self._welcome(who)
        elif state.known.dead and not before.known.dead:
            self.lost((who.region, who.school))
        self._agents[who] = state
        self._changed.add(who)
        if state.birth and (before is None or state.birth is not before.birth):
            self.clock(who, state.birth.clock, state.born_at)
        if births.has_backlog(state):
            self._backlogs.add(who)
        else:
            self._backlogs.discard(who)

    def heard(self, who: Identity, epoch: str | None, at: int, opening: Opening) -> None:
        """Hear that a message of *who* arrived at *at*; no epoch for one without a header."""
        before = self.state(who)
        after = births.after_arrival(before, epoch, at, was_up=was_up(before.known, at, opening))
        self.put(who, after)

    def clock(self, who: Identity, report: ClockReport, at: int) -> None:
        """Hear *at* what an agent, which is known already, says of its machine's clock."""
        if who in self._agents:
            self._clocks[who] = clock_verdict(report, at, self._clocks.get(who, NOT_KNOWN))

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

    def shift(self, by: int) -> None:
        """Move all times by *by* ns, after the clock that they were read from."""
        for who, state in self._agents.items():
            known = state.known
            if known.last_arrival:
                moved = known.at(known.last_arrival + by, known.changed_at + by)
                self._agents[who] = replace(state, known=moved)
                self._changed.add(who)
        for who, clock in self._clocks.items():
            self._clocks[who] = replace(clock, since=clock.since + by)

    def unknown_schools(self) -> list[SchoolKey]:
        """Return the schools that report and are not in the roster."""
        return [key for key in self._by_school if key not in self._roster]

    def name_of(self, place: str) -> str:
        """Return how people call a place: with the school's name, where the roster has one."""
        region, _, rest = place.partition("/")
        school, _, agent = rest.partition("/")
        entry = self._roster.get((region, school))
        name = entry.name if entry else ""
        return (
            " ".join(part for part in (name, f"({region}/{school})", agent) if part)
            if name
            else place
        )

    def entry_of(self, school: str) -> School | None:
        """Return what the roster says of `region/school`; None where it says nothing."""
        region, _, name = school.partition("/")
        return self._roster.get((region, name))

    def changed(self) -> dict[Identity, Known]:
        """Return what is known of those that changed since this was last asked."""
        changed, self._changed = self._changed, set()
        return {who: self._agents[who].known for who in changed}

    def closed_agents(self, at: int) -> list[Identity]:
        """Return those heard of at schools that the roster has merged or closed by *at*."""
        day = self._day(at)
        return [
            who
            for key, found in self._by_school.items()
            if standing_of(self._roster, key, day) in {"merged", "closed"}
            for who in found
        ]

    def picture(self, at: int, opening: Opening) -> Picture:
        """Return the state of every school and agent at *at*."""
        return paint(
            Scene(
                at,
                self._day(at),
                self._collector,
                opening,
                self._agents,
                self._by_school,
                self._roster,
                self.proof(),
                self.degraded,
                self._listed,
                self._clocks,
            )
        )

    def standing(self, key: SchoolKey, at: int) -> Standing:
        """Return what a school is to the roster at *at*, also where no picture shows it."""
        return standing_of(self._roster, key, self._day(at))

    def subjects(self, at: int) -> list[Subject]:
        """Return the schools that can be asked from outside."""
        day = self._day(at)
        return [
            Subject(key, school.outside, school.carrier)
            for key, school in self._roster.items()
            if school.outside and school.standing(day) == "open"
        ]

    def _day(self, at: int) -> date:
        return local(at, self._zone).date()

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


def _nobody_asks(_key: SchoolKey) -> None:
    """Do nothing: there are no outside probes."""

"""The state of every school and agent, with its cause: pure functions of what is known.

The table is the one in defaults.md, "Live picture". Unknown is not down: an agent that fell
silent says nothing about the school's line until an outside probe does.
"""

from dataclasses import dataclass
from typing import Literal

from core.clock import SECOND
from core.types import Identity

State = Literal["up", "degraded", "down", "unknown", "stopped", "never_seen"]
Cause = Literal["", "silent", "will", "broker", "collector", "unproven"]

SILENT_AFTER = 180 * SECOND


@dataclass(frozen=True, slots=True)
class Known:
    """What the collector knows of one agent; times in ns, 0 where never.

    `dead` and `stopped` hold only while the will or stop is of the last birth's epoch and
    connect. `taking_in_since` is when the collector's own connection last began to take
    messages in, 0 while it does not.
    """

    last_arrival: int = 0
    changed_at: int = 0
    dead: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state, why, and since when (ns, 0 where never)."""

    state: State
    cause: Cause
    since: int


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent as pages and API show it.

    `held_batches` counts what its last birth said to be waiting, and what did not come since. Of
    one that is `unaccounted` messages came without a header: what of those is lost nobody knows.
    """

    who: Identity
    verdict: Verdict
    last_arrival: int
    version: str
    started: str
    held_batches: int
    clock_offset_ms: float
    clock_checked: bool
    unaccounted: bool = False


@dataclass(frozen=True, slots=True)
class SchoolView:
    """One school with its agents; `in_roster` is false for one that nobody listed."""

    region: str
    school: str
    name: str
    in_roster: bool
    line: Verdict
    agents: tuple[AgentView, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that the pages show of the present, worked out at `at`."""

    at: int
    collector: str
    broker_connected: bool
    schools: tuple[SchoolView, ...]


def agent_verdict(known: Known, now: int, taking_in_since: int) -> Verdict:
    """Return the state of one agent; the first row of the table that applies.

    Rows with outside probes come with the roster's addresses; until then silence is unknown.
    """
    if not known.last_arrival:
        return Verdict("never_seen", "", 0)
    if known.stopped:
        return Verdict("stopped", "", known.changed_at)
    if known.dead:
        return Verdict("unknown", "will", known.changed_at)
    if not taking_in_since:
        return Verdict("unknown", "broker", now)
    # While the collector itself was away nothing could arrive: silence counts from its return.
    heard = max(known.last_arrival, taking_in_since)
    if now - heard > SILENT_AFTER:
        return Verdict("unknown", "silent", known.last_arrival)
    return Verdict("up", "", known.changed_at)


def line_verdict(agents: tuple[Verdict, ...]) -> Verdict:
    """Return the state of a school's line, as far as its agents alone can prove it."""
    up = [verdict for verdict in agents if verdict.state == "up"]
    if up:
        return Verdict("up", "", min(verdict.since for verdict in up))
    known = [verdict for verdict in agents if verdict.state != "never_seen"]
    if not known:
        return Verdict("unknown", "unproven", 0)
    latest = max(known, key=lambda verdict: verdict.since)
    return Verdict("unknown", latest.cause, latest.since)

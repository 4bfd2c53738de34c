"""The state of agents and lines, with cause and since when: pure functions of what is known.

The rows are those of the table in defaults.md, "Live picture"; the first that applies decides.
Unknown is not down: an agent that fell silent says nothing about the school's line until an
outside probe does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from core.clock import SECOND

State = Literal["up", "degraded", "down", "unknown", "stopped", "never_seen"]
Cause = Literal[
    "",
    "silent",
    "will",
    "line",
    "agent",
    "broker",
    "collector",
    "region",
    "no_answer",
    "carrier",
    "outside_only",
    "own_line",
    "unproven",
    "loss",
]

SILENT_AFTER: Final = 180 * SECOND

TOGETHER: Final = 300 * SECOND
"""What is lost within this time may have one cause; a will comes 90 s after a line was cut, and
silence shows by the last heartbeat, which may be a minute old."""

FEWEST: Final = 3
"""Fewer than this are each their own fact, however large a part of the whole they are."""


class Known(msgspec.Struct, frozen=True):
    """What the collector knows of one agent; times in ns, 0 where never.

    `dead` and `stopped` hold only while the will or stop is of the last birth's epoch and
    connect.
    """

    last_arrival: int = 0
    changed_at: int = 0
    dead: bool = False
    stopped: bool = False

    def at(self, last_arrival: int, changed_at: int) -> "Known":
        """Return the same at other times."""
        return replace(self, last_arrival=last_arrival, changed_at=changed_at)


@dataclass(frozen=True, slots=True)
class Outside:
    """What probes from outside say of a school's line since `since` (ns).

    `answers` is None where the roster gives no address, where none has ever answered, where the
    last outcome is old, and where we cannot tell because nobody answers us at all (`blind`).
    """

    answers: bool | None = None
    since: int = 0
    blind: bool = False


UNSEEN: Final = Outside()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state, why, and since when (ns, 0 where never)."""

    state: State
    cause: Cause
    since: int


def agent_verdict(
    known: Known, now: int, taking_in_since: int, outside: Outside = UNSEEN, region_since: int = 0
) -> Verdict:
    """Return the state of one agent.

    `taking_in_since` is when the collector's own connection last began to take messages in, 0
    while it does not; `region_since` is when most agents of its region fell silent, 0 where they
    did not.
    """
    if not known.last_arrival:
        return Verdict("never_seen", "", 0)
    if known.stopped:
        return Verdict("stopped", "", known.changed_at)
    if not taking_in_since:
        return Verdict("unknown", "broker", now)
    lost = lost_since(known, now, taking_in_since)
    if not lost:
        if _is_awaited(known, now, taking_in_since):
            return Verdict("unknown", "collector", taking_in_since)
        return Verdict("up", "", known.changed_at)
    return _lost_verdict(known, lost, outside, region_since)


def _lost_verdict(known: Known, lost: int, outside: Outside, region_since: int) -> Verdict:
    if region_since:
        return Verdict("unknown", "region", region_since)
    if outside.answers is None:
        return Verdict("unknown", "will" if known.dead else "silent", lost)
    return Verdict("down", "agent", lost) if outside.answers else Verdict("unknown", "line", lost)


def _is_awaited(known: Known, now: int, taking_in_since: int) -> bool:
    """Return whether an agent may have fallen silent while the collector was away.

    For a while after its return nobody can tell, so such an agent is neither up nor silent.
    """
    return known.last_arrival < taking_in_since and now - known.last_arrival > SILENT_AFTER


def lost_since(known: Known, now: int, taking_in_since: int) -> int:
    """Return since when an agent that was heard of is lost, 0 where it is not."""
    if known.dead:
        return known.changed_at
    # While the collector itself was away nothing could arrive: silence counts from its return.
    heard = max(known.last_arrival, taking_in_since)
    return known.last_arrival if now - heard > SILENT_AFTER else 0


def line_verdict(
    agents: Sequence[Verdict],
    outside: Outside = UNSEEN,
    carrier_since: int = 0,
    degraded: Verdict | None = None,
) -> Verdict:
    """Return the state of a school's line.

    `carrier_since` is when most lines of its carrier fell, 0 where they did not; `degraded` is
    what the rules say of a line that is up.
    """
    up = [verdict for verdict in agents if verdict.state == "up"]
    if up:
        return degraded or Verdict("up", "", min(verdict.since for verdict in up))
    known = [verdict for verdict in agents if verdict.state != "never_seen"]
    if not known:
        return Verdict("unknown", "unproven", 0)
    if outside.answers is False:
        return Verdict("down", "carrier" if carrier_since else "no_answer", outside.since)
    if outside.answers:
        return Verdict("up", "outside_only", outside.since)
    if outside.blind and not any(verdict.cause in ("broker", "collector") for verdict in known):
        return Verdict("unknown", "own_line", outside.since)
    latest = max(known, key=lambda verdict: verdict.since)
    return Verdict("unknown", latest.cause, latest.since)


def fell_together(lost: Iterable[int], others: int) -> int:
    """Return when most of a group were lost at once (ns), 0 where they were not.

    *lost* are the moments at which those that are away were lost, *others* is how many are not
    away. Most is more than half of both together, without those that were lost at another time.
    """
    moments = sorted(lost)
    first, best, size = 0, 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > TOGETHER:
            first += 1
        # At least as many: of two such losses the later one is what people ask about.
        if last - first + 1 >= size:
            best, size = moments[first], last - first + 1
    return best if size >= FEWEST and size > others else 0

"""The state of each target that an agent pings, with its cause: pure.

Below an agent that is not up nothing is known, so its targets are unknown with its cause, never
down; and a value counts until the next one is overdue.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from collector.verdicts import State
from collector.web.board import Reason
from collector.web.snapshot import Ping
from core.catalog import CATALOG
from core.clock import SECOND

Own = Literal["old", "no_such_host"]
OWN: Final[tuple[Own, ...]] = get_args(Own)
TargetReason = Literal[Reason, Own]
"""Why: as of agents and lines (`no_answer`, `loss`), or a reason that only targets have."""

HOLDS: Final = int(CATALOG["ping"].holds_s * SECOND)
"""Twice the longer of heartbeat (a value that stays the same is said again) and sampling."""

LOSSY_PERCENT: Final = 5.0
"""From here on the rule `packet_loss` begins to count, too."""


@dataclass(frozen=True, slots=True)
class Target:
    """One target, and why it is in its state; the numbers of one that is unknown are old."""

    ping: Ping
    state: State
    reason: TargetReason = ""

    @property
    def own(self) -> bool:
        """Whether its reason is its own and not that of its agent."""
        return self.state != "unknown" or self.reason == "old"


def targets(pings: Iterable[Ping], agent: State, why: Reason, now: int) -> list[Target]:
    """Return the state at *now* of what an agent pings that is in state *agent*, and *why*."""
    return [_target(ping, agent, why, now) for ping in pings]


def _target(ping: Ping, agent: State, why: Reason, now: int) -> Target:
    if agent != "up":
        return Target(ping, "unknown", why)
    if now - ping.at > HOLDS:
        return Target(ping, "unknown", "old")
    if ping.unknown_host:
        return Target(ping, "down", "no_such_host")
    if ping.loss_percent >= 100:
        return Target(ping, "down", "no_answer")
    if ping.loss_percent >= LOSSY_PERCENT:
        return Target(ping, "degraded", "loss")
    return Target(ping, "up")

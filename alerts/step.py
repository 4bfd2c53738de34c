"""What goes through the pipeline: a case, what was just said of it, and why to tell of it.

    signal ─▶ Hold ─▶ Keep ─▶ Hide ─▶ Mute ─▶ Dedup ─▶ Route ─▶ Storm ─▶ (written, all or nothing)

A stage is a file with one method, which is given the time and changes nothing but what it returns.
A step without a signal means that time has passed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Protocol

from alerts.rules import Said
from core.alerts import Alert, AlertKey, Reason

EVERYBODY: Final = "*"
"""Stands for every channel that there is: without routes everybody hears everything."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What one rule reads out of one fact.

    `at` is when it became so and `heard` when we learnt it (ns); `late`: what ended it may be on
    its way already. `over_at` is when a momentary event stops counting. `repeat`: somebody may
    have been told of it before a restore. `part_of` names the rule whose alert says it all, and
    `whole` the target of that alert. `updates`: what is known of an alert that is open changes
    with it. `ended_by`: why it ends, where that is no recovery (`core.alerts.Alert`). `named`: what
    only the school's own people may see (core/shown.py).
    """

    key: AlertKey
    said: Said
    at: int
    heard: int
    details: Mapping[str, Any] = field(default_factory=dict)
    late: bool = False
    over_at: int = 0
    repeat: bool = False
    part_of: str = ""
    adds: bool = False
    updates: bool = False
    named: Mapping[str, Any] = field(default_factory=dict)
    ended_by: str = ""
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """An alert with what the engine has to remember of it beside.

    `lane_until`: not to alert before the agent's lane has caught up, or this time. `over_at`: the
    clock ends it then. `told`: how people heard that it began, and `told_to` by which channels;
    `folds`: what the next summary is to say of it, to the channels of `folds_for`. `named` is for
    the message to the school alone. `whole` is the target of the alert that it is a part of.
    """

    alert: Alert
    lane_until: int = 0
    over_at: int = 0
    told: Literal["", "alone", "folded", "digest"] = ""
    folds: Literal["", "begin", "end"] = ""
    repeat: bool = False
    named: Mapping[str, Any] = field(default_factory=dict)
    told_to: tuple[str, ...] = (EVERYBODY,)
    folds_for: tuple[str, ...] = (EVERYBODY,)
    whole: str = ""

    def changed(self, **alert: Any) -> "Case":
        """Return the case with its alert changed."""
        return replace(self, alert=replace(self.alert, **alert))

    @property
    def is_open(self) -> bool:
        """Whether there is something to remember."""
        return self.alert.state in ("pending", "firing", "keeping")


@dataclass(frozen=True, slots=True)
class Step:
    """A case on its way through the stages; `reason` where people are to be told, by the channels
    of `to`. `waits` has how long a channel waits for others to come (ns), 0 where a storm is why.
    """

    case: Case
    signal: Signal | None = None
    reason: Reason | None = None
    to: tuple[str, ...] = (EVERYBODY,)
    waits: Mapping[str, int] = field(default_factory=dict)
    unrouted: bool = False


class Stage(Protocol):
    """One decision about a case."""

    def run(self, step: Step, at: int) -> Step:
        """Return the step as it goes on; *at* is now."""


def run(stages: Sequence[Stage], step: Step, at: int) -> Step:
    """Take *step* through all *stages*."""
    for stage in stages:
        step = stage.run(step, at)
    return step

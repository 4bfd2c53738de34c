"""What follows when an alert lasts: told again, told to others, reminded of, put on the list. Pure.

    told ─▶ (repeat) ─▶ escalation, until acknowledged ─▶ reminder ─▶ due ─▶ supervision list

An acknowledgement repairs nothing: it ends repeats, escalation and the reminder before the due
date, and what is open past that goes onto the list all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.alerts import Reason
from core.clock import SECOND

LOOK_AGAIN: Final = 300 * SECOND
"""While nobody is to be told, because it is muted or acknowledged."""


@dataclass(frozen=True, slots=True)
class Follow:
    """A row of `alert_follow`; times in ns, 0 for never or not yet. `escalated` counts steps;
    `reminded` is 1 after the reminder, 2 after that the due date passed."""

    number: int
    since: int
    remind_at: int = 0
    due_at: int = 0
    repeat_at: int = 0
    escalated: int = 0
    reminded: int = 0
    reminders: int = 0
    supervised_at: int = 0
    next_at: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds of an alert now: its route's `repeat` (ns), the steps of escalation with whom
    they tell, whether its route lets it be escalated now, and whether somebody acknowledged it or
    it is muted."""

    repeat: int = 0
    steps: Sequence[tuple[int, tuple[str, ...]]] = ()
    acked: bool = False
    muted: bool = False
    escalates: bool = True

    @property
    def still(self) -> bool:
        """Whether nothing presses."""
        return self.acked or self.muted


@dataclass(frozen=True, slots=True)
class Act:
    """People are to be told once more; `to` beside those who were told already."""

    reason: Reason
    to: tuple[str, ...] = ()
    overdue: bool = False


def advance(follow: Follow, standing: Standing, at: int) -> tuple[Follow, Act | None]:
    """Return the row as it goes on, and what is to be told at *at*: the gravest, where more than
    one thing is due."""
    follow = _with_clock(follow, standing, at)
    act: Act | None = None
    if standing.repeat and follow.repeat_at <= at:
        follow = replace(follow, repeat_at=at + standing.repeat)
        act = None if standing.still else Act("REPEAT")
    if _reminds(follow, at) and not standing.muted:
        follow = replace(follow, reminded=1)
        if not standing.acked:
            act = Act("REMINDER")
    steps = _steps_due(follow, standing, at)
    if steps:
        to = tuple(dict.fromkeys(name for _, names in steps for name in names))
        follow = replace(follow, escalated=follow.escalated + len(steps))
        act = Act("ESCALATED", to)
    if follow.due_at and follow.due_at <= at and follow.reminded < 2 and not standing.muted:
        follow = replace(follow, reminded=2, supervised_at=at)
        act = Act("REMINDER", act.to if act else (), overdue=True)
    if act:
        count = follow.reminders + (act.reason == "REMINDER")
        repeat_at = at + standing.repeat if standing.repeat else 0
        follow = replace(follow, reminders=count, repeat_at=repeat_at)
    return replace(follow, next_at=_next(follow, standing, at)), act


def _with_clock(follow: Follow, standing: Standing, at: int) -> Follow:
    """Return the row as if it had begun now, where a clock that was set back says later."""
    ahead = max(0, follow.since - at)
    follow = replace(
        follow,
        since=follow.since - ahead,
        remind_at=follow.remind_at and follow.remind_at - ahead,
        due_at=follow.due_at and follow.due_at - ahead,
    )
    return replace(follow, repeat_at=_repeat_at(follow, standing.repeat, at))


def _repeat_at(follow: Follow, repeat: int, at: int) -> int:
    if not repeat:
        return 0
    if not follow.repeat_at:
        # What has been open for long waits all the same where a file first asks for repeats.
        return follow.since + repeat if follow.since + repeat > at else at + repeat
    return min(follow.repeat_at, at + repeat)


def _reminds(follow: Follow, at: int) -> bool:
    return bool(follow.due_at) and follow.reminded < 1 and follow.remind_at <= at < follow.due_at


def _steps_due(
    follow: Follow, standing: Standing, at: int
) -> Sequence[tuple[int, tuple[str, ...]]]:
    if standing.still or not standing.escalates:
        return ()
    left = standing.steps[follow.escalated :]
    return [step for step in left if follow.since + step[0] <= at]


def _next(follow: Follow, standing: Standing, at: int) -> int:
    times = [follow.repeat_at] if standing.repeat else []
    times += [follow.since + after for after, _ in standing.steps[follow.escalated :][:1]]
    if follow.due_at and follow.reminded < 2:
        times += [follow.due_at] if follow.reminded else [follow.remind_at, follow.due_at]
    # What is due and was not told waits for who muted or acknowledged it.
    return min((max(one, at + LOOK_AGAIN) if one <= at else one for one in times), default=0)

"""Whether a message goes by itself, or into a summary: however much breaks at once, people get no
more messages than were agreed (domain.md R-38).

In any ten minutes at most `messages` go to each channel. The last two are for summaries, a quarter
of the rest for what is P1, and one place alone cannot use up more than a quarter of all. A channel
that is full makes no other wait. What a route lets wait for others to come goes into a summary too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from alerts.step import Case, Step
from core.clock import SECOND
from core.kind import Severity

WINDOW: Final = 600 * SECOND
SUMMARIES: Final = 2
FIRST_SUMMARY: Final = 30 * SECOND
"""After what was folded first: by then most of a storm is known."""
NEXT_SUMMARY: Final = 300 * SECOND
SUMMARY: Final = "*"
"""Stands for the place of a summary among the messages that were made."""

GROUP: Final = "="
"""The same for what waited because its route says so."""
FOLLOWED: Final = "+"
"""The same for what follows of many alerts that last (alerts/routing)."""


@dataclass(frozen=True, slots=True)
class Storm:
    """`made` gives the place of each message made for a channel since a time."""

    messages: int
    made: Callable[[str, int], Sequence[str]]

    def run(self, step: Step, at: int) -> Step:
        """Let the message go, or have the next summary say it, to each channel as it can."""
        if step.reason is None:
            return step
        case, begins = step.case, step.reason == "FIRST"
        place = case.alert.key.place
        full = {one for one in step.to if self.is_full(one, case.alert.severity, place, at)}
        if begins:
            told: Case = replace(case, told="folded" if full and full == {*step.to} else "alone")
            later = full | step.waits.keys()
        else:
            told, later = case, {*step.to} if case.told == "folded" else full
        waits = {**step.waits, **dict.fromkeys(full, 0)}
        now = tuple(one for one in step.to if one not in later)
        if later:
            told = _folded(told, tuple(one for one in step.to if one in later), begins)
        reason = step.reason if now or not later else None
        return replace(step, case=told, to=now, reason=reason, waits=waits)

    def summary_is_due(self, channel: str, since: int, wait: int, at: int) -> bool:
        """Return whether to tell now what was folded for a channel from *since* on; *wait* is how
        long its route lets it wait, 0 where a storm is why."""
        made = self.made(channel, at - WINDOW)
        waits = NEXT_SUMMARY if SUMMARY in made else FIRST_SUMMARY
        return len(made) < self.messages and at >= since + (wait or waits)

    def is_full(self, channel: str, severity: Severity, place: str, at: int) -> bool:
        """Return whether a message by itself would take what is kept for others."""
        made = self.made(channel, at - WINDOW)
        room = self.messages - SUMMARIES
        if severity != "P1":
            room -= room // 4
        return len(made) >= room or made.count(place) >= max(1, self.messages // 4)

    def has_room(self, channels: Sequence[str], severity: Severity, at: int) -> bool:
        """Return whether each of *channels* may get one more message of what follows."""
        return not any(self.is_full(one, severity, FOLLOWED, at) for one in channels)


def _folded(case: Case, channels: tuple[str, ...], begins: bool) -> Case:
    if begins or case.folds == "begin":
        before = case.folds_for if case.folds else ()
        return replace(case, folds="begin", folds_for=tuple(dict.fromkeys((*before, *channels))))
    return replace(case, folds="end", folds_for=channels)


def by_channel(folded: Mapping[int, Case]) -> dict[str, set[int]]:
    """Return which alerts wait for the next summary to each channel."""
    found: dict[str, set[int]] = {}
    for number, case in folded.items():
        for channel in case.folds_for:
            found.setdefault(channel, set()).add(number)
    return found

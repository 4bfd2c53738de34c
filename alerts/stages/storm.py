"""Whether a message goes by itself, or into a summary: however much breaks at once, people get no
more messages than were agreed (domain.md R-38).

In any ten minutes at most `messages` are made. The last two are for summaries, a quarter of the
rest for what is P1, and one place alone cannot use up more than a quarter of all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from alerts.step import Step
from core.clock import SECOND
from core.kind import Severity

WINDOW: Final = 600 * SECOND
SUMMARIES: Final = 2
FIRST_SUMMARY: Final = 30 * SECOND
"""After what was folded first: by then most of a storm is known."""
NEXT_SUMMARY: Final = 300 * SECOND
SUMMARY: Final = "*"
"""Stands for the place of a summary among the messages that were made."""


@dataclass(frozen=True, slots=True)
class Storm:
    """`made` gives the place of each message made since a time."""

    messages: int
    made: Callable[[int], Sequence[str]]

    def run(self, step: Step, at: int) -> Step:
        """Let the message go, or have the next summary say it."""
        if step.reason is None:
            return step
        case, begins = step.case, step.reason == "FIRST"
        folded = self._is_full(case.alert.severity, case.alert.key.place, at)
        if begins:
            told = replace(case, told="folded" if folded else "alone")
        else:
            folded = folded or case.told == "folded"
            told = case
        if not folded:
            return replace(step, case=told)
        return replace(step, case=replace(told, folds="begin" if begins else "end"), reason=None)

    def summary_is_due(self, since: int, at: int) -> bool:
        """Return whether to tell now what was folded from *since* on."""
        made = self.made(at - WINDOW)
        wait = NEXT_SUMMARY if SUMMARY in made else FIRST_SUMMARY
        return len(made) < self.messages and at >= since + wait

    def _is_full(self, severity: Severity, place: str, at: int) -> bool:
        made = self.made(at - WINDOW)
        room = self.messages - SUMMARIES
        if severity != "P1":
            room -= room // 4
        return len(made) >= room or made.count(place) >= max(1, self.messages // 4)

"""By which channels people are told: of a beginning by those that its routes lead to, of an end by
exactly those that told of the beginning.

As routing in Alertmanager. Without routes everybody hears everything.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from alerts.routing.plan import Decision
from alerts.step import EVERYBODY, Case, Step

Decide = Callable[[Case, int], Decision | None]
"""Gives who hears of a case that begins now; None where there are no routes."""


@dataclass(frozen=True, slots=True)
class Route:
    """Gives the channels of a message."""

    decide: Decide

    def run(self, step: Step, at: int) -> Step:
        """Say by which channels people are to be told of a case."""
        if step.reason is None:
            return step
        return self._begins(step, at) if step.reason == "FIRST" else _ends(step)

    def _begins(self, step: Step, at: int) -> Step:
        decision = self.decide(step.case, at)
        if decision is None:
            return replace(step, case=replace(step.case, told_to=(EVERYBODY,)))
        to = tuple(decision.now)
        unrouted = decision.unrouted
        if decision.digest and not to:
            # The digest tells it, and its end.
            return replace(step, reason=None, case=replace(step.case, told="digest", told_to=()))
        waits = {channel: wait for channel, wait in decision.now.items() if wait}
        case = replace(step.case, told_to=to)
        return replace(step, case=case, to=to, waits=waits, unrouted=unrouted)


def _ends(step: Step) -> Step:
    case = step.case  # of what only the digest told, `told_to` is empty
    # Where its beginning still waits for a summary, that tells of it as over.
    waiting = case.folds_for if case.folds == "begin" else ()
    to = tuple(one for one in case.told_to if one not in waiting)
    return replace(step, to=to, reason=step.reason if to else None)

"""Alerts that lost their rule: they end, and who was told of them is told that.

In one message for all of them, and past the limit of a storm: a file of rules is changed by hand,
and what its change ends must not be missing among what people believe to be open.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from alerts.memory import Draft
from alerts.stages.storm import SUMMARY
from alerts.step import Case
from alerts.texts import Words, summary
from core.alerts import RULE_REMOVED, Telling

Tell = Callable[[Case], Telling]


def end(draft: Draft, lost: Iterable[Case], tell: Tell, words: Words) -> None:
    """End the *lost* in *draft*, and have it told to those who heard of their beginning."""
    told: dict[tuple[str, ...], list[Case]] = {}
    for case in lost:
        ended = draft.put(_ended(case, draft.at))
        draft.suppress(case.alert, ended.alert)
        channels = _who_heard(case)
        if channels:
            told.setdefault(channels, []).append(ended)
    for channels, cases in told.items():
        said = summary([tell(case) for case in cases], "ALL_RESOLVED", draft.at, words)
        place = cases[0].alert.key.place if len(cases) == 1 else SUMMARY
        repeat = any(case.repeat for case in cases)
        draft.tell(said, cases, place, repeat=repeat, channels=channels)


def _ended(case: Case, at: int) -> Case:
    if case.alert.state == "pending":
        return case.changed(state="gone")
    if case.alert.state != "ended":
        case = case.changed(state="ended", ended_at=at, ended_by=RULE_REMOVED)
    return replace(case, folds="")


def _who_heard(case: Case) -> tuple[str, ...]:
    """Return the channels that told of its beginning, and not of its end."""
    if case.told not in ("alone", "folded"):
        return ()
    # What is momentary is over by the clock, and nobody expects to be told of that.
    if case.over_at and case.alert.state == "firing":
        return ()
    if case.alert.state == "ended":
        return case.folds_for if case.folds == "end" else ()
    waiting = case.folds_for if case.folds == "begin" else ()
    return tuple(one for one in case.told_to if one not in waiting)

"""Which summaries are due: of what was folded, to each channel that may hear now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from alerts.memory import Draft
from alerts.stages.storm import GROUP, SUMMARY, Storm, by_channel
from alerts.step import EVERYBODY, Case
from core.alerts import Reason


@dataclass(frozen=True, slots=True)
class Summary:
    """One message about many cases; `place` is whose share of the messages it uses."""

    about: Sequence[Case]
    reason: Reason
    place: str
    repeat: bool
    channels: tuple[str, ...]


def summaries(draft: Draft, storm: Storm) -> Iterator[Summary]:
    """Return what is to be told now, and note in *draft* that it is.

    Channels for which the same waits get the same message.
    """
    folded = dict(draft.folded())
    alike: dict[frozenset[int], list[str]] = {}
    for channel, waiting in by_channel(folded).items():
        since, wait = draft.memory.folded_since.get(channel, (draft.at, 0))
        if storm.summary_is_due(channel, since, wait, draft.at):
            alike.setdefault(frozenset(waiting), []).append(channel)
    for numbers, channels in alike.items():
        to = tuple(channels)
        repeat = any(folded[number].repeat for number in numbers)
        for number in sorted(numbers):
            folded[number] = draft.put(_told(folded[number], to))
        about = [folded[number] for number in sorted(numbers)]
        draft.summarised.update(to)
        waits = [draft.memory.folded_since.get(channel, (0, 0))[1] for channel in to]
        place = GROUP if all(waits) else SUMMARY
        yield Summary(about, _reason(draft, about, to), place, repeat, to)


def _reason(draft: Draft, about: Sequence[Case], channels: tuple[str, ...]) -> Reason:
    if any(case.is_open for case in about):
        return "NEW_ALERTS"
    open_cases = draft.memory.cases.values()
    return "SOME_RESOLVED" if any(_hears(one, channels) for one in open_cases) else "ALL_RESOLVED"


def _hears(case: Case, channels: tuple[str, ...]) -> bool:
    """Return whether one of *channels* told of a case, or is going to."""
    to = case.told_to
    return bool(case.told) and (EVERYBODY in (*to, *channels) or not set(to).isdisjoint(channels))


def _told(case: Case, channels: tuple[str, ...]) -> Case:
    """Return a folded case of which *channels* hear now."""
    left = tuple(one for one in case.folds_for if one not in channels)
    if left:
        return replace(case, folds_for=left)
    return replace(case, folds="", folds_for=(EVERYBODY,), repeat=False)

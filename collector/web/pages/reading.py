"""What pages read besides the picture: a question that fails is shown as that, never as nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from alerts.history import Stories, Wanted
from collector.web.reads import Reads
from collector.web.source import Source
from core.errors import StoreError

_T = TypeVar("_T")

NO_STORIES: Final = Stories((), 0, (), 0)
FEW: Final = 5
"""Open alerts that stand on top of a page that is about something else."""


@dataclass(frozen=True, slots=True)
class Read(Generic[_T]):
    """What was read, or an empty one and the `problem`."""

    found: _T
    problem: str = ""


async def reading(reads: Reads, question: Callable[[], _T], otherwise: _T) -> Read[_T]:
    """Return what *question*, which blocks, answers, or *otherwise* with what went wrong."""
    try:
        return Read(await reads.run(question))
    except StoreError as error:
        return Read(otherwise, str(error))


async def stories(reads: Reads, source: Source, wanted: Wanted) -> Read[Stories]:
    """Return the alerts that are *wanted*."""
    return await reading(reads, lambda: source.alerts(wanted), NO_STORIES)

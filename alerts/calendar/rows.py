"""What the rows of a file gave, and what is wrong with them by line."""

from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

LONGEST_NAME: Final = 60
"""Characters of what people call a room, a lesson, a holiday."""

_T = TypeVar("_T")


class BadRow(Exception):
    """A row or event that cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that was not taken: its line, and why."""

    line: int
    text: str


@dataclass(slots=True)
class Read(Generic[_T]):
    """What a file gave: what is good, how many rows there were, and what is wrong by line."""

    good: list[_T] = field(default_factory=list)
    rows: int = 0
    bad: list[Bad] = field(default_factory=list)

"""What the engine is told: rows of events, readings, and sights of the live picture.

This is the whole of what `alerts` asks of who runs it; the collector gives it, and tests do.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.types import Value


class Row(Protocol):
    """An event as the collector keeps it; `collector.auditrecord.EventRow` is one.

    `who` is `region/school/agent`, or `collector/ID` for what the collector says itself, which no
    agent can be called. `body` is what happened, as JSON.
    """

    @property
    def row(self) -> int:
        """Its number; the next row's is higher."""

    @property
    def who(self) -> str:
        """Who says it; the broker or the collector proves it."""

    @property
    def epoch(self) -> str:
        """With seq and index, its name for good."""

    @property
    def seq(self) -> int:
        """The batch it came in."""

    @property
    def index(self) -> int:
        """Its place there; -1 for the row of a batch as a whole."""

    @property
    def received(self) -> int:
        """When the collector took it in (ns)."""

    @property
    def body(self) -> bytes:
        """Kind, target, subject, active, at, details, and the marks of its batch."""


@dataclass(frozen=True, slots=True)
class ReadingFact:
    """A reading of `place` that is fresh: younger than two minutes, of a checked clock."""

    place: str
    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, Value]
    at: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is wrong in the live picture: a kind that a rule asks for, and where.

    `since` is when it began (ns). `details` go into the message as they are: the list of schools
    of a region, the cause. `part_of` names the rule whose alert says it all, where that does not
    follow from the place: of a carrier that fell its lines are a part. `whole` is the target of
    that alert, where it has one.
    """

    kind: str
    place: str
    since: int
    target: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    part_of: str = ""
    whole: str = ""


Members = Mapping[tuple[str, str], bool]
"""Whether somebody can tell now, by place and target."""


@dataclass(frozen=True, slots=True)
class Sight:
    """All that is wrong at `at`, of the kinds that it `covers`.

    What was wrong in an earlier sight and is not in this one has ended, except at the places of
    `unknown` and below them, and of the kinds and targets of `untold`: there nobody can tell, so
    what is open stays open. A sight may be given as often as one likes: one that says nothing new
    costs next to nothing. `members` has by kind everything that may be wrong so, for rules that ask
    of how many it is.
    """

    at: int
    covers: frozenset[str]
    wrong: Sequence[Wrong] = ()
    unknown: frozenset[str] = frozenset()
    untold: frozenset[tuple[str, str]] = frozenset()
    members: Mapping[str, Members] = field(default_factory=dict)


class Ground(Protocol):
    """What the engine stands on: the collector's own database, and what it knows of lanes."""

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Hold the database for the length of a `with`: all of it is durable at the end, or none.

        Blocks; raises sqlite3.Error.
        """

    def rows(self, db: sqlite3.Connection, limit: int) -> Sequence[Row]:
        """Return the first rows above the cursor that the audit log has synced."""

    def move(self, db: sqlite3.Connection, row: int) -> None:
        """Move the cursor, in the transaction that is under way."""

    def batch(self, db: sqlite3.Connection, row: Row) -> tuple[Row | None, int]:
        """Return the row that the batch of *row* has as a whole, and how many events up to it."""

    def record(
        self,
        db: sqlite3.Connection,
        kind: str,
        target: str,
        subject: str,
        details: Mapping[str, Any],
        *,
        active: bool = True,
        failed: str = "",
    ) -> None:
        """Have the audit log keep what we did, in the transaction that is under way.

        `failed` says why what was wanted was not done, and is empty where it was.
        """

    def past(self) -> int:
        """Return the last row that was there before the engine first looked, or that a restore
        made anew: what is long over there wakes nobody."""

    def repeated(self) -> int:
        """Return the last row that a restore made anew; it may have been told before."""

    def restored_at(self) -> int:
        """Return when the database was last set back (ns), 0 if it never was."""

    def caught_up(self, place: str) -> bool:
        """Return whether everything that an agent held back when it connected has arrived."""


def is_within(place: str, places: frozenset[str]) -> bool:
    """Return whether *place* is one of *places*, or lies in one."""
    return any(one in places for one in above(place)) if places else False


def above(place: str) -> list[str]:
    """Return the places that *place* lies in, itself first: agent, school, region, everything."""
    names = place.split("/")
    return [*("/".join(names[:count]) for count in range(len(names), 0, -1)), ""]

"""What the collector asks of a time-series database, and nothing more.

SQLite (`collector.store.sqlite`) and InfluxDB stand behind it and are held to the same tests
(tests/collector/store/test_contract.py). A point is known by measurement, tags and time; writing
it again overwrites it field by field, as InfluxDB does, so a resend is harmless. A field keeps
the type of its first value.
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from core.errors import QueryError
from core.types import Value

Aggregate = Literal["mean", "min", "max", "sum", "count", "first", "last"]
"""`first`, `last` and `count` take every type; the others only numbers, else QueryError."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that the store will never take, with the store's own words."""

    line: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """One field of one measurement between two times (ns, start included, stop not).

    With `aggregate` and `window` (ns): one value per window that has points, at the window's
    start; windows are aligned to 1970. With `aggregate` alone: one value for the whole range, at
    `start`. With neither: every point. `tags` must equal; `group_by` makes a series per value.
    A tag that a point does not have counts as the empty text. Raises QueryError.
    """

    measurement: str
    field: str
    start: int
    stop: int
    aggregate: Aggregate | None = None
    window: int | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    group_by: tuple[str, ...] = ()
    limit: int = 100_000
    """At most so many points in all; the newest are left out. Keeps one request bounded."""

    def __post_init__(self) -> None:
        if self.window is not None and self.aggregate is None:
            raise QueryError("a window needs an aggregate")
        if self.window is not None and not 0 < self.window < 2**62:
            raise QueryError(f"a window of {self.window} ns; it takes 1 to 2^62")
        if self.limit < 1:
            raise QueryError(f"a limit of {self.limit} points leaves nothing")


@dataclass(frozen=True, slots=True)
class Series:
    """Points (time in ns, value) in order of time; `tags` holds the `group_by` tags."""

    tags: Mapping[str, str]
    points: Sequence[tuple[int, Value]]


@dataclass(frozen=True, slots=True)
class CurvesQuery:
    """Everything that some series said: every point of every field.

    `spans`: from when to before when (ns) of which measurement. A series is meant where its tags
    `by` have one of the values `whose`, in that order; a tag that it does not have counts as the
    empty text. There is no limit: ask for as many as may be held at once.
    """

    spans: Mapping[str, tuple[int, int]]
    by: tuple[str, ...]
    whose: Collection[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Curves:
    """One series with all of its tags, and the points of each of its fields in order of time."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, Sequence[tuple[int, Value]]]


@dataclass(frozen=True, slots=True)
class LastValue:
    """The newest value of one field of one series, with all tags of that series."""

    measurement: str
    tags: Mapping[str, str]
    field: str
    at: int
    value: Value


class Store(Protocol):
    """A time-series database. Every method blocks: call it in a worker thread, or in several.

    Every method may raise StoreBusy (try again: overloaded, unreachable) or StoreStopped (a
    person has to act: credentials, missing database, full disk).
    """

    def write(self, lines: bytes) -> Sequence[RefusedLine]:
        """Store line protocol, a newline after each line; on return it is durable.

        Every line carries its time, since a resend could not overwrite a point that the store
        stamped. Comment and empty lines are skipped. Returns the lines that can never be stored
        (a field of another type, a time older than what is kept, damaged), each refused as a
        whole; all others are stored.
        """

    def range(self, query: RangeQuery) -> Sequence[Series]:
        """Return the series that *query* asks for, in order of their tags; empty where none."""

    def last(self, measurement: str, tags: Mapping[str, str], since: int) -> Sequence[LastValue]:
        """Return the newest value at or after *since* of every field and series that matches."""

    def curves(self, query: CurvesQuery) -> Sequence[Curves]:
        """Return the series that *query* asks for, in no order; those without a point are left out.

        Raises QueryError.
        """

    def expire(self, before: int) -> int:
        """Delete every point older than *before* (ns); return how many values went.

        A database that has a retention of its own is left to it: its store deletes nothing here
        and returns 0. `write` refuses what is older than that retention either way.
        """

    def counter(self) -> int:
        """Return the last commit counter written, 0 where none was."""

    def set_counter(self, value: int) -> None:
        """Keep *value* durably beside the data, so that a store that went back is noticed."""

    def close(self) -> None:
        """Let go of files and connections."""

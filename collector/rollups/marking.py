"""A store that marks the hours of what is written to it: for what no agent sent.

Before it is written, so that no crash comes between the two; and again where an hour was taken up
while it was written, which may have been read too soon: points may be of an hour that is over.
"""

from collections.abc import Iterator, Mapping, Sequence

from collector.rollups.marks import Marks, Touch
from collector.rollups.series import ROLLED
from collector.rollups.times import hour_of
from collector.store.base import (
    Curves,
    CurvesQuery,
    LastValue,
    RangeQuery,
    RefusedLine,
    Series,
    Store,
)
from core import lineprotocol
from core.catalog import IDENTITY_TAGS
from core.errors import LineError
from core.types import Identity


class MarkingStore:
    """Keeps the contract of `collector.store.base.Store`, as the store within does.

    `write` may raise sqlite3.Error as well.
    """

    def __init__(self, store: Store, marks: Marks) -> None:
        self._store, self._marks = store, marks

    def write(self, lines: bytes) -> Sequence[RefusedLine]:
        """Mark and store *lines*. See `Store.write`."""
        touches = list(dict.fromkeys(_touches(lines)))
        self._mark(touches)
        refused = self._store.write(lines)
        self._mark(touches)
        return refused

    def _mark(self, touches: Sequence[Touch]) -> None:
        untold = self._marks.untold(touches)
        if untold:
            self._marks.commit([], untold)

    def range(self, query: RangeQuery) -> Sequence[Series]:
        """See `Store.range`."""
        return self._store.range(query)

    def last(self, measurement: str, tags: Mapping[str, str], since: int) -> Sequence[LastValue]:
        """See `Store.last`."""
        return self._store.last(measurement, tags, since)

    def curves(self, query: CurvesQuery) -> Sequence[Curves]:
        """See `Store.curves`."""
        return self._store.curves(query)

    def expire(self, before: int) -> int:
        """See `Store.expire`."""
        return self._store.expire(before)

    def counter(self) -> int:
        """See `Store.counter`."""
        return self._store.counter()

    def set_counter(self, value: int) -> None:
        """See `Store.set_counter`."""
        self._store.set_counter(value)

    def close(self) -> None:
        """See `Store.close`."""
        self._store.close()


def _touches(lines: bytes) -> Iterator[Touch]:
    for line in lines.split(b"\n"):
        try:
            head, _, time = lineprotocol.split_line(line)
            measurement, tags = lineprotocol.parse_head(head)
            at = lineprotocol.parse_time(time)
        except LineError:
            continue  # which the store will say
        if measurement in ROLLED:
            who = Identity(*(tags.get(name, "") for name in IDENTITY_TAGS))
            yield Touch(who, hour_of(at))

"""What an agent took, by the word of its own spool, and what the store has of it.

"Taken" is known from a trigger that the test puts on the spool and that copies each committed
reading, not from what arrived.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from collector.store.base import RangeQuery, Store
from collector.store.sqlite import SqliteStore
from core.catalog import CATALOG, IDENTITY_TAGS
from core.lineprotocol import parse
from tests.e2e.programs import AGENT, REGION, SCHOOL

Value = tuple[str, tuple[tuple[str, str], ...], str, int, object]
"""Measurement, tags, field, time, value."""

EVER = 2**62


def watch(spool: Path) -> None:
    """Make the spool copy each reading that it commits, from now on."""
    with sqlite3.connect(spool) as db:
        db.executescript("""
            CREATE TABLE taken (line BLOB NOT NULL);
            CREATE TRIGGER take AFTER INSERT ON open_reading
            BEGIN INSERT INTO taken VALUES (NEW.line); END;
        """)


def taken(spool: Path) -> "Counter[Value]":
    """Return every value that was ever committed, with the tags that the collector adds."""
    with sqlite3.connect(spool) as db:
        lines = [row[0] for row in db.execute("SELECT line FROM taken")]
    values: Counter[Value] = Counter()
    for line in lines:
        point = parse(line)
        assert point.at is not None
        tags = point.tags | {"region": REGION, "school": SCHOOL, "agent": AGENT}
        for name, value in point.fields.items():
            values[(point.measurement, tuple(sorted(tags.items())), name, point.at, value)] += 1
    return values


def waiting(spool: Path) -> int:
    """Return how many readings and batches are still without a receipt."""
    with sqlite3.connect(spool) as db:
        sql = "SELECT (SELECT count(*) FROM open_reading) + (SELECT count(*) FROM batch)"
        count: int = db.execute(sql).fetchone()[0]
        return count


def stored(store: Path) -> "Counter[Value]":
    """Return every value that the store has of the agent, by the store's own contract."""
    with closing(SqliteStore(store)) as opened:
        return held(opened)


def held(store: Store) -> "Counter[Value]":
    """Return the same of any store."""
    return Counter(_values(store))


def _values(store: Store) -> Iterator[Value]:
    for measurement in CATALOG.values():
        if measurement.name == "event":
            continue  # written by the collector, from batches that are no readings
        tags = (*measurement.tags, *IDENTITY_TAGS)
        for name in measurement.fields:
            query = RangeQuery(
                measurement.name, name, 0, EVER,
                tags={"agent": AGENT}, group_by=tags, limit=10**7,
            )  # fmt: skip
            for series in store.range(query):
                present = tuple(sorted((k, v) for k, v in series.tags.items() if v))
                for at, value in series.points:
                    yield (measurement.name, present, name, at, value)

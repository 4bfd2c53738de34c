"""Whole series out of the SQLite store: a walk along each of their curves."""

import sqlite3
from collections.abc import Iterator
from typing import Final

import msgspec

from collector.store.base import Curves, CurvesQuery
from collector.store.sqlite_read import in_range
from core.types import Value

# CROSS JOIN fixes the order: from the series to each of their curves.
_POINTS: Final = """
    SELECT field.name, field.type, point.time, point.value
    FROM field CROSS JOIN point ON point.series = :series AND point.field = field.id
        AND point.time >= :start AND point.time < :stop
    WHERE field.measurement = :measurement
    ORDER BY field.name, point.time"""


def read_curves(db: sqlite3.Connection, query: CurvesQuery) -> list[Curves]:
    """Answer *query*."""
    return [
        found for measurement in query.spans for found in _of_measurement(db, query, measurement)
    ]


def _of_measurement(
    db: sqlite3.Connection, query: CurvesQuery, measurement: str
) -> Iterator[Curves]:
    start, stop = map(in_range, query.spans[measurement])
    whose = set(query.whose)
    rows = db.execute("SELECT id, tags FROM series WHERE measurement = ?", (measurement,))
    for series, text in rows.fetchall():
        tags = msgspec.json.decode(text, type=dict[str, str])
        if tuple(tags.get(name, "") for name in query.by) not in whose:
            continue
        bound = {"series": series, "start": start, "stop": stop, "measurement": measurement}
        fields: dict[str, list[tuple[int, Value]]] = {}
        for name, type_, at, value in db.execute(_POINTS, bound):
            # SQLite has no booleans.
            fields.setdefault(name, []).append((at, bool(value) if type_ == "boolean" else value))
        if fields:
            yield Curves(measurement, tags, fields)

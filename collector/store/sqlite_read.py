"""Ranged reads and newest values: the questions of pages and reports as SQL."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from collector.store.base import Aggregate, LastValue, RangeQuery, Series
from collector.store.oldest import oldest
from core.errors import QueryError
from core.types import Value

_FIRST_TIME: Final = -(2**63)
_LAST_TIME: Final = 2**63 - 1

_NUMBERS_ONLY: Final = {"mean", "min", "max", "sum"}

# Beside min(time) or max(time) SQLite gives the `value` of the row where that time stands (its
# manual, "Bare columns in an aggregate query").
_VALUE: Final[dict[Aggregate, str]] = {
    "mean": "avg(value)",
    "min": "min(value)",
    "max": "max(value)",
    "sum": "sum(value)",
    "count": "count(*)",
    "first": "value, min(time)",
    "last": "value, max(time)",
}

# Remainders of negative times are negative.
_WINDOW: Final = "time - (time % :window + :window) % :window"

LAST: Final = """
    SELECT series.id, field.name, field.type, point.time, point.value
    FROM json_each(:series) AS chosen
    CROSS JOIN series ON series.id = chosen.value
    CROSS JOIN field ON field.measurement = series.measurement
    CROSS JOIN point ON point.series = series.id AND point.field = field.id AND point.time = (
        SELECT max(time) FROM point AS newest
        WHERE newest.series = series.id AND newest.field = field.id AND newest.time >= :since
    )
    ORDER BY chosen.key, field.name"""
"""CROSS JOIN fixes the order: from the series to the end of each of their curves."""


def read_range(db: sqlite3.Connection, query: RangeQuery) -> list[Series]:
    """Answer *query*; raises QueryError."""
    field = db.execute(
        "SELECT id, type FROM field WHERE measurement = ? AND name = ?",
        (query.measurement, query.field),
    ).fetchone()
    if field is None:
        return []
    key, type_ = field
    if query.aggregate in _NUMBERS_ONLY and type_ in {"string", "boolean"}:
        raise QueryError(f"no {query.aggregate} of {query.field!r}: its values are {type_}s")
    found: list[Series] = []
    count = 0
    for values, series in sorted(_groups(db, query).items()):
        rows = _rows(db, query, series, key)
        points = [(row[0], _typed(row[1], type_, query.aggregate)) for row in rows]
        found.append(Series(dict(zip(query.group_by, values)), points))
        count += len(points)
        if count > 2 * query.limit:
            # Thousands of series must not be held whole only to be cut at the end.
            found, count = oldest(found, query.limit), query.limit
    return oldest(found, query.limit)


def read_last(
    db: sqlite3.Connection, measurement: str, tags: Mapping[str, str], since: int
) -> list[LastValue]:
    """Return the newest values at or after *since* of the series that *tags* choose."""
    chosen = dict(_chosen(db, measurement, tags))
    rows = db.execute(LAST, {"series": _json(list(chosen)), "since": in_range(since)})
    return [
        LastValue(measurement, chosen[series], name, at, _typed(value, type_, "last"))
        for series, name, type_, at, value in rows
    ]


def _chosen(
    db: sqlite3.Connection, measurement: str, tags: Mapping[str, str]
) -> Iterator[tuple[int, dict[str, str]]]:
    rows = db.execute(
        "SELECT id, tags FROM series WHERE measurement = ? ORDER BY tags", (measurement,)
    )
    for series, text in rows:
        own = msgspec.json.decode(text, type=dict[str, str])
        if all(own.get(name, "") == value for name, value in tags.items()):
            yield series, own


def _groups(db: sqlite3.Connection, query: RangeQuery) -> dict[tuple[str, ...], list[int]]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for series, tags in _chosen(db, query.measurement, query.tags):
        values = tuple(tags.get(name, "") for name in query.group_by)
        groups.setdefault(values, []).append(series)
    return groups


def _rows(
    db: sqlite3.Connection, query: RangeQuery, series: list[int], field: int
) -> list[tuple[int, Value]]:
    # A window that begins before the first time there is cannot be named.
    first = max(in_range(query.start), _FIRST_TIME + (query.window or 0))
    bound = {
        "series": _json(series),
        "field": field,
        "first": first,
        "start": in_range(query.start),
        "stop": in_range(query.stop),
        "window": query.window,
        "limit": min(query.limit, _LAST_TIME),
    }
    try:
        return db.execute(_select(query), bound).fetchall()
    except sqlite3.OperationalError as error:
        if str(error) != "integer overflow":
            raise
        raise QueryError(f"the sum of {query.field!r} does not fit into 64 bits") from None


def _select(query: RangeQuery) -> str:
    at, value, group = "time", "value", ""
    if query.aggregate is not None:
        at = _WINDOW if query.window else ":start"
        value, group = _VALUE[query.aggregate], "GROUP BY at"
    return f"""
        SELECT {at} AS at, {value} FROM point
        WHERE series IN (SELECT chosen.value FROM json_each(:series) AS chosen)
            AND field = :field AND time >= :first AND time < :stop
        {group} ORDER BY at LIMIT :limit"""  # noqa: S608 — made of the words above alone


def _typed(value: Value, type_: str, aggregate: Aggregate | None) -> Value:
    # SQLite has no booleans; a count of them is a number all the same.
    return bool(value) if type_ == "boolean" and aggregate != "count" else value


def in_range(at: int) -> int:
    """Return *at*, or the first or last time that SQLite can hold."""
    return min(max(at, _FIRST_TIME), _LAST_TIME)


def _json(numbers: list[int]) -> str:
    return msgspec.json.encode(numbers).decode()

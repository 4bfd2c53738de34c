"""Ranged reads and newest values out of InfluxDB's answers.

JSON does not tell 1 from 1.0, so the types of the fields are asked for in the same request.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from typing import Any, Final

from collector.store.base import LastValue, RangeQuery, Series
from collector.store.influx_door import Answer
from collector.store.influx_ql import FIRST, LAST, field_types, newest, selected
from collector.store.oldest import oldest
from core.errors import QueryError
from core.types import Value

Ask = Callable[..., Generator[Answer, None, None]]
"""Takes statements of InfluxQL."""
Groups = dict[tuple[str, ...], list[tuple[int, Value]]]

QUESTIONS: Final = 50
"""Statements in one request."""

_NUMBERS_ONLY: Final = {"mean", "min", "max", "sum"}

# Where shards have a field in several types, InfluxQL gives the values of the first of these.
_BEFORE: Final = ("float", "integer", "unsigned", "string", "boolean")


def read_range(ask: Ask, query: RangeQuery) -> list[Series]:
    """Answer *query*; raises QueryError."""
    if max(query.start, FIRST) >= min(query.stop, LAST + 1):
        return []
    groups: Groups = {}
    types: dict[str, str] = {}
    count = 0
    with closing(ask(field_types(query.measurement), selected(query))) as answers:
        for number, series in answers:
            if number == 0:
                note_types(types, series)
                continue
            count += _collect(groups, query, series, types.get(query.field, ""))
            if count > 2 * query.limit:
                # Thousands of series must not be held whole only to be cut at the end.
                groups, count = _cut(groups, query), query.limit
    return oldest(_in_order(groups, query), query.limit)


def read_last(ask: Ask, measurement: str, tags: Mapping[str, str], since: int) -> list[LastValue]:
    """Return the newest values at or after *since* of the series that *tags* choose."""
    if since > LAST:
        return []
    types: dict[str, str] = {}
    for _, series in ask(field_types(measurement)):
        note_types(types, series)
    fields = sorted(types)
    found: list[LastValue] = []
    for first in range(0, len(fields), QUESTIONS):
        some = fields[first : first + QUESTIONS]
        for number, series in ask(*(newest(measurement, field, tags, since) for field in some)):
            if series is not None:
                found.append(_last(measurement, some[number], types[some[number]], series))
    return sorted(found, key=lambda one: (sorted(one.tags.items()), one.field))


def note_types(types: dict[str, str], series: dict[str, Any] | None) -> None:
    """Note what *series*, of an answer to `field_types`, tells of the types of fields."""
    for field, type_ in series["values"] if series else ():
        known = types.get(field)
        if known is None or _BEFORE.index(type_) < _BEFORE.index(known):
            types[field] = type_


def _collect(groups: Groups, query: RangeQuery, series: dict[str, Any] | None, type_: str) -> int:
    """Add what *series* has to its group; return how many points."""
    if query.aggregate in _NUMBERS_ONLY and type_ in {"string", "boolean"}:
        raise QueryError(f"no {query.aggregate} of {query.field!r}: its values are {type_}s")
    if series is None:
        return 0
    tags = series.get("tags", {})
    points = groups.setdefault(tuple(tags.get(key, "") for key in query.group_by), [])
    single = query.aggregate is not None and query.window is None
    for row in series["values"]:
        if query.aggregate == "sum" and type_ == "integer" and abs(row[1] - row[2]) > 2**62:
            raise QueryError(f"the sum of {query.field!r} does not fit into 64 bits")
        at = query.start if single else row[0]
        points.append((at, typed(row[1], type_, query.aggregate)))
    return len(series["values"])


def _cut(groups: Groups, query: RangeQuery) -> Groups:
    kept = oldest(_in_order(groups, query), query.limit)
    return {tuple(one.tags.values()): list(one.points) for one in kept}


def _in_order(groups: Groups, query: RangeQuery) -> list[Series]:
    return [
        Series(dict(zip(query.group_by, values)), points)
        for values, points in sorted(groups.items())
    ]


def _last(measurement: str, field: str, type_: str, series: dict[str, Any]) -> LastValue:
    tags = {key: value for key, value in series.get("tags", {}).items() if value}
    [[at, value]] = series["values"]
    return LastValue(measurement, tags, field, at, typed(value, type_, None))


def typed(value: Value, type_: str, aggregate: str | None) -> Value:
    """Return a value of JSON as one of *type_*."""
    if aggregate == "count":
        return int(value)
    return float(value) if type_ == "float" or aggregate == "mean" else value

"""Whole series out of InfluxDB's answers, many measurements in one request.

A row of the answer has every field of the measurement, most of them null: what a change filter let
through are a few fields at a time.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

from collector.store.base import Curves, CurvesQuery
from collector.store.influx_ql import FIRST, LAST, everything, field_types
from collector.store.influx_read import Ask, note_types, typed
from core.types import Value

MEASUREMENTS: Final = 25
"""In one request, each with two statements."""

_Fields = dict[str, list[tuple[int, Value]]]


def read_curves(ask: Ask, query: CurvesQuery) -> list[Curves]:
    """Answer *query*; raises QueryError."""
    spans = [
        (name, (max(start, FIRST), stop))
        for name, (start, stop) in query.spans.items()
        if max(start, FIRST) < min(stop, LAST + 1)
    ]
    found: list[Curves] = []
    for first in range(0, len(spans) if query.whose else 0, MEASUREMENTS):
        found += _read(ask, query, spans[first : first + MEASUREMENTS])
    return found


def _read(
    ask: Ask, query: CurvesQuery, spans: list[tuple[str, tuple[int, int]]]
) -> Iterator[Curves]:
    questions = [
        one
        for name, span in spans
        for one in (field_types(name), everything(name, span, query.by, query.whose))
    ]
    # A series comes in pieces where it is long.
    series: dict[tuple[str, tuple[tuple[str, str], ...]], _Fields] = {}
    types: dict[str, str] = {}
    current = -1
    with closing(ask(*questions)) as answers:
        for number, piece in answers:
            if number // 2 != current:
                current, types = number // 2, {}
            if number % 2 == 0:
                note_types(types, piece)
            elif piece is not None:
                tags = tuple(sorted((k, v) for k, v in piece.get("tags", {}).items() if v))
                _add(series.setdefault((spans[current][0], tags), {}), piece, types)
    for (name, tags), fields in series.items():
        yield Curves(name, dict(tags), fields)


def _add(fields: _Fields, piece: dict[str, Any], types: dict[str, str]) -> None:
    times, *columns = zip(*piece["values"])
    for name, values in zip(piece["columns"][1:], columns):
        type_ = types.get(name, "")
        points = [
            (at, typed(value, type_, None)) for at, value in zip(times, values) if value is not None
        ]
        if points:
            fields.setdefault(name, []).extend(points)

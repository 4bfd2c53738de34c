"""The questions of the store as InfluxQL that 1.8, 2 and 3 understand alike."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from collector.store.base import Aggregate, RangeQuery
from core.errors import QueryError

FIRST: Final = -(2**63) + 2
LAST: Final = 2**63 - 2
"""The earliest and the latest time that InfluxDB knows, in ns."""

# Nothing that is stored has such a name (core.lineprotocol); InfluxQL would take a NUL for its end.
_UNFIT: Final = re.compile("[\0-\x1f\x7f\ud800-\udfff]")


def name(text: str) -> str:
    """Return *text* as a measurement, tag or field; raises QueryError."""
    return '"' + _escaped(text).replace('"', '\\"') + '"'


def literal(text: str) -> str:
    """Return *text* as a value of a tag; raises QueryError."""
    return "'" + _escaped(text).replace("'", "\\'") + "'"


def field_types(measurement: str) -> str:
    """Ask for the fields of *measurement* and their types."""
    return f"SHOW FIELD KEYS FROM {name(measurement)}"


def tag_values(measurement: str) -> str:
    """Ask for every value of every tag of *measurement*."""
    return f"SHOW TAG VALUES FROM {name(measurement)} WITH KEY =~ /.*/"


def texts(measurement: str, field: str) -> str:
    """Ask for every value of *field*."""
    return f"SELECT {name(field)}::field FROM {name(measurement)}"  # noqa: S608 — both quoted


def selected(query: RangeQuery) -> str:
    """Ask *query*, all but that its limit counts for each series here."""
    where = _where(query.measurement, query.tags, query.start, min(query.stop - 1, LAST))
    value = _value(query.field, query.aggregate)
    limit = min(query.limit, LAST)
    return f"SELECT {value} {where}{_grouped(query)} LIMIT {limit}"


def newest(measurement: str, field: str, tags: Mapping[str, str], since: int) -> str:
    """Ask for the newest value of *field* in each series, with the time of its own."""
    where = _where(measurement, tags, since, LAST)
    return f"SELECT {_value(field, 'last')} {where} GROUP BY *"


def everything(
    measurement: str, span: tuple[int, int], by: tuple[str, ...], whose: Collection[tuple[str, ...]]
) -> str:
    """Ask for all points of the series that are meant, each series by itself."""
    where = _where(measurement, {}, span[0], min(span[1] - 1, LAST))
    some = " OR ".join(
        f"({' AND '.join(f'{_tag(key)}::tag = {literal(one)}' for key, one in zip(by, values))})"
        for values in whose
    )
    return f"SELECT * {where} AND ({some}) GROUP BY *"


def _value(field: str, aggregate: Aggregate | None) -> str:
    one = f"{name(field)}::field"
    if aggregate is None:
        return one
    if aggregate == "sum":
        # A sum of integers wraps around without a word; the sum of the same as floats shows it.
        return f"sum({one}), sum({name(field)}::float)"
    return f"{aggregate}({one})"


def _where(measurement: str, tags: Mapping[str, str], first: int, last: int) -> str:
    chosen = "".join(f" AND {_tag(key)}::tag = {literal(tags[key])}" for key in tags)
    return f"FROM {name(measurement)} WHERE time >= {max(first, FIRST)} AND time <= {last}{chosen}"


def _grouped(query: RangeQuery) -> str:
    parts = [_tag(key) for key in query.group_by]
    if query.window:
        parts.append(f"time({query.window}ns)")
    fill = " fill(none)" if query.window else ""
    return f" GROUP BY {', '.join(parts)}{fill}" if parts else ""


def _tag(text: str) -> str:
    if text == "time":
        raise QueryError("no tag is called 'time'")
    return name(text)


def _escaped(text: str) -> str:
    if _UNFIT.search(text):
        raise QueryError(f"{text!a:.80} has characters that no name or tag may have")
    return text.replace("\\", "\\\\")

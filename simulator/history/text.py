"""Fields as line protocol: names and texts of our own, with nothing to escape."""

from collections.abc import Mapping
from typing import TypeVar

from core.types import Value
from simulator.series import Fields

T = TypeVar("T")

Four = tuple[Value, Value, Value, Value]
"""Least, most, mean, last."""


def one_text(name: str, value: Value) -> str:
    """Return one field."""
    kind = type(value)  # asked so for speed: a history is millions of them
    if kind is float:
        return f"{name}={value!r}"
    if kind is int:
        return f"{name}={value}i"
    if kind is bool:
        return f"{name}=true" if value else f"{name}=false"
    return f'{name}="{value}"'


def text_of(fields: Mapping[str, Value]) -> str:
    """Return several fields."""
    return ",".join([one_text(name, value) for name, value in fields.items()])


def rolled_text(fields: Mapping[str, Four], count: int, known_s: int) -> str:
    """Return rollup fields: *count* points in *known_s* seconds, all known."""
    parts = []
    for name, (low, high, mean, last) in fields.items():
        kind = type(last)
        if kind is float:
            said = f"{name}_min={low!r},{name}_max={high!r},{name}_mean={mean!r},{name}_last={last}"
        elif kind is int:
            said = (
                f"{name}_min={low}i,{name}_max={high}i,{name}_mean={float(mean)!r},"
                f"{name}_last={last}i"
            )
        elif kind is bool:
            said = f"{name}_mean={float(mean)!r},{name}_last={'true' if last else 'false'}"
        else:
            said = f'{name}_last="{last}"'
        parts.append(f"{said},{name}_count={count}i,{name}_known={known_s}.0")
    return ",".join(parts)


def ordered(low: Fields, high: Fields, mean: Fields, last: Fields) -> dict[str, Four]:
    """Return the fields of an hour from those at its ends, which may rise or fall."""
    moving: dict[str, Four] = {}
    for name, first in low.items():
        then = high[name]
        falls = first != then and type(first) is not str and first > then  # type: ignore[operator]
        least, most = (then, first) if falls else (first, then)
        moving[name] = (least, most, mean[name], last[name])
    return moving

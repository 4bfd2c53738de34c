"""What the agents' change filter lets through of one series, quicker than the filter itself.

The filter (`agent.filter`) takes readings of any series in any order. Here there is one, and what
never changes of it is one piece of text. A test holds the two together, field by field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from core.catalog import CATALOG, PAST_THE_FILTER
from core.clock import SECOND
from core.measurements.base import HEARTBEAT_S
from core.types import Value
from simulator.history.text import one_text, text_of
from simulator.series import Fields

_NEVER: Final = -(2**63)

Limits = tuple[float, float, int, bool]
"""Deadband, the same in percent, heartbeat (ns), and whether a change is urgent."""


def limits_of(measurement: str) -> dict[str, Limits]:
    """Return when each field of *measurement* travels where no operator has changed it."""
    whole = measurement in PAST_THE_FILTER
    found: dict[str, Limits] = {}
    for name, one in CATALOG[measurement].fields.items():
        beat = int(min(HEARTBEAT_S, one.heartbeat_s) * SECOND)
        found[name] = (
            (0.0, 0.0, 0, one.urgent)
            if whole
            else (one.deadband, one.deadband_percent, beat, one.urgent)
        )
    return found


@dataclass(slots=True)
class _Still:
    """Fields that never change and have the same heartbeat (ns), and when they last travelled."""

    heartbeat: int
    text: str
    at: int = _NEVER


@dataclass(slots=True)
class Passing:
    """The filter of a series of *measurement* whose `static` fields never change."""

    measurement: str
    static: Fields
    _limits: dict[str, Limits] = field(init=False)
    _still: list[_Still] = field(init=False)
    _known: dict[str, tuple[Value, int]] = field(default_factory=dict)
    """What last travelled of each field that changes, and when (ns)."""

    def __post_init__(self) -> None:
        self._limits = limits_of(self.measurement)
        groups: dict[int, Fields] = {}
        for name, value in self.static.items():
            groups.setdefault(self._limits[name][2], {})[name] = value
        self._still = [_Still(beat, text_of(fields)) for beat, fields in groups.items()]

    def news(self, moving: Mapping[str, Value], at: int) -> str:
        """Return as text what travels of a reading taken *at* (ns), whose other fields are still.

        Nothing where nothing does. What is returned counts as sent.
        """
        known, limits = self._known, self._limits
        if len(moving) < len(known):
            for name in known.keys() - moving.keys():
                known[name] = known[name][0], _NEVER
        texts, urgent = [], False
        for name, value in moving.items():
            if last := known.get(name):
                deadband, percent, heartbeat, is_state = limits[name]
                before, sent = last
                if _same(before, value, deadband, percent):
                    if at - sent < heartbeat:
                        continue
                else:
                    urgent = urgent or is_state
            known[name] = value, at
            texts.append(one_text(name, value))
        if urgent:
            known |= {name: (value, at) for name, value in moving.items()}
            texts = [text_of(moving)]
        for one in self._still:
            if urgent or at - one.at >= one.heartbeat:
                one.at = at
                texts.append(one.text)
        return ",".join(texts)


def _same(before: Value, value: Value, deadband: float, percent: float) -> bool:
    """Tell whether *value* is no other than *before* to who looks at them."""
    kind = type(value)
    if kind is not type(before):
        return False
    if value == before:
        return True
    if kind is bool or isinstance(value, str) or isinstance(before, str):
        return False
    moved = abs(value - before)
    return moved <= deadband or moved <= percent * abs(before) / 100

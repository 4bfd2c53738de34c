"""Lines of readings that a rule may care about, as facts; all others cost a look at their start.

Most lines are of measurements without a rule, and most others say that all is well. Only what is
over a limit, or comes from where something is open that it may end, is taken apart.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from alerts.facts import ReadingFact
from alerts.rules import Rule, Threshold
from core import lineprotocol
from core.catalog import IDENTITY_TAGS
from core.clock import SECOND

FRESH: Final = 120 * SECOND
"""Older readings, or such from a clock that is as far ahead, move no rule."""


class Screen:
    """The thresholds, by how the lines begin that they look at."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        limits: dict[bytes, list[tuple[re.Pattern[bytes], float]]] = {}
        for of in [rule.of for rule in rules if isinstance(rule.of, Threshold)]:
            value = re.compile(rb"[ ,]" + of.name.encode() + rb"=([-+0-9.eE]+)")
            limits.setdefault(of.measurement.encode(), []).append((value, of.limit))
        self._limits = limits
        self._starts = tuple(name + end for name in limits for end in (b",", b" "))

    def facts(
        self, place: str, lines: Iterable[bytes], at: int, *, watched: bool
    ) -> Iterator[ReadingFact]:
        """Return what *lines* of *place*, which arrived *at*, may mean to a rule."""
        for line in lines:
            if line.startswith(self._starts) and (watched or self._is_over(line)):
                point = lineprotocol.parse(line)
                if point.at is not None and abs(at - point.at) < FRESH:
                    tags = {k: v for k, v in point.tags.items() if k not in IDENTITY_TAGS}
                    yield ReadingFact(place, point.measurement, tags, point.fields, point.at)

    def _is_over(self, line: bytes) -> bool:
        name = line[: min(i for i in (line.find(b","), line.find(b" ")) if i >= 0)]
        return any(
            _number(found) >= limit
            for value, limit in self._limits[name]
            for found in value.findall(line)
        )


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return float("inf")  # looks like one, so it is taken apart

"""A share of the schools with how much of it is known (domain.md, §6 and R-29); pure.

Below nine tenths known there is no percentage: it would look like knowledge. Percent have two
decimals, rounded half up, and the counts that they were made of stand beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from collector.verdicts import State
from collector.web.scope import CONNECTED

ENOUGH: Final = 90
"""Percent of the schools that have to be known."""
KNOWN: Final[frozenset[State]] = frozenset({*CONNECTED, "down"})
"""States that somebody has proven; whoever never reported proves nothing."""


@dataclass(frozen=True, slots=True)
class Share:
    """I-01, access rate (联网率), at one moment: schools of `total` with a line that works.

    `known` of them are proven to be connected or not.
    """

    connected: int
    known: int
    total: int

    @property
    def is_enough(self) -> bool:
        """Whether so much is known that a percentage may be told."""
        return self.total > 0 and 100 * self.known >= ENOUGH * self.total

    @property
    def percent(self) -> str:
        """The share as people write it, empty where too little is known."""
        return percent(self.connected, self.total) if self.is_enough else ""

    @property
    def completeness(self) -> str:
        """How much is known, in percent; empty where there is no school."""
        return percent(self.known, self.total) if self.total else ""


def access(counts: Mapping[State, int]) -> Share:
    """Return the access rate of schools that are counted by state."""
    return Share(
        connected=sum(counts[state] for state in CONNECTED),
        known=sum(counts[state] for state in KNOWN),
        total=sum(counts.values()),
    )


def percent(part: int, whole: int) -> str:
    """Return *part* of *whole* in percent, to two decimals, half up."""
    exact = Decimal(100 * part) / Decimal(whole)
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))

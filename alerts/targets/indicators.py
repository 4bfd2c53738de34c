"""I-01, I-03, I-04 and I-20 of a group of schools: truth tables in tests/alerts/targets.

*Unproven* is neither met nor missed: nobody can tell. The share is out of all schools (I-01, I-04)
or of the time that is known (I-03, I-20); with too little known there is none (R-29).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from alerts.targets.facts import Facts
from alerts.targets.shares import is_complete, percent, percent_at_least, reaches
from core.clock import SECOND

Id = Literal["I-01", "I-03", "I-04", "I-20"]
Judged = Literal["met", "not_met", "unproven"]

TARGETS: Final[dict[Id, Fraction]] = {
    "I-01": Fraction(100, 100),
    "I-03": Fraction(995, 1000),
    "I-04": Fraction(9992, 10_000),
    "I-20": Fraction(99, 100),
}
"""What is asked for, of 1."""

TOLERANCE: Final = 0.95
"""Of the target bandwidth: what counts as reached (I-04)."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One target of one group; `unit` is what numerator and denominator count (1, or ns a second).

    `known` of `window` is how complete it is.
    """

    id: Id
    numerator: int
    denominator: int
    known: int
    window: int
    met: int
    not_met: int
    unproven: int
    unit: int = 1

    @property
    def total(self) -> int:
        """N, the schools that count."""
        return self.met + self.not_met + self.unproven

    @property
    def value(self) -> float | None:
        """The share in percent; None where too little is known, or there is nothing to share."""
        if not is_complete(self.known, self.window):
            return None
        return percent(self.numerator, self.denominator)

    @property
    def completeness(self) -> float:
        """How much is known, in percent; 100 where there was nothing to know."""
        return percent_at_least(self.known, self.window)

    @property
    def target(self) -> float:
        """What is asked for, in percent."""
        return float(TARGETS[self.id] * 100)


def connected(school: Facts) -> Judged:
    """Return whether a school has a working uplink (I-01)."""
    found: dict[str, Judged] = {"up": "met", "down": "not_met", "unknown": "unproven"}
    return found[school.line]


def available(school: Facts) -> Judged:
    """Return whether a school's line was up for long enough of its known school time (I-03)."""
    return _judged(school.up, school.known, school.known, school.lessons, "I-03")


def compliant(school: Facts) -> Judged:
    """Return whether a school's measured bandwidth reaches its target (I-04, R-05).

    Contract and port say nothing here. Passive counters prove what a line carried, and never what
    it could not: a school that asked for little has an idle line, not a slow one, and a flat top
    is as well a lesson that is sent at a constant rate. Only a test that filled the line can say
    not met.
    """
    if not school.target_mbps:
        return "unproven"
    enough = school.target_mbps * TOLERANCE
    if any(value is not None and value >= enough for value in (school.carried, school.tested)):
        return "met"
    return "unproven" if school.tested is None else "not_met"


def contracted(school: Facts) -> bool:
    """Return whether a school's contract promises its target; shown beside I-04, never for it."""
    return bool(school.target_mbps) and (school.contracted_mbps or 0) >= (school.target_mbps or 0)


def reachable(school: Facts) -> Judged:
    """Return whether a school's probes of the platforms went well often enough (I-20)."""
    return _judged(school.ok, school.probed, school.probes_known, school.probes_window, "I-20")


def _judged(numerator: int, denominator: int, known: int, window: int, of: Id) -> Judged:
    if not is_complete(known, window) or not denominator:
        return "unproven"
    return "met" if reaches(numerator, denominator, TARGETS[of]) else "not_met"


def indicators(schools: Iterable[Facts]) -> tuple[Indicator, ...]:
    """Return all four of a group of schools."""
    group = list(schools)
    return (
        connection(group),
        _of_time("I-03", group, available, _uptime),
        _of_schools("I-04", group, compliant),
        _of_time("I-20", group, reachable, _probes),
    )


def connection(group: Sequence[Facts]) -> Indicator:
    """Return I-01 alone, for which nothing but lines need be known."""
    return _of_schools("I-01", group, connected)


def _of_schools(of: Id, group: Sequence[Facts], judge: Callable[[Facts], Judged]) -> Indicator:
    met, not_met, unproven = _counted(group, judge)
    total = len(group)
    return Indicator(of, met, total, met + not_met, total, met, not_met, unproven)


def _uptime(one: Facts) -> tuple[int, int, int, int]:
    return one.up, one.known, min(one.known, one.lessons), one.lessons


def _probes(one: Facts) -> tuple[int, int, int, int]:
    return one.ok, one.probed, min(one.probes_known, one.probes_window), one.probes_window


def _of_time(
    of: Id,
    group: Sequence[Facts],
    judge: Callable[[Facts], Judged],
    times: Callable[[Facts], tuple[int, int, int, int]],
) -> Indicator:
    sums = [sum(column) for column in zip(*map(times, group))] or [0, 0, 0, 0]
    numerator, denominator, known, window = sums
    counts = _counted(group, judge)
    return Indicator(of, numerator, denominator, known, window, *counts, unit=SECOND)


def _counted(group: Sequence[Facts], judge: Callable[[Facts], Judged]) -> tuple[int, int, int]:
    counts = Counter(map(judge, group))
    return counts["met"], counts["not_met"], counts["unproven"]


def gap(urban: Indicator, rural: Indicator) -> float | None:
    """Return by how many points the towns' share is above the country's (I-36); None without."""
    if urban.value is None or rural.value is None:
        return None
    return round(urban.value - rural.value, 2)

"""Shares in percent as the ministry publishes them: from whole numbers, which are kept beside."""

from fractions import Fraction
from typing import Final

COMPLETE: Final = Fraction(90, 100)
"""Known time or schools of all below which there is no percentage (R-29)."""


def percent(numerator: int, denominator: int) -> float | None:
    """Return the share in percent, rounded half up to two decimals; None out of nothing.

    In whole numbers throughout: no binary fraction decides a half.
    """
    if denominator <= 0:
        return None
    return (20_000 * numerator + denominator) // (2 * denominator) / 100


def percent_at_least(numerator: int, denominator: int) -> float:
    """Return the share in percent with two decimals, rounded down; 100 out of nothing.

    For completeness: 90.00 then never stands beside a value that is missing for less than 90.
    """
    if denominator <= 0:
        return 100.0
    return min(10_000 * numerator // denominator, 10_000) / 100


def is_complete(known: int, window: int) -> bool:
    """Return whether enough is known of *window* for a percentage; of nothing there is none."""
    return window > 0 and reaches(known, window, COMPLETE)


def reaches(numerator: int, denominator: int, target: Fraction) -> bool:
    """Return whether a share reaches *target* (of 1): of what it is, not of what it rounds to."""
    return denominator > 0 and numerator * target.denominator >= denominator * target.numerator

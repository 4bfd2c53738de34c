"""Kinds of lines into schools: how far away the world is behind each, and how much passes."""

from dataclasses import dataclass
from typing import Final

from collector.roster.school import Link


@dataclass(frozen=True, slots=True)
class LineKind:
    """Times in ms, `loss` in percent; `tiers` are what is sold, in Mbit/s; `up` of it upwards.

    `strain` is by how much a busy line is slower than an idle one, times the delay.
    """

    word: Link
    tag: str
    """As the agents' readings call it."""
    delay: float
    jitter: float
    loss: float
    tiers: tuple[int, ...]
    up: float
    strain: float
    metered: bool = False


FIBRE: Final = LineKind("fibre", "fibre", 7.0, 0.8, 0.0, (100, 200, 500, 1000), 1.0, 0.6)
PRIVATE: Final = LineKind("private", "edu_network", 4.0, 0.4, 0.0, (200, 500, 1000), 1.0, 0.4)
FIVE_G: Final = LineKind("5g", "5g", 24.0, 6.0, 0.2, (100, 200), 0.2, 1.0, metered=True)
ADSL: Final = LineKind("adsl", "adsl", 36.0, 4.0, 0.2, (8, 20), 0.1, 2.0)
SATELLITE: Final = LineKind("satellite", "satellite", 590.0, 28.0, 0.6, (20, 50), 0.15, 0.3)

LINES: Final = {kind.word: kind for kind in (FIBRE, PRIVATE, FIVE_G, ADSL, SATELLITE)}

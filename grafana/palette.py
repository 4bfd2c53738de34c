"""Every colour of the dashboards: one colour has one meaning, in each panel the same.

Chosen to be told apart on Grafana's light and dark background alike, and by those who do not see
red and green: up is bluish, down is warm, and words or places say the same besides.
"""

from typing import Final

# States of a line, an agent or a target
UP: Final = "#2a9d74"
DEGRADED: Final = "#e39a26"
DOWN: Final = "#d2423a"
UNKNOWN: Final = "#8f6cc9"
NEUTRAL: Final = "#8592a1"
"""Stopped, never seen, nothing that is wrong: also of counts that mean neither good nor bad."""

# Severities of alerts, from now to the daily digest
P1: Final = DOWN
P2: Final = "#e2703a"
P3: Final = DEGRADED
P4: Final = "#5b9bd5"

# Curves that are no state
FIRST: Final = "#2f7fc1"
SECOND: Final = "#5fb3a5"
THIRD: Final = "#c46fa0"
FOURTH: Final = "#b0893c"
REFERENCE: Final = "#5d6b7a"
"""What is asked for: a contract, a target, a limit."""

COLOURS: Final = frozenset(
    {UP, DEGRADED, DOWN, UNKNOWN, NEUTRAL, P2, P4, FIRST, SECOND, THIRD, FOURTH, REFERENCE}
)

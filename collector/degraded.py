"""Lines that are up but not well, as the alert rules see them: pure.

The rules judge loss over minutes, with a hold and two limits; judging it here once more would give
pages and alerts two opinions.
"""

from collections.abc import Iterable
from typing import Final

from alerts.names import PACKET_LOSS
from alerts.step import Case
from collector.verdicts import Verdict
from core.types import Identity

SHOWN: Final = ("firing", "keeping")
"""States of an alert that is open; before, the condition has not lasted long enough."""


def degraded(cases: Iterable[Case]) -> dict[Identity, Verdict]:
    """Return what is wrong with the line of each agent that loses packets, since the first loss."""
    found: dict[Identity, Verdict] = {}
    for case in cases:
        alert = case.alert
        if alert.key.rule != PACKET_LOSS or alert.state not in SHOWN:
            continue
        who = Identity(*alert.key.place.split("/"))
        since = min(alert.began_at, found[who].since) if who in found else alert.began_at
        found[who] = Verdict("degraded", "loss", since)
    return found

"""Alerts as lines of the log, for who watches a terminal; always there.

Watch it work: schoolwatch up
"""

import logging
from dataclasses import dataclass
from typing import Final

from alerts.outbox import Parcel
from core.alerts import CONSOLE

_WORDS: Final = {
    "FIRST": "begins",
    "NEW_ALERTS": "begin",
    "SOME_RESOLVED": "over",
    "ALL_RESOLVED": "over",
    "REPEAT": "still there",
    "TEST": "is only tested",
    "ESCALATED": "escalated",
    "REMINDER": "due",
    "DIGEST": "digest",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Console:
    """One line a message, and nothing can go wrong."""

    name: str = CONSOLE

    async def send(self, parcel: Parcel) -> None:
        """Write the line."""
        said = parcel.notification
        _log.warning(
            "alert %s%s: %s %s · %s",
            *(
                _WORDS.get(said.reason, said.reason.lower()),
                " (repeat)" if parcel.repeat else "",
                said.severity,
            ),
            *(said.title.en, said.title.zh),
        )

    async def close(self) -> None:
        """Nothing is open."""

"""Writes every alert into the store, for the lists of Grafana; as the page shows it.

ledger, read only ─▶ stories ─▶ points ─┬─▶ alert, while open and once it ended ─▶ raw
                                        └─▶ alert, once it ended, at its end ────▶ days

What ended while no collector ran is found in the ledger at the next start.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from alerts.history import History
from collector import ledgerfile
from collector.alertpoints import AlertPoints, Said, last_line, said
from collector.district.outgoing import Latest, Outgoing
from collector.district.waiting import WaitingLines
from collector.ledger import Ledger
from collector.store.base import Store
from core import clock
from core.clock import SECOND
from core.errors import StoreError

TICK_S: Final = 10.0
LOOK_EVERY: Final = 60 * SECOND
"""How old what is written of people's acts may be."""
LOOK_BACK: Final = 86_400 * SECOND
"""What ended in so long before a start is written once more; it overwrites itself."""
_NEVER: Final = 2**63 - 1


class AlertChores:
    """Lives in the event loop; raises StartError when made."""

    def __init__(
        self,
        ledger: Ledger,
        stores: tuple[Store, Store],
        history: History,
        name_of: Callable[[str], str],
        now: clock.Clock = clock.now,
        *,
        revision: Callable[[], object] = object,
    ) -> None:
        """Take the stores for raw points and for those of days, in this order.

        *revision* gives another thing whenever the engine changed an alert; while it does not, the
        ledger is read each LOOK_EVERY only, for what people did.
        """
        self._history, self._name_of, self._now = history, name_of, now
        self._since = now() - LOOK_BACK
        self._revision, self._seen, self._looked = revision, object(), 0
        self._found: list[Said] = []
        self._points, self._daily = AlertPoints(), Latest(stores[1])
        try:
            self._raw = Outgoing(stores[0], WaitingLines(ledger, "alert_waiting"))
        except sqlite3.Error as error:
            raise ledgerfile.unreadable(ledger.path, error) from error

    async def tick(self) -> None:
        """Look at every alert, and write what is new; raises StoreError, sqlite3.Error."""
        await asyncio.to_thread(self._turn, self._now())

    def close(self) -> None:
        """Write what waits, or keep it; blocks."""
        with suppress(StoreError, sqlite3.Error):
            self._flush()

    def _turn(self, at: int) -> None:
        found = self._standing(at)
        gone = self._points.gone(found)
        if gone or self._since != _NEVER:
            stories = self._history.ended(gone, self._since)
            over = [(said(one, self._name_of), one.telling.alert.ended_at) for one in stories]
        else:
            over = []
        self._since = _NEVER
        self._raw.put(self._points.lines(found, [one for one, _ in over], at))
        self._daily.put({one.number: last_line(one, ended) for one, ended in over})
        self._flush()

    def _standing(self, at: int) -> list[Said]:
        # First: what changes while we read is read again.
        revision = self._revision()
        if revision != self._seen or not 0 <= at - self._looked < LOOK_EVERY:
            self._found = [said(story, self._name_of) for story in self._history.standing()]
            self._seen, self._looked = revision, at
        return self._found

    def _flush(self) -> None:
        try:
            self._raw.flush()
        finally:
            self._daily.flush()

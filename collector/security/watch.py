"""Keeps watch over attacks and sensors, beside the alerts that tell of them.

readings, once the ledger has them ─▶ sensors ─┐             ┌─▶ pages, /api/v1/security
alerts that are open ──────────────────────────┼─▶ view ─────┼─▶ security ─▶ store
live picture ──────────────────────────────────┘             └─▶ sight: one attack, many schools
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from alerts.facts import Sight
from alerts.step import Case
from collector import ledgerfile
from collector.books import Books
from collector.district.outgoing import Outgoing
from collector.district.waiting import WaitingLines
from collector.picture import Picture
from collector.security.points import SecurityPoints
from collector.security.rows import SecurityRows
from collector.security.sensors import Sensor, Sensors
from collector.security.spread import WITHIN, Spreading
from collector.security.view import SecurityView, view_of
from collector.sorting import Item
from collector.store.base import Store
from core import clock
from core.alerts import AlertKey
from core.clock import SECOND
from core.errors import StoreError

TICK_S: Final = 5.0
PATIENCE: Final = 30 * SECOND
"""After a start nothing is known for so long only because nobody was connected yet."""
KEEP_EVERY: Final = 60 * SECOND
LOOK_BACK: Final = 86_400 * SECOND
"""What ended in so long before a start may still look open in the store."""

_log = logging.getLogger(__name__)


class Security:
    """Lives in the event loop; raises StartError when made."""

    def __init__(
        self,
        books: Books,
        store: Store,
        cases: Callable[[], Sequence[Case]],
        see: Callable[[Sight], None],
        now: clock.Clock = clock.now,
    ) -> None:
        """Take the store for raw points; *cases* gives open alerts, *see* hears what spreads."""
        self._books, self._cases, self._see, self._now = books, cases, see, now
        self._started, self._kept_at = now(), 0
        self._picture: Picture | None = None
        self._spreading = Spreading()
        try:
            self._rows = SecurityRows(books.ledger)
            self.sensors = Sensors(self._rows.sensors())
            self._raw = Outgoing(store, WaitingLines(books.ledger, "security_waiting"))
            self._points = SecurityPoints(self._rows.over(self._started - LOOK_BACK))
            for rule, place, began in self._rows.began(self._started - WITHIN):
                self._spreading.note(AlertKey(rule, place), began)
        except sqlite3.Error as error:
            raise ledgerfile.unreadable(books.ledger.path, error) from error
        self._points.last = max((case.alert.number for case in cases()), default=0)

    def heard(self, items: Sequence[Item]) -> None:
        """Hear of messages whose lines are durable and accounted."""
        self.sensors.heard(items)

    def look(self, picture: Picture) -> None:
        """Hear how agents and lines are."""
        self._picture = picture

    def view(self, picture: Picture) -> SecurityView:
        """Return what is known of the security of each school of *picture*."""
        return view_of(picture, self._cases(), self.sensors, picture.at)

    async def tick(self) -> None:
        """Look at everything, and write it; raises StoreError, sqlite3.Error."""
        at, picture, name_of = self._now(), self._picture, self._books.live.name_of
        asleep = not self._books.door.opening().since and 0 <= at - self._started < PATIENCE
        if asleep or picture is None:
            return
        schools = len(picture.counted)
        self._see(self._spreading.sight(self._cases(), schools, name_of, picture.at))
        self._raw.put(self._points.lines(self.view(picture)))
        left_out = self._books.counters.add("security_sensors_left_out", 0)
        self._books.counters.add("security_sensors_left_out", self.sensors.left_out - left_out)
        if not 0 <= at - self._kept_at < KEEP_EVERY:
            self._kept_at, gone = at, self.sensors.forget(at)
            await asyncio.to_thread(self._rows.keep, self._told(), gone)
        await asyncio.to_thread(self._raw.flush)

    def close(self) -> None:
        """Keep what was told last; blocks."""
        try:
            self._rows.keep(self._told(), [])
        except sqlite3.Error as error:
            _log.warning("what was last told of sensors could not be kept: %s", error)
        with suppress(StoreError, sqlite3.Error):
            self._raw.flush()

    def _told(self) -> list[Sensor]:
        """Return what is to be kept; what cannot be is told again by itself, in minutes."""
        told, self.sensors.news = self.sensors.news, set()
        return [one for key in told if (one := self.sensors.known.get(key))]

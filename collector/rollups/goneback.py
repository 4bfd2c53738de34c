"""After the ledger went back: hours whose marks a backup lacks are marked again.

A backup's marks are those of its time, and a region that is taken over was rolled up by another,
who may have left hours behind. So everything since is rolled up once more, which changes nothing
where it was done already. By hand: schoolwatch collector rollup --from DAY
"""

import logging
from collections.abc import Iterator
from typing import Final

from collector.chores import DAY
from collector.ledger import Ledger
from collector.rollups.marks import Marks, Touch
from collector.rollups.times import HOUR, hour_of
from collector.store.base import Store
from core import clock
from core.catalog import IDENTITY_TAGS
from core.types import Identity

_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS rollup_known (
    at INTEGER NOT NULL,        -- until when all marks are known to have been made
    restores INTEGER NOT NULL   -- so many restores are made up for
)"""
# Of a store that went back the raw points are gone too: what was made of them is better left.
_RESTORES: Final = "SELECT count(*) FROM restore WHERE what != 'store' AND at < ?"
_EVER: Final = 2**62
LONGEST: Final = 7 * DAY
"""So far back where nobody knows since when: a spool holds no more."""
WHO: Final = ("agent", "school", "collector", "cpu", "mem")
"""Who says any of it, says it every few minutes."""
HOURS_AT_ONCE: Final = 6
"""Marked in one transaction, for which readings wait."""

_log = logging.getLogger(__name__)


class GoneBack:
    """Made before anything is taken in; all blocks, and may raise sqlite3.Error and StoreError."""

    def __init__(
        self, ledger: Ledger, raw: Store, marks: Marks, now: clock.Clock = clock.now
    ) -> None:
        self._ledger, self._raw, self._marks, self._now = ledger, raw, marks, now
        with ledger.transaction() as db:
            db.execute(_SCHEMA)
            if not db.execute("SELECT 1 FROM rollup_known").fetchone():
                # A ledger that has just begun may be in the place of one that was lost.
                (restores,) = db.execute(_RESTORES, (now() - HOUR,)).fetchone()
                db.execute("INSERT INTO rollup_known VALUES (0, ?)", (restores,))
            (self._since,) = db.execute("SELECT at FROM rollup_known").fetchone()
        # A restore may be found out only minutes after the start; what was known then counts.

    def look(self) -> int:
        """Mark what a restore since the last look asks for; return how many hours of somebody."""
        at = self._now()
        with self._ledger.transaction() as db:
            (done,) = db.execute("SELECT restores FROM rollup_known").fetchone()
            (restores,) = db.execute(_RESTORES, (_EVER,)).fetchone()
        count = 0
        if restores > done:
            since = hour_of(self._since or at - LONGEST)
            count = self._mark(since, at)
            _log.warning(
                "the ledger went back to an earlier state, or is another: %d hours of agents and "
                "schools since %s are rolled up again",
                *(count, clock.rfc3339(since)),
            )
        with self._ledger.transaction() as db:
            db.execute("UPDATE rollup_known SET at = ?, restores = ?", (at, restores))
        return count

    def _mark(self, since: int, until: int) -> int:
        everybody = {*self._marks.everybody(), *self._stored(since)}
        hours = range(since, until + 1, HOUR)
        return sum(
            self._marks.again(
                Touch(who, hour)
                for hour in hours[begin : begin + HOURS_AT_ONCE]
                for who in everybody
            )
            for begin in range(0, len(hours), HOURS_AT_ONCE)
        )

    def _stored(self, since: int) -> Iterator[Identity]:
        """Yield those of whom the store has something since: a backup does not know all of them."""
        for measurement in WHO:
            for one in self._raw.last(measurement, {}, since):
                yield Identity(*(one.tags.get(name, "") for name in IDENTITY_TAGS))

"""What outside probes have proven, in the collector's database: a restart knows it at once.

Look: sqlite3 var/collector/ledger.db 'SELECT * FROM outside'
"""

from collections.abc import Mapping
from typing import Final

from collector.ledger import Ledger
from collector.outside import SchoolKey, Seen

_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS outside (
    region TEXT NOT NULL, school TEXT NOT NULL,
    answers INTEGER NOT NULL, since INTEGER NOT NULL, asked_at INTEGER NOT NULL,
    PRIMARY KEY (region, school)
) WITHOUT ROWID"""


class OutsideRows:
    """Every method blocks, may be called from any thread, and may raise sqlite3.Error."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        with ledger.transaction() as db:
            db.execute(_SCHEMA)

    def load(self) -> dict[SchoolKey, Seen]:
        """Return what is kept; the next round is due at once."""
        query = "SELECT region, school, answers, since, asked_at FROM outside"
        with self._ledger.transaction() as db:
            rows = db.execute(query).fetchall()
        return {
            (region, school): Seen(bool(answers), since, asked_at=asked_at)
            for region, school, answers, since, asked_at in rows
        }

    def keep(self, changed: Mapping[SchoolKey, Seen]) -> None:
        """Keep what *changed*."""
        rows = [(*key, seen.answers, seen.since, seen.asked_at) for key, seen in changed.items()]
        with self._ledger.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO outside VALUES (?, ?, ?, ?, ?)", rows)

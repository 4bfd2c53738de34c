"""The last word of every witness, in a table of the collector's database."""

from collections.abc import Mapping
from typing import Final

import msgspec

from collector.evidence.holding import Standing, Told
from collector.ledger import Ledger
from core.types import Identity

_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS witness (
    who TEXT NOT NULL, origin TEXT NOT NULL,
    size INTEGER NOT NULL, verdict TEXT NOT NULL,
    seen INTEGER NOT NULL,               -- when it last said so (ns)
    told BLOB NOT NULL,                  -- collector/evidence/holding.py: Told
    PRIMARY KEY (who, origin)
) WITHOUT ROWID"""


class WitnessRows:
    """Every method blocks, may be called from any thread, and may raise sqlite3.Error."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        with ledger.transaction() as db:
            db.execute(_SCHEMA)

    def read(self, origin: str) -> dict[Identity, Standing]:
        """Return the witnesses of one log."""
        query = "SELECT who, verdict, seen, told FROM witness WHERE origin = ? ORDER BY who"
        with self._ledger.transaction() as db:
            return {
                Identity(*who.split("/")): Standing(
                    msgspec.json.decode(told, type=Told), verdict, seen
                )
                for who, verdict, seen, told in db.execute(query, (origin,))
            }

    def keep(self, origin: str, standings: Mapping[Identity, Standing]) -> None:
        """Keep what they said last."""
        rows = [
            (str(who), origin, one.told.size, one.verdict, one.seen, msgspec.json.encode(one.told))
            for who, one in standings.items()
        ]
        with self._ledger.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO witness VALUES (?, ?, ?, ?, ?, ?)", rows)

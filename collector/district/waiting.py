"""Lines that wait for a database that is away, in the collector's own: a kill loses none."""

from collections.abc import Iterable
from typing import Literal

from collector.ledger import Ledger

Table = Literal["target_waiting", "room_waiting", "security_waiting", "alert_waiting"]


class WaitingLines:
    """What `outgoing.Rows` asks; every method blocks, and may raise sqlite3.Error."""

    def __init__(self, ledger: Ledger, table: Table) -> None:
        self._ledger, self._table = ledger, table
        with ledger.transaction() as db:
            db.execute(
                f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, line BLOB NOT NULL)"
            )

    def waiting(self) -> list[bytes]:
        """Return the lines that an earlier process could not write, in their order."""
        query = f"SELECT line FROM {self._table} ORDER BY id"  # noqa: S608 — our words
        with self._ledger.transaction() as db:
            return [line for (line,) in db.execute(query)]

    def wait(self, lines: Iterable[bytes], most: int) -> None:
        """Keep *lines* behind those that wait, and of all of them the last *most*."""
        put = f"INSERT INTO {self._table} (line) VALUES (?)"  # noqa: S608 — our words
        last = f"SELECT max(id) FROM {self._table}"  # noqa: S608 — our words
        old = f"DELETE FROM {self._table} WHERE id <= ({last}) - ?"  # noqa: S608 — our words
        with self._ledger.transaction() as db:
            db.executemany(put, [(line,) for line in lines])
            db.execute(old, (most,))

    def written(self) -> None:
        """Forget the lines that waited."""
        with self._ledger.transaction() as db:
            db.execute(f"DELETE FROM {self._table}")  # noqa: S608 — our words

"""The spool's hold on its file: transactions, and another file where this one breaks."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from agent.spoolfile import open_spool_file, replaced
from agent.spoolsalvage import damaged
from core import clock
from core.errors import SpoolError

REPLACED_AT_MOST_EVERY: Final = 86_400.0
"""Seconds. A disk that damages more than one file a day would only be filled with them."""


class SpoolDb:
    """One connection, used by one thread at a time; everything raises SpoolError."""

    def __init__(self, path: Path, monotonic: clock.Monotonic = clock.monotonic) -> None:
        self._path, self._monotonic = path, monotonic
        self._db = open_spool_file(path)
        self._damage: sqlite3.DatabaseError | None = None
        self._replaced_at = float("-inf")
        self.dropped_batches = 0
        """Since this process started, whatever the reason."""
        self._dropping = 0
        """In the transaction that is under way."""

    def close(self) -> None:
        """Close the file; what is open stays open and is sealed by the next process."""
        self._db.close()

    def _replaced(self) -> None:
        """Hear that the file is another one now, with what could be read of the old one."""

    def _replace(self, damage: sqlite3.DatabaseError) -> None:
        self._db.close()
        self._db = replaced(self._path, damage)
        self._damage, self._replaced_at = None, self._monotonic()
        self._replaced()

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._transaction() as db:
            return db.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._damage and self._monotonic() - self._replaced_at >= REPLACED_AT_MOST_EVERY:
            self._replace(self._damage)
        try:
            self._dropping = 0
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.rollback()
                raise
            self._db.execute("COMMIT")
            self.dropped_batches += self._dropping
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.rollback()
            if isinstance(error, sqlite3.DatabaseError) and damaged(error):
                self._damage = error
            raise SpoolError(f"spool {self._path}: {error}") from error

"""One connection to an SQLite file that threads use in turn, thrown away when anything fails.

Starting anew is the only recovery: it rolls back, forgets what a cache took from a transaction
that did not end, and sees a file whose rights have changed since it was opened.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from collector.store.sqlite_errors import meaning
from core.errors import StoreStopped

T = TypeVar("T")


class Door(Generic[T]):
    """Gives out a T made of the connection, one transaction at a time, begun by *begin*."""

    def __init__(
        self,
        path: Path,
        connect: Callable[[], sqlite3.Connection],
        make: Callable[[sqlite3.Connection], T],
        begin: str,
    ) -> None:
        self._path, self._connect, self._make, self._begin = path, connect, make, begin
        self._waiting, self._inside = Lock(), Lock()
        self._db: sqlite3.Connection | None = None
        self._tool: T
        self._file = (0, 0)
        self._seen = 0
        self._closed = False

    @contextmanager
    def transaction(self) -> Iterator[T]:
        """Commit what is done inside, or none of it; raises StoreBusy or StoreStopped."""
        with self._turn():
            try:
                db = self._open()
                db.execute(self._begin)
                yield self._current(db)
                db.execute("COMMIT")
            except sqlite3.Error as error:
                self._drop()
                raise meaning(error, self._path) from error
            except BaseException:
                self._drop()
                raise

    def close(self) -> None:
        """Wait for the transaction that is under way, then let go of the file for good."""
        with self._turn():
            self._closed = True
            self._drop()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # A thread that asks again at once would get a plain lock back before those who wait for
        # it; here it finds the first of them already standing at the door.
        with self._waiting:
            self._inside.acquire()
        try:
            yield
        finally:
            self._inside.release()

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreStopped(f"{self._path}: was closed")
        if self._db is None:
            self._db = self._connect()
            self._renew(self._db)
            self._file = self._file_now()
        elif self._file_now() != self._file:
            # SQLite would go on writing into a file that no longer has a name.
            raise StoreStopped(f"{self._path}: was taken away or replaced while in use")
        return self._db

    def _current(self, db: sqlite3.Connection) -> T:
        if self._version(db) != self._seen:
            self._renew(db)
        return self._tool

    def _renew(self, db: sqlite3.Connection) -> None:
        self._tool, self._seen = self._make(db), self._version(db)

    def _drop(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = None

    @staticmethod
    def _version(db: sqlite3.Connection) -> int:
        """Return a number that changes when another connection commits."""
        (version,) = db.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _file_now(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except OSError:
            return 0, 0
        return status.st_dev, status.st_ino

"""The newest values of the time-series store, read so that nothing of it is made or written."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from collector.config import CollectorConfig
from collector.store.base import LastValue
from collector.store.sqlite_errors import meaning
from collector.store.sqlite_read import read_last
from core.errors import StoreStopped
from core.readonly import read_only


class Newest(Protocol):
    """What the report asks of a store. May raise StoreBusy, StoreStopped."""

    def last(self, measurement: str, tags: Mapping[str, str], since: int) -> Sequence[LastValue]:
        """Return the newest value since then of every field and series."""


class _SqliteFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_file():
            raise StoreStopped(f"{path} is not there")
        try:
            self._db = read_only(path)
            self._db.execute("SELECT count(*) FROM series").fetchone()
        except sqlite3.Error as error:
            raise meaning(error, path) from error

    def last(self, measurement: str, tags: Mapping[str, str], since: int) -> list[LastValue]:
        try:
            return read_last(self._db, measurement, tags, since)
        except sqlite3.Error as error:
            raise meaning(error, self._path) from error

    def close(self) -> None:
        self._db.close()


def open_to_read(config: CollectorConfig) -> tuple[Newest, Callable[[], None]]:
    """Return the store and what closes it; raises StoreStopped where its file is not there."""
    if config.store.type == "sqlite":
        found = _SqliteFile(config.store_file())
        return found, found.close
    # 16 MB and a sixth of a second that a district with SQLite does without.
    from collector.store.influx import InfluxStore  # noqa: PLC0415

    table = config.store
    store = InfluxStore(
        table.url,
        table.token(),
        bucket=table.bucket,
        org=table.org,
        name=config.collector.id,
        timeout_s=table.timeout_s,
    )
    return store, store.close

"""The time-series store of a district: InfluxDB 1.8, 2 or 3.

Lines are written by influxdb-client, one attempt after another and each until InfluxDB has
answered 204, never by its batching mode, which drops without a word what it cannot send. Reads are
InfluxQL. InfluxDB deletes by itself what is older than the retention of its bucket.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Final

from collector.store import influx_write
from collector.store.base import (
    Curves,
    CurvesQuery,
    LastValue,
    RangeQuery,
    RefusedLine,
    Series,
)
from collector.store.influx_curves import read_curves
from collector.store.influx_door import Door
from collector.store.influx_errors import Place
from collector.store.influx_ql import FIRST
from collector.store.influx_read import read_last, read_range
from core import clock, lineprotocol
from core.errors import StoreStopped
from core.types import Reading

COUNTER: Final = "schoolwatch_counter"
"""Measurement of the commit counters, one series for each collector that uses the bucket."""


class InfluxStore:
    """Keeps the contract of `collector.store.base.Store` in one bucket.

    In InfluxDB 1.8 `bucket` is a database and `org` is nothing. `token` may be `user:password`.
    `name` tells collectors apart that share the bucket. Making a store touches no network.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        bucket: str,
        org: str = "",
        name: str = "d1",
        timeout_s: float = 10.0,
        now: clock.Clock = clock.now,
    ) -> None:
        self._door = Door(Place(url.rstrip("/"), org, bucket), token, timeout_s)
        self._name, self._now = name, now
        self._counting = Lock()

    def write(self, lines: bytes) -> list[RefusedLine]:
        """Store line protocol; on return InfluxDB has it. See `Store.write`."""
        return influx_write.write(lines, self._door.write)

    def range(self, query: RangeQuery) -> list[Series]:
        """Answer *query*; raises QueryError. See `Store.range`."""
        return read_range(self._door.ask, query)

    def last(self, measurement: str, tags: Mapping[str, str], since: int) -> list[LastValue]:
        """Return newest values. See `Store.last`."""
        return read_last(self._door.ask, measurement, tags, since)

    def curves(self, query: CurvesQuery) -> list[Curves]:
        """Return whole series; raises QueryError. See `Store.curves`."""
        return read_curves(self._door.ask, query)

    def expire(self, before: int) -> int:
        """Delete nothing: the retention of the bucket does. See `Store.expire`."""
        return 0

    def counter(self) -> int:
        """Return the last commit counter written, 0 where none was."""
        found = self._counted()
        return int(found.value) if found else 0

    def set_counter(self, value: int) -> None:
        """Keep *value* as the newest point of its series. See `Store.set_counter`."""
        with self._counting:
            before = self._counted()
            # A clock that went back must not leave the older counter the newest.
            at = max(self._now(), before.at + 1) if before else self._now()
            reading = Reading(COUNTER, {"value": value}, at, {"collector": self._name})
            refused = self.write(lineprotocol.encode(reading) + b"\n")
        if refused:
            raise StoreStopped(f"the commit counter is refused: {refused[0].reason}")

    def close(self) -> None:
        """Let go of the connections."""
        self._door.close()

    def _counted(self) -> LastValue | None:
        found = self.last(COUNTER, {"collector": self._name}, FIRST)
        return found[0] if found else None

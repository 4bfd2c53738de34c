"""The time-series store of a district: InfluxDB 1.8, 2 or 3.

Lines are written by influxdb-client, one attempt after another and each until InfluxDB has
answered 204, never by its batching mode, which drops without a word what it cannot send. Reads are
InfluxQL. InfluxDB deletes by itself what is older than the retention of its bucket.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from threading import Lock
from typing import Any, Final

from collector.store import influx_ql, influx_write
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

    # What a search of everything asks (collector/evidence/scan).

    def measurements(self) -> list[str]:
        """Return the names of all measurements of the bucket."""
        return [str(row[0]) for row in self._rows("SHOW MEASUREMENTS")]

    def fields_of(self, measurement: str, type_: str = "") -> list[str]:
        """Return its fields, those of a type or all."""
        found = self._rows(influx_ql.field_types(measurement))
        return sorted({str(name) for name, of in found if not type_ or of == type_})

    def tag_values(self, measurement: str) -> Iterator[tuple[str, str]]:
        """Yield every tag with each of its values."""
        for tag, value in self._rows(influx_ql.tag_values(measurement)):
            yield str(tag), str(value)

    def texts(self, measurement: str, field: str) -> Generator[str, None, None]:
        """Yield every text of *field*, piece by piece as InfluxDB gives them."""
        for _, value in self._rows(influx_ql.texts(measurement, field)):
            if isinstance(value, str):
                yield value

    def _rows(self, statement: str) -> Iterator[Sequence[Any]]:
        with closing(self._door.ask(statement)) as answers:
            for _, series in answers:
                yield from series["values"] if series else ()

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

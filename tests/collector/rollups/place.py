"""A collector's desk with a real database, and what rolls it up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from collector.rollups.marks import Marks
from collector.rollups.rolling import Rolling, Step
from collector.rollups.series import ROLLED
from collector.store.base import CurvesQuery, Store
from collector.store.sqlite import SqliteStore
from core import lineprotocol, wire
from core.catalog import IDENTITY_TAGS
from core.mqtt import Message
from core.types import Identity, Reading, Value
from core.wire import Header
from tests.collector.desk import Desk, open_desk
from tests.collector.making import WHO, Clock, readings
from tests.real.influx import RealInflux

SHANGHAI = ZoneInfo("Asia/Shanghai")
DATABASES = [
    "sqlite",
    *(pytest.param(one, marks=pytest.mark.real(one)) for one in ("influxdb1", "influxdb2")),
]
Point = tuple[str, tuple[tuple[str, str], ...], int]
"""Measurement, tags and time."""


@dataclass
class Place:
    """Everything from the message to the rollups; `clock` is the time for all of it."""

    folder: Path
    desk: Desk = field(repr=False)
    stores: Sequence[Store] = field(repr=False)
    zone: tzinfo = SHANGHAI
    seq: int = 0

    @property
    def clock(self) -> Clock:
        return self.desk.clock

    @property
    def marks(self) -> Marks:
        return self.desk.books.marks

    @property
    def rolling(self) -> Rolling:
        raw, hourly, daily = self.stores
        return Rolling(raw, hourly, daily, self.marks, self.zone)

    def message(self, *said: Reading, who: Identity = WHO) -> Message:
        """A batch of *said*, with the next sequence."""
        self.seq += 1
        lines = [lineprotocol.encode(one) for one in said]
        epoch = uuid4().hex[:16].upper()
        return readings(wire.seal(Header(epoch, 1, len(lines)), lines), who)

    async def send(self, *said: Reading, who: Identity = WHO) -> None:
        await self.desk.take(self.message(*said, who=who))

    def roll(self) -> list[Step]:
        """Do all that is due."""
        found: list[Step] = []
        while step := self.rolling.hours() or self.rolling.days():
            found.append(step)
        return found

    def hourly(self, who: Identity = WHO) -> dict[Point, dict[str, Value]]:
        return points(self.stores[1], who)

    def daily(self, who: Identity = WHO) -> dict[Point, dict[str, Value]]:
        return points(self.stores[2], who)

    def hour(self, measurement: str, hour: int, who: Identity = WHO) -> Mapping[str, Value]:
        """The one point of *measurement* in the hour that begins at *hour*; nothing without one."""
        found = [v for k, v in self.hourly(who).items() if (k[0], k[2]) == (measurement, hour)]
        assert len(found) < 2, found
        return found[0] if found else {}

    def restarted(self) -> "Place":
        """The same after a crash: what was only in memory is gone."""
        desk = open_desk(self.folder, self.clock, real=self.stores[0])
        return Place(self.folder, desk, self.stores, self.zone, self.seq)


def points(store: Store, who: Identity) -> dict[Point, dict[str, Value]]:
    """Return every point of *who* that *store* has."""
    spans = dict.fromkeys(ROLLED, (0, 2**62))
    names = [(who.region, who.school, who.agent)]
    found: dict[Point, dict[str, Value]] = {}
    for one in store.curves(CurvesQuery(spans, IDENTITY_TAGS, names)):
        for name, said in one.fields.items():
            for at, value in said:
                key = one.measurement, tuple(sorted(one.tags.items())), at
                found.setdefault(key, {})[name] = value
    return found


def open_place(request: pytest.FixtureRequest, folder: Path) -> Place:
    """Return a place with the database that the parameter of *request* names, new and empty."""
    endings = ("", "_1h", "_1d")
    stores: list[Store]
    if request.param == "sqlite":
        stores = [SqliteStore(folder / f"store{ending}.db") for ending in endings]
    else:
        server: RealInflux = request.getfixturevalue(request.param)
        bucket = f"rollups_{uuid4().hex[:12]}"
        for ending in endings:
            server.make_bucket(f"{bucket}{ending}")
        stores = [server.store(f"{bucket}{ending}") for ending in endings]
    return Place(folder, open_desk(folder, Clock(), real=stores[0]), stores)


def due(place: Place) -> list[dict[str, Any]]:
    """Return the rows of the queue."""
    with place.desk.books.ledger.transaction() as db:
        cursor = db.execute(
            "SELECT width, agent, start, version, carried FROM rollup_due"
            " JOIN rollup_who ON who = id ORDER BY width, start, agent"
        )
        names = [one[0] for one in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]

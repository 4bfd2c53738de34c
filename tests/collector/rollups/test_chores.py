"""Rolling up beside a running collector: what it says of a database that is not there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from collector.config import read_collector
from collector.rollups import chores
from collector.rollups.chores import Rollups
from collector.rollups.marks import LATENESS
from collector.rollups.times import HOUR, hour_of
from core.types import Reading
from tests.collector.desk import Desk, open_desk
from tests.collector.making import NOW, REGION, Clock
from tests.collector.rollups.place import Place
from tests.real.influx import RealInflux
from tests.waiting import until


@asynccontextmanager
async def working(rollups: Rollups) -> AsyncIterator[None]:
    """Let *rollups* do its work for the length of a `with`."""
    stopping = asyncio.Event()
    tasks = [asyncio.ensure_future(work) for work in rollups.works(stopping)]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


def sqlite(folder: Path, desk: Desk) -> Rollups:
    return opened(folder, desk, "")


def opened(folder: Path, desk: Desk, store: str) -> Rollups:
    file = folder / "collector.toml"
    file.write_text(
        f'kind = "collector"\n[collector]\nregions = ["{REGION}"]\nfolder = "{folder}"\n'
        f"[store]\n{store}"
    )
    books = desk.books
    return Rollups(read_collector(file), desk.store, books.marks, books.counters, desk.clock)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "EVERY_S", 0.02)


def rolled(desk: Desk, width: str) -> Callable[[], bool]:
    return lambda: desk.count("rollups", width) == 1


async def stored_yesterday(place: Place) -> None:
    await place.send(Reading("mem", {"used": 1}, hour_of(NOW) - 26 * HOUR))
    place.clock.at += LATENESS


async def test_hours_and_then_their_days_are_rolled_up_by_themselves(tmp_path: Path) -> None:
    desk = open_desk(tmp_path, Clock())
    await stored_yesterday(Place(tmp_path, desk, []))
    rollups = sqlite(tmp_path, desk)
    async with working(rollups):
        await until(rolled(desk, "hour"), 30)
        desk.clock.at += LATENESS
        await until(rolled(desk, "day"), 30)
        await until(lambda: desk.books.marks.waiting().days == 0, 30)
    assert desk.count("rollup_points", "hour") == desk.count("rollup_points", "day") == 1
    assert {path.name for path in tmp_path.glob("store_*.db")} == {"store_1h.db", "store_1d.db"}
    rollups.close()


async def test_a_database_for_rollups_that_was_never_made_is_said_once_and_waited_for(
    influx: RealInflux, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bucket, token = f"chores_{uuid4().hex[:8]}", tmp_path / "token"
    influx.make_bucket(bucket)
    token.write_text(influx.token)
    token.chmod(0o600)
    desk = open_desk(tmp_path, Clock(), real=influx.store(bucket))
    await stored_yesterday(Place(tmp_path, desk, []))
    rollups = opened(
        tmp_path,
        desk,
        f'type = "influxdb"\nurl = "{influx.url}"\norg = "{influx.org}"\n'
        f'bucket = "{bucket}"\ntoken_file = "token"\n',
    )
    with caplog.at_level(logging.INFO):
        async with working(rollups):
            await until(lambda: desk.count("rollups_failed", "hour") > 2, 30)
            await until(lambda: rollups.waiting.hours == 1, 30)
            said = [r.message for r in caplog.records if "have to wait" in r.message]
            assert len(said) == 1
            assert f"'{bucket}_1h'" in said[0]
            assert "create it" in said[0]
            assert desk.books.door.trouble == ""

            influx.make_bucket(f"{bucket}_1h")
            await until(rolled(desk, "hour"), 30)
            desk.clock.at += LATENESS
            await until(lambda: desk.count("rollups_failed", "day") > 0, 30)
            influx.make_bucket(f"{bucket}_1d")
            await until(rolled(desk, "day"), 30)
            await until(lambda: rollups.waiting.hours + rollups.waiting.days == 0, 30)
    assert "roll_hours works again" in caplog.text
    rollups.close()


async def test_what_is_kept_for_years_goes_after_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(tmp_path, Clock())
    rollups = opened(tmp_path, desk, "keep_hourly_days = 10\nkeep_daily_days = 20\n")
    for store in rollups.stores.values():
        store.write(b"mem used_last=1i %d\n" % (NOW - 5 * 24 * HOUR))
    desk.clock.at += 6 * 24 * HOUR
    await rollups.tidy()
    left = [len(one.last("mem", {}, 0)) for one in rollups.stores.values()]
    assert left == [0, 1]
    rollups.close()

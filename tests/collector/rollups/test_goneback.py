"""A backup of the ledger is put back: what was rolled up since is made up for by itself."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.rollups.goneback import LONGEST, GoneBack
from collector.rollups.marks import LATENESS
from collector.rollups.times import HOUR, hour_of
from core.clock import SECOND
from core.types import Reading
from tests.collector.rollups.place import Place, open_place


class Param:
    """What a fixture of a test would be told."""

    param = "sqlite"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = open_place(Param(), tmp_path)  # type: ignore[arg-type]
    yield found
    for store in found.stores:
        store.close()


def watching(place: Place) -> GoneBack:
    return GoneBack(place.desk.books.ledger, place.stores[0], place.marks, place.clock)


def put_back(place: Place, backup: Path) -> Place:
    place.desk.books.ledger.close()
    for file in place.folder.glob("ledger.db*"):
        file.unlink()
    shutil.copy(backup, place.folder / "ledger.db")
    return place.restarted()


async def say(place: Place, value: int) -> int:
    """Have six readings of one hour stored; return the hour."""
    hour = hour_of(place.clock.at)
    await place.send(*(Reading("mem", {"used": value}, hour + n * 600 * SECOND) for n in range(6)))
    return hour


async def test_hours_that_came_after_a_backup_are_rolled_up_once_it_is_put_back(
    place: Place, tmp_path: Path
) -> None:
    assert watching(place).look() == 0
    backup = tmp_path / "backup.db"
    with (
        closing(sqlite3.connect(tmp_path / "ledger.db")) as source,
        closing(sqlite3.connect(backup)) as copy,
    ):
        source.backup(copy)
    place.clock.at += 2 * HOUR
    hour = await say(place, 5)
    place.clock.at += HOUR

    back = put_back(place, backup)
    gone = watching(back)
    assert gone.look() == 0, "nobody has found out yet"
    back.desk.books.ledger.record_restore("ledger", back.clock.at)
    assert gone.look() > 0
    back.clock.at += LATENESS
    back.roll()
    assert back.hour("mem", hour)["used_max"] == 5
    assert gone.look() == 0
    assert watching(back).look() == 0, "it is made up for once"


async def test_what_another_collector_took_in_is_rolled_up_once_its_region_is_taken_over(
    place: Place, tmp_path: Path
) -> None:
    """A ledger that has just begun knows nobody, so the store is asked who said anything."""
    hour = await say(place, 7)
    place.clock.at += HOUR
    place.desk.books.ledger.close()
    for file in tmp_path.glob("ledger.db*"):
        file.unlink()
    mine = place.restarted()
    gone = watching(mine)
    mine.desk.books.ledger.record_restore("takeover", mine.clock.at)
    assert gone.look() == LONGEST // HOUR + 1
    mine.clock.at += LATENESS
    mine.roll()
    assert mine.hour("mem", hour)["used_max"] == 7


async def test_a_store_that_went_back_keeps_the_rollups_of_what_it_lost(place: Place) -> None:
    gone = watching(place)
    await say(place, 1)
    place.desk.books.ledger.record_restore("store", place.clock.at)
    assert gone.look() == 0

"""Ended by SIGKILL at each moment between the store and the rollup, and started again."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collector.rollups.marks import LATENESS
from collector.rollups.times import HOUR, hour_of
from collector.store.sqlite import SqliteStore
from tests.collector.desk import open_desk
from tests.collector.making import NOW, Clock
from tests.collector.rollups.mortal import MESSAGE, MOMENTS
from tests.collector.rollups.place import Place


@pytest.mark.parametrize("moment", MOMENTS)
async def test_no_hour_is_lost_whenever_the_collector_is_killed(
    moment: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.collector.rollups.mortal", str(tmp_path), moment]
    ended = subprocess.run(command, timeout=120, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr

    stores = [SqliteStore(tmp_path / f"store{end}.db") for end in ("", "_1h", "_1d")]
    place = Place(tmp_path, open_desk(tmp_path, Clock(NOW), real=stores[0]), stores)
    await place.desk.take(MESSAGE)  # the agent sends again what it has no receipt for
    for _ in range(3):
        place.clock.at += LATENESS
        place.roll()
    assert place.hour("mem", hour_of(NOW) - 10 * HOUR) == {
        "used_min": 7,
        "used_max": 7,
        "used_mean": 7.0,
        "used_last": 7,
        "used_count": 1,
        "used_known": 600.0,
    }
    assert len(place.daily()) == 1
    for store in stores:
        store.close()

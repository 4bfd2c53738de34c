"""`schoolwatch collector rollup`: by hand, again, beside a running collector or without one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector import operating
from collector.cli import main
from collector.parts import LOCK
from collector.rollups.again import moment
from collector.rollups.times import HOUR, hour_of
from core import clock
from core.clock import SECOND, rfc3339
from core.errors import ConfigError
from core.lock import hold
from core.types import Reading
from tests.collector.desk import open_desk
from tests.collector.making import REGION, Clock
from tests.collector.rollups.place import Place, open_place

NOW = clock.now()
THEN = hour_of(NOW) - 50 * HOUR


class Param:
    """What a fixture of a test would be told."""

    param = "sqlite"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A collector that stored six hours of readings two days ago, and then was stopped."""
    found = open_place(Param(), tmp_path)  # type: ignore[arg-type]
    found.desk = open_desk(tmp_path, Clock(NOW), real=found.stores[0])
    yield found
    for store in found.stores:
        store.close()


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "collector.toml"
    file.write_text(
        f'kind = "collector"\n[collector]\nregions = ["{REGION}"]\nfolder = "{tmp_path}"\n'
    )
    return str(file)


async def fill(place: Place, value: int = 1) -> None:
    await place.send(*(Reading("mem", {"used": value}, THEN + n * 600 * SECOND) for n in range(36)))


async def test_a_range_is_rolled_up_without_a_running_collector(
    place: Place, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(place)
    with place.desk.books.ledger.transaction() as db:
        db.execute("DELETE FROM rollup_due")
    words = ["collector", "rollup", "--config", config, "--from"]
    assert main([*words, rfc3339(THEN + HOUR), "--to", rfc3339(THEN + 3 * HOUR)]) == 0
    said = capsys.readouterr().out
    assert "2 hours of 1 agents" in said
    assert [(at - THEN) // HOUR for _, _, at in place.hourly()] == [1, 2, 3]
    assert place.daily()
    assert place.hour("mem", THEN + HOUR)["used_count"] == 6

    before = place.hourly(), place.daily()
    assert main([*words, rfc3339(THEN + HOUR), "--to", rfc3339(THEN + 3 * HOUR)]) == 0
    assert (place.hourly(), place.daily()) == before
    assert place.marks.waiting() == type(place.marks.waiting())()


async def test_a_running_collector_is_left_to_do_it(
    place: Place,
    config: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await fill(place)
    # "Until now" is the hour in which THEN was worked out, however long ago that was.
    monkeypatch.setattr(clock, "now", lambda: NOW)
    place.clock.at += 200 * SECOND
    place.roll()
    monkeypatch.setattr(operating, "_refusal", lambda *_: "")
    with hold(tmp_path / LOCK, "collector", "[collector] folder"):
        assert main(["collector", "rollup", "--config", config, "--from", rfc3339(THEN)]) == 0
    assert "the running collector does it" in capsys.readouterr().out
    assert place.marks.waiting().hours == 51
    assert sum(step.agents for step in place.roll()) >= 51


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "yesterday"], "'yesterday' is neither a day"),
        (["--from", "2026-11-22T08:00:00"], "nor a time with its zone"),
        (["--from", "2026-11-22", "--to", "2026-11-21"], "ends before it begins"),
        (["--from", "2100-01-01"], "lies in the future"),
    ],
)
def test_a_range_that_is_none_is_a_sentence(
    words: list[str], said: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["collector", "rollup", "--config", config, *words]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_a_collector_is_a_sentence(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["collector", "rollup", "--config", config, "--from", "2026-11-01"]) == 2
    assert "no collector has run" in capsys.readouterr().err


def test_a_day_is_one_of_the_district() -> None:
    assert moment("2026-11-22", ZoneInfo("Asia/Shanghai")) == 1_795_276_800 * SECOND
    assert moment("2026-11-22T00:00:00Z", ZoneInfo("Asia/Shanghai")) == 1_795_305_600 * SECOND
    with pytest.raises(ConfigError):
        moment("", ZoneInfo("Asia/Shanghai"))


async def test_a_ledger_in_use_by_another_program_is_a_sentence(
    place: Place,
    config: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collector.ledgerfile._BUSY_S", 0.1)
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert main(["collector", "rollup", "--config", config, "--from", "2026-11-01"]) == 2
    assert "locked" in capsys.readouterr().err

"""A start with files that a power cut left half saved: what was last taken goes on."""

import json
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from collector import filewatch, rosterchores
from collector.app import Collector
from collector.cli import main
from collector.config import CollectorConfig, read_collector, read_to_start
from core.alerts import AlertKey
from core.errors import ConfigError
from tests.alerts.people.made import account, cheap_hashes, write
from tests.collector.making import REGION, WHO
from tests.collector.played import running
from tests.real.brokers import RealBroker
from tests.waiting import until

MONDAY = date(2026, 11, 23)
PLACE = f"{REGION}/{WHO.school}"
CONFIG = """
kind = "collector"
[collector]
id = "d1"
regions = ["{region}"]
folder = "collector"
[broker]
port = {port}
[roster]
file = "roster.csv"
[alerts]
rules_file = "rules.toml"
routing_file = "routing.toml"
calendar_file = "calendar.toml"
accounts_file = "accounts.toml"
"""
FILES = {
    "roster.csv": f"region,school,name,status\n{REGION},{WHO.school},一小,open\n",
    "rules.toml": 'kind = "rules"\n[override.disk_full]\nabove = 50\nrecover = 40\n',
    "routing.toml": 'kind = "routing"\n[[receiver]]\nname = "centre"\nowner = "operator"\n'
    'channels = ["console"]\n',
    "calendar.toml": 'kind = "calendar"\n[[timetable_file]]\nfile = "timetable.csv"\n'
    f'region = "{REGION}"\nschool = "{WHO.school}"\n',
    "timetable.csv": "room,weekday,start,end,type\n302,Mon,08:00,08:40,live\n",
}
EDITED = (*FILES, "accounts.toml")
WATCHED = {*EDITED} - {"roster.csv"}
"""Of the roster the audit log has kinds of its own (test_rosterchores.py)."""


def half(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 4] + b"\n[[[")


def emptied(file: Path) -> None:
    file.write_bytes(b"")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)
    monkeypatch.setattr(filewatch, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(rosterchores, "LOOK_EVERY_S", 0.05)


def made(folder: Path, port: int) -> Path:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    write(folder / "accounts.toml", account("zhang", "district"))
    (folder / "collector.toml").write_text(CONFIG.format(region=REGION, port=port))
    return folder / "collector.toml"


def in_force(collector: Collector) -> tuple[str, float, list[str], list[str]]:
    """School, figure, receiver and lesson, as the files say."""
    alerting = collector.alerting
    (rule,) = [rule for rule in alerting.rules.now.rules if rule.name == "disk_full"]
    routing = alerting._routes.at_start
    assert routing
    hops = routing.decide(AlertKey("line_down", PLACE), "P2", "operator", 0).hops
    lessons = [one.lesson.room for one in alerting.times.held(MONDAY, PLACE) if one.lesson]
    (school,) = collector.picture().schools
    limit = float(rule.of.limit)  # type: ignore[union-attr]
    return school.name, limit, [hop.receiver for hop in hops], lessons


def recorded(collector: Collector, kind: str) -> list[str]:
    rows = [json.loads(row.body) for row in collector.books.journal.rows.after(0, 9_999)]
    return [row["target"] for row in rows if row["kind"] == kind]


@pytest.mark.parametrize("damage", [half, emptied, Path.unlink])
async def test_whatever_a_power_cut_did_to_the_files_the_next_start_goes_on(
    mosquitto: RealBroker,
    tmp_path: Path,
    damage: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = made(tmp_path, mosquitto.port)
    wanted = ("一小", 50.0, ["centre"], ["302"])
    async with running(read_to_start(file)) as collector:
        assert in_force(collector) == wanted
        assert collector.people().accounts.get("zhang")
        await until(lambda: collector.counts().get(("rosters_taken", "")) == 1, 20)
    good = {name: (tmp_path / name).read_bytes() for name in EDITED}
    for name in EDITED:
        damage(tmp_path / name)
    with pytest.raises(ConfigError, match=r"collector.toml:\d+: .*routing.toml"):
        read_collector(file)

    for _ in range(2):
        caplog.clear()
        async with running(read_to_start(file)) as again:
            assert in_force(again) == wanted
            assert not again.people().accounts
            await until(lambda: {*recorded(again, "config_unreadable")} >= WATCHED, 20)
            assert in_force(again) == wanted
        for name in ("rules.toml", "routing.toml", "calendar.toml"):
            assert f"{name} cannot be used, so what was last taken goes on" in caplog.text
        assert "accounts.toml cannot be used, so nobody can sign in until it can" in caplog.text
        if damage is half:
            assert "rules.toml:3:3: not TOML" in caplog.text

    kept = [*(tmp_path / "collector").glob("*.last")]
    assert {one.name.removesuffix(".last") for one in kept} == {
        *("roster", "rules", "routing", "calendar"),
    }
    for one in kept:
        assert stat.S_IMODE(one.stat().st_mode) == 0o600
        assert b"scrypt" not in one.read_bytes(), "no copy of a password"

    async with running(read_to_start(file)) as mended:
        before = len(recorded(mended, "config_taken"))
        for name, content in good.items():
            (tmp_path / name).write_bytes(content)
        (tmp_path / "accounts.toml").chmod(0o600)
        await until(lambda: mended.people().accounts.get("zhang") is not None, 20)
        await until(lambda: len(recorded(mended, "config_taken")) > before, 20)
    read_collector(file)


async def test_files_of_a_calendar_that_are_whole_are_taken_beside_one_that_is_not(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    file = made(tmp_path, mosquitto.port)
    async with running(read_to_start(file)):
        pass
    emptied(tmp_path / "timetable.csv")
    holiday = '[[holiday]]\nname = "x"\nfirst = 2026-11-24\nlast = 2026-11-24\n'
    with (tmp_path / "calendar.toml").open("a") as text:
        text.write(holiday)
    async with running(read_to_start(file)) as collector:
        times = collector.alerting.times
        assert times.day(date(2026, 11, 24)).lessons > 0
        await until(lambda: not times.day(date(2026, 11, 24)).lessons, 20)
        assert len(times.held(MONDAY, PLACE)) == 1


def test_the_commands_that_run_start_in_spite_of_a_broken_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, started = made(tmp_path, 1), list[CollectorConfig]()
    for name in EDITED:
        emptied(tmp_path / name)

    async def run(config: CollectorConfig, *_: object, **__: object) -> None:
        started.append(config)

    monkeypatch.setattr("collector.app.run", run)
    monkeypatch.setattr("collector.watchdog.app.run", run)
    for command in ("run", "watch"):
        assert main(["collector", command, "--config", str(file)]) == 0
    assert [config.alerts.routing_file for config in started] == [tmp_path / "routing.toml"] * 2


@pytest.mark.parametrize("name", sorted({*FILES}))
def test_where_a_file_was_never_good_a_start_is_refused_with_its_name(
    tmp_path: Path, name: str
) -> None:
    file = made(tmp_path, 1)
    emptied(tmp_path / name)
    (tmp_path / "collector").mkdir()
    with pytest.raises(ConfigError, match=name):
        Collector(read_to_start(file))


def test_a_copy_that_is_damaged_too_does_not_hide_what_is_wrong_with_the_file(
    tmp_path: Path,
) -> None:
    file = made(tmp_path, 1)
    (tmp_path / "collector").mkdir()
    (tmp_path / "collector/calendar.last").write_bytes(b"\xc1")
    (tmp_path / "timetable.csv").unlink()
    with pytest.raises(ConfigError, match=r"timetable.csv: cannot be read"):
        Collector(read_to_start(file))


def test_before_a_start_each_file_that_is_missing_is_named_with_its_line(tmp_path: Path) -> None:
    file = made(tmp_path, 1)
    named = [name for name in EDITED if name != "timetable.csv"]
    for name in named:
        (tmp_path / name).unlink()
    with pytest.raises(ConfigError) as refused:
        read_collector(file)
    lines = CONFIG.format(region=REGION, port=1).splitlines()
    for name in named:
        (line,) = [number for number, text in enumerate(lines, 1) if name in text]
        assert f"collector.toml:{line}: [" in str(refused.value)
        assert f"{tmp_path / name} is not there" in str(refused.value)

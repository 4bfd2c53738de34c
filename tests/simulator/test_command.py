"""`schoolwatch simulate` as people type it: several processes, clean stops, and what is refused."""

import json
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from collector.store.base import RangeQuery
from core import clock
from simulator.play.parts import Part, processes_for
from simulator.scenario import DistrictTable, Scenario
from tests.collector.making import REGION
from tests.collector.played import config
from tests.collector.played import running as collecting
from tests.real.brokers import RealBroker
from tests.real.influx import RealInflux
from tests.waiting import until, until_sync

SIMULATE = (sys.executable, "-m", "schoolwatch", "simulate")


def said(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [*SIMULATE, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


async def test_a_play_ends_cleanly_when_the_present_is_reached(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(f'kind = "scenario"\ndays.always = true\ndistrict.regions = ["{REGION}"]\n')
    truth, roster = tmp_path / "truth.jsonl", tmp_path / "roster.csv"
    words = ["run", "--scenario", scenario, "--schools", 3, "--port", mosquitto.port]
    words += ["--folder", tmp_path / "play", "--speed", 300, "--since", "20m", "--until-now"]
    words += ["--truth", truth, "--roster", roster, "--json"]
    async with collecting(config(tmp_path / "collector", mosquitto.port)) as collector:
        process = subprocess.Popen([*SIMULATE, *map(str, words)], stdout=subprocess.PIPE)
        await until(lambda: process.poll() is not None, 120)
        assert process.stdout is not None
        done = json.loads(process.stdout.read())
        assert process.returncode == 0
        assert (done["agents"], done["waiting"]) == (4, 0)
        query = RangeQuery("cpu", "usage_user", 0, 2**62, group_by=("school",))
        schools = {one.tags["school"] for one in collector.store.range(query)}
        assert schools == {"s0001", "s0002", "s0003"}
    assert len(roster.read_text().splitlines()) == 4
    told = [json.loads(line) for line in truth.read_text().splitlines()]
    assert {one["what"] for one in told} == {"line", "school", "room", "indicator"}


def test_ctrl_c_stops_a_play_with_a_last_word(mosquitto: RealBroker, tmp_path: Path) -> None:
    words = ["run", "--schools", 2, "--port", mosquitto.port, "--folder", tmp_path]
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = subprocess.Popen([*SIMULATE, *map(str, words)], stdout=file, stderr=file)
    until_sync(lambda: len(list(tmp_path.rglob("spool.db"))) == 3, 60)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert "3 agents, " in output.read_text()
    assert "Traceback" not in output.read_text()


def test_more_agents_than_one_process_can_play_are_parted_without_one_left_out() -> None:
    schools = Scenario(district=DistrictTable(schools=300)).schools()
    count = processes_for(schools)
    parts = [Part(number, count).schools(schools) for number in range(count)]
    assert sorted(one.number for part in parts for one in part) == list(range(300))
    assert max(sum(len(one.agents) for one in part) for part in parts) <= 150
    assert processes_for(schools[:24]) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["history", "--schools", 1], "name the store: either --influx URL or --sqlite FILE"),
        (["run", "--since", "long"], "--since 'long' is no length as 90s, 5m, 2h or 1d"),
        (["run", "--scenario", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["hystory"], "No such command 'hystory'"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(words: list[object], sentence: str) -> None:
    done = said(*words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_history_in_influxdb_says_what_its_truth_says(influx: RealInflux, tmp_path: Path) -> None:
    bucket = f"simulated{influx.version}"
    for part in ("", "_1h", "_1d"):
        influx.make_bucket(f"{bucket}{part}")
    token, truth = tmp_path / "token", tmp_path / "truth.jsonl"
    token.write_text(influx.token)
    token.chmod(0o600)
    # On a Sunday some schools have nothing switched on.
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('kind = "scenario"\ndays.always = true\n')
    words = ["history", "--scenario", scenario, "--schools", 6, "--days", 2, "--processes", 2]
    words += ["--influx", influx.url]
    words += ["--token-file", token, "--org", influx.org, "--bucket", bucket, "--truth", truth]
    done = said(*words, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["schools"] == 6

    told = [json.loads(line) for line in truth.read_text().splitlines()]
    days = {
        (one["indicator"], one["at"]): one
        for one in told
        if one["what"] == "indicator"
        and (one["region"], one["area"], one["window"]) == ("all", "all", "day")
    }
    with closing(influx.store(f"{bucket}_1d")) as daily:
        tags = {"region": "all", "area": "all", "window": "day"}
        for field in ("numerator", "denominator", "met", "total"):
            query = RangeQuery("indicator", field, 0, 2**62, tags=tags, group_by=("indicator",))
            stored = {
                (series.tags["indicator"], clock.rfc3339(at)): value
                for series in daily.range(query)
                for at, value in series.points
            }
            today = max(at for _, at in days)  # it goes on
            expected = {key: one[field] for key, one in days.items() if key[1] != today}
            assert {key: value for key, value in stored.items() if key[1] != today} == expected
    schools = {f"s{number:04d}" for number in range(1, 7)}
    for part in ("", "_1h", "_1d"):
        with closing(influx.store(f"{bucket}{part}")) as store:
            found = store.last("cpu", {"agent": "server-room"}, 0)
            assert {one.tags["school"] for one in found} == schools


def test_a_store_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = said("history", "--schools", 1, "--days", 1, "--influx", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "http://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr

"""`schoolwatch up` as a person uses it: the real programs, on free ports, in an empty folder."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from collector.trial.layout import Layout
from collector.trial.up import Trial, broker_plan
from core.errors import StartError
from tests.processes import alive
from tests.real import chromium
from tests.real.brokers import free_port
from tests.waiting import until_sync


@dataclass
class Up:
    """One `schoolwatch up`; `said` is everything that it printed so far."""

    folder: Path
    http_port: int
    process: "subprocess.Popen[bytes]"
    output: Path

    def said(self) -> str:
        return self.output.read_text()

    def until_up(self) -> None:
        until_sync(lambda: "monitored now" in self.said() or self.process.poll() is not None, 60)
        assert self.process.poll() is None, self.said()

    def children(self) -> dict[str, int]:
        """Return the process of each part."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            words = " ".join(child.cmdline())
            parts = {"collector run": "collector", "agent run": "agent"}
            parts |= {"simulate run": "simulator", "collector watch": "watchdog"}
            parts |= {"collector.trial.desk": "desk"}
            name = next((name for part, name in parts.items() if part in words), "broker")
            found[name] = child.pid
        return found

    def get(self, path: str) -> Any:
        address = f"http://127.0.0.1:{self.http_port}{path}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address) as answer:
            return json.load(answer)

    def points(self, since: int = 0) -> int:
        """Return how many memory readings are stored."""
        who = "region=000000&school=trial&agent=" + self.agent()["agent"]
        words = f"{who}&measurement=mem&field=total&start={since}&aggregate=count"
        series = self.get(f"/api/v1/series?{words}")["series"]
        return sum(int(value) for one in series for _, value in one["points"])

    def agent(self) -> Any:
        (school,) = self.get("/api/v1/live")["schools"]
        (agent,) = school["agents"]
        return agent

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(40)


Start = Callable[..., Up]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Up] = []

    def run(*words: str, folder: Path = tmp_path / "var", http_port: int = 0) -> Up:
        http_port = http_port or free_port()
        ports = [
            "--http-port",
            http_port,
            "--mqtt-port",
            free_port(),
            "--mqtt-port-v3",
            free_port(),
        ]
        command = [sys.executable, "-P", "-m", "schoolwatch", "up", "--folder", folder]
        output = tmp_path / f"output-{len(started)}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*map(str, [*command, *ports]), *words], cwd=tmp_path, stdout=file, stderr=file
            )
        started.append(Up(folder, http_port, process, output))
        return started[-1]

    yield run
    for up in started:
        up.process.kill()  # its children go with it
        up.process.wait()


@pytest.mark.parametrize(
    "broker",
    [
        pytest.param("mosquitto", marks=pytest.mark.real("mosquitto")),
        pytest.param("embedded", marks=[pytest.mark.real("embedded"), pytest.mark.slow]),
    ],
)
def test_this_machine_is_shown_and_the_next_start_goes_on_where_the_first_ended(
    start: Start, broker: str
) -> None:
    first = start("--broker", broker)
    first.until_up()
    assert first.agent()["state"] == "up"
    assert f"page      http://127.0.0.1:{first.http_port}/" in first.said()
    children = first.children()
    # Changes of state come at once, and memory with the next batch.
    until_sync(lambda: first.points() >= 1, 30)
    before = first.points()
    assert first.end() == 0
    assert not any(map(alive, children.values()))

    second = start("--broker", broker)
    second.until_up()
    until_sync(lambda: second.points() > before, 30)
    assert second.end(signal.SIGTERM) == 0


@pytest.mark.real("mosquitto")
def test_a_made_up_district_fills_the_page_and_its_agents_say_good_bye(start: Start) -> None:
    up = start("--demo", "--schools", "8")
    up.until_up()
    live = up.get("/api/v1/live")["schools"]
    assert len(live) == 8
    assert all(school["in_roster"] and not school["missing_owners"] for school in live)
    assert len({school["name"] for school in live}) == 8

    def measured() -> set[str]:
        found = up.get("/api/v1/latest?region=000000&school=s0003&agent=server-room")["values"]
        return {value["measurement"] for value in found}

    until_sync(lambda: measured() >= {"cpu", "disk", "ping", "http_response", "bandwidth"}, 30)
    assert sorted(up.children()) == ["broker", "collector", "desk", "simulator", "watchdog"]
    assert up.end() == 0
    # What has no receipt yet waits on the disk, as it does with a real agent.
    said = (up.folder / "demo/log/simulator.log").read_text()
    assert re.search(
        r"^9 agents, \d+ readings; \d+ batches wait in .* for the next start$", said, re.M
    )


@pytest.mark.slow
@pytest.mark.real("mosquitto")
def test_a_made_up_district_shows_what_people_do_with_alerts(start: Start) -> None:
    up = start("--demo", "--schools", "8")
    up.until_up()

    def shown() -> tuple[bool, bool]:
        """Return whether an alert is acknowledged, and one silenced."""
        found = up.get("/api/v1/alerts?rule=disk_full")["open"]
        acked = any(one["acked"] for one in found)
        return acked, any(one["muted_by"].startswith("silence:") for one in found)

    until_sync(lambda: shown() == (True, True), 180)
    assert stat.S_IMODE((up.folder / "demo/trial/login").stat().st_mode) == 0o600
    assert up.end() == 0


@pytest.mark.slow
@pytest.mark.real("mosquitto")
def test_a_made_up_district_shows_the_rooms_of_its_schools(start: Start) -> None:
    up = start("--demo", "--schools", "2")
    up.until_up()

    def rooms() -> set[str]:
        """Return the rooms of a school of which somebody can tell how they are."""
        found = up.get("/api/v1/rooms?school=s0001")["rooms"]
        return {one["room"] for one in found if one["state"] != "unknown"}

    until_sync(lambda: rooms() == {"101", "102"}, 120)
    assert up.end() == 0


def test_an_influxdb_without_the_demo_is_a_sentence(start: Start) -> None:
    up = start("--influx", "http://127.0.0.1:8086")
    assert up.process.wait(20) == 2
    assert "--influx belongs to --demo" in up.said()


HOARD = "import sys; held = b'x' * int(sys.argv[1]); print(flush=True); sys.stdin.read()"


@contextmanager
def hoarded(size: int) -> Iterator[None]:
    """Have *size* bytes of this machine's memory in use for the length of the block."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOARD, str(size)], stdin=pipe, stdout=pipe) as it:
        assert it.stdout is not None
        it.stdout.readline()
        yield


@pytest.mark.slow
@pytest.mark.real("chromium")
def test_what_this_machines_own_counters_say_arrives_on_the_page(start: Start) -> None:
    if not chromium.found():
        pytest.skip(f"there is no {chromium.MISSING}")
    up = start()
    up.until_up()
    with chromium.browser() as page:
        page.open(f"http://127.0.0.1:{up.http_port}/?lang=en")
        total = psutil.virtual_memory().total
        page.until_text(f"{total / 2**30:.1f}\N{NO-BREAK SPACE}GiB", "#value-mem")

        def used() -> float:
            return float(page.text("#value-mem .big").rstrip("%"))

        before = used()
        with hoarded(total // 10):
            until_sync(lambda: used() > before + 6, 60)
        until_sync(lambda: used() < before + 4, 60)
        assert page.complaints() == []


@pytest.mark.slow
def test_what_dies_comes_back_and_nothing_outlives_a_killed_parent(start: Start) -> None:
    up = start()
    up.until_up()
    for name in ("collector", "agent", "broker", "watchdog"):
        os.kill(up.children()[name], signal.SIGKILL)
        until_sync(lambda name=name: f"{name} is back" in up.said(), 60)  # type: ignore[misc]
        assert f"{name} was killed by SIGKILL; starting it again in" in up.said()
    children = up.children()
    assert sorted(children) == ["agent", "broker", "collector", "watchdog"]

    up.process.kill()
    until_sync(lambda: not any(map(alive, children.values())), 30)


def test_a_taken_port_or_folder_is_a_sentence_and_nothing_is_started(start: Start) -> None:
    up = start()
    up.until_up()
    same_port = start(folder=up.folder.parent / "other", http_port=up.http_port)
    same_folder = start()
    assert (same_port.process.wait(20), same_folder.process.wait(20)) == (2, 2)

    collector = f"(process {up.children()['collector']})"
    assert f"port {up.http_port} is taken by" in same_port.said()
    assert f"{collector}. Free it, or choose another port with --http-port" in same_port.said()
    assert f"pid {up.process.pid}" in same_folder.said()
    assert "--folder" in same_folder.said()
    for said in (same_port.said(), same_folder.said()):
        assert "starting" not in said
        assert "Traceback" not in said
    assert up.agent()["state"] == "up"


def test_a_mistake_in_a_file_that_a_person_changed_is_shown_before_anything_starts(
    start: Start, tmp_path: Path
) -> None:
    mine = tmp_path / "var" / "trial" / "collector.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text('kind = "collector"\n[colector]\nid = "trial"\n')
    up = start()
    assert up.process.wait(20) == 2
    assert f"keeping {mine} as you changed it" in up.said()
    assert "did you mean" in up.said()
    assert "starting" not in up.said()


def test_a_folder_that_cannot_be_used_is_a_sentence(start: Start, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "trial").touch()
    up = start()
    assert up.process.wait(20) == 2
    assert f"cannot use {tmp_path / 'var' / 'trial'}" in up.said()
    assert "--folder" in up.said()
    assert "Traceback" not in up.said()


def test_a_part_that_cannot_start_is_named_with_its_own_words(start: Start, tmp_path: Path) -> None:
    (tmp_path / "var" / "collector" / "ledger.db").mkdir(parents=True)
    up = start()
    assert up.process.wait(40) == 1
    assert "collector ended with exit code" in up.said()
    assert "Its last words:" in up.said()


def test_who_wants_mosquitto_and_has_none_is_told_how_to_get_it(tmp_path: Path) -> None:
    wanted = Trial(tmp_path, broker="mosquitto")
    with pytest.raises(StartError, match="apt-get install mosquitto"):
        broker_plan(wanted, Layout(tmp_path), find=lambda: None)


def test_without_mosquitto_the_embedded_broker_is_taken_and_needs_two_ports(
    tmp_path: Path,
) -> None:
    plan = broker_plan(Trial(tmp_path), Layout(tmp_path), find=lambda: None, is_there=bool)
    assert plan.ports == {"--mqtt-port": 18883, "--mqtt-port-v3": 18884}
    assert "collector.trial.embedded" in plan.command


def test_a_machine_without_any_broker_is_told_both_ways(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"apt-get install mosquitto.*schoolwatch\[trial\]"):
        broker_plan(Trial(tmp_path), Layout(tmp_path), lambda: None, lambda _: None)

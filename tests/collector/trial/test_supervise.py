"""The whole trial as a process: signals, an end that leaves nothing, and parts that fail."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.trial.supervise import HURRY_AFTER_S, Wish
from tests.processes import alive, pid_in
from tests.waiting import until_sync

ROOT = Path(__file__).parents[3]
NAMES = ("broker", "collector", "agent")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(*parts: str, patience: float = 20) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.collector.trial.standin"]
        command += [str(tmp_path), str(patience), *parts]
        trial = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(trial)
        return trial

    yield run
    for trial in started:
        trial.kill()
        trial.wait()
        if trial.stdout:
            trial.stdout.close()


def pids(folder: Path) -> list[int]:
    return [pid_in(path) for path in folder.glob("*.pid")]


def until_all_up(folder: Path) -> None:
    until_sync((folder / "all up").exists)


GOOD = [f"{name}=good" for name in NAMES]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_agent_first_and_the_broker_last(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    trial = start(*GOOD)
    until_all_up(tmp_path)
    trial.send_signal(number)
    said, _ = trial.communicate(timeout=20)
    assert trial.returncode == 0
    assert (tmp_path / "stopped").read_text().split() == ["agent", "collector", "broker"]
    assert said.splitlines()[:4] == [*(f"starting {name}" for name in NAMES), "all up"]
    assert not any(map(alive, pids(tmp_path)))


def test_a_parent_killed_with_9_takes_its_children_along(start: Start, tmp_path: Path) -> None:
    trial = start(*GOOD)
    until_all_up(tmp_path)
    trial.kill()
    until_sync(lambda: not any(map(alive, pids(tmp_path))))
    assert not (tmp_path / "stopped").exists()


def test_a_part_that_never_comes_up_is_named_with_its_last_words(
    start: Start, tmp_path: Path
) -> None:
    trial = start("broker=good", "collector=slow", "agent=good", patience=1)
    said, _ = trial.communicate(timeout=20)
    assert trial.returncode == 1
    assert "collector was not up in time. Its last words:\n    still thinking\n" in said
    assert (tmp_path / "stopped").read_text().split() == ["broker"]
    assert not (tmp_path / "agent.pid").exists()
    assert not any(map(alive, pids(tmp_path)))


def test_a_part_that_dies_while_starting_ends_the_start_at_once(
    start: Start, tmp_path: Path
) -> None:
    trial = start("broker=good", "collector=dying", patience=60)
    said, _ = trial.communicate(timeout=20)
    assert trial.returncode == 1
    assert "collector ended with exit code 3. Its last words:\n    the disk is full\n" in said
    assert str(tmp_path / "collector.log") in said


def test_stopping_while_something_still_starts_is_no_error(start: Start, tmp_path: Path) -> None:
    trial = start("broker=good", "collector=slow")
    until_sync(lambda: pid_in(tmp_path / "collector.pid"))
    trial.terminate()
    said, _ = trial.communicate(timeout=20)
    assert trial.returncode == 0
    assert "all up" not in said
    assert not any(map(alive, pids(tmp_path)))


def test_a_part_that_dies_later_is_started_again(start: Start, tmp_path: Path) -> None:
    trial = start(*GOOD)
    until_all_up(tmp_path)
    first = pid_in(tmp_path / "collector.pid")
    (tmp_path / "collector.up").unlink()
    subprocess.run(["kill", "-9", str(first)], check=True)
    until_sync((tmp_path / "collector.up").exists)
    assert pid_in(tmp_path / "collector.pid") != first
    trial.terminate()
    said, _ = trial.communicate(timeout=20)
    assert "collector was killed by SIGKILL; starting it again in 1 s\n" in said
    assert trial.returncode == 0


def test_a_second_ctrl_c_does_not_wait_for_the_deaf(start: Start, tmp_path: Path) -> None:
    trial = start("broker=deaf", "collector=deaf")
    until_all_up(tmp_path)
    trial.send_signal(signal.SIGINT)
    time.sleep(2 * HURRY_AFTER_S)  # a person's second press comes later than a wrapper's
    trial.send_signal(signal.SIGINT)
    said, _ = trial.communicate()
    assert said.splitlines()[-2:] == ["collector killed", "broker killed"]
    assert trial.returncode == 0
    assert not any(map(alive, pids(tmp_path)))


def test_nobody_reading_any_more_does_not_leave_processes(start: Start, tmp_path: Path) -> None:
    trial = start(*GOOD)
    assert trial.stdout
    trial.stdout.close()
    until_all_up(tmp_path)
    trial.terminate()
    assert trial.wait(20) == 0
    assert (tmp_path / "stopped").read_text().split() == ["agent", "collector", "broker"]


def test_a_closed_output_is_no_reason_to_stop(tmp_path: Path) -> None:
    python = [sys.executable, "-m", "tests.collector.trial.standin", str(tmp_path), "20", *GOOD]
    command = ["/bin/sh", "-c", 'exec "$0" "$@" >&-', *python]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as trial:
        until_all_up(tmp_path)
        trial.terminate()
        _, complaints = trial.communicate(timeout=20)
    assert (trial.returncode, complaints) == (0, "")
    assert not any(map(alive, pids(tmp_path)))


def test_one_ctrl_c_passed_on_twice_does_not_mean_hurry() -> None:
    times = iter([0.0, 0.1, 3.0])
    wish = Wish(times.__next__)
    assert not wish.stop
    wish.heard(signal.SIGINT)
    wish.heard(signal.SIGINT)
    assert (wish.stop, wish.hurry) == (True, False)
    wish.heard(signal.SIGINT)
    assert wish.hurry


def test_a_terminal_that_closes_does_not_mean_hurry() -> None:
    times = iter([0.0, 3.0])
    wish = Wish(times.__next__)
    wish.heard(signal.SIGHUP)
    wish.heard(signal.SIGHUP)
    assert not wish.hurry

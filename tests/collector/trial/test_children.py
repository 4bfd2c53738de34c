"""One process of the trial: watched, started again, ended for good."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from collector.trial.children import Child, Part
from tests.processes import alive, pid_in
from tests.waiting import until_sync


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def said() -> list[str]:
    return []


def script(folder: Path, text: str) -> Part:
    up = folder / "up"
    command = ["/bin/sh", "-c", f"cd '{folder}'; {text}"]
    return Part("the agent", command, folder / "agent.log", lambda _: up.exists())


@pytest.fixture
def ended() -> Iterator[list[Child]]:
    children: list[Child] = []
    yield children
    for child in children:
        child.stop(lambda: True)


def die_and_tend(child: Child, clock: Clock, after: float) -> None:
    until_sync(child.end)
    clock.time += after
    child.tend()


def test_a_process_that_keeps_dying_is_started_again_after_ever_longer_pauses(
    tmp_path: Path, said: list[str], ended: list[Child]
) -> None:
    clock = Clock()
    child = Child(script(tmp_path, "exit 3"), said.append, clock)
    ended.append(child)
    child.start()
    for pause in (1, 2, 4, 8, 16, 30, 30):
        die_and_tend(child, clock, 0.5)
        assert said.pop() == f"the agent ended with exit code 3; starting it again in {pause} s"
        before = (tmp_path / "agent.log").read_text().count("started")
        die_and_tend(child, clock, pause - 0.1)
        assert (tmp_path / "agent.log").read_text().count("started") == before
        die_and_tend(child, clock, 0.2)
        assert (tmp_path / "agent.log").read_text().count("started") == before + 1


def test_a_minute_of_health_makes_the_next_pause_short_again(
    tmp_path: Path, said: list[str], ended: list[Child]
) -> None:
    clock = Clock()
    child = Child(script(tmp_path, "exit 0"), said.append, clock)
    ended.append(child)
    child.start()
    for lived, pause in ((1.0, 1), (1.0, 2), (61.0, 1)):
        die_and_tend(child, clock, lived)
        assert said.pop().endswith(f"again in {pause} s")
        die_and_tend(child, clock, pause)


def test_a_process_that_was_killed_is_said_once_and_welcomed_back(
    tmp_path: Path, said: list[str], ended: list[Child]
) -> None:
    clock = Clock()
    child = Child(script(tmp_path, "kill -9 $$"), said.append, clock)
    ended.append(child)
    child.start()
    die_and_tend(child, clock, 0)
    child.tend()
    assert said == ["the agent was killed by SIGKILL; starting it again in 1 s"]

    child.part = script(tmp_path, "touch up; exec sleep 60")
    clock.time += 1
    child.tend()
    until_sync((tmp_path / "up").exists)
    child.tend()
    child.tend()
    assert said[1:] == ["the agent is back"]


def test_what_a_dead_process_left_behind_is_ended_before_it_is_started_again(
    tmp_path: Path, said: list[str], ended: list[Child]
) -> None:
    child = Child(script(tmp_path, "sleep 60 & echo $! >helper; exit 1"), said.append)
    ended.append(child)
    child.start()
    until_sync(child.end)
    assert alive(pid_in(tmp_path / "helper"))
    child.tend()
    until_sync(lambda: not alive(pid_in(tmp_path / "helper")))


def test_stopping_ends_what_the_process_started_itself(tmp_path: Path, said: list[str]) -> None:
    child = Child(script(tmp_path, "sleep 60 & echo $! >helper; wait"), said.append)
    child.start()
    until_sync(lambda: pid_in(tmp_path / "helper"))
    child.stop()
    until_sync(lambda: not alive(pid_in(tmp_path / "helper")))
    assert said == []


def test_a_process_that_will_not_stop_is_killed_and_that_is_said(
    tmp_path: Path, said: list[str]
) -> None:
    deaf = script(tmp_path, "echo $$ >pid; trap '' TERM; touch up; while :; do sleep 0.05; done")
    child = Child(deaf, said.append, monotonic=map(float, count(0, 6)).__next__)
    child.start()
    until_sync((tmp_path / "up").exists)
    child.stop()
    assert said == ["the agent did not stop within 10 s; killed"]
    assert not alive(pid_in(tmp_path / "pid"))


def test_a_program_that_went_missing_is_tried_again(
    tmp_path: Path, said: list[str], ended: list[Child]
) -> None:
    clock = Clock()
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    child = Child(Part("it", [str(program)], tmp_path / "log", lambda _: True), said.append, clock)
    ended.append(child)
    child.start()
    die_and_tend(child, clock, 0)
    program.unlink()
    die_and_tend(child, clock, 1)
    assert said[-1] == "it cannot be started: No such file or directory; starting it again in 2 s"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    die_and_tend(child, clock, 2)
    child.tend()
    assert said[-1] == "it is back"


def test_stopping_twice_or_before_the_start_does_nothing(tmp_path: Path, said: list[str]) -> None:
    child = Child(script(tmp_path, "sleep 60"), said.append)
    child.stop()
    child.start()
    child.stop()
    child.stop()
    assert said == []

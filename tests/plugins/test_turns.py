"""Two processes share the tests, and what would disturb its like never meets it."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.plugins.turns import APART, LINES, TURNS, Turns, turn_of

TESTS = Path(__file__).parents[1]
LAID = re.compile(r'"netns"|\bschool_line\b|\bimpaired_line\b')


def test_every_name_is_that_of_tests_that_exist() -> None:
    there = {path.relative_to(TESTS.parent).as_posix() for path in TESTS.rglob("test_*.py")}
    assert [
        name
        for names in TURNS.values()
        for name in names
        if not any(one.startswith(name) for one in there)
    ] == []


def test_whoever_lays_a_line_into_a_namespace_waits_for_the_others() -> None:
    """All lines have the same addresses."""
    laying = [
        path.relative_to(TESTS.parent).as_posix()
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__) and LAID.search(path.read_text(encoding="utf-8"))
    ]
    assert "tests/agent/probes/test_net.py" in laying
    alone = [
        name
        for name in laying
        if turn_of(f"{name}::test_it") != LINES and not name.startswith(APART)
    ]
    assert alone == []


@dataclass(eq=False)  # xdist asks for each process by itself
class Process:
    """One of the two that run tests: what it was given, and what of it has run."""

    given: list[int] = field(default_factory=list)
    ran: list[int] = field(default_factory=list)
    shutting_down: bool = False
    gateway: Any = field(default_factory=lambda: SimpleNamespace(id="gw"))

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def scheduled(tests: list[str]) -> tuple[Any, Process, Process]:
    config: Any = SimpleNamespace(
        getvalue=lambda _name: ["popen", "popen"], option=SimpleNamespace(loadscopereorder=True)
    )
    turns, one, other = Turns(config, None), Process(), Process()
    for process in (one, other):
        turns.add_node(process)
        turns.add_node_collection(process, tests)
    turns.schedule()
    return turns, one, other


def run_next(turns: Any, process: Process) -> bool:
    """Let a process run the next of its tests; tell whether there was one."""
    if not process.given:
        return False
    process.ran.append(process.given.pop(0))
    turns.mark_test_complete(process, process.ran[-1])
    return True


def test_each_test_runs_once_and_those_that_take_turns_in_one_process() -> None:
    lines = [f"tests/e2e/test_live.py::test_{number}" for number in range(5)]
    tests = [*(f"tests/core/test_it.py::test_{number}" for number in range(30)), *lines]
    turns, one, other = scheduled(tests)
    while any([run_next(turns, one), run_next(turns, other)]):
        assert all(len(units) <= 4 for units in turns.assigned_work.values()), "what ran is kept"
    assert sorted(one.ran + other.ran) == list(range(len(tests)))
    assert set(range(30, 35)) <= set(one.ran)
    assert one.shutting_down
    assert other.shutting_down
    assert not turns.has_pending


def test_what_a_process_left_undone_is_done_by_the_other() -> None:
    tests = [f"tests/core/test_it.py::test_{number}" for number in range(10)]
    turns, one, other = scheduled(tests)
    assert run_next(turns, one)
    assert turns.remove_node(one) in tests
    while run_next(turns, other):
        pass
    assert sorted(one.ran + other.ran) == list(range(len(tests)))

"""Two processes share the tests, and what would disturb its like never meets it."""

import re
from pathlib import Path

from tests.plugins.turns import APART, LINES, TURNS, turn_of

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

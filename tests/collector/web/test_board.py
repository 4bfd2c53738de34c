"""What the picture means to a person."""

from dataclasses import replace

import pytest

from collector.picture import SchoolView
from collector.verdicts import Cause, State, Verdict
from collector.web import board
from core.types import Identity
from tests.collector.web.fakes import NOW, FakeSource, agent, school


def one(name: str, *states: tuple[State, Cause]) -> SchoolView:
    agents = [
        agent(Identity("330106", name, f"a{number}"), state, cause)
        for number, (state, cause) in enumerate(states)
    ]
    return school(*agents, name=name)


def rows(*schools: SchoolView) -> list[board.SchoolRow]:
    return board.rows(FakeSource(None, schools).picture())  # type: ignore[arg-type]


def test_the_worst_comes_first_and_unknown_before_everything_that_is_known_to_work() -> None:
    down = replace(one("down", ("unknown", "will")), line=Verdict("down", "silent", NOW))
    found = rows(
        one("up", ("up", "")),
        one("stopped", ("stopped", "")),
        one("half", ("up", ""), ("unknown", "silent")),
        one("never", ("never_seen", "")),
        one("silent", ("unknown", "silent")),
        down,
    )
    assert [row.view.school for row in found] == [
        "down",
        "silent",
        "never",
        "stopped",
        "half",
        "up",
    ]
    assert [row.state for row in found] == [
        "down",
        "unknown",
        "never_seen",
        "stopped",
        "up",
        "up",
    ]


@pytest.mark.parametrize(
    ("states", "state", "reason"),
    [
        ([("up", ""), ("unknown", "silent")], "up", ""),
        ([("unknown", "will")], "unknown", "will"),
        ([("unknown", "broker")], "unknown", "broker"),
        ([("stopped", "")], "stopped", "all_stopped"),
        ([("stopped", ""), ("never_seen", "")], "stopped", "all_stopped"),
        ([("stopped", ""), ("unknown", "silent")], "unknown", "silent"),
        ([("never_seen", "")], "never_seen", "unproven"),
    ],
)
def test_a_school_has_one_state_and_one_reason(
    states: list[tuple[State, Cause]], state: State, reason: str
) -> None:
    row = rows(one("s", *states))[0]
    assert (row.state, row.reason) == (state, reason)


def test_a_school_without_agents_is_unproven_and_breaks_nothing() -> None:
    view = SchoolView("330106", "s", "", "open", Verdict("unknown", "unproven", 0), ())
    row = rows(view)[0]
    assert (row.state, row.reason, row.agents) == ("never_seen", "unproven", ())


def test_every_state_is_counted_also_where_nobody_is_in_it() -> None:
    assert board.tally(["up", "up", "unknown"]) == {
        "down": 0,
        "unknown": 1,
        "degraded": 0,
        "never_seen": 0,
        "stopped": 0,
        "up": 2,
    }

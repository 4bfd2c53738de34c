"""What a field was in each window, out of the values that travelled."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.filter import ChangeFilter
from collector.web.held import HOWS, How, Said, Span, changes, windows
from core.clock import SECOND
from core.types import Reading, Value
from tests.agent.rebuilding import AT, THING
from tests.chance import examples

HOLD = 600 * SECOND
MINUTE = 60 * SECOND
Points = Sequence[tuple[int, Value]]


def said(points: Sequence[tuple[float, Value]]) -> Points:
    return [(int(at * SECOND), value) for at, value in points]


def shown(
    points: Sequence[tuple[float, Value]],
    how: How = "last",
    stop: float = 3600,
    until: float = 3600,
    window: int | None = MINUTE,
) -> dict[float, Value]:
    span = Span(0, int(stop * SECOND), window)
    found = windows([Said(said(points))], how, span, hold=HOLD, until=int(until * SECOND))
    return {at / SECOND: value for at, value in found}


def test_a_value_holds_for_twice_its_heartbeat_and_is_then_unknown_until_the_next() -> None:
    found = shown([(0, 1.0), (900, 2.0)])
    assert [at for at, value in found.items() if value == 1.0] == [60.0 * n for n in range(10)]
    assert [at for at, value in found.items() if value == 2.0] == [60.0 * n for n in range(15, 25)]


def test_a_value_holds_no_longer_than_its_agent_was_heard() -> None:
    assert shown([(0, 1.0)], until=130) == {0.0: 1.0, 60.0: 1.0, 120.0: 1.0}
    assert shown([(30, 1.0)], until=0) == {0.0: 1.0}, "what was said itself is there"


def test_a_value_that_a_new_state_does_not_repeat_is_gone() -> None:
    states = said([(0, 0), (200, 0), (300, 2), (500, 2), (600, 0)])
    assert changes(states) == [300 * SECOND, 600 * SECOND]
    times = Said(said([(0, 8.0), (600, 9.0)]), changes(states))
    found = windows([times], "last", Span(0, 700 * SECOND, MINUTE), hold=HOLD, until=700 * SECOND)
    assert [(at / SECOND, value) for at, value in found] == [
        *((60.0 * n, 8.0) for n in range(5)),
        (600.0, 9.0),
        (660.0, 9.0),
    ]


def test_words_and_flags_hold_too() -> None:
    assert shown([(0, "up"), (65, "down")], stop=180) == {0.0: "up", 60.0: "down", 120.0: "down"}
    assert shown([(0, True)], "first", stop=60) == {0.0: True}


def test_without_a_window_there_is_one_value_at_the_start() -> None:
    assert shown([(0, 0.0), (50, 10.0)], "mean", stop=100, window=None) == {0.0: 5.0}


def test_series_that_a_question_puts_together_count_with_the_time_that_each_was_known() -> None:
    both = [Said(said([(0, 10.0)])), Said(said([(30, 40.0)]))]
    span = Span(0, MINUTE, MINUTE)
    found = {how: windows(both, how, span, hold=HOLD, until=MINUTE) for how in HOWS}  # type: ignore[arg-type]
    assert found == {
        "mean": [(0, 20.0)],
        "min": [(0, 10.0)],
        "max": [(0, 40.0)],
        "first": [(0, 10.0)],
        "last": [(0, 40.0)],
    }


@settings(deadline=None, max_examples=examples(200))
@given(
    st.lists(st.floats(0, 30).map(lambda value: round(value, 1)), min_size=1, max_size=120),
    st.sampled_from(["mean", "min", "max", "last"]),
    st.sampled_from([10, 60, 300, None]),
)
def test_what_did_not_travel_changes_a_window_by_no_more_than_the_deadband(
    values: list[float], how: How, window_s: int | None
) -> None:
    every = [(AT + n * 10 * SECOND, value) for n, value in enumerate(values)]
    changes, some = ChangeFilter(catalog={"thing": THING}), []
    for at, value in every:
        news = changes.news(b"thing", Reading("thing", {"near": value}, at), at)
        changes.sent(b"thing", news.fields, at)
        some += [(at, value)] if news.fields else []
    stop = every[-1][0] + 10 * SECOND
    span = Span(AT, stop, window_s * SECOND if window_s else None)
    whole, kept = (
        dict(windows([Said(points)], how, span, hold=HOLD, until=stop)) for points in (every, some)
    )
    assert whole.keys() == kept.keys()
    for at, held in whole.items():
        assert isinstance(held, float)
        assert isinstance(other := kept[at], float)
        assert math.isclose(held, other, abs_tol=1.5 + 1e-6)


@pytest.mark.parametrize("how", HOWS)
def test_no_points_are_no_windows(how: How) -> None:
    assert shown([], how) == {}

"""Rollups of a window against values written down, and against a model that looks each second."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.rollups.roll import SUFFIXES, Rolled, Said, changes, day, hour, unknown
from core.catalog import CATALOG
from core.clock import SECOND
from core.types import Value
from tests.collector.rollups import slow

S = SECOND
HOLD = 600 * S
START, STOP = 3_600 * S, 7_200 * S
BIG, HUGE = 2**63 - 1, 2.0**1022


def said(*points: tuple[int, Value], **more: Any) -> Said:
    """Points by seconds of the hour; negative ones lie before it."""
    return Said([(START + at * S, value) for at, value in points], **more)


def rolled(what: Said) -> Rolled | None:
    return hour(what, START, STOP, HOLD)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        # Said each 300 s: known all the time, by what holds from before the hour too.
        ([(at, 5) for at in range(-300, 3_600, 300)], Rolled(3_600.0, 12, 5, 5, 5, 5.0)),
        # A spike of ten seconds is ten seconds, not half of the points.
        ([(0, 0.0), (10, 60.0), (20, 0.0)], Rolled(620.0, 3, 0.0, 0.0, 60.0, 600 / 620)),
        # It ends with the hour, and is the last of it.
        ([(3_590, 7)], Rolled(10.0, 1, 7, 7, 7, 7.0)),
        # From before, and over after a minute; no point of the hour.
        ([(-540, 3)], Rolled(60.0, 0, 3, 3, 3, 3.0)),
        # Ended when the hour began.
        ([(-600, 3)], None),
        # What comes after is not of this hour, and no value is known before the first.
        ([(3_600, 9)], None),
        ([(3_000, 1), (3_600, 9)], Rolled(600.0, 1, 1, 1, 1, 1.0)),
        # At the first moment of the hour: what was before does not reach into it.
        ([(-10, 1), (0, 2)], Rolled(600.0, 1, 2, 2, 2, 2.0)),
        # A gap of what nobody said is left out of the mean.
        ([(0, 1), (1_800, 4)], Rolled(1_200.0, 2, 4, 1, 4, 2.5)),
        ([(0, "up"), (60, "down")], Rolled(660.0, 2, "down")),
        ([(0, True), (150, False)], Rolled(750.0, 2, False, mean=0.2)),
        ([(0, BIG), (1, BIG)], Rolled(601.0, 2, BIG, BIG, BIG, float(2**63))),
        # Larger than any float on the way.
        ([(0, 2 * HUGE), (300, HUGE)], Rolled(900.0, 2, HUGE, HUGE, 2 * HUGE, HUGE / 0.75)),
        ([], None),
    ],
)
def test_an_hour_is_rolled_up_by_what_held_in_it(
    points: list[tuple[int, Value]], expected: Rolled | None
) -> None:
    found = rolled(said(*points))
    assert found == expected
    assert found is None or type(found.last) is type(expected.last if expected else None)


def test_a_value_ends_with_the_state_in_which_it_was_said() -> None:
    # No answer from 300 s on: there is no answer time, although the last one would still hold.
    answer_time = said((200, 8.0), changes=changes([(START, 0), (START + 300 * S, 2)], HOLD))
    assert rolled(answer_time) == Rolled(100.0, 1, 8.0, 8.0, 8.0, 8.0)


def test_a_state_that_is_only_said_again_ends_no_value() -> None:
    assert changes([(1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "a")], 2) == [3, 5]


def test_a_state_that_nobody_knew_any_more_has_not_changed() -> None:
    assert changes([(1, "a"), (11, "b"), (20, "c")], 10) == [20]


def test_a_value_does_not_hold_while_it_is_said_to_be_unknown() -> None:
    known = unknown([(START, 1), (START + 100 * S, 0), (START + 400 * S, 1)], HOLD)
    assert rolled(said((0, 1), unknown=known)) == Rolled(300.0, 1, 1, 1, 1, 1.0)


def test_what_was_taken_for_known_and_never_was_is_said_to_be_unknown() -> None:
    before = said((-10, 1), unknown=unknown([(START - 5 * S, 0)], HOLD))
    assert rolled(before) == Rolled(0.0, 0)
    assert Rolled(0.0, 0).fields("up") == {"up_count": 0, "up_known": 0.0}


def test_a_rollup_becomes_fields_and_comes_back() -> None:
    for one in (
        Rolled(60.5, 3, 7, 5, 9, 6.5),
        Rolled(60.0, 2, "up"),
        Rolled(60.0, 2, True, mean=0.5),
        Rolled(0.0, 1),
    ):
        fields = one.fields("f")
        assert Rolled.of({name.removeprefix("f_"): value for name, value in fields.items()}) == one


def test_no_field_of_a_rollup_could_be_that_of_another() -> None:
    for measurement in CATALOG.values():
        names = [f"{name}_{suffix}" for name in measurement.fields for suffix in SUFFIXES]
        assert len(set(names)) == len(names)


def test_a_day_weighs_its_hours_by_how_long_they_are_known() -> None:
    hours = [Rolled(3_600.0, 12, 5, 1, 9, 4.0), Rolled(0.0, 2), Rolled(1_200.0, 4, 7, 7, 8, 8.0)]
    assert day(hours) == Rolled(4_800.0, 18, 7, 1, 9, 5.0)
    assert day([Rolled(0.0, 2)]) == Rolled(0.0, 2)
    assert day([]) is None


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([Rolled(10.0, 1, "a"), Rolled(20.0, 1, "b")], Rolled(30.0, 2, "b")),
        (
            [Rolled(10.0, 1, True, mean=1.0), Rolled(30.0, 1, False, mean=0.0)],
            Rolled(40.0, 2, False, mean=0.25),
        ),
    ],
)
def test_a_day_of_words_and_flags_has_what_its_hours_have(
    hours: list[Rolled], expected: Rolled
) -> None:
    assert day(hours) == expected


# Against the model: an hour of 120 s, values that hold for 40.

KINDS: dict[str, st.SearchStrategy[Value]] = {
    "integer": st.integers(-(2**63), 2**63 - 1),
    "small": st.integers(0, 3),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "string": st.sampled_from(["", "up", "down"]),
}
TIMES = st.integers(-60, 140)


def _series(values: st.SearchStrategy[Value]) -> st.SearchStrategy[list[tuple[int, Value]]]:
    pairs = st.dictionaries(TIMES, values, max_size=12)
    return pairs.map(lambda found: sorted(found.items()))


@st.composite
def told(draw: Callable[..., Any]) -> slow.Told:
    values = draw(st.sampled_from(sorted(KINDS)))
    return slow.Told(
        draw(_series(KINDS[values])),
        draw(st.one_of(st.just([]), _series(st.integers(0, 1)))),
        draw(st.one_of(st.just([]), _series(st.integers(0, 1)))),
    )


def _ns(points: slow.Seconds) -> list[tuple[int, Value]]:
    return [(at * S, value) for at, value in points]


def _said(what: slow.Told) -> Said:
    spans = unknown(_ns(what.known), 40 * S)
    return Said(_ns(what.points), changes(_ns(what.states), 40 * S), spans)


@given(told())
@example(slow.Told([(0, 1), (10, 2)], [], [(5, 0), (7, 1), (8, 0)]))
@example(slow.Told([(0, 0.1), (30, 0.2), (60, 0.3)]))
def test_an_hour_is_what_somebody_who_looks_each_second_has_seen(what: slow.Told) -> None:
    found = hour(_said(what), 0, 120 * S, 40 * S)
    expected = slow.rolled(what, 0, 120, 40)
    values = {name.removeprefix("f_"): v for name, v in found.fields("f").items()} if found else {}
    _same(values, expected)


@given(told())
def test_a_day_of_hours_is_what_somebody_who_looks_each_second_has_seen(what: slow.Told) -> None:
    edges = pairwise(range(0, 121, 30))
    hours = [hour(_said(what), a * S, b * S, 40 * S) for a, b in edges]
    found = day(one for one in hours if one)
    values = {name.removeprefix("f_"): v for name, v in found.fields("f").items()} if found else {}
    expected = slow.rolled(what, 0, 120, 40)
    if values and not expected.get("known"):
        assert values["known"] == 0.0
        return
    _same(values, expected)


def _same(values: dict[str, Value], expected: dict[str, Value | Fraction]) -> None:
    assert values.keys() == expected.keys()
    for name, value in expected.items():
        if name != "mean":
            assert (values[name], type(values[name])) == (value, type(value))
            continue
        assert isinstance(value, Fraction)
        mean = values["mean"]
        assert isinstance(mean, float)
        ends = [expected.get("min", 1), expected.get("max", 1)]
        largest = max(Fraction(1), *(abs(Fraction(end)) for end in ends))
        assert abs(Fraction(mean) - value) <= largest * Fraction(1, 2**50)

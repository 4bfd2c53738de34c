"""Counters: what they say, and where they say nothing."""

from itertools import pairwise

from collector.web.rates import LONGEST_STEP, per_second, thinned
from core.clock import SECOND


def test_a_counter_gives_its_rise_per_second() -> None:
    points = [(0, 100), (10 * SECOND, 600), (15 * SECOND, 600)]
    assert per_second(points) == [(10 * SECOND, 50.0), (15 * SECOND, 0.0)]


def test_a_counter_that_went_back_is_no_traffic() -> None:
    points = [(0, 5_000), (10 * SECOND, 40), (20 * SECOND, 140)]
    assert per_second(points) == [(20 * SECOND, 10.0)]


def test_counters_on_both_sides_of_an_absence_are_not_compared() -> None:
    far = LONGEST_STEP + SECOND
    assert per_second([(0, 0), (far, 10**12), (far + SECOND, 10**12 + 7)]) == [(far + SECOND, 7.0)]


def test_what_is_no_number_and_two_values_of_one_time_give_no_rate() -> None:
    assert per_second([(0, "a"), (0, True), (SECOND, 1), (SECOND, 2), (2 * SECOND, 4)]) == [
        (2 * SECOND, 2.0)
    ]


def test_a_counter_looked_at_less_often_gives_the_same_traffic_in_all() -> None:
    kept = thinned([(n * 7 * SECOND, n * n) for n in range(100)], 60 * SECOND)
    rates = per_second(kept)
    steps = [(after[0] - before[0]) / SECOND for before, after in pairwise(kept)]
    risen = sum(rate * step for (_, rate), step in zip(rates, steps))
    assert (len(kept), round(risen)) == (12, 99**2 - 8**2)

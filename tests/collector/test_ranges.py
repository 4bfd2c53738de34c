"""Ranges against the plain set that they stand for."""

from hypothesis import given
from hypothesis import strategies as st

from collector.ranges import Ranges

numbers = st.sets(st.integers(1, 60))
spans = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda s: (s[0], sum(s))))


def ranges(members: set[int]) -> Ranges:
    made = Ranges()
    for member in members:
        made = made.add(member)
    return made


def members(made: Ranges) -> set[int]:
    return {number for first, last in made.spans for number in range(first, last + 1)}


def tidy(made: Ranges) -> bool:
    edges = [edge for first, last in made.spans for edge in (first - 1, last)]
    return edges == sorted(set(edges)) and all(first <= last for first, last in made.spans)


@given(st.permutations(range(1, 25)), st.integers(0, 24))
def test_numbers_added_in_any_order_are_the_set(order: list[int], count: int) -> None:
    made = Ranges()
    for number in order[:count]:
        made = made.add(number).add(number)
    assert members(made) == set(order[:count])
    assert tidy(made)


@given(numbers, st.integers(0, 70))
def test_membership_counts_and_the_highest_are_the_sets(held: set[int], number: int) -> None:
    made = ranges(held)
    assert (number in made) == (number in held)
    assert len(made) == len(held)
    assert made.highest == max(held, default=0)
    assert made.above(number) == len({h for h in held if h > number})


@given(numbers, numbers)
def test_union_and_difference_are_the_sets(one: set[int], other: set[int]) -> None:
    both, rest = ranges(one) | ranges(other), ranges(one) - ranges(other)
    assert (members(both), members(rest)) == (one | other, one - other)
    assert tidy(both)
    assert tidy(rest)


@given(spans)
def test_overlapping_spans_merge(given_spans: list[tuple[int, int]]) -> None:
    made = Ranges.of(given_spans)
    assert members(made) == {n for first, last in given_spans for n in range(first, last + 1)}
    assert tidy(made)


@given(numbers, st.integers(0, 70))
def test_missing_is_what_is_not_there_up_to_the_highest_known(held: set[int], high: int) -> None:
    assert members(ranges(held).missing(high)) == set(range(1, high + 1)) - held


@given(numbers)
def test_what_was_packed_comes_back(held: set[int]) -> None:
    assert Ranges.decode(ranges(held).encode()) == ranges(held)


def test_a_quadrillion_numbers_cost_a_few_bytes() -> None:
    huge = Ranges.of([(1, 10**15 - 1)])
    assert len(huge.encode()) < 20
    assert Ranges.decode(huge.encode()) == huge
    assert len(huge - Ranges.of([(5, 5)])) == 10**15 - 2

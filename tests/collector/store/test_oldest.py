"""The cut through several series at once, against sorting them all."""

from hypothesis import given
from hypothesis import strategies as st

from collector.store.base import Series
from collector.store.oldest import oldest

_TIMES = st.lists(st.integers(0, 9), max_size=6).map(sorted)


@given(st.lists(_TIMES, max_size=5), st.integers(1, 20))
def test_what_is_kept_are_the_oldest_points_and_at_equal_times_the_first_series(
    curves: list[list[int]], limit: int
) -> None:
    series = [Series({"n": str(n)}, [(at, n) for at in times]) for n, times in enumerate(curves)]
    kept = sorted((at, n) for n, times in enumerate(curves) for at in times)[:limit]
    assert oldest(series, limit) == [
        Series({"n": str(n)}, [(at, n) for at, m in kept if m == n])
        for n in sorted({n for _, n in kept})
    ]


def test_half_a_moment_of_one_series_is_kept_where_the_limit_falls_into_it() -> None:
    twice = Series({}, [(1, 1.0), (1, 2.0), (2, 3.0)])
    assert oldest([twice, twice], 3) == [Series({}, [(1, 1.0), (1, 2.0)]), Series({}, [(1, 1.0)])]

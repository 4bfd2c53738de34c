"""R-29: beside a share stands how much of it is known, and where too little is there is none."""

from hypothesis import given
from hypothesis import strategies as st

from collector.verdicts import State
from collector.web.board import WORST_FIRST
from collector.web.share import access, percent


def counts(**found: int) -> dict[State, int]:
    return {state: found.get(state, 0) for state in WORST_FIRST}


def test_the_access_rate_of_a_district_as_the_ministry_would_print_it() -> None:
    share = access(counts(up=9_990, degraded=2, down=8))
    assert (share.percent, share.completeness) == ("99.92", "100.00")
    assert (share.connected, share.known, share.total) == (9_992, 10_000, 10_000)


def test_a_fifth_that_is_unknown_leaves_no_percentage() -> None:
    share = access(counts(up=800, unknown=200))
    assert (share.percent, share.completeness) == ("", "80.00")


def test_nine_tenths_are_enough_and_who_never_reported_proves_nothing() -> None:
    assert access(counts(up=90, never_seen=10)).percent == "90.00"
    assert access(counts(up=899, never_seen=101)).percent == ""
    assert access(counts(up=89, down=1, stopped=10)).percent == "89.00"


def test_without_a_school_there_is_no_share() -> None:
    share = access(counts())
    assert (share.percent, share.completeness, share.is_enough) == ("", "", False)


def test_percent_are_rounded_half_up() -> None:
    assert percent(1, 8) == "12.50"
    assert percent(1, 800) == "0.13"
    assert percent(2, 3) == "66.67"


@given(st.fixed_dictionaries({state: st.integers(0, 2_000) for state in WORST_FIRST}))
def test_unknown_counts_neither_as_connected_nor_as_known(found: dict[State, int]) -> None:
    share = access(found)
    more = access(found | {"unknown": found["unknown"] + 1})
    assert (more.connected, more.known, more.total) == (
        share.connected,
        share.known,
        share.total + 1,
    )
    assert share.connected <= share.known <= share.total

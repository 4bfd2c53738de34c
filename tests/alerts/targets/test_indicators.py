"""I-01, I-03, I-04 and I-20 as truth tables, and what is never said (R-05, R-06, R-29)."""

from fractions import Fraction
from typing import Any

import pytest

from alerts.targets.facts import Facts, together
from alerts.targets.indicators import (
    TARGETS,
    available,
    compliant,
    connected,
    contracted,
    gap,
    indicators,
    reachable,
)
from alerts.targets.shares import percent, percent_at_least
from tests.alerts.targets.making import HOUR, MINUTE, one, school, schools


@pytest.mark.parametrize(
    ("numerator", "denominator", "said"),
    [
        (1249, 1250, 99.92),
        (2498, 2500, 99.92),
        (1, 3, 33.33),
        (2, 3, 66.67),
        (1, 800, 0.13),  # 0.125 is a half, and goes up
        (3, 800, 0.38),
        (1, 20_001, 0.0),
        (199_989, 200_000, 99.99),
        (19_999, 20_000, 100.0),
        (0, 5, 0.0),
        (5, 5, 100.0),
        (0, 0, None),
    ],
)
def test_a_percentage_has_two_decimals_and_a_half_goes_up(
    numerator: int, denominator: int, said: float | None
) -> None:
    assert percent(numerator, denominator) == said


def test_what_is_published_can_be_made_again_from_the_counts() -> None:
    """99.92 % (MR F-03) out of 1,250 schools is one that fails, not two and not none."""
    by_hand = {met: percent(met, 1250) for met in range(1245, 1251)}
    assert [met for met, value in by_hand.items() if value == 99.92] == [1249]
    group = [*schools(1249, line="up"), school(2000, line="down")]
    found = one("I-01", group)
    assert (found.value, found.met, found.not_met, found.total) == (99.92, 1249, 1, 1250)


@pytest.mark.parametrize(("known", "said"), [(899_999, 89.99), (900_000, 90.0), (10**6, 100.0)])
def test_completeness_is_never_rounded_up_to_what_it_is_not(known: int, said: float) -> None:
    assert percent_at_least(known, 10**6) == said


@pytest.mark.parametrize(
    ("line", "judged"), [("up", "met"), ("down", "not_met"), ("unknown", "unproven")]
)
def test_i_01_a_school_is_connected_where_its_line_works(line: Any, judged: str) -> None:
    assert connected(school(line=line)) == judged


def test_i_01_the_unknown_are_neither_connected_nor_down_and_keep_their_place_in_n() -> None:
    group = [*schools(95, line="up"), *schools(1, line="down"), *schools(4, line="unknown")]
    found = one("I-01", group)
    assert (found.numerator, found.denominator) == (95, 100)
    assert (found.met, found.not_met, found.unproven) == (95, 1, 4)
    assert (found.value, found.completeness, found.target) == (95.0, 96.0, 100.0)


@pytest.mark.parametrize(("unknown", "value"), [(0, 100.0), (10, 90.0), (11, None), (100, None)])
def test_r_29_below_90_percent_of_what_is_to_be_known_there_is_no_percentage(
    unknown: int, value: float | None
) -> None:
    """Dropping 20 % of the messages gives counts and a completeness, and no value."""
    found = one("I-01", [*schools(100 - unknown, line="up"), *schools(unknown)])
    assert (found.value, found.completeness) == (value, 100.0 - unknown)
    assert found.met == 100 - unknown


DAY = 570 * MINUTE
"""School time of a day."""


@pytest.mark.parametrize(
    ("up", "known", "judged"),
    [
        (DAY, DAY, "met"),
        (DAY - 2 * MINUTE, DAY, "met"),
        (DAY - 3 * MINUTE, DAY, "not_met"),  # 99.47 %
        (DAY * 9 // 10, DAY * 9 // 10, "met"),
        (DAY * 9 // 10 - 1, DAY * 9 // 10 - 1, "unproven"),
        (0, DAY, "not_met"),
        (0, 0, "unproven"),
        (0, DAY // 2, "unproven"),
    ],
)
def test_i_03_is_out_of_the_time_that_is_known(up: int, known: int, judged: str) -> None:
    assert available(school(lessons=DAY, up=up, known=known)) == judged


def test_i_03_sums_time_over_schools_and_leaves_out_what_nobody_knows() -> None:
    group = [
        school(1, lessons=DAY, up=DAY, known=DAY),
        school(2, lessons=DAY, up=DAY - 57 * MINUTE, known=DAY - 28 * MINUTE),
    ]
    found = one("I-03", group)
    assert (found.numerator, found.denominator) == (2 * DAY - 57 * MINUTE, 2 * DAY - 28 * MINUTE)
    assert found.value == 97.39  # 1083 ÷ 1112 minutes
    assert found.completeness == 97.54  # 1112 ÷ 1140, rounded down
    assert (found.met, found.not_met, found.unproven) == (1, 1, 0)


def test_i_03_on_a_day_without_lessons_says_nothing_and_misses_nothing() -> None:
    found = one("I-03", schools(3))
    assert (found.value, found.completeness, found.unproven) == (None, 100.0, 3)


def test_i_03_the_target_is_compared_with_the_share_and_not_with_what_it_rounds_to() -> None:
    assert percent(99_496, 100_000) == 99.5
    assert available(school(lessons=100_000, up=99_496, known=100_000)) == "not_met"
    assert TARGETS["I-03"] == Fraction(995, 1000)


@pytest.mark.parametrize(
    ("target", "carried", "tested", "judged"),
    [
        # Passive counters prove what was reached, and nothing else.
        (100, 95.0, None, "met"),
        (100, 94.9, None, "unproven"),
        (100, 62.0, None, "unproven"),
        (100, 0.0, None, "unproven"),
        (100, None, None, "unproven"),
        (100, 940.0, None, "met"),
        (1000, 949.9, None, "unproven"),
        (1000, 950.0, None, "met"),
        # A test that filled the line says both.
        (100, None, 62.0, "not_met"),
        (100, None, 95.0, "met"),
        (100, 30.0, 62.0, "not_met"),
        (100, 96.0, 62.0, "met"),
        # Without a target there is nothing to prove.
        (None, 940.0, None, "unproven"),
        (0, 940.0, 940.0, "unproven"),
    ],
)
def test_i_04_is_of_what_was_measured(
    target: float | None, carried: float | None, tested: float | None, judged: str
) -> None:
    assert compliant(school(target_mbps=target, carried=carried, tested=tested)) == judged


@pytest.mark.parametrize("contract", [None, 10.0, 100.0, 1000.0])
@pytest.mark.parametrize(("carried", "tested"), [(96.0, None), (62.0, None), (None, 62.0)])
def test_r_05_no_contract_changes_what_was_measured(
    contract: float | None, carried: float | None, tested: float | None
) -> None:
    facts: dict[str, Any] = {"target_mbps": 100, "carried": carried, "tested": tested}
    plain, with_contract = school(**facts), school(**facts, contracted_mbps=contract)
    assert compliant(plain) == compliant(with_contract)
    assert contracted(with_contract) is bool(contract and contract >= 100)


def test_i_04_unproven_schools_leave_no_percentage_and_no_blame() -> None:
    group = [*schools(2, target_mbps=100, carried=99.0), *schools(8, target_mbps=100, carried=9.0)]
    found = one("I-04", group)
    assert (found.met, found.not_met, found.unproven, found.value) == (2, 0, 8, None)
    assert (found.numerator, found.denominator, found.completeness) == (2, 10, 20.0)
    proven = one("I-04", [*schools(9, target_mbps=100, carried=99.0), school(target_mbps=100)])
    assert (proven.value, proven.unproven) == (90.0, 1)


@pytest.mark.parametrize(
    ("ok", "probed", "known", "judged"),
    [
        (99, 100, 100, "met"),
        (98, 100, 100, "not_met"),
        (90, 90, 90, "met"),
        (89, 89, 89, "unproven"),
        (0, 0, 0, "unproven"),
        (0, 100, 100, "not_met"),
    ],
)
def test_i_20_is_of_the_probes_whose_outcome_is_known(
    ok: int, probed: int, known: int, judged: str
) -> None:
    facts = school(ok=ok, probed=probed, probes_known=known, probes_window=100)
    assert reachable(facts) == judged


def test_i_20_a_school_that_probes_nothing_lowers_the_completeness_only() -> None:
    probing = {"ok": 10 * HOUR, "probed": 10 * HOUR, "probes_known": HOUR, "probes_window": HOUR}
    silent = {"probes_window": HOUR}
    found = one("I-20", [*schools(9, **probing), *schools(1, **silent)])
    assert (found.value, found.completeness, found.unproven) == (100.0, 90.0, 1)
    assert one("I-20", [*schools(8, **probing), *schools(1, **silent)]).value is None


def test_i_36_is_the_difference_of_two_shares_that_both_are_known() -> None:
    towns, country = one("I-01", schools(10, line="up")), [*schools(19, line="up")]
    assert gap(towns, one("I-01", [*country, school(line="down")])) == 5.0
    assert gap(towns, one("I-01", schools(3))) is None


def test_a_district_without_schools_has_counts_of_nothing_and_no_share() -> None:
    for found in indicators([]):
        assert (found.total, found.value, found.completeness) == (0, None, 100.0)


def test_the_counts_are_always_all_the_schools() -> None:
    group: list[Facts] = [
        *schools(3, line="up", target_mbps=100, carried=99.0),
        *schools(2, line="down", lessons=DAY, known=DAY),
        *schools(4),
    ]
    assert [found.total for found in indicators(group)] == [9, 9, 9, 9]


def test_r_06_a_month_is_judged_by_the_target_of_its_last_day() -> None:
    days = [
        school(target_mbps=100, carried=99.0, lessons=DAY, up=DAY, known=DAY),
        school(target_mbps=100, carried=40.0, lessons=DAY, up=DAY, known=DAY - MINUTE, line="up"),
    ]
    month = together(days)
    assert compliant(month) == "met"
    assert (month.lessons, month.up, month.known) == (2 * DAY, 2 * DAY, 2 * DAY - MINUTE)
    assert month.line == "up"
    next_month = school(target_mbps=200, carried=120.0)
    assert compliant(next_month) == "unproven"
    assert compliant(month) == "met", "the new target does not rewrite the month before"

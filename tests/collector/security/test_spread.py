"""When one attack at many schools is one incident of the district."""

from collections.abc import Iterable

import pytest

from alerts.step import Case
from collector.security.spread import Spreading, enough
from tests.collector.making import NOW
from tests.collector.security.play import HOUR, MINUTE, case, cases


def spreads(spreading: Spreading, found: Iterable[Case], at: int, schools: int = 100) -> list[str]:
    sight = spreading.sight(found, schools, lambda place: place, at)
    assert sight.covers == {"attack_spreads"}
    return [one.target for one in sight.wrong]


@pytest.mark.parametrize(
    ("schools", "needed"),
    [(1, 2), (5, 2), (10, 2), (20, 2), (21, 3), (30, 3), (100, 3), (5_000, 3)],
)
def test_three_schools_spread_or_a_tenth_of_the_district_but_never_one(
    schools: int, needed: int
) -> None:
    assert enough(schools) == needed


def test_three_schools_within_an_hour_are_one_incident_whatever_the_kind_of_one_code() -> None:
    mixed = [case("arp_spoof", "a"), case("rogue_dhcp", "b", NOW - 50 * MINUTE)]
    assert spreads(Spreading(), mixed, NOW) == []
    assert spreads(Spreading(), [*mixed, case("gateway_spoof", "c")], NOW) == ["EV-ATK-ARP"]
    assert spreads(Spreading(), [*mixed, case("worm_sweep", "c")], NOW) == []
    twice = [*mixed, case("gateway_spoof", "a", number=9)]
    assert spreads(Spreading(), twice, NOW) == [], "one school twice is one school"


def test_what_began_long_ago_somewhere_else_does_not_count() -> None:
    old = cases("port_scan", ("a", "b"), NOW - 2 * HOUR)
    assert spreads(Spreading(), [*old, case("port_scan", "c")], NOW) == []


def test_what_is_over_already_counts_for_an_hour_also_after_a_restart() -> None:
    spreading = Spreading()
    for number, school in enumerate(("a", "b")):
        spreading.note(case("worm_sweep", school, number=number).alert.key, NOW - 30 * MINUTE)
    assert spreads(spreading, [case("worm_sweep", "c")], NOW) == ["EV-MAL-WORM"]
    assert spreads(spreading, [], NOW + 31 * MINUTE) == []


def test_it_spreads_until_it_is_over_where_it_began_and_may_begin_again() -> None:
    spreading = Spreading()
    found = cases("worm_sweep", ("a", "b", "c"))
    assert spreads(spreading, found, NOW) == ["EV-MAL-WORM"]
    assert spreads(spreading, found, NOW + 5 * HOUR) == ["EV-MAL-WORM"]
    assert spreads(spreading, found[:2], NOW + 6 * HOUR) == []
    assert spreads(spreading, [], NOW + 7 * HOUR) == []
    assert spreading.began == {}, "nothing is remembered of what is over"
    again = cases("worm_sweep", ("x", "y", "z"), NOW + 8 * HOUR)
    assert spreads(spreading, again, NOW + 8 * HOUR) == ["EV-MAL-WORM"]


def test_findings_and_faults_spread_nothing() -> None:
    for kind in ("cleartext_login", "network_loop", "sensor_stopped"):
        assert spreads(Spreading(), cases(kind, "abcdef"), NOW) == []


def test_the_incident_names_schools_category_and_the_grade_that_is_proposed() -> None:
    found = cases("gateway_spoof", ("a", "b", "c"))
    (wrong,) = Spreading().sight(found, 100, lambda place: f"学校 {place[-1]}", NOW).wrong
    assert wrong.details == {
        "count": 3,
        "schools": ["学校 a", "学校 b", "学校 c"],
        "category": "网络攻击/广播欺诈",
        "grade": "较大",
    }
    assert (wrong.place, wrong.since) == ("", NOW)


def test_a_thousand_schools_leave_room_in_the_details() -> None:
    found = cases("worm_sweep", (f"school-{n:04d}-with-a-long-name" for n in range(1_000)))
    (wrong,) = Spreading().sight(found, 1_000, lambda place: place, NOW).wrong
    assert wrong.details["count"] == 1_000
    assert len(str(wrong.details)) < 2_000

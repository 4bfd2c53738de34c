"""When a target is missed, when met, and when nobody can tell: truth tables, and who hears."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from collector.agentclocks import ClockVerdict
from collector.picture import Picture
from collector.retention import Oldest, retention
from collector.rooms.past import Order
from collector.targetparts import (
    HOUR,
    MONTH_SAYS,
    access,
    clocks,
    egress,
    listed,
    platforms,
    protection,
    rooms,
    uptime,
    watching,
)
from collector.targetsight import ACCESS, LISTED, ROOMS, WATCHING, Aim, Answer, Part, sights, total
from collector.unconnected import Entry
from core.clock import SECOND
from core.types import Identity
from tests.alerts.targets.making import school, schools
from tests.collector.making import NOW
from tests.collector.web.fakes import NOW as SEEN
from tests.collector.web.fakes import agent
from tests.collector.web.fakes import school as seen

DAY = 24 * HOUR


def parts(aim: Aim, met: int, not_met: int, unproven: int, region: str = "330100") -> list[Part]:
    words = [(1, 1)] * met + [(0, 1)] * not_met + [(0, 0)] * unproven
    return [aim.part((region, f"s{n:04}"), *one, 1) for n, one in enumerate(words)]


@pytest.mark.parametrize(
    ("met", "not_met", "unproven", "answer"),
    [
        (10, 0, 0, "met"),
        (9, 1, 0, "missed"),
        (1249, 1, 0, "missed"),
        (9, 0, 1, "untold"),  # nothing is proven either way
        (8, 1, 1, "missed"),  # it would be one even if the tenth school were connected
        (8, 0, 2, "untold"),
        (7, 1, 2, "untold"),  # less than nine tenths known
        (0, 0, 5, "untold"),
        (0, 0, 0, "untold"),
        (0, 1, 0, "missed"),
    ],
)
def test_access_is_missed_only_where_that_is_proven(
    met: int, not_met: int, unproven: int, answer: Answer
) -> None:
    found = total(ACCESS, parts(ACCESS, met, not_met, unproven))
    assert found.answer == answer
    assert (found.met, found.not_met, found.unproven) == (met, not_met, unproven)


@pytest.mark.parametrize(
    ("good", "known", "window", "answer"),
    [
        (95, 100, 100, "met"),
        (94, 100, 100, "missed"),
        (86, 90, 100, "met"),
        (0, 89, 100, "untold"),
        (0, 0, 0, "untold"),
    ],
)
def test_what_schools_count_together_is_judged_of_what_is_known(
    good: int, known: int, window: int, answer: Answer
) -> None:
    assert total(ROOMS, [ROOMS.part(("r", "s"), good, known, window)]).answer == answer


def test_one_school_of_many_is_told_with_its_counts_and_never_as_a_hundred() -> None:
    found = parts(ACCESS, 99_999, 1, 0)
    district, there = sights(ACCESS, found, NOW, lambda place: f"学校 {place[-5:]}")
    (wrong,) = district.wrong
    assert (wrong.kind, wrong.place, wrong.details["value"]) == ("target_access", "", "99.99")
    assert (wrong.details["met"], wrong.details["total"]) == (99_999, 100_000)
    assert wrong.details["schools"] == ["学校 99999"]
    (one,) = there.wrong
    assert (one.kind, one.place, one.part_of) == (
        *("school_access", "330100/s99999", "target_access"),
    )
    district, there = sights(ACCESS, parts(ACCESS, 100_000, 0, 0), NOW, str)
    assert (district.wrong, there.wrong, district.unknown) == ([], [], frozenset())


def test_a_school_is_hidden_by_its_fault_and_told_where_the_district_meets_its_target() -> None:
    found = [WATCHING.part(("r", f"s{n}"), 2 if n else 1, 2, 2) for n in range(100)]
    district, there = sights(WATCHING, found, NOW, str, {("r", "s1"): "line_down"})
    assert not district.wrong
    assert [(one.place, one.part_of, one.details["value"]) for one in there.wrong] == [
        ("r/s0", "", "50.00")
    ]
    _, there = sights(WATCHING, found, NOW, str, {("r", "s0"): "line_down"})
    assert [one.part_of for one in there.wrong] == ["line_down"]


def test_regions_are_told_where_the_district_as_a_whole_is_well() -> None:
    well = [WATCHING.part(("a", f"s{n}"), 10, 10, 10) for n in range(50)]
    badly = [WATCHING.part(("b", "t"), 5, 10, 10)]
    district, _ = sights(WATCHING, well + badly, NOW, str)
    assert [(one.place, one.part_of) for one in district.wrong] == [("b", "")]
    district, _ = sights(WATCHING, well[:1] + badly, NOW, str)
    assert [(one.place, one.part_of) for one in district.wrong] == [
        *(("", ""), ("b", "target_watching")),
    ]


def test_too_little_known_leaves_open_what_is_open() -> None:
    district, there = sights(ACCESS, parts(ACCESS, 5, 0, 5), NOW, str)
    assert district.unknown == {""}
    assert len(there.unknown) == 5
    assert district.covers == {"target_access"}
    assert there.covers == {"school_access"}


def test_a_thousand_schools_leave_room_in_the_details() -> None:
    (wrong,) = sights(ACCESS, parts(ACCESS, 0, 1_000, 0), NOW, lambda p: "很长的校名" + p)[0].wrong
    assert wrong.details["not_met"] == 1_000
    assert 0 < len(wrong.details["schools"]) < 1_000
    assert len(str(wrong.details).encode()) < 2_000


def judged(found: Sequence[Part]) -> list[str]:
    return [one.judged for one in found]


def test_a_month_that_has_just_begun_says_nothing_of_bandwidth() -> None:
    slow: dict[str, Any] = {"target_mbps": 100.0, "tested": 62.0}
    assert judged(egress([school(lessons=MONTH_SAYS - 1, **slow)])) == ["unproven"]
    (one,) = egress([school(lessons=MONTH_SAYS, **slow)])
    assert (one.judged, one.figures) == (
        "not_met",
        {"measured_mbps": 62.0, "target_mbps": 100.0},
    )
    idle = school(lessons=MONTH_SAYS, target_mbps=100.0, carried=3.0)
    assert judged(egress([idle])) == ["unproven"], "an idle line is not a slow one"


def test_platforms_are_judged_after_hours_of_school_and_only_where_most_is_known() -> None:
    half = {"ok": 2 * HOUR, "probed": 4 * HOUR, "probes_window": 4 * HOUR}
    assert judged(platforms([school(lessons=HOUR, probes_known=4 * HOUR, **half)])) == ["unproven"]
    assert judged(platforms([school(lessons=4 * HOUR, probes_known=HOUR, **half)])) == ["unproven"]
    assert judged(platforms([school(lessons=4 * HOUR, probes_known=4 * HOUR, **half)])) == [
        "not_met"
    ]


def test_lines_of_which_nobody_can_tell_are_not_down() -> None:
    found = access([*schools(1, line="up"), *schools(1, line="down"), *schools(1)])
    assert judged(found) == ["met", "not_met", "unproven"]


def test_rooms_are_judged_after_one_school_day_of_the_week() -> None:
    week = Order(good=3 * HOUR, known=8 * HOUR, lessons=8 * HOUR)
    assert judged(rooms({("r", "s"): (1, week)})) == ["not_met"]
    assert judged(rooms({("r", "s"): (2, week)})) == ["unproven"], "half a day of each"
    assert judged(rooms({("r", "s"): (1, week._replace(known=HOUR))})) == ["unproven"]


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        (Oldest(1, NOW - 3 * DAY), False),  # young
        (Oldest(1, NOW - 400 * DAY), False),
        (Oldest(7, NOW - 184 * DAY), False),
        (Oldest(7, NOW - 184 * DAY + SECOND), True),  # six records were taken away
    ],
)
def test_a_log_that_is_young_is_no_failure_and_one_that_was_cut_is(
    found: Oldest, *, wrong: bool
) -> None:
    sight = retention(found, NOW)
    assert bool(sight.wrong) is wrong
    if wrong:
        assert sight.wrong[0].details == {
            "indicator": "I-23",
            "days": 183,
            "target": 184,
            "gone": 6,
        }


def test_a_log_without_a_record_says_nothing() -> None:
    assert retention(None, NOW).unknown == {""}


def test_protection_is_missed_where_it_is_silent_or_where_nobody_sees_any() -> None:
    views = [seen(agent(Identity("r", name, "host"), since=SEEN - 2 * HOUR)) for name in "abcd"]
    views += [seen(agent(Identity("r", "e", "host"), "unknown", "broker"))]
    picture = Picture(SEEN, "d1", True, tuple(views), roster=False)
    logs = {("r", "a"): SEEN, ("r", "b"): SEEN, ("r", "c"): SEEN - HOUR}
    faults = {("r", "b"): "firewall_expired"}
    found = protection(picture, logs, faults, SEEN - 2 * HOUR)
    assert [(one.judged, one.why) for one in found] == [
        *(("met", ""), ("not_met", "expired"), ("not_met", "none"), ("not_met", "none")),
        ("unproven", ""),
    ]
    young = protection(picture, logs, {}, SEEN - HOUR // 2)
    assert judged(young) == ["met", "met", "unproven", "unproven", "unproven"]


def test_agents_are_counted_that_should_be_heard_and_clocks_that_are_known() -> None:
    here = [Identity("r", "a", f"host-{n}") for n in range(5)]
    fine, off = ClockVerdict("fine"), ClockVerdict("warn", 1_400.0)
    agents = [
        replace(agent(here[0]), clock=fine),
        replace(agent(here[1]), clock=off),
        agent(here[2], "down", "silent", SEEN - HOUR),
        agent(here[3], "never_seen"),
        agent(here[4], "stopped"),
    ]
    picture = Picture(SEEN, "d1", True, (seen(*agents),), roster=False)
    (one,) = watching(picture)
    assert (one.judged, one.good, one.known) == ("not_met", 2, 3)
    (one,) = clocks(picture)
    assert (one.judged, one.good, one.known, one.window) == ("unproven", 1, 2, 3)
    (one,) = clocks(replace(picture, schools=(seen(*agents[:2]),)))
    assert (one.judged, one.good) == ("not_met", 1)
    (one,) = clocks(replace(picture, schools=(seen(*agents[:1]),)))
    assert one.judged == "met"


def test_a_school_on_the_list_misses_the_target_until_it_is_off() -> None:
    there = [seen(agent(Identity("330100", name, "host"), "up")) for name in ("a", "b")]
    picture = Picture(SEEN, "d1", True, tuple(there), roster=False)
    entry = Entry("330100", "a", NOW, NOW, NOW, 30 * HOUR, "silent", opened=NOW)
    district, one = sights(LISTED, listed(picture, {entry.key: entry}), NOW, str)
    assert (district.wrong[0].details["not_met"], district.wrong[0].details["total"]) == (1, 2)
    assert one.wrong[0].details["hours"] == 30
    district, one = sights(LISTED, listed(picture, {}), NOW, str)
    assert (district.wrong, one.wrong, district.unknown) == ([], [], frozenset())


def test_uptime_is_judged_of_the_known_school_time_of_a_month_that_says_something() -> None:
    days = 6 * 8 * HOUR
    found = [
        school(1, lessons=days, up=days, known=days),
        school(2, lessons=days, up=days * 9 // 10, known=days),
        school(3, lessons=HOUR, up=0, known=HOUR),
        school(4, lessons=days, up=days // 2, known=days // 2),
    ]
    judged = [one.judged for one in uptime(found)]
    assert judged == ["met", "not_met", "unproven", "unproven"]

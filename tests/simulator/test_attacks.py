"""Attacks that are played: what is told of them is what the truth says, and names few."""

import msgspec
import pytest

from collector.auditrecord import body_of
from core.clock import SECOND
from core.kinds import KINDS, kind_of
from core.lineprotocol import parse
from core.securitykinds import ATTACKS as ATTACK_CODES
from core.types import Event
from simulator import attacks
from simulator.conditions import ATTACKS, AttackKind, Attacks
from simulator.course import SchoolCourse, course_of
from simulator.faults import Troubles
from simulator.history.own import events
from simulator.scenario import DaysTable, DistrictTable, FaultTable, Scenario
from simulator.truthfile import truth
from tests.simulator.test_rooms import CALM, MINUTE, START, minutes


def played(*kinds: AttackKind) -> tuple[Troubles, SchoolCourse]:
    scenario = Scenario(
        district=DistrictTable(schools=1),
        days=DaysTable(always=True),
        chance=CALM,
        faults=tuple(FaultTable(kind=kind, begins="+10m", lasts="20m") for kind in kinds),
    )
    days, (school,) = scenario.calendar(), scenario.schools()
    troubles = Troubles(scenario, [school], days, START)
    return troubles, course_of(troubles, school, days, START, START + 3_600)


def told(course: SchoolCourse) -> list[Event]:
    before: Attacks = ()
    said: list[Event] = []
    for minute in range(60):
        now = course.at(START + minute * MINUTE).now.attacks
        said += attacks.news(course.school, before, now, START + minute * MINUTE)
        before = now
    return said


@pytest.mark.parametrize("kind", ATTACKS)
def test_an_attack_begins_and_ends_once_and_the_truth_says_when(kind: AttackKind) -> None:
    _, course = played(kind)
    begin, end = told(course)
    assert (begin.kind, begin.key, begin.active, end.active) == (kind, end.key, True, False)
    assert [(one.at // SECOND - START) // MINUTE for one in (begin, end)] == [10, 30]
    assert end.details["count"] >= begin.details["count"] >= 1
    found = list(truth([course], course.days, START, START + 3_600))
    assert [(one["attack"], minutes(one)) for one in found if one["what"] == "attack"] == [
        (kind, "10-30")
    ]


def test_only_an_attack_names_the_machine_that_does_it() -> None:
    _, course = played(*ATTACKS)
    for event in told(course):
        assert event.kind in KINDS
        names = "mac" in event.details["source"]
        attacker = kind_of(event.kind).code.startswith(ATTACK_CODES)
        # Who floods hides behind addresses that are not his.
        assert names == (attacker and event.kind != "syn_flood")
        assert msgspec.json.decode(body_of(event))["code"].startswith("EV-")


def test_two_attacks_at_once_are_told_apart() -> None:
    _, course = played("rogue_dhcp", "port_scan")
    said = [(one.kind, one.active) for one in told(course)]
    assert set(said[:2]) == {("rogue_dhcp", True), ("port_scan", True)}
    assert set(said[2:]) == {("rogue_dhcp", False), ("port_scan", False)}


def test_a_storm_makes_the_line_worse_and_a_scan_does_not() -> None:
    for kind, line in (("broadcast_storm", "degraded"), ("port_scan", "up")):
        _, course = played(kind)  # type: ignore[arg-type]
        assert course.at(START + 15 * MINUTE).line == line
        assert course.at(START + 35 * MINUTE).line == "up"


def test_a_past_that_is_written_tells_the_same_attacks() -> None:
    troubles, course = played("rogue_dhcp")
    faults = list(troubles.of(course.school, START, START + 3_600))
    points = [parse(line) for line in events(course, faults, START, START + 3_600)]
    expected = [(one.kind, one.subject, one.active) for one in told(course)]
    assert [
        (one.fields["word"], one.fields["subject"], one.fields["active"]) for one in points
    ] == expected

"""Which routes an alert takes, and whom they lead to."""

from collections.abc import Mapping

import pytest

from alerts.routing.plan import Decision
from core.alerts import AlertKey
from core.kind import Severity
from tests.alerts.routing.play import OWNERS, at, routing

SCHOOL = "330100/school-1"
LESSON, NIGHT = at("2026-11-23 10:00"), at("2026-11-23 22:00")

ROUTES = (
    OWNERS
    + """
[[receiver]]
name = "duty-a"
channels = ["duty"]
[[route]]
name = "attacks"
code = ["EV-ATK-*"]
to = ["receiver:duty-a"]
continue = true
[[route]]
name = "region two"
region = ["330200"]
to = ["owner:authority"]
[[route]]
name = "one school's small things"
school = ["330100/school-1"]
severity = ["P3", "P4"]
digest = true
to = ["owner:user"]
[[route]]
name = "rooms are the school's"
rule = ["room_*"]
to = ["owner:user", "owner:operator"]
[[route]]
name = "nights"
during = "off"
severity = ["P2"]
to = ["receiver:duty-a"]
repeat = "30m"
escalate = false
[[route]]
name = "the collector's own"
place = ["collector", "district"]
to = ["owner:operator"]
"""
)


def decided(rule: str, place: str, severity: Severity, when: int = LESSON) -> Decision:
    return routing(ROUTES).decide(AlertKey(rule, place), severity, "operator", when)


@pytest.mark.parametrize(
    ("rule", "place", "severity", "when", "expected"),
    [
        ("arp_spoof", SCHOOL, "P2", LESSON, ["attacks duty"]),
        ("arp_spoof", "330200/s", "P2", LESSON, ["attacks duty", "region two authority"]),
        ("line_down", "330200/s", "P1", LESSON, ["region two authority"]),
        ("link_down", f"{SCHOOL}/host", "P3", LESSON, ["one school's small things user"]),
        (
            *("room_not_ready", SCHOOL, "P2", LESSON),
            ["rooms are the school's user", "rooms are the school's operator"],
        ),
        ("line_down", SCHOOL, "P2", NIGHT, ["nights duty"]),
        ("line_down", SCHOOL, "P2", LESSON, ["default operator"]),
        ("line_down", SCHOOL, "P1", NIGHT, ["default operator"]),
        ("store_refuses", "collector/d1", "P1", LESSON, ["the collector's own operator"]),
        ("attack_spreads", "", "P1", LESSON, ["the collector's own operator"]),
        ("region_away", "330100", "P1", LESSON, ["default operator"]),
    ],
)
def test_the_first_route_that_matches_wins_and_those_after_it_while_it_says_so(
    rule: str, place: str, severity: Severity, when: int, expected: list[str]
) -> None:
    hops = decided(rule, place, severity, when).hops
    assert [f"{hop.route} {' '.join(hop.channels)}" for hop in hops] == expected


def test_a_route_says_when_again_and_whether_others_hear_when_nobody_acts() -> None:
    night = decided("line_down", SCHOOL, "P2", NIGHT)
    assert (night.repeat, night.escalates) == (1_800 * 10**9, False)
    lesson = decided("line_down", SCHOOL, "P2", LESSON)
    assert (lesson.repeat, lesson.escalates) == (86_400 * 10**9, True)


def test_what_is_p4_goes_into_the_digest_and_the_log_has_only_what_is_told_at_once() -> None:
    small = decided("cert_expiring", "330100/school-2", "P4")
    assert (dict(small.now), small.digest) == ({}, ("operator",))
    large = decided("cert_expiring", "330100/school-2", "P3")
    assert (dict(large.now), large.digest) == ({"operator": 0, "console": 0}, ())


@pytest.mark.parametrize("owner", ["authority", "operator", "user"])
def test_a_route_may_ask_whose_it_is_to_act(owner: str) -> None:
    text = OWNERS + "".join(
        f'[[route]]\nname = "{one}"\nowner = ["{one}"]\nto = ["owner:{one}"]\n'
        for one in ("authority", "operator", "user")
    )
    found = routing(text).decide(AlertKey("line_down", SCHOOL), "P2", owner, LESSON)  # type: ignore[arg-type]
    assert [hop.channels for hop in found.hops] == [(owner,)]


def test_all_three_owners_of_an_asset_are_told() -> None:
    """R-02: the fan-out test."""
    text = OWNERS + '[default]\nto = ["owner:authority", "owner:operator", "owner:user"]'
    found = routing(text).decide(AlertKey("line_down", SCHOOL), "P2", "operator", LESSON)
    assert [hop.channels for hop in found.hops] == [("authority",), ("operator",), ("user",)]


NEAREST = """
kind = "routing"
[[receiver]]
name = "district"
owner = "user"
channels = ["duty"]
[[receiver]]
name = "region"
owner = "user"
region = "330100"
channels = ["authority"]
[[receiver]]
name = "school"
owner = "user"
school = "330100/school-1"
channels = ["operator"]
[[receiver]]
name = "chen"
contacts = ["0571-1234"]
channels = ["user"]
[default]
to = ["owner:user"]
"""


@pytest.mark.parametrize(
    ("place", "channel"),
    [
        ("330100/school-1/host", "operator"),
        ("330100/school-2/host", "authority"),
        ("330200/school-9", "duty"),
        ("collector/d1", "duty"),
        ("", "duty"),
    ],
)
def test_an_owner_is_who_has_the_nearest_place(place: str, channel: str) -> None:
    found = routing(NEAREST).decide(AlertKey("line_down", place), "P2", "operator", LESSON)
    assert [hop.channels for hop in found.hops] == [(channel,)]


def test_whom_the_roster_names_comes_before_who_has_the_place() -> None:
    def contacts(school: str) -> Mapping[str, str]:
        return {"user": "0571-1234"} if school == SCHOOL else {"user": "0571-9999"}

    plan = routing(NEAREST, contacts=contacts)
    for place, channel in ((SCHOOL, "user"), ("330100/school-2", "authority")):
        found = plan.decide(AlertKey("line_down", place), "P2", "operator", LESSON)
        assert [hop.channels for hop in found.hops] == [(channel,)]


def test_a_school_never_hears_of_another_whatever_a_route_says() -> None:
    text = NEAREST.replace('to = ["owner:user"]', 'to = ["receiver:school"]')
    for place, expected in ((SCHOOL, ["school"]), ("330100/school-2", [])):
        found = routing(text).decide(AlertKey("line_down", place), "P2", "operator", LESSON)
        assert [hop.receiver for hop in found.hops] == expected

    text = NEAREST.replace('to = ["owner:user"]', 'to = ["receiver:district"]')
    plan = routing(text, schools={"duty": "330100/school-2"})
    found = plan.decide(AlertKey("line_down", SCHOOL), "P2", "operator", LESSON)
    assert found.unrouted


def test_what_reaches_only_the_log_counts_as_unrouted() -> None:
    found = routing('kind = "routing"').decide(
        AlertKey("line_down", SCHOOL), "P1", "operator", LESSON
    )
    assert found.unrouted
    assert dict(found.now) == {"console": 0}

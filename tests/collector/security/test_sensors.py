"""Sensors: which run, which are blind, and that no news of them is no good news."""

from collections.abc import Mapping
from typing import Any

import pytest

from collector.outside import SchoolKey
from collector.picture import Picture
from collector.security.sensors import (
    FORGET,
    HOLDS,
    MOST_OF_ONE_AGENT,
    SensorKey,
    Sensors,
    of_school,
)
from collector.security.view import view_of
from core.sensorwords import SensorState
from core.types import Identity
from tests.collector.making import NOW, REGION, WHO
from tests.collector.security.play import MINUTE, case, hear, line
from tests.collector.web.fakes import agent, school

ETH0 = SensorKey(*(WHO.region, WHO.school, WHO.agent), "eth0")
SEES: Mapping[str, Any] = {"sees": "all", "blind": "", "frames": 990, "dropped": 10}
UP = frozenset({WHO})


def states(
    sensors: Sensors, at: int = NOW, up: frozenset[Identity] = UP, *stopped: SensorKey
) -> Mapping[SchoolKey, SensorState]:
    found = sensors.by_school(up, frozenset(stopped), at)
    return {key: of_school(there) for key, there in found.items()}


def test_a_sensor_that_is_heard_sees_or_is_blind_as_it_says() -> None:
    sensors = Sensors()
    hear(sensors, **SEES)
    key = ETH0.of_school
    assert states(sensors) == {key: "sees"}
    hear(sensors, at=NOW + MINUTE, blind="port_scan dns_tunnel", sees="own")
    assert states(sensors) == {key: "blind"}
    hear(sensors, at=NOW + 2 * MINUTE, blind="", sees="all")
    assert states(sensors) == {key: "sees"}
    assert sensors.known[ETH0].lost_percent == 1.0, "what did not change did not travel"


def test_what_was_measured_before_and_comes_again_later_changes_nothing() -> None:
    """A batch is sent again where its receipt did not come."""
    sensors = Sensors()
    hear(sensors, sees="unknown", blind="port_scan", frames=2)
    hear(sensors, at=NOW + MINUTE, sees="all", blind="")
    hear(sensors, sees="unknown", blind="port_scan", frames=2)
    assert states(sensors, NOW + MINUTE) == {ETH0.of_school: "sees"}
    hear(sensors, at=NOW + MINUTE // 2, frames=99)
    assert sensors.known[ETH0].fields["frames"] == 99, "nothing newer is known of it"


def test_one_that_does_not_know_yet_what_it_sees_does_not_see_all() -> None:
    sensors = Sensors()
    hear(sensors, frames=1)
    assert states(sensors) == {ETH0.of_school: "blind"}
    assert sensors.known[ETH0].blind == "unknown"


def test_silence_is_a_sensor_that_stopped_and_below_a_silent_agent_nobody_knows() -> None:
    sensors = Sensors()
    hear(sensors, **SEES)
    late = NOW + HOLDS + MINUTE
    assert states(sensors, late) == {ETH0.of_school: "stopped"}
    assert states(sensors, late, frozenset()) == {ETH0.of_school: "unknown"}
    hear(sensors, at=late, frames=2_000)
    assert states(sensors, late) == {ETH0.of_school: "sees"}


def test_one_of_which_its_agent_says_that_it_does_not_run_has_stopped_also_if_never_heard() -> None:
    sensors = Sensors()
    assert states(sensors, NOW, UP, ETH0) == {ETH0.of_school: "stopped"}
    hear(sensors, **SEES)
    assert states(sensors, NOW, UP, ETH0) == {ETH0.of_school: "stopped"}
    assert states(sensors) == {ETH0.of_school: "sees"}


@pytest.mark.parametrize(
    ("there", "whole"),
    [
        ((), "none"),
        (("blind", "sees"), "sees"),
        (("sees", "stopped"), "stopped"),
        (("sees", "unknown"), "unknown"),
        (("blind",), "blind"),
    ],
)
def test_a_school_sees_all_where_one_sensor_does_and_none_is_in_trouble(
    there: tuple[SensorState, ...], whole: SensorState
) -> None:
    sensors = Sensors()
    for number, state in enumerate(there):
        who = Identity(REGION, WHO.school, f"pc-{number}")
        fields: Mapping[str, Any] = (
            SEES if state != "blind" else {"sees": "own", "blind": "port_scan"}
        )
        sensors._take(who, line("sensor", NOW, {"interface": "e"}, **fields), NOW)
    up = frozenset(
        Identity(REGION, WHO.school, f"pc-{n}") for n, one in enumerate(there) if one != "unknown"
    )
    stopped = frozenset(
        SensorKey(REGION, WHO.school, f"pc-{n}", "e")
        for n, one in enumerate(there)
        if one == "stopped"
    )
    found = sensors.by_school(up, stopped, NOW).get(ETH0.of_school, ())
    assert of_school(found) == whole


def test_old_lines_say_nothing_of_the_present() -> None:
    sensors = Sensors()
    sensors._take(WHO, line("sensor", NOW, {"interface": "eth0"}, **SEES), NOW + HOLDS)
    assert states(sensors) == {}


def test_small_groups_are_not_counted_in_public() -> None:
    sensors = Sensors()
    hear(sensors, **SEES)
    hear(sensors, "census", machines=132, random_macs=4, infrastructure=9)
    one = sensors.known[ETH0]
    assert [one.counted(name) for name in ("machines", "random_macs", "none")] == [132, None, None]


def test_an_agent_cannot_fill_the_memory_with_sensors_or_categories() -> None:
    sensors = Sensors()
    for number in range(1_000):
        tags = {"interface": f"eth{number}"}
        sensors._take(WHO, line("sensor", NOW, tags, **SEES), NOW)
        sensors._take(WHO, line("dns_verdict", NOW, {"category": f"c{number}"}, names=9), NOW)
    assert len(sensors.known) == MOST_OF_ONE_AGENT
    assert sensors.left_out == 1_000 - MOST_OF_ONE_AGENT
    assert len(sensors.verdicts[ETH0.of_school]) == 5


def test_a_sensor_that_was_taken_away_is_forgotten_after_a_week() -> None:
    sensors = Sensors()
    hear(sensors, **SEES)
    assert sensors.forget(NOW + FORGET) == []
    assert sensors.forget(NOW + FORGET + 1) == [ETH0]
    assert sensors.known == {}


def test_schools_stand_worst_first_and_one_without_a_sensor_apart() -> None:
    schools = [Identity(REGION, f"s{number}", "host") for number in range(4)]
    views = tuple(school(agent(who), name=who.school) for who in schools)
    found = [
        case("port_scan", "s1", number=1),
        case("gateway_spoof", "s2", number=2),
        case("port_scan", "s2", number=3),
        case("sensor_stopped", "s3", number=4),
        case("worm_sweep", "s0", number=5, state="pending"),
    ]
    sensors = Sensors()
    sensors._take(schools[2], line("sensor", NOW, {"interface": "eth0"}, **SEES), NOW)
    view = view_of(Picture(NOW, "d1", True, views), found, sensors, NOW)
    assert [(one.name, one.worst, one.sensor) for one in view.schools] == [
        ("s2", "P1", "sees"),
        ("s3", "P3", "stopped"),
        ("s1", "P4", "none"),
        ("s0", None, "none"),
    ]
    assert [one.name for one in view.with_sensor("none")] == ["s0", "s1"]
    assert view.sensor_counts == {"stopped": 1, "unknown": 0, "blind": 0, "sees": 1, "none": 2}

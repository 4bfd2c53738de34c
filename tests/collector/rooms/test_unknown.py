"""Rooms and devices of which nobody can tell, and what explains it."""

from dataclasses import replace

import pytest

from collector.rooms.conditions import Part, conditions, unknowns
from collector.rooms.device import Device, DeviceKey
from collector.rooms.school import school
from collector.rooms.verdict import Around, Standing
from core.clock import SECOND
from core.devices import DeviceKind, DeviceState
from tests.collector.making import NOW

KEY = ("330102", "a")
UP = Around({"host": Standing("up", NOW - 3_600 * SECOND)}, at=NOW)


def device(
    name: str, kind: DeviceKind, state: DeviceState = "ready", room: str = "", behind: str = ""
) -> Device:
    cause = {"unknown": "not_asked", "unreachable": "no_answer"}.get(state, "")
    key = DeviceKey(*KEY, "host", name)
    return Device(key, kind, room, state, cause, NOW - SECOND, NOW, behind=behind)


def found(*devices: Device, around: Around = UP) -> dict[str, object]:
    there = school(KEY, devices, around, {})
    return {one.key.kind: dict(one.details) for one in unknowns(there)}


def test_rooms_and_devices_that_are_not_asked_any_more_are_unknown_and_one_fact_each() -> None:
    unasked = [device(f"p-{room}", "projector", "unknown", room) for room in ("303", "302")]
    printer = device("printer", "printer", "unknown")
    assert found(*unasked, printer, device("q", "projector", room="304")) == {
        "room_unknown": {"count": 2, "rooms": ["302", "303"]},
        "device_unknown": {"count": 1, "devices": ["printer"]},
    }


@pytest.mark.parametrize("why", ["silent", "away"])
def test_what_an_agent_or_the_collector_cannot_tell_is_not_said_of_each_room(why: str) -> None:
    around = replace(UP, agents={"host": Standing(why, NOW - SECOND)})  # type: ignore[arg-type]
    assert found(device("p", "projector", "ready", "302"), around=around) == {}


@pytest.mark.parametrize(
    ("kind", "room", "part"),
    [
        ("switch", "", Part("switch_down", "before")),
        ("switch", "301", Part("switch_down", "before")),
        ("ap", "", Part("ap_down", "before")),
        ("ap", "301", Part("room_not_ready", "301")),
        ("other", "", Part("device_fault", "before")),
    ],
)
def test_what_stands_behind_a_device_that_is_down_is_part_of_that_very_alert(
    kind: DeviceKind, room: str, part: Part
) -> None:
    before = device("before", kind, "unreachable", room)
    camera = device("camera", "camera", "unreachable", "302", behind="before")
    assert "room_unknown" not in found(before, camera)
    said = conditions(school(KEY, [before, camera], UP, {}))
    parts = {key.kind: one for key, one in said.unknown.items() if key.target == "302"}
    assert parts == {"room_not_ready": part, "room_limited": part}
    told = {key.kind for key in said.wrong}
    assert part.rule in told or room, "there is such an alert"

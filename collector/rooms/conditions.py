"""What is wrong in a school's rooms, as events and alerts name it: pure.

Of a device in a room its room speaks. A switch and a UPS speak for themselves wherever they stand,
since what hangs on them is not only theirs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from alerts.facts import Members
from collector.listed import listed
from collector.outside import SchoolKey
from collector.rooms.device import Device
from collector.rooms.school import Room, School
from collector.rooms.verdict import DOWN, RoomState

KINDS: Final = (
    "room_not_ready",
    "room_limited",
    "device_fault",
    "switch_down",
    "ap_down",
    "power_lost",
)

UNKNOWN: Final = ("room_unknown", "device_unknown")
"""What is no event, and only said while nobody can tell."""

_OF_ROOM: Final[dict[RoomState, str]] = {"not_ready": "room_not_ready", "limited": "room_limited"}
_PART_OF: Final = {
    "agent": "agent_silent",
    "line": "line_down",
    "collector": "broker_away",
}
"""For a cause for which nobody can tell: the rule whose alert says it all."""


_TOLD: Final = frozenset({"behind", *_PART_OF})


class Part(NamedTuple):
    """Of which alert something is a part: the rule, and the target where it has one."""

    rule: str = ""
    target: str = ""


NO_PART: Final = Part()


class ConditionKey(NamedTuple):
    """Names a condition of one school; `target` is the room, or the device."""

    kind: str
    region: str
    school: str
    target: str

    @property
    def place(self) -> str:
        """Where it is."""
        return f"{self.region}/{self.school}"

    @property
    def of_school(self) -> SchoolKey:
        """Where it is."""
        return self.region, self.school


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong since `since` (ns); `details` say which device, and why."""

    key: ConditionKey
    since: int
    details: Mapping[str, Any] = field(default_factory=dict)
    part_of: Part = NO_PART


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong, and of which conditions nobody can tell, with the alert that says why."""

    wrong: Mapping[ConditionKey, Condition]
    unknown: Mapping[ConditionKey, Part]


def conditions(there: School) -> Found:
    """Return what is wrong in a school, and what may be."""
    wrong: dict[ConditionKey, Condition] = {}
    unknown: dict[ConditionKey, Part] = {}
    for room in there.rooms:
        state = room.verdict.state
        if state in _OF_ROOM:
            one = _of_room(room)
            wrong[one.key] = one
        elif state == "unknown":
            for kind in _OF_ROOM.values():
                key = ConditionKey(kind, *there.key, room.room)
                unknown[key] = _explained(there, room.verdict.cause, room.deciding)
    for device in there.devices:
        for kind, is_wrong in _kinds(device):
            key = ConditionKey(kind, *there.key, device.key.device)
            if device.state == "unknown":
                unknown[key] = _explained(there, device.cause, device)
            elif is_wrong:
                since = device.since
                wrong[key] = Condition(key, since, details_of(device, device.room))
    return Found(wrong, unknown)


def members(schools: Iterable[School]) -> Mapping[str, Members]:
    """Return all that may be wrong, and whether somebody can tell."""
    found: dict[str, dict[tuple[str, str], bool]] = {kind: {} for kind in KINDS}
    for there in schools:
        place = "/".join(there.key)
        for room in there.rooms:
            for kind in _OF_ROOM.values():
                found[kind][place, room.room] = room.verdict.state != "unknown"
        for device in there.devices:
            for kind, _ in _kinds(device):
                found[kind][place, device.key.device] = device.state != "unknown"
    return found


def details_of(device: Device | None, room: str) -> dict[str, Any]:
    """Return what is to be said of a device; alerts/devicesentences.py makes sentences of it."""
    said = {"room": room} if room else {}
    if device is None:
        return said
    named = {"name": device.name} if device.name else {}
    words = {"device": device.key.device, "kind": device.kind, "device_cause": device.cause}
    return {**said, **words, **named}


def _of_room(room: Room) -> Condition:
    verdict, device = room.verdict, room.deciding
    key = ConditionKey(_OF_ROOM[verdict.state], *room.key, room.room)
    told_by_itself = device and device.kind == "switch" and device.state in DOWN
    part_of = Part("switch_down", device.key.device) if device and told_by_itself else Part()
    return Condition(key, verdict.since, details_of(device, room.room), part_of)


def _explained(there: School, cause: str, device: Device | None) -> Part:
    """Return the alert that says why nobody can tell of a device."""
    if cause != "behind" or device is None:
        return Part(_PART_OF.get(cause, ""))
    before = next((one for one in there.devices if one.key.device == device.cut_by), None)
    if before is None:
        return Part("switch_down")
    # What stands in a room is spoken for by its room, but a switch.
    own = {"switch": "switch_down", "ap": "" if before.room else "ap_down"}
    rule = own.get(before.kind, "" if before.room else "device_fault")
    return Part(rule, before.key.device) if rule else Part("room_not_ready", before.room)


def unknowns(there: School) -> Iterator[Condition]:
    """Give of how many rooms, and of devices that stand in none, nobody can tell.

    One condition for all of a school, for an agent that is switched off at night may ask those of
    every room. Not those of an agent, a line, a switch or a collector that is away: that is told of
    as such, and one word more would say nothing new.
    """
    rooms = {
        one.room: one.verdict.since
        for one in there.rooms
        if one.verdict.state == "unknown" and one.verdict.cause not in _TOLD
    }
    devices = {
        one.key.device: one.since
        for one in there.elsewhere
        if one.state == "unknown" and one.cause not in _TOLD
    }
    for kind, word, found in (
        ("room_unknown", "rooms", rooms),
        ("device_unknown", "devices", devices),
    ):
        if found:
            key = ConditionKey(kind, *there.key, "")
            yield Condition(key, min(found.values()), listed(found, word))


def _kinds(device: Device) -> Iterator[tuple[str, bool]]:
    """Give the conditions that a device may have of its own, and whether it has."""
    down = device.state in DOWN
    if device.kind == "switch":
        yield "switch_down", down
    elif device.kind == "ap":
        if not device.room:
            yield "ap_down", down
    elif not device.room:
        yield "device_fault", down and not device.on_battery
    if device.kind == "ups":
        yield "power_lost", device.on_battery is True


def began_and_ended(
    open_ones: Iterable[Condition], found: Found
) -> tuple[list[Condition], list[Condition]]:
    """Return what began, or is another device's or cause's now, and what ended; what nobody can
    tell of goes on."""
    before = {one.key: one for one in open_ones}
    began = [one for key, one in found.wrong.items() if _is_news(before.get(key), one)]
    ended = [
        one for key, one in before.items() if key not in found.wrong and key not in found.unknown
    ]
    return began, ended


def _is_news(before: Condition | None, one: Condition) -> bool:
    return before is None or _decided(before) != _decided(one)


def _decided(one: Condition) -> tuple[Any, Any]:
    return one.details.get("device"), one.details.get("device_cause")

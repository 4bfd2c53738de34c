"""The classrooms and devices that are played in a school, and what its agent reads of them.

Each room has a screen (a panel in urban schools, else a projector) and a computer; all of them, the
access point and, in larger schools, a UPS hang on one switch. Screens and computers are on while
lessons are held. Who plays a whole school's rooms would play little else: the first few stand for
all of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from core.devices import DeviceKind, DeviceState
from simulator.chance import mix, pick, unit
from simulator.conditions import Conditions
from simulator.days import HOUR_S, Days
from simulator.district import HOST, School
from simulator.series import Fields, Series
from simulator.truth import Interval

SWITCH: Final = "switch-1"
UPLINK: Final = "GigabitEthernet0/0/24"
"""The port of the switch towards the router."""
LAMP: Final = "lamp"
"""What is wrong with a screen that fails, a word of core/causes."""
BEHIND: Final = ("switch",)
SCREEN: Final = ("screen", *BEHIND)
"""Of the conditions: what decides how a device is, and how a screen is."""

_FLOORS: Final = 4
_PROJECTORS: Final = ("Epson CB-X06E", "NEC NP-M403X", "Sony VPL-EX575")
_PANELS: Final = ("Seewo F75EC", "Hitevision HD-I7590E", "Hisense 65WR60AE")
_SWITCHES: Final = ("Huawei S5735-L24T4S", "H3C S5130S-28S", "Ruijie RG-S2910")


@dataclass(frozen=True, slots=True)
class Room:
    """One classroom: its `screen` is the device that shows the lesson."""

    room: str
    name: str
    screen: str
    kind: DeviceKind
    computer: str


def rooms_of(school: School) -> list[Room]:
    """Return the rooms of *school* that are played."""
    kind: DeviceKind = "panel" if school.area == "urban" else "projector"
    return [_room(number, kind) for number in range(school.played)]


def _room(number: int, kind: DeviceKind) -> Room:
    room = f"{number // _FLOORS + 1}{number % _FLOORS + 1:02d}"
    return Room(room, f"{room} 教室", f"{kind}-{room}", kind, f"computer-{room}")


def seen_of(now: Conditions, *, screen: bool = False) -> tuple[DeviceState, str] | None:
    """Return state and cause of a device that is not well; None of one that is."""
    if not now.switch:
        return "unknown", "behind"
    if screen and not now.screen:
        return "fault", LAMP
    return None


class RoomTruth(NamedTuple):
    """How a room is, and the device that decides it: what the collector should find out."""

    state: Literal["ready", "not_ready", "unknown"]
    cause: str = ""
    device: str = ""


def truth_of(room: Room, there: Interval, *, first: bool) -> RoomTruth:
    """Return how *room* can be seen to be; only the *first* of a school has a screen that fails."""
    now = there.now
    if not now.broker:
        return RoomTruth("unknown", "collector", room.screen)
    if there.seen == "down":
        return RoomTruth("unknown", "line", room.screen)
    if not (there.measured_by(HOST) and now.outward):
        cause = "agent" if there.runs or not now.power else "stopped"
        return RoomTruth("unknown", cause, room.screen)
    if not now.switch:
        return RoomTruth("unknown", "behind", room.screen)
    if first and not now.screen:
        return RoomTruth("not_ready", LAMP, room.screen)
    return RoomTruth("ready")


def is_on(days: Days, at: int) -> bool:
    """Tell whether screens and computers are on at *at* (s): while lessons are held."""
    return days.hour(at // HOUR_S).lively


def devices(school: School, days: Days) -> Iterator[Series]:
    """Yield what the agent of *school* reads of its devices; of none where no room is played."""
    rooms = rooms_of(school)
    if not rooms:
        return
    for number, room in enumerate(rooms):
        own = mix(school.seed, 60, number)
        yield _screen(own, room, days, fails=number == 0)
        yield _computer(own, room, days)
    own = mix(school.seed, 61)
    yield _switch(own)
    yield _port(own)
    yield _access_point(own, school)
    if school.area == "urban":
        yield _ups(own)


def _device(
    device: str,
    kind: DeviceKind,
    named: Fields,
    well: Callable[[float, int, Conditions], Fields],
    *,
    room: str = "",
    screen: bool = False,
    grows: bool = False,
) -> Series:
    def read(x: float, at: int, now: Conditions) -> Fields:
        wrong = seen_of(now, screen=screen)
        if wrong:
            state, cause = wrong
            rest = well(x, at, now) if state == "fault" else {}
            return {**rest, "state": state, "cause": cause}
        return {"state": "ready", "cause": "", **well(x, at, now)}

    static: Fields = {"behind": SWITCH, "essential": bool(room), **named}
    tags = {"device": device, "kind": kind} | ({"room": room} if room else {})
    minds = SCREEN if screen else BEHIND
    return Series("device", tags, static, read, minds, grows=grows)


def _screen(own: int, room: Room, days: Days, *, fails: bool) -> Series:
    lamp, hot = 200 + mix(own, 1) % 2_600, 38 + 14 * unit(own, 2)
    burns = room.kind == "projector"

    def well(x: float, at: int, _: Conditions) -> Fields:
        on = is_on(days, at)
        fields: Fields = {"state": "ready" if on else "standby", "on": on}
        fields["answer_ms"] = round(12 + 30 * x, 1)
        if burns:
            fields["lamp_h"] = lamp + int(days.busy(at) * 0.3)
        if on:
            fields |= {"temperature_c": round(hot + 22 * x, 1), "input": "HDMI 1"}
        return fields

    named: Fields = {
        "name": f"{room.name}{'投影机' if burns else '大屏'}",
        "model": pick(_PROJECTORS if burns else _PANELS, own, 3),
    }
    return _device(room.screen, room.kind, named, well, room=room.room, screen=fails, grows=burns)


def _computer(own: int, room: Room, days: Days) -> Series:
    def well(x: float, at: int, _: Conditions) -> Fields:
        on = is_on(days, at)
        if not on:
            return {"state": "standby", "on": False}
        return {"on": True, "answer_ms": round(0.4 + 2 * x + unit(own, 4), 2)}

    named: Fields = {"name": f"{room.name}电脑"}
    return _device(room.computer, "computer", named, well, room=room.room)


def _switch(own: int) -> Series:
    def read(x: float, _: int, now: Conditions) -> Fields:
        if not now.switch:
            return {"state": "unreachable", "cause": "no_answer"}
        return {
            "state": "ready",
            "cause": "",
            "on": True,
            "cpu_percent": round(8 + 30 * x, 1),
            "mem_percent": round(41 + 6 * x, 1),
            "temperature_c": round(39 + 9 * x, 1),
            "answer_ms": round(3 + 6 * x, 1),
            "ports": 28,
            "ports_up": 12 + mix(own, 5) % 12,
            "poe_w": 46.0,
        }

    static: Fields = {
        "name": "汇聚交换机",
        "behind": "",
        "essential": False,
        "profile": "interfaces",
        "model": pick(_SWITCHES, own, 6),
    }
    return Series("device", {"device": SWITCH, "kind": "switch"}, static, read, BEHIND)


def _port(own: int) -> Series:
    rate = 80 + 300 * unit(own, 7)

    def read(x: float, _: int, now: Conditions) -> Fields:
        if not now.switch:
            return {}
        return {
            "up": True,
            "recv_mbit_s": round(rate * x, 2),
            "sent_mbit_s": round(rate * x / 6, 2),
        }

    static: Fields = {
        "enabled": True,
        "alias": "uplink",
        "speed_mbit_s": 1000.0,
        "err_in_per_s": 0.0,
        "err_out_per_s": 0.0,
        "poe_w": 0.0,
        "neighbour": "router",
    }
    return Series("device_port", {"device": SWITCH, "port": UPLINK}, static, read, BEHIND)


def _access_point(own: int, school: School) -> Series:
    most = 8 + mix(own, 8) % max(10, school.classes)

    def well(x: float, _: int, __: Conditions) -> Fields:
        return {"on": True, "clients": round(most * x), "answer_ms": round(2 + 5 * x, 1)}

    return _device("ap-1", "ap", {"name": "一楼无线接入点", "essential": False}, well)


def _ups(own: int) -> Series:
    load = 18 + 20 * unit(own, 9)

    def well(x: float, _: int, __: Conditions) -> Fields:
        return {
            "on": True,
            "on_battery": False,
            "load_percent": round(load + 12 * x, 1),
            "battery_percent": 100.0,
            "battery_s": 2_400,
            "temperature_c": round(26 + 4 * x, 1),
        }

    return _device("ups-1", "ups", {"name": "机房不间断电源", "profile": "ups"}, well)

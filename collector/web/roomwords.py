"""What people read of rooms and devices: words for kinds, states and causes; pure."""

from typing import Any, Final

from collector.rooms.school import Room
from collector.rooms.verdict import RoomState
from collector.verdicts import State
from collector.web.language import Language, Text
from core.causes import CAUSES
from core.devices import HEALTHY, KINDS, STATES, DeviceState
from core.devicewords import KIND_WORDS, STATE_WORDS

LOOKS_LIKE: Final[dict[RoomState, State]] = {
    "not_ready": "down",
    "unknown": "unknown",
    "limited": "degraded",
    "ready": "up",
}
"""The colour and the shape that a room's state is shown with, as lines are."""
_BROKEN: Final[frozenset[DeviceState]] = frozenset({"fault", "unreachable"})


def device_looks(state: DeviceState) -> State:
    """Return the colour and the shape of a device's state."""
    if state in HEALTHY:
        return "up"
    return "down" if state in _BROKEN else "degraded" if state == "limited" else "unknown"


def kind(word: str) -> Text:
    """Return what people call a kind of device."""
    return KIND_WORDS[word if word in KINDS else "other"]


def state(word: str) -> Text:
    """Return what people call a state of a device."""
    return STATE_WORDS[word if word in STATES else "unknown"]


def cause(word: str) -> Text:
    """Return why; empty for a device that is well."""
    found = CAUSES.get(word) or CAUSES["other"]
    return Text(found.zh, found.en) if word else Text("", "")


def first(word: str) -> Text:
    """Return what to try first; empty where there is nothing to try."""
    found = CAUSES.get(word) or CAUSES["other"]
    return Text(found.try_zh, found.try_en) if word else Text("", "")


def deciding(room: Room) -> Text:
    """Return the kind and name of the device that decides; empty where none does."""
    one = room.deciding
    if one is None:
        return Text("", "")
    called, name = kind(one.kind), one.name or one.key.device
    return Text(f"{called.zh} {name}", f"{called.en} {name}")


def detail(name: str, value: Any, language: Language) -> str:
    """Return a word of an alert's details as people read it; empty where it is none of ours."""
    words = {"kind": kind, "device_cause": cause}
    return str(getattr(words[name](str(value)), language)) if name in words else ""

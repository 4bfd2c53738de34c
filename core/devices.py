"""What a device in a school can be, what state it can be in, and the words for why.

The agent says the words; the collector judges rooms by them and tells people what they mean.
Standby, warming, cooling and eco sleep are healthy: they are what a projector does all day.
"""

from typing import Final, Literal, get_args

DeviceKind = Literal[
    "projector",
    "panel",
    "display",
    "computer",
    "document_camera",
    "amplifier",
    "microphone",
    "camera",
    "codec",
    "switch",
    "ap",
    "controller",
    "router",
    "ups",
    "printer",
    "nvr",
    "other",
]
KINDS: Final[tuple[DeviceKind, ...]] = get_args(DeviceKind)

ESSENTIAL: Final[frozenset[DeviceKind]] = frozenset({"projector", "panel", "display", "computer"})
"""Without these no lesson can be taught in a room, unless the configuration says otherwise."""

DeviceState = Literal[
    "ready", "standby", "warming", "cooling", "limited", "fault", "unreachable", "unknown"
]
"""On and well; off or asleep, and well; on its way between the two (warming, cooling); works, but
not in every way; does not work, and says so; does not answer; nobody can tell."""

STATES: Final[tuple[DeviceState, ...]] = get_args(DeviceState)
THERE: Final = frozenset({"refused", "busy"})
"""Causes of a device that does not answer and is there all the same: what it carries passes."""

HEALTHY: Final[frozenset[DeviceState]] = frozenset({"ready", "standby", "warming", "cooling"})

"""One school's devices and rooms as they are at one moment: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collector.outside import SchoolKey
from collector.rooms.device import Device
from collector.rooms.verdict import AgentState, Around, Standing, Verdict, judged, seen
from collector.verdicts import Cause, State
from core.types import Identity

AWAY: frozenset[Cause] = frozenset({"broker", "collector", "region"})
"""Causes for which nobody can tell how an agent is, and which are none of its school's."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room; `verdict.since` is since when it is in its state, whichever device decided."""

    key: SchoolKey
    room: str
    verdict: Verdict
    devices: tuple[Device, ...]

    @property
    def healthy(self) -> int:
        """How many of its devices are."""
        return sum(one.state in ("ready", "standby", "warming", "cooling") for one in self.devices)

    @property
    def unknown(self) -> int:
        """Of how many nobody can tell."""
        return sum(one.state == "unknown" for one in self.devices)

    @property
    def deciding(self) -> Device | None:
        """The device that decides, where one does."""
        return next((one for one in self.devices if one.key.device == self.verdict.device), None)


@dataclass(frozen=True, slots=True)
class School:
    """A school's rooms, and its devices that stand in none; `rooms` in their order by name."""

    key: SchoolKey
    rooms: tuple[Room, ...] = ()
    elsewhere: tuple[Device, ...] = ()
    cut_off: frozenset[Identity] = frozenset()
    """Agents whose own machine stands behind something that is down: that says it all."""

    @property
    def devices(self) -> tuple[Device, ...]:
        """All of its devices."""
        return (*(one for room in self.rooms for one in room.devices), *self.elsewhere)


def school(
    key: SchoolKey, devices: Iterable[Device], around: Around, before: Mapping[str, Verdict]
) -> School:
    """Return the school; *before* are the verdicts on its rooms that held until now."""
    found: dict[str, list[Device]] = {}
    there = list(devices)
    own = {one.key for one in there if one.is_own_machine}
    all_seen = seen(there, around)
    for one in _once(all_seen):
        found.setdefault(one.room, []).append(one)
    elsewhere = tuple(found.pop("", ()))
    rooms = (
        Room(key, name, _going_on(judged(there), before.get(name)), tuple(there))
        for name, there in sorted(found.items())
    )
    cut_off = frozenset(
        Identity(*key, one.key.agent)
        for one in all_seen
        if one.key in own and (one.state, one.cause) == ("unknown", "behind")
    )
    return School(key, tuple(rooms), elsewhere, cut_off)


def standing(state: State, cause: Cause, since: int) -> Standing:
    """Return how an agent is, by the live picture's verdict on it."""
    words: dict[State, AgentState] = {"up": "up", "stopped": "stopped"}
    return Standing("away" if cause in AWAY else words.get(state, "silent"), since)


def _once(devices: Iterable[Device]) -> list[Device]:
    """Return each device once: of two agents that ask the same one, what the later said.

    Who reached it knows more than who did not, so one whose way there is cut decides nothing.
    """
    found: dict[tuple[str, str], Device] = {}
    for one in sorted(devices, key=_knowing):
        found[one.room, one.key.device] = one
    return sorted(found.values(), key=lambda one: one.key)


def _knowing(one: Device) -> tuple[bool, bool, int]:
    return one.state != "unknown", one.state != "unreachable", one.heard


def _going_on(found: Verdict, before: Verdict | None) -> Verdict:
    if before is None or before.state != found.state:
        return found
    return found._replace(since=before.since)

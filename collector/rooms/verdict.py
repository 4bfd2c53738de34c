"""Whether the next lesson can be held in a room: pure, and a truth table is its test.

Standby, warming and cooling are healthy. What stands behind something that is down is unknown with
that cause, and not down: one fact, and not eleven. What is known to be broken counts even where
nobody can tell of the rest.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from collector.rooms.device import HOLDS, Device
from collector.rooms.ways import Ways
from core.devices import HEALTHY, THERE, DeviceState

RoomState = Literal["not_ready", "unknown", "limited", "ready"]
"""The worst first."""

AgentState = Literal["up", "silent", "stopped", "away"]
"""Heard; not heard; switched off properly; nobody can tell, since nothing reaches the collector."""

DOWN: Final[frozenset[DeviceState]] = frozenset({"fault", "unreachable"})
_CAN_BE_ON: Final = frozenset({"projector", "panel", "display"})
_OFF: Final[frozenset[DeviceState]] = frozenset({"standby", "cooling"})


class Standing(NamedTuple):
    """How an agent is, and since when (ns)."""

    state: AgentState
    since: int = 0


@dataclass(frozen=True, slots=True)
class Around:
    """What a school's devices depend on: its agents, and the line (down since, 0 while it is not).

    An agent that is not named here is silent. `heard_since` is when the collector began to take in
    what comes (ns).
    """

    agents: Mapping[str, Standing]
    line_down: int = 0
    at: int = 0
    heard_since: int = 0


class Verdict(NamedTuple):
    """What is to be said of a room, since when (ns), and which device decides it.

    `in_order`: all that a lesson needs is healthy; None while nobody can tell (I-11). `on`: its
    projector, panel or display is.
    """

    state: RoomState
    cause: str = ""
    device: str = ""
    since: int = 0
    in_order: bool | None = None
    on: bool | None = None


def verdict(devices: Sequence[Device], around: Around) -> Verdict:
    """Return the verdict on a room with *devices* as they were last told of."""
    return judged(seen(devices, around))


def judged(devices: Iterable[Device]) -> Verdict:
    """Return the verdict on a room whose devices are as they are `seen`."""
    found = sorted(devices, key=lambda one: (one.since, one.key))
    needed = [one for one in found if one.is_essential]
    others = [one for one in found if not one.is_essential]
    order, on = _in_order(needed), _on(found)
    tellable = [one for one in others if one.state != "unknown"]
    rows: tuple[tuple[RoomState, list[Device]], ...] = (
        ("not_ready", _of(needed, DOWN)),
        ("unknown", _of(needed, {"unknown"})),
        ("limited", _of(needed, {"limited"}) or _of(others, {*DOWN, "limited"})),
        ("unknown", [] if needed or tellable else others),
    )
    for state, deciding in rows:
        if deciding:
            first = deciding[0]
            return Verdict(state, first.cause, first.key.device, first.since, order, on)
    since = max((one.since for one in needed or found), default=0)
    return Verdict("ready", "", "", since, order, on)


def seen(devices: Iterable[Device], around: Around) -> list[Device]:
    """Return *devices* of one school as they count: unknown where nobody can tell."""
    there = {one.key: one for one in devices}
    told = [_told(one, around) for one in there.values()]
    ways = Ways({one.key for one in there.values() if one.is_own_machine})
    ways.learn(told)
    return [_reached(one, ways.before) for one in told]


def agent_of(one: Device, around: Around) -> Standing:
    """Return how the agent is that asks a device."""
    return around.agents.get(one.key.agent, Standing("silent"))


def _told(one: Device, around: Around) -> Device:
    """Return a device by what its agent can tell of it."""
    agent = agent_of(one, around)
    if agent.state == "up":
        return _asked(one, max(agent.since, around.heard_since), around.at)
    if agent.state == "stopped" and one.is_own_machine:
        since = max(agent.since, one.since)
        return replace(one, state="standby", cause="", since=since, on=None)
    words = {"away": "collector", "stopped": "stopped"}
    lost = "line" if around.line_down else "agent"
    return _unknown(one, words.get(agent.state, lost), max(agent.since, around.line_down))


def _asked(one: Device, up_since: int, at: int) -> Device:
    if at - one.heard <= HOLDS:
        return one
    # Where agent or collector has only come back it may not have told of all of them yet.
    why = "stale" if at - up_since > HOLDS else "not_asked"
    return _unknown(one, why, one.heard + HOLDS)


def _reached(one: Device, before: Callable[[Device], Device | None]) -> Device:
    """Return a device as unknown where it is not heard of because of what it is reached through."""
    if one.state not in ("unreachable", "unknown"):
        return one  # it answers, so there is a way to it
    passed, there = {one.key}, before(one)
    while there and there.key not in passed:
        if _cuts_off(there):
            found = _unknown(one, "behind", max(one.since, there.since))
            return replace(found, cut_by=there.key.device)
        passed.add(there.key)
        there = before(there)
    return one


def _cuts_off(before: Device) -> bool:
    """Return whether nothing gets through a device: one that tells of a fault still carries."""
    return before.state == "unreachable" and before.cause not in THERE


def _unknown(one: Device, cause: str, since: int) -> Device:
    return replace(one, state="unknown", cause=cause, since=max(since, one.since), on=None)


def _of(devices: Iterable[Device], states: Iterable[str]) -> list[Device]:
    return [one for one in devices if one.state in states]


def _in_order(needed: Sequence[Device]) -> bool | None:
    if any(one.state in DOWN or one.state == "limited" for one in needed):
        return False
    unknown = not needed or any(one.state not in HEALTHY for one in needed)
    return None if unknown else True


def _on(devices: Iterable[Device]) -> bool | None:
    """Return whether something that shows a picture is on, None where nobody can tell."""
    found = [_is_on(one) for one in devices if one.kind in _CAN_BE_ON]
    if True in found:
        return True
    return None if not found or None in found else False


def _is_on(one: Device) -> bool | None:
    if one.state in ("unknown", "unreachable"):
        return None
    return False if one.on is None and one.state in _OFF else one.on

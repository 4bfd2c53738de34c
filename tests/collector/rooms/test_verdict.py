"""The truth table of a room: one device that a lesson needs, one that it does not."""

import itertools
from typing import get_args

import pytest
from msgspec.structs import replace

from collector.rooms.device import HOLDS, Device, DeviceKey
from collector.rooms.school import school
from collector.rooms.verdict import Around, Standing, Verdict, verdict
from core.devices import THERE, DeviceKind, DeviceState
from tests.collector.making import REGION
from tests.collector.rooms.play import SCHOOL

AT = 1_000 * HOLDS
HEALTHY = ("ready", "standby", "warming", "cooling")
DOWN = ("fault", "unreachable")

WITH_WELL_NEEDED = {
    **dict.fromkeys(HEALTHY, "ready"),
    "limited": "limited",
    **dict.fromkeys(DOWN, "limited"),
    "unknown": "ready",
}
"""By the state of what a lesson does not need; of what nobody can tell, it does not matter."""
TABLE: dict[str, dict[str, str]] = {
    **dict.fromkeys(HEALTHY, WITH_WELL_NEEDED),
    "limited": dict.fromkeys(get_args(DeviceState), "limited"),
    **dict.fromkeys(DOWN, dict.fromkeys(get_args(DeviceState), "not_ready")),
    "unknown": dict.fromkeys(get_args(DeviceState), "unknown"),
}
STATES = get_args(DeviceState)


def device(
    name: str, state: DeviceState, *, needed: bool = True, agent: str = "host", **more: object
) -> Device:
    key = DeviceKey(REGION, SCHOOL, agent, name)
    kind: DeviceKind = "projector" if needed else "camera"
    cause = "" if state in HEALTHY else f"cause of {name}"
    made = Device(key, kind, "302", state, cause, AT - 50, AT - 10, answers=True)
    return replace(made, **more)


def around(host: str = "up", *, line_down: int = 0, **others: str) -> Around:
    agents = {"host": host, **others}
    standings = {name: Standing(word, AT - 20) for name, word in agents.items()}  # type: ignore[arg-type]
    return Around(standings, line_down, AT)


def judge(*devices: Device, there: Around | None = None) -> Verdict:
    return verdict(devices, there or around())


@pytest.mark.parametrize(("needed", "other"), [*itertools.product(STATES, STATES)])
def test_a_room_is_as_good_as_what_a_lesson_needs(needed: DeviceState, other: DeviceState) -> None:
    found = judge(device("a", needed), device("b", other, needed=False))
    assert found.state == TABLE[needed][other]
    decides = "" if found.state == "ready" else "a" if needed not in HEALTHY else "b"
    assert (found.device, found.cause) == (decides, f"cause of {decides}" if decides else "")
    good = {**dict.fromkeys(HEALTHY, True), "unknown": None}.get(needed, False)
    assert found.in_order is good


@pytest.mark.parametrize(("needed", "other"), [*itertools.product(STATES, STATES)])
@pytest.mark.parametrize("line_down", [0, AT - 30])
@pytest.mark.parametrize("agent", ["silent", "stopped", "away"])
def test_without_its_agent_nobody_can_tell_and_the_reason_is_named(
    needed: DeviceState, other: DeviceState, agent: str, line_down: int
) -> None:
    there = around(agent, line_down=line_down)
    found = judge(device("a", needed), device("b", other, needed=False), there=there)
    silent = "line" if line_down else "agent"
    why = {"silent": silent, "stopped": "stopped", "away": "collector"}[agent]
    assert (found.state, found.cause, found.in_order) == ("unknown", why, None)
    assert found.since == AT - 20, "since the agent is not there"


@pytest.mark.parametrize("state", STATES)
def test_a_computer_that_was_switched_off_properly_is_well(state: DeviceState) -> None:
    own = device("pc", state, kind="computer", answers=False)
    found = judge(own, there=around("stopped"))
    assert found.state == ("ready" if state in HEALTHY else "unknown")


def test_a_computer_that_a_stopped_agent_asked_is_not_taken_for_switched_off() -> None:
    asked = device("pc", "ready", kind="computer", answers=True)
    assert judge(asked, there=around("stopped")).cause == "stopped"


def test_of_two_agents_the_silent_one_makes_only_its_own_devices_unknown() -> None:
    there = around("up", pc="silent")
    found = judge(device("a", "ready"), device("pc", "ready", agent="pc"), there=there)
    assert (found.state, found.device, found.cause) == ("unknown", "pc", "agent")
    found = judge(device("a", "fault"), device("pc", "ready", agent="pc"), there=there)
    assert (found.state, found.device) == ("not_ready", "a"), "what is broken is broken"


@pytest.mark.parametrize("last", ["one", "other"])
def test_of_two_agents_that_ask_one_device_the_one_who_reaches_it_is_believed(last: str) -> None:
    asked = {
        "one": device("a", "ready", agent="one"),
        "other": device("a", "unreachable", agent="other"),
    }
    heard = [replace(one, heard=AT - (1 if name == last else 9)) for name, one in asked.items()]
    there = around(one="up", other="up")
    (room,) = school((REGION, SCHOOL), heard, there, {}).rooms
    assert (room.verdict.state, [one.key.agent for one in room.devices]) == ("ready", ["one"])
    broken = [replace(one, state="unreachable") for one in heard]
    (room,) = school((REGION, SCHOOL), broken, there, {}).rooms
    assert room.verdict.state == "not_ready"


@pytest.mark.parametrize("switch", STATES)
@pytest.mark.parametrize("behind", STATES)
@pytest.mark.parametrize("named", [True, False], ids=["by name", "as the switch of the room"])
def test_what_is_not_heard_of_behind_a_switch_that_is_down_is_unknown(
    switch: DeviceState, behind: DeviceState, *, named: bool
) -> None:
    one = device("a", behind, behind="switch" if named else "")
    room = "" if named else "302"
    before = device("switch", switch, kind="switch", needed=False, room=room)
    found = judge(one, before)
    if switch == "unreachable" and behind in ("unreachable", "unknown"):
        assert (found.state, found.cause, found.device) == ("unknown", "behind", "a")
    elif behind in DOWN:
        assert found.state == "not_ready", "a fault that it tells itself is a fault"


@pytest.mark.parametrize("cause", sorted(THERE))
def test_a_switch_that_only_refuses_to_be_asked_cuts_nothing_off(cause: str) -> None:
    switch = device("s1", "unreachable", kind="switch", room="", cause=cause)
    found = judge(device("a", "unreachable", behind="s1"), switch)
    assert (found.state, found.device) == ("not_ready", "a")


OWN = device("pc", "ready", agent="pc", kind="computer", answers=False)
"""The computer of a room that is an agent of its own."""


@pytest.mark.parametrize(
    ("beside", "why"),
    [
        (["s1"], "behind"),
        (["s1", "s1"], "behind"),
        (["s1", "s2"], "agent"),
        ([""], "agent"),
    ],
)
def test_a_silent_computer_stands_behind_what_all_beside_it_stand_behind(
    beside: list[str], why: str
) -> None:
    others = [device(f"d{n}", "ready", behind=name) for n, name in enumerate(beside)]
    switches = [
        device("s1", "unreachable", kind="switch", room="", cause="no_answer"),
        device("s2", "ready", kind="switch", room=""),
    ]
    found = judge(OWN, *others, *switches, there=around(pc="silent"))
    assert (found.state, found.cause, found.device) == ("unknown", why, "pc")


def test_what_answers_beside_a_computer_that_others_ask_says_nothing_of_it() -> None:
    """Its own `behind` is missing in the file, or it stands elsewhere in the network."""
    switch = device("s1", "unreachable", kind="switch", room="", cause="no_answer")
    found = judge(device("pc", "unreachable"), device("a", "ready", behind="s1"), switch)
    assert (found.state, found.device) == ("not_ready", "pc")


def test_a_switch_behind_a_switch_takes_all_with_it_and_a_circle_ends() -> None:
    first = device("s1", "unreachable", kind="switch", room="", behind="s3")
    second = device("s2", "unknown", kind="switch", room="", behind="s1")
    assert judge(device("a", "unreachable", behind="s2"), second, first).cause == "behind"
    circle = device("s3", "unknown", kind="switch", room="", behind="s3")
    assert judge(device("a", "unreachable", behind="s3"), circle).state == "not_ready"


@pytest.mark.parametrize(
    ("ago", "up_since", "why"),
    [(HOLDS, 0, ""), (HOLDS + 1, 0, "stale"), (HOLDS + 1, AT - HOLDS, "not_asked")],
)
def test_what_nobody_was_told_of_for_long_is_unknown(ago: int, up_since: int, why: str) -> None:
    there = Around({"host": Standing("up", up_since)}, at=AT)
    old = device("a", "ready", since=AT - 2 * ago, heard=AT - ago)
    found = judge(old, there=there)
    assert (found.state, found.cause) == ("unknown" if why else "ready", why)


def test_the_device_that_has_been_down_for_longest_is_named() -> None:
    found = judge(device("a", "fault", since=AT - 20), device("b", "fault", since=AT - 30))
    assert (found.device, found.since) == ("b", AT - 30)


def test_a_room_without_anything_that_a_lesson_needs_is_never_not_ready() -> None:
    fault, unknown = device("b", "fault", needed=False), device("c", "unknown", needed=False)
    assert judge(fault, unknown).state == "limited"
    assert judge(unknown).state == "unknown"
    assert judge().state == "ready"


@pytest.mark.parametrize(
    ("state", "said", "on"),
    [
        ("ready", True, True),
        ("ready", None, None),
        ("warming", True, True),
        ("standby", None, False),
        ("cooling", None, False),
        ("unreachable", True, None),
        ("unknown", True, None),
        ("fault", True, True),
    ],
)
def test_a_room_is_on_while_what_shows_a_picture_is(
    state: DeviceState, said: bool | None, on: bool | None
) -> None:
    pc = device("pc", "ready", kind="computer", on=True)
    assert judge(device("a", state, on=said), pc).on is on
    assert judge(device("a", state, on=said), device("p", "ready", on=True)).on is True
    assert judge(pc).on is None

"""The rooms that are played: what is wrong with one is what its devices say, and the truth."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from agent.readings import mistake
from core.causes import CAUSES
from core.types import Reading
from simulator.course import course_of
from simulator.faults import Troubles
from simulator.machine import Machine
from simulator.scenario import ChanceTable, DaysTable, DistrictTable, FaultTable, Scenario
from simulator.truthfile import truth

START: Final = int(datetime(2026, 11, 26, 1, 0, tzinfo=UTC).timestamp())
MINUTE: Final = 60
CALM: Final = ChanceTable(**dict.fromkeys(ChanceTable.__struct_fields__, 0.0))


class Played:
    """The first school of a district in which only one thing goes wrong."""

    def __init__(self, kind: str, rooms: int = 2) -> None:
        fault = FaultTable(kind=kind, begins="+10m", lasts="20m")  # type: ignore[arg-type]
        scenario = Scenario(
            district=DistrictTable(schools=1, rooms=rooms),
            days=DaysTable(always=True),
            chance=CALM,
            faults=(fault,),
        )
        self.days, (school,) = scenario.calendar(), scenario.schools()
        troubles = Troubles(scenario, [school], self.days, START)
        self.course = course_of(troubles, school, self.days, START, START + 3_600)
        self.machine = Machine(school, self.days)

    def devices(self, minute: int) -> dict[str, Reading]:
        at = START + minute * MINUTE
        readings = list(self.machine.readings(at, self.course.at(at).now))
        assert [mistake(one) for one in readings] == [""] * len(readings)
        return {one.tags["device"]: one for one in readings if one.measurement == "device"}

    def truth(self) -> list[tuple[str, str, str, str]]:
        found = truth([self.course], self.days, START, START + 3_600)
        rooms = [one for one in found if one["what"] == "room"]
        return [(one["room"], minutes(one), one["state"], one["cause"]) for one in rooms]


def minutes(one: dict[str, Any]) -> str:
    begin, end = (datetime.fromisoformat(one[edge]).timestamp() for edge in ("from", "until"))
    return f"{(begin - START) / MINUTE:g}-{(end - START) / MINUTE:g}"


def test_a_lamp_that_fails_makes_one_room_not_ready_and_no_other() -> None:
    played = Played("screen_fails")
    screen = next(name for name in played.devices(0) if name.endswith("-101"))
    assert [played.devices(at)[screen].fields["state"] for at in (5, 15, 35)] == [
        *("ready", "fault", "ready")
    ]
    assert played.devices(15)[screen].fields["cause"] == "lamp"
    assert played.truth() == [
        ("101", "0-10", "ready", ""),
        ("101", "10-30", "not_ready", "lamp"),
        ("101", "30-60", "ready", ""),
        ("102", "0-60", "ready", ""),
    ]


def test_a_switch_that_is_down_leaves_what_hangs_on_it_unknown_and_not_broken() -> None:
    played = Played("switch_down")
    found = {name: one.fields["state"] for name, one in played.devices(15).items()}
    assert found.pop("switch-1") == "unreachable"
    assert set(found.values()) == {"unknown"}
    assert [one for one in played.truth() if one[1] == "10-30"] == [
        ("101", "10-30", "unknown", "behind"),
        ("102", "10-30", "unknown", "behind"),
    ]
    assert {one.fields["state"] for one in played.devices(40).values()} == {"ready"}


@pytest.mark.parametrize(
    ("kind", "cause"), [("line_cut", "line"), ("power_off", "line"), ("agent_dies", "agent")]
)
def test_who_hears_nothing_of_a_school_can_tell_nothing_of_its_rooms(kind: str, cause: str) -> None:
    told = [one for one in Played(kind).truth() if one[1] == "10-30"]
    assert {(state, why) for _, _, state, why in told} <= {
        ("unknown", cause),
        ("unknown", "agent"),
    }
    assert len(told) == 2


def test_every_cause_that_is_played_has_its_words() -> None:
    for kind in ("screen_fails", "switch_down"):
        causes = {str(one.fields["cause"]) for one in Played(kind).devices(15).values()}
        assert causes - {""} <= CAUSES.keys()


def test_without_rooms_there_are_no_devices() -> None:
    played = Played("line_cut", rooms=0)
    assert played.devices(0) == {}
    assert played.truth() == []

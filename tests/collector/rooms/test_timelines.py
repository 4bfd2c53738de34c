"""From what agents tell of devices to verdicts, events, alerts and series, and back to well."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.rooms.device import HOLDS
from collector.rooms.rows import RoomKey
from collector.verdicts import Known
from core.clock import SECOND
from core.errors import StoreBusy
from core.types import Identity
from tests.collector.district.play import points
from tests.collector.making import REGION
from tests.collector.rooms.play import (
    AP,
    CAMERA,
    COMPUTER,
    HOST,
    MINUTE,
    PC,
    PROJECTOR,
    SCHOOL,
    SWITCH,
    UPS,
    Play,
    ns,
)

NOT_READY = [("room_not_ready", "302", True)]


@pytest.fixture
async def play(tmp_path: Path) -> Play:
    made = Play(tmp_path)
    await made.healthy()
    await made.go_on(30)
    assert made.verdict == ("ready", "", "")
    return made


async def test_a_projector_that_fails_is_told_of_and_when_it_is_well_again(play: Play) -> None:
    await play.say(PROJECTOR, state="fault", cause="lamp", name="投影机")
    await play.turn()
    assert play.verdict == ("not_ready", "projector-302", "lamp"), "at once"
    assert play.events() == NOT_READY
    assert play.told() == []
    await play.go_on(70)
    assert play.told() == ["begins room_not_ready 302"]
    (message,) = play.messages()
    assert message.severity == "P2"
    assert message.title.zh == (
        "教室不能正常上课：330100/school-1 302，投影机 投影机：灯泡或光源故障"
    )
    assert "更换灯泡或报修" in message.alerts[0].text.zh
    assert "change the lamp or call for repair" in message.alerts[0].text.en
    await play.say(PROJECTOR, state="warming", cause="", on=True)
    await play.go_on(10)
    assert play.verdict == ("ready", "", "")
    assert play.events() == [*NOT_READY, ("room_not_ready", "302", False)]
    assert play.told() == ["begins room_not_ready 302", "ends room_not_ready 302"]


async def test_what_an_agent_says_first_counts_although_its_clock_is_not_checked_yet(
    tmp_path: Path,
) -> None:
    play = Play(tmp_path)
    await play.say(PROJECTOR, unchecked=True, state="fault", cause="lamp")
    await play.turn()
    assert play.verdict == ("not_ready", "projector-302", "lamp")
    await play.say(PROJECTOR, unchecked=True, ago=3_600, state="ready", cause="")
    await play.turn()
    assert play.verdict == ("not_ready", "projector-302", "lamp"), "that was an hour ago"
    await play.say(PROJECTOR, state="ready", cause="", on=True)
    await play.turn()
    assert play.verdict == ("ready", "", "")


async def test_a_first_reading_that_was_lost_and_comes_again_says_how_the_device_is(
    tmp_path: Path,
) -> None:
    play = Play(tmp_path)
    await play.say(PROJECTOR, answer_ms=3.0)
    await play.turn()
    assert play.verdict == ("unknown", "projector-302", "not_asked")
    await play.say(PROJECTOR, ago=15, state="standby", cause="", on=False, name="投影机")
    await play.turn()
    assert play.verdict == ("ready", "", "")
    await play.say(PROJECTOR, ago=10, state="fault", cause="lamp")
    await play.turn()
    assert play.verdict == ("ready", "", ""), "only what nobody knew yet"


async def test_a_failure_is_heard_of_although_the_clock_was_set_back(play: Play) -> None:
    play.clock.at -= 3_600 * SECOND
    await play.say(PROJECTOR, state="fault", cause="lamp")
    await play.turn()
    assert play.verdict == ("not_ready", "projector-302", "lamp")
    await play.say(PROJECTOR, state="ready", cause="", on=True)
    await play.turn()
    assert play.verdict == ("ready", "", "")


async def test_what_lasts_for_less_than_a_minute_is_recorded_and_nobody_is_called(
    play: Play,
) -> None:
    await play.say(PROJECTOR, state="unreachable", cause="no_answer")
    await play.go_on(40)
    await play.say(PROJECTOR, state="ready", cause="", on=True)
    await play.go_on(120)
    assert play.events() == [*NOT_READY, ("room_not_ready", "302", False)]
    assert play.told() == []


async def test_a_room_whose_camera_fails_can_be_used_and_is_for_the_digest(play: Play) -> None:
    await play.say(CAMERA, state="unreachable", cause="no_answer")
    await play.turn()
    assert play.verdict == ("limited", "camera-302", "no_answer")
    await play.go_on(660)
    assert [(one.severity, *play.told()) for one in play.messages()] == [
        ("P4", "begins room_limited 302")
    ]
    await play.say(PROJECTOR, state="fault", cause="fan")
    await play.go_on(120)
    assert play.told()[1:] == ["ends room_limited 302", "begins room_not_ready 302"]


async def test_a_fault_of_another_device_is_recorded_and_goes_on_as_the_same_alert(
    play: Play,
) -> None:
    await play.say(PROJECTOR, state="fault", cause="lamp")
    await play.go_on(90)
    await play.say(COMPUTER, PC, state="fault", cause="other")
    await play.go_on(30)
    await play.say(PROJECTOR, state="ready", cause="", on=True)
    await play.go_on(30)
    assert play.verdict == ("not_ready", "pc-302", "other")
    assert play.events() == NOT_READY * 2
    assert play.told() == ["begins room_not_ready 302"]


async def test_an_agent_that_dies_is_one_alert_and_its_room_is_unknown(play: Play) -> None:
    play.talking.discard(HOST)
    await play.go_on(600)
    assert play.verdict == ("unknown", "projector-302", "agent")
    assert play.events() == []
    assert [one for one in play.told() if "room" in one] == []
    play.talking.add(HOST)
    await play.go_on(20)
    await play.say(PROJECTOR, state="ready", on=True)
    await play.go_on(20)
    assert play.verdict == ("ready", "", "")


async def test_what_was_told_stays_open_while_nobody_can_tell(play: Play) -> None:
    await play.say(PROJECTOR, state="fault", cause="lamp")
    await play.go_on(90)
    play.talking.discard(HOST)
    await play.go_on(600)
    assert play.verdict[0] == "unknown"
    assert "ends room_not_ready 302" not in play.told()
    play.talking.add(HOST)
    await play.say(PROJECTOR, state="ready", cause="", on=True)
    await play.go_on(30)
    assert "ends room_not_ready 302" in play.told()
    assert play.events() == [*NOT_READY, ("room_not_ready", "302", False)]


async def test_a_computer_that_is_switched_off_properly_is_well(play: Play) -> None:
    play.stops(PC)
    await play.go_on(600)
    await play.say(PROJECTOR, state="standby", cause="")
    await play.go_on(10)
    assert play.verdict == ("ready", "", "")
    assert play.room.verdict.on is False
    assert play.told() == []


async def test_a_line_that_is_cut_is_one_alert(play: Play) -> None:
    play.cut()
    await play.go_on(600)
    assert play.verdict[0] == "unknown"
    assert play.verdict[2] == "line"
    assert play.told() == ["begins line_down"]
    assert play.events() == []


async def test_a_projector_that_is_lost_just_before_its_line_calls_nobody(play: Play) -> None:
    await play.say(PROJECTOR, state="unreachable", cause="no_answer")
    await play.go_on(20)
    await play.say(SWITCH, state="unreachable", cause="no_answer")
    await play.say(PROJECTOR, state="unknown", cause="behind", behind="switch-3f")
    await play.go_on(90)
    assert play.told() == ["begins switch_down switch-3f"]
    assert play.verdict == ("unknown", "projector-302", "behind")
    await play.say(SWITCH, state="ready", cause="")
    await play.say(PROJECTOR, state="fault", cause="lamp", behind="switch-3f")
    await play.go_on(90)
    ended = ["begins room_not_ready 302", "ends switch_down switch-3f"]
    assert sorted(play.told()[-2:]) == ended


async def test_a_switch_that_is_down_is_one_alert_for_all_rooms_behind_it(play: Play) -> None:
    rooms = [
        {"device": f"projector-{n}", "room": str(n), "kind": "projector"} for n in range(311, 322)
    ]
    for one in (PROJECTOR, *rooms):
        await play.say(one, state="ready", on=True, behind="switch-3f", answer_ms=1.0)
    await play.say(SWITCH, state="ready", cause="", answer_ms=1.0)
    await play.go_on(30)
    await play.say(SWITCH, state="unreachable", cause="no_answer")
    for one in (PROJECTOR, *rooms):
        await play.say(one, state="unreachable", cause="no_answer")  # by an agent that is older
    await play.go_on(180)
    assert play.told() == ["begins switch_down switch-3f"]
    assert play.events() == [("switch_down", "switch-3f", True)]
    (school,) = play.rooms.schools()
    assert {one.verdict[:2] for one in school.rooms} == {("unknown", "behind")}
    await play.say(SWITCH, state="ready", cause="")
    for one in (PROJECTOR, *rooms):
        await play.say(one, state="ready", cause="", on=True)
    await play.go_on(30)
    assert play.told() == ["begins switch_down switch-3f", "ends switch_down switch-3f"]
    assert {one.verdict.state for one in school.rooms} == {"unknown"}
    (school,) = play.rooms.schools()
    assert {one.verdict.state for one in school.rooms} == {"ready"}


def falls_silent(play: Play, who: Identity) -> None:
    """Have the broker publish the will of an agent."""
    play.talking.discard(who)
    live = play.desk.books.live
    known = Known(play.clock(), play.clock(), dead=True)
    live.put(who, msgspec.structs.replace(live.state(who), known=known))


@pytest.mark.parametrize("says", ["the computer itself", "another agent", "what stands beside it"])
async def test_a_computer_that_falls_silent_with_its_switch_is_part_of_that(
    play: Play, says: str
) -> None:
    behind: dict[str, Any] = {"behind": "switch-3f"}
    await play.say(SWITCH, state="ready", cause="", answer_ms=1.0)
    if says == "the computer itself":
        await play.say(COMPUTER, PC, state="ready", cause="", **behind)
    elif says == "another agent":
        await play.say(COMPUTER, HOST, state="ready", cause="", answer_ms=1.0, **behind)
    else:
        await play.say(PROJECTOR, state="ready", cause="", on=True, **behind)
    await play.go_on(70)
    falls_silent(play, PC)
    await play.say(SWITCH, state="unreachable", cause="no_answer")
    await play.go_on(900)
    assert play.told() == ["begins switch_down switch-3f"]
    await play.say(SWITCH, state="ready", cause="")
    play.talking.add(PC)
    await play.go_on(300)
    assert play.told() == ["begins switch_down switch-3f", "ends switch_down switch-3f"]


async def test_a_computer_that_stays_silent_when_its_switch_is_back_is_told_of_then(
    play: Play,
) -> None:
    await play.say(COMPUTER, PC, state="ready", cause="", behind="switch-3f")
    await play.say(SWITCH, state="unreachable", cause="no_answer", answer_ms=1.0)
    falls_silent(play, PC)
    await play.go_on(400)
    assert play.told() == ["begins switch_down switch-3f"]
    await play.say(SWITCH, state="ready", cause="")
    await play.go_on(60)
    assert sorted(play.told()[1:]) == ["begins agent_silent", "ends switch_down switch-3f"]
    play.talking.add(PC)
    await play.go_on(60)
    assert play.told()[3:] == ["ends agent_silent"]


@pytest.mark.parametrize("cause", ["refused", "fan"])
async def test_a_computer_that_falls_silent_while_its_switch_carries_is_told_of(
    play: Play, cause: str
) -> None:
    state = "fault" if cause == "fan" else "unreachable"
    await play.say(COMPUTER, PC, state="ready", cause="", behind="switch-3f")
    await play.say(SWITCH, state=state, cause=cause, answer_ms=1.0)
    falls_silent(play, PC)
    await play.go_on(400)
    assert sorted(play.told()) == ["begins agent_silent", "begins switch_down switch-3f"]


async def test_devices_that_stand_in_no_room_speak_for_themselves(play: Play) -> None:
    printer = {"device": "printer-1", "kind": "printer"}
    await play.say(AP, state="unreachable", cause="no_answer")
    await play.say(printer, state="fault", cause="other")
    await play.say({**AP, "device": "ap-302", "room": "302"}, state="fault", cause="other")
    await play.go_on(180)
    assert sorted(play.told()) == [
        *("begins ap_down ap-yard", "begins device_fault printer-1"),
    ], "and of the room's own its room speaks, in the digest"
    assert play.verdict == ("limited", "ap-302", "other")
    await play.say(AP, state="ready", cause="")
    await play.say(printer, state="standby", cause="")
    await play.go_on(30)
    assert sorted(play.told())[2:] == ["ends ap_down ap-yard", "ends device_fault printer-1"]


async def test_power_that_is_lost_at_night_is_told_of_and_a_dark_room_in_the_morning(
    tmp_path: Path,
) -> None:
    play = Play(tmp_path, "Mon 22:00")
    await play.healthy()
    await play.say(UPS, state="limited", cause="other", on_battery=True)
    await play.say(PROJECTOR, state="unreachable", cause="no_answer")
    await play.go_on(120)
    assert play.told() == ["begins power_lost ups-1"]
    assert set(play.events()) == {("power_lost", "ups-1", True), *NOT_READY}
    await play.say(UPS, state="ready", cause="", on_battery=False)
    await play.until("Tue 07:58", {"state": "unreachable", "cause": "no_answer"}, step=120)
    assert play.told() == ["begins power_lost ups-1", "ends power_lost ups-1"]
    await play.until("Tue 08:02", {"state": "unreachable", "cause": "no_answer"})
    assert play.told()[2:] == ["begins room_not_ready 302"]
    await play.until("Tue 08:04")
    assert play.told()[3:] == ["ends room_not_ready 302"]


@pytest.mark.parametrize("clean", [True, False], ids=["stopped", "killed"])
async def test_a_restart_goes_on_with_what_was_known(play: Play, *, clean: bool) -> None:
    await play.say(PROJECTOR, state="fault", cause="lamp", name="投影机")
    await play.go_on(30)
    before = play.room.verdict
    await play.restart(after=20, clean=clean)
    await play.go_on(60)
    assert play.room.verdict == before, "since the same moment"
    assert play.events() == NOT_READY
    assert play.told() == ["begins room_not_ready 302"]
    await play.restart(after=30, clean=clean)
    await play.say(PROJECTOR, state="ready", cause="", on=True)
    await play.go_on(30)
    assert play.told()[1:] == ["ends room_not_ready 302"]


async def test_while_the_collector_was_away_nobody_knew(play: Play) -> None:
    play.talking.clear()
    await play.restart(after=1_200)
    await play.go_on(60)
    assert (play.verdict[0], play.verdict[2]) == ("unknown", "collector")
    play.talking |= {HOST, PC}
    play.told_at = play.clock()
    await play.go_on(30)
    assert play.verdict[2] == "not_asked", "an agent that came back has to ask first"
    await play.healthy()
    assert play.verdict == ("ready", "", "")
    known = points(play.desk.store, "room", "known", school=SCHOOL)
    assert [value for _, value in known] == [1, 0, 0, 0, 1]
    assert play.told() == []


async def test_history_that_comes_late_changes_nothing(play: Play) -> None:
    await play.say(PROJECTOR, ago=300, state="fault", cause="lamp")
    await play.say(PROJECTOR, ago=121, state="fault", cause="lamp")
    await play.say(PROJECTOR, ago=60, state="fault", cause="lamp")
    await play.go_on(120)
    assert play.verdict == ("ready", "", "")
    assert play.events() == []


async def test_a_device_that_is_asked_no_more_is_unknown_and_forgotten_after_a_day(
    play: Play,
) -> None:
    del play.said["projector-302", HOST]
    await play.go_on(HOLDS // SECOND + 70)
    assert play.verdict == ("unknown", "projector-302", "stale")
    await play.go_on(86_400, 180)
    assert play.verdict == ("ready", "", "")
    assert {one.key.device for one in play.room.devices} == {"pc-302", "camera-302"}


async def test_a_series_tells_of_a_room_on_change_and_each_five_minutes(play: Play) -> None:
    await play.say(PROJECTOR, state="fault", cause="lamp")
    await play.turn()
    changed = play.clock()
    await play.go_on(600)
    found = points(play.desk.store, "room", "ready", school=SCHOOL, room="302")
    assert found[0][1] == 1
    assert found[1] == (changed, 0)
    assert 1 <= len(found[2:]) <= 3
    causes = points(play.desk.store, "room", "cause", region=REGION)
    assert [value for _, value in causes][:2] == ["", "lamp"]
    series = play.desk.store.last("room", {"school": SCHOOL}, 0)
    assert {one.tags.get("agent", "") for one in series} == {""}


async def test_a_store_that_is_away_holds_no_verdict_up(play: Play) -> None:
    await play.say(PROJECTOR, state="fault", cause="lamp")
    play.desk.store.errors = [StoreBusy("away")]
    await play.turn()
    assert play.desk.store.errors == []
    assert play.verdict == ("not_ready", "projector-302", "lamp")
    await play.go_on(10)
    found = points(play.desk.store, "room", "ready", school=SCHOOL)
    assert [value for _, value in found] == [1, 0]


async def test_minutes_that_a_room_is_on_are_counted_by_the_day(tmp_path: Path) -> None:
    play = Play(tmp_path, "Mon 08:00")
    await play.healthy()
    await play.until("Mon 08:40", {"state": "ready", "on": True})
    await play.until("Mon 09:00", {"state": "standby", "on": False})
    await play.until("Mon 09:10", {"state": "ready", "on": True})
    play.talking.clear()
    await play.restart(after=1_800)
    play.talking |= {HOST, PC}
    await play.healthy()
    await play.until("Mon 10:00", {"state": "ready", "on": True})
    await play.until("Mon 10:06", {"state": "unreachable", "cause": "no_answer"})
    day = ns("Mon 00:00")
    (today,) = minutes(play)
    assert today[0] == day
    assert today[1] == pytest.approx(40 + 11 + 20, abs=2), "what nobody saw does not count"
    play.clock.at = ns("Mon 23:58")
    await play.until("Tue 00:10", {"state": "ready", "on": True})
    found = minutes(play)
    assert [at for at, _ in found] == [day, ns("Tue 00:00")]
    assert found[0][1] - today[1] in (1, 2, 3)
    assert found[1][1] in (4, 5, 6, 7, 8, 9, 10)


async def test_rooms_in_good_order_are_summed_over_week_and_month(tmp_path: Path) -> None:
    """The week from 23 November, and the one that has a Monday in November."""
    play = Play(tmp_path, "Fri 08:00")
    await play.healthy()
    await play.until("Fri 09:00", {"state": "ready", "on": True})
    await play.until("Fri 10:00", {"state": "fault", "cause": "lamp"})
    await play.until("Sat 00:10", {"state": "standby", "on": False}, step=60)
    key = RoomKey(REGION, SCHOOL, "302")

    def shares() -> list[tuple[int, ...]]:
        """Return hours: in order, known, of school time; of today, the week and the month."""
        found = play.rooms.days.orders(play.clock(), [key])
        return [tuple(round(part / (60 * MINUTE)) for part in one) for one in found]

    friday = (8, 10, 10)  # 8.5 of 9.5
    assert shares() == [(0, 0, 0), friday, friday]
    (told,) = points(play.daily, "room_day", "in_order_minutes", school=SCHOOL)
    assert told[1] == pytest.approx(510, abs=3)
    assert points(play.daily, "room_day", "school_minutes", school=SCHOOL)[0][1] == 570
    await play.restart()
    await play.until("Sat 00:20", {"state": "standby", "on": False})
    assert shares() == [(0, 0, 0), friday, friday], "a restart goes on with it"
    await play.restart(after=3 * 86_400, clean=False)  # 1 December: nobody was there on Monday
    await play.go_on(600)
    today, week, month = shares()
    assert (today, week, month) == ((0, 0, 0), (0, 0, 10), (0, 0, 0))


def minutes(play: Play) -> list[tuple[int, int]]:
    found = points(play.daily, "room_day", "on_minutes", school=SCHOOL)
    return [(at, int(value)) for at, value in found]

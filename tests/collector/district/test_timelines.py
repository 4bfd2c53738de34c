"""Whole days of a district: cuts, silence, restarts and absence, and what they count for."""

import sqlite3
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from collector.roster.school import School
from collector.verdicts import Outside
from core.clock import SECOND
from core.errors import StoreBusy, StoreStopped
from tests.collector.district.play import MINUTE, MONDAY, Play, ns, rural
from tests.collector.making import REGION


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path)


async def test_a_cut_line_is_down_from_the_moment_it_was_cut_and_up_once_it_is_mended(
    play: Play,
) -> None:
    await play.until("Mon 09:00")
    play.cut("a")
    await play.until("Mon 09:30")
    assert play.score("I-01", "live").not_met == 1
    play.mend("a")
    await play.until("Mon 10:00")
    assert play.school("a", "up")[0] == ("Mon 07:56", 1)
    changes = [when for when, up in play.school("a", "up") if up == 0]
    assert changes[0] == "Mon 09:01"
    assert "Mon 09:26" <= changes[-1] <= "Mon 09:30"
    assert [value for when, value in play.school("a", "state") if when == "Mon 09:31"] == ["up"]
    live = play.indicator("I-01", field="met")
    assert [live[f"Mon {when}"] for when in ("09:00", "09:10", "09:31")] == [3, 2, 3]
    # Down from 09:01, when it was proven, to 09:31, when it was heard again: 30 of 360 minutes.
    assert play.minutes() == (330, 360)
    assert play.indicator("I-01", field="value")["Mon 09:10"] == 66.67


async def test_silence_without_proof_is_unknown_and_counts_for_nothing(play: Play) -> None:
    await play.until("Mon 09:00")
    play.talking -= {"a"}
    await play.until("Mon 10:00")
    # That it fell silent is noticed after three minutes, and unknown since its last word.
    assert play.minutes() == (120 + 120 + 60, 120 + 120 + 60)
    assert (play.score("I-01", "live").unproven, play.score("I-01", "live").not_met) == (1, 0)
    ended = [when for when, known in play.school("a", "known") if known == 0]
    assert ended[0] == "Mon 09:00"
    assert len(ended) >= 12
    # What was said before the silence was noticed is taken back by `known`; no field can be.
    said_up = [when for when, _ in play.school("a", "up")]
    assert said_up[-1] <= "Mon 09:03"
    assert all(dict(play.school("a", "known"))[when] == 0 for when in said_up if when > "Mon 09:00")
    live = play.indicator("I-01", field="completeness")
    assert (live["Mon 09:00"], live["Mon 10:00"]) == (100.0, 66.66)
    values = play.indicator("I-01")
    assert values["Mon 09:00"] == 100.0
    assert "Mon 10:00" not in values, "below 90 % there is no percentage (R-29)"


async def test_the_time_in_which_the_collector_was_away_is_neither_up_nor_down(
    play: Play,
) -> None:
    await play.until("Mon 09:00")
    play.cut("a")
    await play.until("Mon 09:11")
    play.restart("Mon 12:00")
    await play.until("Mon 13:00")
    # b and c: 08:00 to 09:12 and 12:01 to 13:00. a: the same, and down since 09:01.
    both = 72 + 59
    assert play.minutes() == (2 * both + 61, 3 * both)
    assert play.score("I-03").completeness == 43.66  # 131 of 300 minutes
    assert play.school("b", "known")[-13:-11] == [("Mon 09:12", 0), ("Mon 12:01", 1)]
    causes = dict(play.school("b", "cause"))
    assert causes["Mon 09:12"] == "collector"
    assert dict(play.school("a", "up"))["Mon 12:01"] == 0, "still cut"


@pytest.mark.parametrize("clean", [True, False], ids=["stopped", "killed"])
async def test_a_restart_within_the_day_changes_none_of_its_numbers(
    tmp_path: Path, *, clean: bool
) -> None:
    play = Play(tmp_path)
    await play.until("Mon 09:00")
    play.cut("b")
    await play.until("Mon 10:00")
    before = play.minutes()
    play.restart(clean=clean)
    await play.until("Mon 10:01")
    assert play.minutes() == (before[0] + 2, before[1] + 3)
    for _ in range(3):
        play.restart(clean=clean)
        await play.until(f"Mon 10:{play.clock.at // MINUTE % 60 + 1:02}")
    assert play.minutes() == (before[0] + 8, before[1] + 12)


async def test_a_collector_that_was_away_over_midnight_ends_the_day_where_it_last_looked(
    play: Play,
) -> None:
    await play.until("Mon 16:00", 3)
    play.restart("Tue 09:00")
    await play.until("Tue 10:00", 3)
    days = play.indicator("I-03", "day", "denominator")
    assert days["Mon 00:00"] == 3 * 482 * 60.0, "until 16:02"
    assert days["Tue 00:00"] == 3 * 57 * 60.0, "from 09:03"
    assert play.indicator("I-03", "day", "completeness")["Mon 00:00"] == 84.56
    found = play.district._scores.again([MONDAY.date()])
    names = {(one.found.id, one.group): one.found for one in found if one.window == "day"}
    assert names["I-03", ("all", "all")].value is None
    # 1 to 22 November nobody looked at all.
    assert play.score("I-03", "month").completeness < 10


async def test_a_day_ends_at_its_midnight_and_the_states_go_on(play: Play) -> None:
    await play.until("Mon 17:00", 3)
    play.cut("c")
    await play.until("Tue 08:30", 3)
    assert play.indicator("I-03", "day", "numerator")["Mon 00:00"] == (570 + 570 + 542) * 60.0
    assert play.indicator("I-03", "day")["Mon 00:00"] == 98.36
    assert play.indicator("I-03", "day", "met")["Mon 00:00"] == 2
    assert play.minutes() == (62, 93), "c is down since yesterday"
    assert play.indicator("I-01", "day", "not_met") == {"Mon 00:00": 1, "Tue 00:00": 1}
    month = play.score("I-03", "month")
    assert (month.numerator // MINUTE, month.denominator // MINUTE) == (1682 + 62, 1710 + 93)


async def test_a_weekend_has_no_school_time_and_misses_nothing(tmp_path: Path) -> None:
    play = Play(tmp_path, "Sat 09:00")
    await play.until("Sat 09:30")
    found = play.score("I-03")
    assert (found.denominator, found.value, found.completeness) == (0, None, 100.0)
    assert play.score("I-01", "live").value == 100.0
    assert dict(play.school("a", "school_time"))["Sat 09:01"] == 0


async def test_a_broker_that_is_away_makes_no_school_down(play: Play) -> None:
    await play.until("Mon 09:00")
    play.broker(there=False)
    await play.until("Mon 10:00")
    found = play.score("I-01", "live")
    assert (found.met, found.not_met, found.unproven) == (0, 0, 3)
    play.broker(there=True)
    await play.until("Mon 10:10")
    up, known = play.minutes()
    assert up == known < 3 * 75


async def test_a_school_that_never_reported_counts_and_is_unproven(tmp_path: Path) -> None:
    play = Play(tmp_path)
    play.talking.remove("c")
    await play.until("Mon 08:30")
    found = play.score("I-01", "live")
    assert (found.met, found.unproven, found.denominator) == (2, 1, 3)
    assert play.school("c", "state")[0][1] == "never_seen"
    assert {value for _, value in play.school("c", "counts")} == {1}


async def test_areas_are_apart_and_a_school_without_one_is_only_in_all(tmp_path: Path) -> None:
    schools = [rural("a"), School(REGION, "b", area="urban"), School(REGION, "c")]
    play = Play(tmp_path, schools=schools)
    play.cut("b")
    await play.until("Mon 08:30")
    assert play.school("b", "name")[0][1] == "b", "it has no name, and tables no empty place"
    counts = {
        area: play.score("I-01", "live", area).total for area in ("all", "urban", "town", "rural")
    }
    assert counts == {"all": 3, "urban": 1, "town": 0, "rural": 1}
    own = play.indicator("I-01", area="rural", region=REGION)
    assert set(own.values()) == {100.0}
    store = {one.found.value for one in play.district.scores if one.group == (REGION, "urban")}
    assert 0.0 not in store, "of a school that was never heard nothing is known"


async def test_a_school_that_closes_leaves_the_counts_and_one_that_opens_joins(
    play: Play,
) -> None:
    await play.until("Mon 09:00")
    closed = School(REGION, "c", status="merged")
    play.desk.books.live.take_roster([*play.schools[:2], closed, rural("d")])
    play.talking |= {"d"}
    await play.until("Mon 10:00")
    assert play.score("I-01", "live").total == 3
    # a and b all the time, and d from 09:01 on.
    assert play.minutes() == (120 + 120 + 59, 120 + 120 + 59)
    assert [value for _, value in play.school("c", "counts")][-1] == 0


async def test_schools_are_written_when_something_changes_and_each_five_minutes(
    play: Play,
) -> None:
    await play.until("Mon 07:57")
    await play.until("Mon 08:30")
    every = [ns(when) for school in "abc" for when, _ in play.school(school, "up")]
    assert 3 * 8 <= len(every) <= 3 * 10, "at the start, when lessons begin, and seven times more"
    for school in "abc":
        times = [ns(when) for when, _ in play.school(school, "up")]
        assert {ns("Mon 07:56"), ns("Mon 08:00")} <= {*times}
        assert max(after - one for one, after in pairwise(times)) == 5 * MINUTE


async def test_what_the_roster_leaves_open_is_absent_and_not_zero(tmp_path: Path) -> None:
    play = Play(tmp_path, schools=[School(REGION, "a", "甲"), rural("b")])
    await play.until("Mon 08:00")
    assert play.school("a", "target_mbps") == []
    assert play.school("b", "target_mbps")[0][1] == 100.0
    assert play.school("a", "name")[0][1] == "甲"


# A store that is away.


async def test_a_store_that_is_away_loses_nothing_and_holds_nothing_up(play: Play) -> None:
    await play.until("Mon 08:10")
    play.desk.store.errors += [StoreBusy("away") for _ in range(20)]
    play.daily.errors += [StoreStopped("no such database") for _ in range(20)]
    play.cut("a")
    for minute in range(11, 31):
        with pytest.raises((StoreBusy, StoreStopped)):
            await play.until(f"Mon 08:{minute}")
    assert play.score("I-01", "live").not_met == 1
    await play.until("Mon 08:31")
    changed = [when for when, up in play.school("a", "up") if up == 0]
    assert changed[0] == "Mon 08:11", "when it was, not when it could be written"
    assert len(play.indicator("I-01")) == 35 + 1
    await play.until("Mon 08:35")
    assert play.indicator("I-03", "day", "numerator")["Mon 00:00"] == (35 + 35 + 11) * 60.0


async def test_a_collector_that_is_killed_while_its_store_is_away_loses_no_point(
    play: Play,
) -> None:
    await play.until("Mon 08:10")
    play.cut("a")
    for minutes in ((11, 12, 13), (14, 15)):
        play.desk.store.errors += [StoreBusy("away") for _ in minutes]
        for minute in minutes:
            with pytest.raises(StoreBusy):
                await play.until(f"Mon 08:{minute}")
        play.restart(clean=False)
    assert "Mon 08:11" not in play.indicator("I-01", field="total")
    await play.until("Mon 08:16")
    said = play.indicator("I-01", field="total")
    assert [when for when in said if when > "Mon 08:09"] == [f"Mon 08:{n}" for n in range(10, 17)]
    with play.desk.books.ledger.transaction() as db:
        assert db.execute("SELECT count(*) FROM target_waiting").fetchone() == (0,)


async def test_a_database_of_days_that_is_missing_stops_no_live_points(play: Play) -> None:
    play.daily.errors += [StoreStopped("no such database") for _ in range(100)]
    while play.clock.at < ns("Mon 08:08"):
        with suppress(StoreStopped):
            await play.until("Mon 08:08")
    assert "Mon 08:08" in play.indicator("I-01")
    play.daily.errors.clear()
    await play.until("Mon 08:09")
    assert "Mon 00:00" in play.indicator("I-03", "day", "total")


async def test_between_two_minutes_a_store_that_is_away_is_asked_again_and_not_called_well(
    play: Play,
) -> None:
    await play.until("Mon 08:08")
    play.desk.store.errors += [StoreBusy("away") for _ in range(3)]
    play.clock.at += MINUTE
    for seconds in (0, 5, 10):
        play.clock.at += seconds * SECOND
        with pytest.raises(StoreBusy):
            await play.district.tick()
    assert "Mon 08:09" not in play.indicator("I-01", field="total")
    await play.district.tick()
    assert "Mon 08:09" in play.indicator("I-01", field="total")


async def test_a_turn_that_the_database_refuses_is_made_up_for_by_the_next(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    await play.until("Mon 09:00")
    play.cut("a")
    await play.send("b", "http_response,server=x,method=GET success=1i ")

    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(play.district.days._rows, "keep", full)
        for minute in (1, 2, 3):
            with pytest.raises(sqlite3.OperationalError):
                await play.until(f"Mon 09:{minute:02}")
    await play.until("Mon 09:10")
    play.restart()
    await play.until("Mon 09:11")
    assert play.minutes() == (61 + 71 + 71, 3 * 71)
    assert play.score("I-20").denominator == 10 * MINUTE


async def test_a_clock_that_is_set_back_counts_no_time_twice(play: Play) -> None:
    await play.until("Mon 10:00")
    play.clock.at = ns("Mon 09:00")
    await play.until("Mon 11:00")
    assert play.minutes() == (3 * 180, 3 * 180)


async def test_a_clock_that_goes_a_day_ahead_and_back_counts_each_day_once(play: Play) -> None:
    await play.until("Mon 10:00")
    play.clock.at = ns("Wed 12:00")
    await play.until("Wed 12:03")
    play.clock.at = ns("Mon 10:00")
    await play.until("Mon 10:30")
    # The minute that the last look holds for is not known to be wrong.
    assert play.minutes() in {(3 * 150, 3 * 150), (3 * 149, 3 * 149)}
    play.restart()
    await play.until("Mon 10:31")
    assert play.minutes()[0] == play.minutes()[1] >= 3 * 150


async def test_the_first_look_waits_for_the_broker_and_no_longer_than_half_a_minute(
    play: Play,
) -> None:
    play.broker(there=False)
    await play.district.tick()
    assert play.school("a", "known") == []
    play.clock.at += MINUTE
    await play.district.tick()
    assert [known for _, known in play.school("a", "known")] == [0]
    play.clock.at += MINUTE // 2
    await play.district.tick()
    assert len(play.indicator("I-01", field="total")) == 1, "once a minute"


async def test_a_roster_that_is_taken_with_another_target_rewrites_no_day_that_is_over(
    play: Play,
) -> None:
    """R-06: what was proven on Monday was proven against Monday's target."""
    await play.until("Mon 09:00")
    for one in "abc":
        await play.send(one, "bandwidth,uplink=main recv_mbit_s=97.5,sent_mbit_s=3.0 ")
    await play.until("Tue 00:10", 3)
    assert play.indicator("I-04", "day", "met")["Mon 00:00"] == 3
    raised = [School(REGION, name, area="rural", target_mbps=200.0) for name in "abc"]
    play.desk.books.live.take_roster(raised)
    await play.send("a", "http_response,server=x,method=GET success=1i @Mon 10:00")
    await play.until("Tue 00:20")
    assert play.indicator("I-04", "day", "met")["Mon 00:00"] == 3
    month = play.score("I-04", "month")
    assert (month.met, month.not_met, month.unproven) == (0, 0, 3)


async def test_a_line_that_outside_probes_alone_prove_is_up(play: Play) -> None:
    await play.until("Mon 08:30")
    play.talking -= {"a"}
    play.answers["a"] = Outside(answers=True, since=play.clock.at)
    await play.until("Mon 09:00")
    assert play.score("I-01", "live").met == 3
    assert play.school("a", "agents_up")[-1][1] == 0

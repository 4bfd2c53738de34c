"""I-20 and I-04 from what agents send: fresh, late, again, and across a restart."""

from pathlib import Path

import pytest

from collector.district import days, probing
from collector.district.harvest import Reader
from collector.district.rows import Point, pack, unpack
from collector.district.tap import wanted_in
from tests.collector.district.play import HOUR, MINUTE, Play, host, ns
from tests.collector.making import batch, readings

PROBE = "http_response,server=https://www.smartedu.cn,method=GET"


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path)


async def probes(play: Play, school: str, *steps: str) -> None:
    """Send `ok 08:00` as outcomes of Monday, or of the day that is named."""
    for step in steps:
        word, _, when = step.partition(" ")
        when = when if " " in when else f"Mon {when}"
        await play.send(school, f'{PROBE} success={int(word == "ok")}i,verdict="{word}" @{when}')


def ok_of(play: Play, window: str = "day") -> tuple[int, int]:
    found = play.score("I-20", window)
    return found.numerator // MINUTE, found.denominator // MINUTE


async def test_outcomes_count_by_the_time_for_which_they_hold(play: Play) -> None:
    await play.until("Mon 08:20")
    await probes(play, "a", "ok 08:00", "ok 08:05", "bad 08:10", "bad 08:15", "ok 08:20")
    await play.until("Mon 08:21")
    assert ok_of(play) == (11, 21)
    assert play.indicator("I-20", "day", "numerator")["Mon 00:00"] == 11 * 60.0
    assert play.score("I-20").unproven == 2, "b and c probe nothing"
    await play.until("Mon 09:00")
    assert ok_of(play) == (20, 30), "nothing came any more"


async def test_all_schools_that_probe_well_reach_the_target(play: Play) -> None:
    for number in range(12):
        await play.until(f"Mon 08:{5 * number:02}")
        for one in "abc":
            await probes(play, one, f"ok 08:{5 * number:02}")
    await play.until("Mon 09:00")
    found = play.score("I-20")
    assert (found.value, found.met, found.completeness) == (100.0, 3, 100.0)
    assert "Mon 09:00" in play.indicator("I-20")


@pytest.mark.parametrize("clean", [True, False], ids=["stopped", "killed"])
async def test_a_restart_knows_what_was_probed(tmp_path: Path, *, clean: bool) -> None:
    play = Play(tmp_path)
    await play.until("Mon 08:07")
    await probes(play, "a", "ok 08:00", "bad 08:03", "ok 08:06")
    await play.until("Mon 08:08")
    before = ok_of(play)
    play.restart(clean=clean)
    await play.until("Mon 08:09")
    assert ok_of(play) == (before[0] + 1, before[1] + 1) == (6, 9)
    await probes(play, "a", "bad 08:08")
    await play.until("Mon 08:10")
    assert ok_of(play) == (5, 10)


@pytest.mark.parametrize("clean", [True, False], ids=["stopped", "killed"])
async def test_what_came_in_the_last_minute_before_a_stop_is_kept(
    play: Play, *, clean: bool
) -> None:
    await play.until("Mon 08:00")
    await probes(play, "a", "bad 08:00")
    await play.send("a", "bandwidth,uplink=main recv_mbit_s=99.0,sent_mbit_s=1.0 @Mon 08:00")
    play.restart("Mon 08:02", clean=clean)
    await play.until("Mon 08:03")
    assert ok_of(play) == (0, 3)
    assert play.score("I-04").met == 1
    assert waiting(play) == 0


async def test_what_a_turn_took_waits_no_more_and_what_comes_after_it_does(play: Play) -> None:
    await play.until("Mon 08:00")
    await probes(play, "a", "ok 08:00")
    assert waiting(play) == 1
    await play.pass_by()
    assert waiting(play) == 0
    await probes(play, "a", "bad 08:01")
    for _ in range(2):  # killed before the first turn, which the next start makes up for
        play.restart(clean=False)
        assert waiting(play) == 1
    await play.until("Mon 08:03")
    assert (ok_of(play), waiting(play)) == ((1, 3), 0)


def waiting(play: Play) -> int:
    with play.desk.books.ledger.transaction() as db:
        return int(db.execute("SELECT count(*) FROM target_heard").fetchone()[0])


async def test_late_failures_correct_the_day_of_an_outage(play: Play) -> None:
    """A line is cut for six minutes: the fresh readings come first, then those of the outage."""
    await play.until("Mon 08:12")
    await probes(play, "a", "ok 08:00", "ok 08:05", "ok 08:12")
    await play.until("Mon 08:15")
    assert ok_of(play) == (15, 15)
    await probes(play, "a", "bad 08:06", "bad 08:11")
    await play.until("Mon 08:16")
    assert ok_of(play) == (10, 16)


async def test_late_readings_correct_days_that_are_over_and_their_month(play: Play) -> None:
    await play.until("Mon 08:30")
    await probes(play, "a", "ok 08:20", "ok 08:30")
    await play.until("Tue 08:00", 3)
    seconds = play.indicator("I-20", "day", "denominator")
    assert seconds["Mon 00:00"] == 20 * 60.0
    await probes(play, "a", "bad 10:00", "bad 10:05", "ok Tue 00:01")
    await play.send("a", "bandwidth,uplink=main recv_mbit_s=99.0,sent_mbit_s=1.0 @Mon 11:00")
    await play.pass_by()
    assert play.district.days.late, "taken, and not worked out yet"
    play.restart(clean=False)
    await play.until("Tue 08:10")
    assert play.indicator("I-20", "day", "denominator")["Mon 00:00"] == 35 * 60.0
    assert play.indicator("I-20", "day", "numerator")["Mon 00:00"] == 20 * 60.0
    assert play.indicator("I-04", "day", "met") == {"Mon 00:00": 1, "Tue 00:00": 0}
    assert play.score("I-04", "month").met == 1
    assert play.score("I-20", "month").denominator == 45 * MINUTE
    assert play.district.days.late == {}


async def test_an_outcome_before_midnight_holds_into_the_day_after(play: Play) -> None:
    play.clock.at += 15 * HOUR + 50 * MINUTE
    play.start()
    await play.until("Mon 23:58")
    await probes(play, "a", "ok 23:57")
    await play.until("Tue 00:05")
    assert play.indicator("I-20", "day", "denominator") == {
        "Mon 00:00": 3 * 60.0,
        "Tue 00:00": 5 * 60.0,
    }


async def test_what_is_older_than_a_week_is_left_out_and_counted(play: Play) -> None:
    await play.until("Mon 08:00")
    old = play.clock.at - 8 * 24 * HOUR
    await probes(play, "a", "ok 08:00")
    lines = [f"{PROBE} success=1i {old}".encode()]
    await play.take(readings(batch(seq=900, lines=lines), host("a")))
    await play.until("Mon 08:05")
    assert ok_of(play) == (5, 5)
    assert play.desk.count("district_left_out", "too_old") == 1


async def test_a_batch_that_comes_again_changes_nothing(play: Play) -> None:
    await play.until("Mon 08:00")
    lines = [f"{PROBE} success=1i {play.clock.at}".encode()]
    for _ in range(3):
        await play.take(readings(batch(seq=900, lines=lines), host("a")))
    await play.until("Mon 08:05")
    assert ok_of(play) == (5, 5)
    with play.desk.books.ledger.transaction() as db:
        (blobs,) = db.execute("SELECT sum(length(points)) FROM target_probe").fetchone()
    assert blobs == 8, "one point"


async def test_only_the_platforms_that_are_named_count(tmp_path: Path) -> None:
    play = Play(tmp_path)
    play.platforms = ("https://www.smartedu.cn",)
    play.restart()
    await play.until("Mon 08:00")
    await probes(play, "a", "ok 08:00")
    await play.send("a", "http_response,server=http://intranet,method=GET success=0i @Mon 08:00")
    await play.until("Mon 08:05")
    assert ok_of(play) == (5, 5)


async def test_i_04_takes_the_fastest_sample_of_the_window_and_no_older_peak(play: Play) -> None:
    await play.until("Mon 08:00")
    await play.send(
        "a", "bandwidth,uplink=main recv_mbit_s=40.0,measured_mbit_s=400.0,contracted_mbit_s=500 "
    )
    await play.until("Mon 08:05")
    found = play.score("I-04")
    assert (found.met, found.not_met, found.unproven, found.value) == (0, 0, 3, None)
    await play.send("a", "bandwidth,uplink=main sent_mbit_s=94.9 @Mon 08:05")
    await play.send("b", "bandwidth,uplink=main sent_mbit_s=95.0 @Mon 08:05")
    await play.until("Mon 08:06")
    assert play.score("I-04").met == 1
    play.restart()
    await play.send("b", "bandwidth,uplink=main sent_mbit_s=5.0 @Mon 08:06")
    await play.until("Mon 08:07")
    assert play.score("I-04").met == 1


async def test_the_ledger_of_each_agent_is_written_each_five_minutes(play: Play) -> None:
    await play.until("Mon 08:00")
    for _ in range(3):
        await play.send("a", "agent spool_batches=7i ")
    await play.until("Mon 08:04")
    found = play.desk.store.last("ledger", {"school": "a"}, 0)
    values = {one.field: one.value for one in found}
    assert values["batches"] == 3
    assert values["missing"] == values["explained"] == 0
    assert values["waiting"] == 7
    assert values["silent_s"] == 0
    play.clock.at = ns("Mon 08:00") + 2 * MINUTE
    assert play.district.more() == {"backlog_batches": 7, "dropped": 0}
    play.clock.at += 10 * MINUTE
    assert play.district.more()["backlog_batches"] == 0, "an old word says nothing of now"


# The parts.


def test_the_few_lines_are_found_among_the_many() -> None:
    wanted = [b"http_response,server=x success=1i 1", b"agent,school=a uptime_s=1i 2"]
    others = [b"mem,school=a used=1i 3", b"agents,school=a x=1i 4", b'x y="\\nagent," 5']
    for lines in (
        [*wanted, *others],
        [*others, *wanted],
        [others[0], wanted[0], others[1], wanted[1], wanted[0]],
        others,
        [wanted[1]],
    ):
        body = b"".join(line + b"\n" for line in lines)
        assert sorted(wanted_in(body)) == sorted(line for line in lines if line in wanted)


def test_a_line_that_cannot_be_read_stops_no_other() -> None:
    tags = b"region=1,school=a,agent=h"
    lines = [
        b"http_response,server=x success=1i 1",
        b"http_response," + tags + b" success=1i later",
        b"bandwidth," + tags + b" recv_mbit_s=1.5 7",
    ]
    found = Reader().read(lines)
    assert (found.outcomes, [one.mbps for one in found.carried]) == ([], [1.5])


def test_points_are_packed_and_unpacked() -> None:
    points = [Point(1, 0, True), Point(2**31, 90_000_000, False), Point(7, -600_000, True)]
    assert list(unpack(pack(points))) == points
    assert len(pack(points)) == 24


async def test_series_that_are_not_heard_any_more_make_room_for_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "MOST_OF_ONE_SCHOOL", 2)
    monkeypatch.setattr(days, "LATE_DAYS", 3)
    play = Play(tmp_path)
    for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat"):
        if day != "Mon":
            play.restart(f"{day} 07:55")
        for server in "xy" if day == "Mon" else "x":
            await play.send("a", f"http_response,server={server} success=1i @{day} 07:55")
        await play.until(f"{day} 07:57")
    await play.send("a", "http_response,server=z success=1i @Sat 07:57")
    await play.until("Sat 07:58")
    assert play.desk.count("district_left_out", "too_many_series") == 0
    assert len(play.district.days._rows.series()) == 2

    await play.send("a", "http_response,server=w success=1i @Sat 07:58")
    await play.until("Sat 07:59")
    assert play.desk.count("district_left_out", "too_many_series") == 1


async def test_a_school_with_too_many_series_counts_with_those_that_were_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "MOST_OF_ONE_SCHOOL", 2)
    play = Play(tmp_path)
    await play.until("Mon 08:00")
    for server in "xyz":
        await play.send("a", f"http_response,server={server} success=1i @Mon 08:00")
    await play.send("b", "http_response,server=z success=1i @Mon 08:00")
    await play.until("Mon 08:05")
    assert ok_of(play) == (15, 15)
    assert play.desk.count("district_left_out", "too_many_series") == 1

"""What the list says of alerts that nobody is told of now: until when, who said so, and why."""

from pathlib import Path

from alerts.history import History, Stories, Wanted
from alerts.kept import Kept
from alerts.texts import Words
from tests.alerts.stage import SHANGHAI
from tests.alerts.test_mute import HOUR, Quiet, at

WINDOW = """
[[maintenance]]
name = "核心交换机升级"
reason = "厂家升级固件"
begins = 2026-11-23T02:00:00
ends = 2026-11-23T05:00:00
rule = "disk_full"
"""


def stories(quiet: Quiet) -> Stories:
    path, clock = quiet.stage.folder / "ledger.db", quiet.stage.clock
    words = Words(str, SHANGHAI)
    return History(path, words, times=quiet.times, now=clock).stories(Wanted())


def test_a_silence_says_who_made_it_why_and_until_when_and_then_the_alert_is_open(
    tmp_path: Path,
) -> None:
    quiet = Quiet(tmp_path)
    quiet.silence(HOUR, rule="line_down")
    ends = quiet.stage.clock.at + HOUR
    quiet.sees("line_down", "")
    quiet.until(quiet.stage.clock.at + HOUR // 4)
    found = stories(quiet)
    (story,) = found.open
    assert (story.group, found.muted, found.unacked) == ("muted", 1, 0)
    assert story.kept == Kept(ends, "zhang", "更换投影机")
    quiet.until(ends + HOUR // 60)
    found = stories(quiet)
    assert [(one.group, one.kept.until) for one in found.open] == [("open", 0)]
    assert (found.muted, found.unacked) == (0, 1)


def test_maintenance_and_lessons_say_when_they_end_and_begin(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path, WINDOW)
    quiet.sees("room_not_ready")
    quiet.stage.read("disk", {"path": "/"}, used_percent=99.0)
    quiet.until(at("Mon 04:00"))
    kept = {one.telling.alert.key.rule: one.kept for one in stories(quiet).open}
    assert kept == {
        "room_not_ready": Kept(at("Mon 08:00")),
        "disk_full": Kept(at("Mon 05:00"), why="厂家升级固件"),
    }

"""A clock that is set back: nothing waits for the time to come a second time."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from alerts import silences
from alerts.channels.health import Health
from alerts.language.file import read_rules
from alerts.outbox import Outbox
from alerts.rules import Rule
from alerts.shipped import RULES
from alerts.silences import Matchers
from core.clock import SECOND
from core.types import Event
from tests.alerts.stage import RULE_FILES, Stage

HOUR = 3600 * SECOND
DISK: Sequence[Rule] = [
    replace(rule, hold_s=60, keep_s=60) for rule in RULES if rule.name == "disk_full"
]


def begin(stage: Stage, subject: str = "spool") -> None:
    stage.say(Event("spool_dropping", "host", subject, True, stage.clock.at))


def read(stage: Stage, percent: float, minutes: int) -> None:
    for _ in range(4 * minutes):
        stage.heard()
        stage.read("disk", {"path": "/"}, used_percent=percent)
        stage.wait(15, 5)


def reasons(stage: Stage) -> list[str]:
    return [one.reason for one in stage.messages_made()]


def test_a_condition_is_told_once_it_has_lasted_by_the_new_clock_and_so_is_its_end(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1", rules=DISK)
    stage.heard()
    stage.read("disk", {"path": "/"}, used_percent=99.0)
    stage.wait(2)
    stage.clock.at -= HOUR
    read(stage, 99, 3)
    assert reasons(stage) == ["FIRST"]
    stage.read("disk", {"path": "/"}, used_percent=9.0)
    stage.wait(2)
    stage.clock.at -= HOUR
    read(stage, 9, 3)
    assert reasons(stage) == ["FIRST", "ALL_RESOLVED"]


def test_what_a_silence_mutes_that_was_over_by_the_clock_before_is_told_at_its_end(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    with stage.ledger.transaction() as db:
        silences.make(
            db,
            by="zhang",
            reason="更换硬盘",
            matchers=Matchers(rule="spool_dropping"),
            ends_at=stage.clock.at + HOUR,
            at=stage.clock.at,
        )
    stage.engine.silences_changed()
    stage.clock.at += 2 * HOUR
    stage.wait(5)
    stage.clock.at -= 2 * HOUR
    stage.wait(5)
    begin(stage)
    stage.wait(1800, 30)
    assert reasons(stage) == []
    stage.wait(1900, 30)
    assert reasons(stage) == ["FIRST"]


def test_the_summary_of_a_storm_comes(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1", messages=8)
    for number in range(60):
        begin(stage, f"part-{number}")
    stage.wait(2)
    assert reasons(stage) == ["FIRST", "FIRST"]
    stage.clock.at -= HOUR
    stage.wait(120)
    assert reasons(stage) == ["FIRST", "FIRST", "NEW_ALERTS"]


def test_a_message_that_waits_goes_out_and_a_channel_counts_as_failing_from_now(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    begin(stage)
    outbox = Outbox(stage.ground, ("duty",))
    outbox.open(stage.clock())
    stage.clock.at -= HOUR
    (parcel,) = outbox.claim(stage.clock(), ())
    assert parcel.notification.number == 1
    before = Health().failed(stage.clock() + HOUR, "no answer")
    assert before.failed(stage.clock(), "no answer").failing_since == stage.clock()


def test_what_a_rule_remembers_moves_with_the_clock(tmp_path: Path) -> None:
    rules = read_rules(RULE_FILES / "memory.rules.toml").rules
    names = ("rtt_jumps", "errors_grow")
    stage = Stage(tmp_path / "d1", rules=[one for one in rules if one.name in names])

    def say(rtt: float, errors: int) -> None:
        stage.heard()
        stage.read("ping", {"url": "gw"}, average_response_ms=rtt)
        stage.read("net", {"interface": "eth0"}, err_in=errors)

    say(10.0, 0)
    stage.wait(400, 100)
    stage.clock.at -= HOUR
    stage.wait(1)
    stage.wait(250, 50)
    say(90.0, 900)
    told = {one.alerts[0].alert.key.rule for one in stage.messages_made()}
    assert told == set(names), "eleven minutes have passed, whatever the clock says"

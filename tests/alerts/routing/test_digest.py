"""The daily digest: once a day, over restarts, and nothing where there is nothing."""

from dataclasses import replace
from datetime import time
from pathlib import Path

import msgspec
import pytest

from alerts.routing.digest import slot_of
from core.alerts import Notification
from core.clock import SECOND
from tests.alerts.routing.play import (
    DAY,
    HOUR,
    MINUTE,
    OWNERS,
    at,
    begin,
    school,
    staged,
    told,
)
from tests.alerts.stage import SHANGHAI, Stage

MONDAY = at("2026-11-23 06:00")
TEXT = OWNERS + '[[route]]\nname = "p3"\nseverity = ["P3"]\ndigest = true\nto = ["owner:user"]\n'


def titles(stage: Stage) -> list[str]:
    return [message.title.zh for message in stage.messages_made()]


def test_small_things_are_told_once_a_day_with_what_became_of_them(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", TEXT, now=MONDAY)
    begin(stage, "P4", school(1))
    begin(stage, "P4", school(2))
    begin(stage, "P3", school(3))
    stage.wait(HOUR, step=60)
    begin(stage, "P4", school(2), active=False)
    assert told(stage) == {}
    stage.wait(31 * MINUTE, step=60)
    assert told(stage, MONDAY) == {
        "operator": ["90m DIGEST 2 address_duplicate"],
        "user": ["90m DIGEST 1 address_lost"],
    }
    assert titles(stage) == [
        "每日汇总：新发生 2 条，已恢复 1 条，仍未恢复 1 条",
        "每日汇总：新发生 1 条，已恢复 0 条，仍未恢复 1 条",
    ]
    stage.wait(DAY, step=10 * MINUTE)
    assert titles(stage)[2:] == ["每日汇总：新发生 0 条，已恢复 0 条，仍未恢复 1 条"] * 2
    begin(stage, "P4", school(1), active=False)
    begin(stage, "P3", school(3), active=False)
    stage.wait(3 * DAY, step=10 * MINUTE)
    assert titles(stage)[4:] == ["每日汇总：新发生 0 条，已恢复 1 条，仍未恢复 0 条"] * 2


def test_the_worst_come_first(tmp_path: Path) -> None:
    text = OWNERS + '[[route]]\nname = "all"\ndigest = true\nto = ["owner:user"]\n'
    stage = staged(tmp_path / "d", text, now=MONDAY)
    for severity in ("P4", "P2", "P3"):
        begin(stage, severity)
    begin(stage, "P4", active=False)
    begin(stage, "P4", school(2))
    stage.wait(2 * HOUR, step=60)
    (message,) = stage.messages_made()
    assert [one.alert.severity for one in message.alerts] == ["P2", "P3", "P4", "P4"]
    assert [one.alert.state for one in message.alerts][2:] == ["firing", "ended"]


@pytest.mark.parametrize("down", [10 * MINUTE, 3 * DAY])
def test_a_restart_tells_nothing_twice_and_leaves_nothing_out(tmp_path: Path, down: int) -> None:
    stage = staged(tmp_path / "d", TEXT, now=MONDAY)
    begin(stage, "P4")
    stage.wait(HOUR, step=60)
    stage.clock.at += int(30 * MINUTE + down) * SECOND
    for _ in range(3):
        stage.restart()
        stage.wait(60)
    assert len(told(stage)["operator"]) == 1
    with stage.ledger.transaction() as db:
        assert db.execute("SELECT DISTINCT repeat FROM alert_outbox").fetchall() == [(0,)]


def test_after_a_restore_a_digest_is_marked_as_a_repeat(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", TEXT, now=MONDAY)
    begin(stage, "P4")
    copy = stage.ledger.path.read_bytes(), stage.ledger.path.with_name("ledger.db-wal")
    wal = copy[1].read_bytes() if copy[1].exists() else b""
    stage.wait(2 * HOUR, step=60)
    begin(stage, "P3")
    assert len(told(stage)["operator"]) == 1
    stage.ledger.close()
    stage.ledger.path.write_bytes(copy[0])
    copy[1].write_bytes(wal)
    stage.restored()
    stage.wait(60)
    assert len(told(stage)["operator"]) == 1
    with stage.ledger.transaction() as db:
        query = """SELECT repeat FROM alert_outbox JOIN alert_message ON number = message
            WHERE reason = 'DIGEST' AND channel = 'operator'"""
        assert db.execute(query).fetchall() == [(1,)]


def test_what_is_told_at_once_is_not_told_again_in_the_digest(tmp_path: Path) -> None:
    text = OWNERS + '[[route]]\nname = "p4"\nseverity = ["P4"]\ndigest = false\n'
    stage = staged(tmp_path / "d", text + 'repeat = "never"\n', now=MONDAY)
    begin(stage, "P4")
    stage.wait(2 * HOUR, step=60)
    assert told(stage, MONDAY) == {"operator": ["0m FIRST 1 address_duplicate"]}


def test_a_channel_that_is_full_gets_its_digest_later_and_no_other_waits(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", TEXT, now=MONDAY)
    begin(stage, "P4", school(90))
    begin(stage, "P3", school(91))
    stage.wait(85 * MINUTE, step=60)
    for number in range(16):
        begin(stage, "P2", school(number))
    before = len(told(stage)["operator"])
    stage.wait(6 * MINUTE, step=10)
    stage.restart()
    stage.wait(2 * MINUTE, step=10)
    assert told(stage, MONDAY)["user"] == ["90m DIGEST 1 address_lost"]
    assert not any("DIGEST" in one for one in told(stage)["operator"])
    stage.wait(10 * MINUTE, step=10)
    late = told(stage, MONDAY)["operator"][before:]
    assert [one.split(" ", 1)[1] for one in late if "DIGEST" in one] == [
        "DIGEST 1 address_duplicate"
    ]
    minute = int(next(one for one in late if "DIGEST" in one).partition("m")[0])
    assert 95 <= minute <= 97, "as soon as there is room"


@pytest.mark.parametrize("restarts", [False, True])
def test_what_only_the_digest_told_of_is_told_there_when_its_rule_is_removed(
    tmp_path: Path, *, restarts: bool
) -> None:
    stage = staged(tmp_path / "d", TEXT, now=MONDAY)
    begin(stage, "P4", school(1))
    begin(stage, "P4", school(2))
    stage.wait(2 * HOUR, step=60)
    begin(stage, "P4", school(2), active=False)
    begin(stage, "P4", school(3))
    stage.rules = [rule for rule in stage.rules if rule.severity != "P4"]
    if restarts:
        stage.restart()
    else:
        stage.engine.take_rules(stage.rules)
    stage.wait(3 * DAY, step=10 * MINUTE)
    assert titles(stage) == [
        "每日汇总：新发生 2 条，已恢复 0 条，仍未恢复 2 条",
        "每日汇总：新发生 0 条，已恢复 1 条，仍未恢复 0 条，因规则取消或更改不再跟踪 1 条",
    ]
    lost, over = stage.messages_made()[1].alerts
    assert "规则已取消或更改，不代表已恢复" in lost.title.zh
    assert "规则" not in over.title.zh
    assert told(stage, MONDAY).keys() == {"operator"}


def test_a_clock_that_was_far_ahead_ends_no_digest_for_good(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", TEXT, now=MONDAY)
    stage.clock.at += 365 * DAY * SECOND
    stage.wait(60)
    stage.clock.at = MONDAY
    stage.wait(60)
    begin(stage, "P4")
    stage.wait(2 * HOUR, step=60)
    assert told(stage, MONDAY) == {"operator": ["90m DIGEST 1 address_duplicate"]}


def test_a_quiet_rule_stands_in_the_digest_with_its_count(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", TEXT, now=MONDAY)
    stage.rules = [replace(rule, quiet=True) for rule in stage.rules]
    stage.restart()
    begin(stage, "P4")
    stage.wait(2 * HOUR, step=60)
    assert told(stage, MONDAY) == {"operator": ["90m DIGEST 1 address_duplicate"]}


def test_a_digest_of_many_lists_the_worst_and_counts_all(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", TEXT, now=MONDAY)
    for number in range(230):
        begin(stage, "P4", school(number))
    stage.wait(2 * HOUR, step=60)
    with stage.ledger.transaction() as db:
        (body,) = db.execute("SELECT body FROM alert_message").fetchone()
    said = msgspec.json.decode(body, type=Notification)
    assert (said.total, len(said.alerts)) == (230, 200)


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        ("2026-11-23 07:29", "2026-11-22 07:30"),
        ("2026-11-23 07:30", "2026-11-23 07:30"),
        ("2027-01-01 00:10", "2026-12-31 07:30"),
    ],
)
def test_when_a_digest_was_due(now: str, slot: str) -> None:
    assert slot_of(at(now), time(7, 30), SHANGHAI) == at(slot)

"""Rules that change while something is open: what stays, what ends, and with which word."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from alerts.channels.said import said_of
from alerts.history import History, Wanted
from alerts.outbox import Parcel
from alerts.rules import Threshold
from alerts.shipped import RULES
from alerts.texts import Words
from core.types import Event, Identity
from tests.alerts.stage import SHANGHAI, Stage
from tests.collector.making import NOW, REGION

DOWN = Event("link_down", "switch-2", "switch-2/port-5", True, NOW)
OTHERS = [rule for rule in RULES if rule.name != "link_down"]


def told_of(stage: Stage) -> str:
    history = History(stage.folder / "ledger.db", Words(lambda place: place, SHANGHAI), RULES)
    (story,) = history.stories(Wanted(rule="link_down")).over
    return f"{story.telling.title.zh}|{story.telling.title.en}"


def test_an_alert_that_lost_its_rule_says_so_in_both_languages(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(DOWN)
    stage.wait(60)
    stage.engine.take_rules(OTHERS)
    assert [case.alert.key.rule for case in stage.engine.open_cases()] == []
    zh, en = told_of(stage).split("|")
    assert zh.startswith("链路断开：")
    assert "规则已取消或更改，不代表已恢复" in zh
    assert en.startswith("Link down: ")
    assert "says nothing of the condition" in en


def test_one_that_lost_its_rule_over_a_restart_says_the_same(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(DOWN)
    stage.wait(60)
    stage.rules = OTHERS
    stage.restart()
    assert "不代表已恢复" in told_of(stage)
    assert stage.told() == ["30s begins link_down", "60s ends link_down"]


def test_a_rule_that_looks_at_something_else_now_ends_what_was_open(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.read("disk", {"path": "/"}, used_percent=95.0)
    (old,) = [rule for rule in RULES if rule.name == "disk_full"]
    assert isinstance(old.of, Threshold)
    of = replace(old.of, name="inodes_used_percent")
    stage.engine.take_rules([*OTHERS, replace(old, name="disk_full", of=of)])
    assert list(stage.engine.open_cases()) == []


def test_places_that_a_rule_leaves_out_from_now_on_end_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.read("disk", {"path": "/"}, used_percent=95.0)
    (old,) = [rule for rule in RULES if rule.name == "disk_full"]
    stage.engine.take_rules([replace(old, places=replace(old.places, not_at=("*/school-1",)))])
    assert list(stage.engine.open_cases()) == []
    stage.read("disk", {"path": "/"}, used_percent=99.0)
    assert stage.told() == ["0s begins disk_full", "0s ends disk_full"]


def test_a_database_that_refuses_leaves_the_old_rules_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(DOWN)
    stage.wait(60)

    def refused() -> NoReturn:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(stage.ground, "transaction", refused)
        with pytest.raises(sqlite3.OperationalError):
            stage.engine.take_rules(OTHERS)
    assert [case.alert.key.rule for case in stage.engine.open_cases()] == ["link_down"]

    stage.engine.take_rules(OTHERS)
    assert list(stage.engine.open_cases()) == []


def test_many_that_lost_their_rule_are_told_in_one_message_also_where_channels_are_full(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1", messages=6)
    for number in range(9):
        port = f"switch-2/port-{number}"
        stage.say(replace(DOWN, subject=port), who=Identity(REGION, f"school-{number}", "host"))
    stage.wait(120)
    before = len(stage.messages_made())
    stage.engine.take_rules(OTHERS)
    (said,) = stage.messages_made()[before:]
    assert (said.total, said.counts) == (9, {"link_down": 9})
    assert said.title.zh == "规则已取消或更改，9 条告警不再跟踪，不代表已恢复"
    assert said_of(Parcel("duty", 1, False, said), "zh", "d1").head == "不再跟踪"
    stage.rules = OTHERS
    stage.restart()
    stage.wait(600, 5)
    assert len(stage.messages_made()) == before + 1, "it is told once"


def test_a_kill_before_the_end_of_a_rule_is_durable_tells_of_it_after_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(DOWN)
    stage.wait(60)

    def killed(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("alerts.tables.write", killed)
        with pytest.raises(KeyboardInterrupt):
            stage.engine.take_rules(OTHERS)
    stage.rules = OTHERS
    stage.restart()
    assert stage.told() == ["30s begins link_down", "60s ends link_down"]
    stage.restart()
    assert len(stage.told()) == 2

"""Rules that change while something is open: what stays, what ends, and with which word."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from alerts.history import History, Wanted
from alerts.rules import Threshold
from alerts.shipped import RULES
from alerts.texts import Words
from core.types import Event
from tests.alerts.stage import SHANGHAI, Stage
from tests.collector.making import NOW

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
    assert stage.told() == ["30s begins link_down"]


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
    assert stage.told() == ["0s begins disk_full"]


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

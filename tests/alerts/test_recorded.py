"""What the audit log has of alerts: from the begin to the end, in calm and in a storm."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.health import Health
from alerts.facts import Wrong
from alerts.outbox import Outbox, Outcome
from alerts.recorded import ALONE_A_MINUTE, MOST_NUMBERS, OF_A_LIST, without_addresses
from alerts.rules import EventOf, Rule
from alerts.shipped import RULES
from collector.journal import Note
from collector.people import Doer, People
from core.alertkinds import DELIVERED, OF_ALERTS, RAISED, TOLD
from core.clock import SECOND
from core.errors import StoreStopped
from core.types import Event, Identity
from tests.alerts.fused import FusedStage, opened
from tests.alerts.stage import Stage
from tests.collector.auditlines import LINE
from tests.collector.desk import audited_in
from tests.collector.making import NOW, REGION, WHO
from tests.persons import mobile_number
from tests.real import disks

ZHANG = Doer("张三", "district", "page", "zhang", "192.0.2.9")
SCHOOL = f"{REGION}/{WHO.school}"


def recorded(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of the audit log that alerts left, each as the schema asks."""
    lines = [one for one in audited_in(folder) if one["kind"] in OF_ALERTS]
    for line in lines:
        LINE.validate(line)
    return lines


def dropping(number: int = 0, *, active: bool = True, at: int = NOW) -> Event:
    return Event("spool_dropping", "host", f"spool-{number}", active, at)


def storm(stage: Stage, schools: int, *, active: bool = True) -> None:
    """Have something begin or end at each school, at one moment."""
    batches = [
        stage.batch([dropping(active=active, at=stage.clock())], Identity(REGION, f"s{n}", "a"))
        for n in range(schools)
    ]
    stage.arrive(*batches)


def of_collector(rule: Rule) -> bool:
    """Whether it is about something that the collector says, and that does not last."""
    of = rule.of
    return isinstance(of, EventOf) and of.by == "collector" and of.momentary


def stuff(stage: Stage) -> None:
    """Take what room the last block of the log still has."""
    for _ in range(100):
        stage.journal.note(Note("checkpoint", "d1"))
        try:
            stage.journal.sync()
        except StoreStopped:
            return
    raise AssertionError("the log can still be written")


def in_short(lines: Sequence[dict[str, Any]]) -> list[tuple[str, str, bool, str]]:
    return [(one["kind"], one["subject"], one["active"], one["target"]) for one in lines]


def test_an_alert_leaves_a_row_for_its_begin_each_message_each_channel_and_its_end(
    tmp_path: Path,
) -> None:
    stage = opened(tmp_path)
    stage.say(dropping())
    stage.deliver()
    people = People(stage.ground.transaction, stage.journal, now=stage.clock)
    people.acknowledge(1, ZHANG, "去看看")
    stage.clock.at += 60 * SECOND
    stage.say(dropping(active=False, at=stage.clock()))
    stage.wait(60)
    stage.deliver()
    stage.journal.sync()
    lines = recorded(tmp_path)
    assert in_short(lines) == [
        (RAISED, "alert/1", True, str(WHO)),
        (TOLD, "message/1", True, str(WHO)),
        (DELIVERED, "message/1", True, "duty"),
        (RAISED, "alert/1", False, str(WHO)),
        (TOLD, "message/2", True, str(WHO)),
        (DELIVERED, "message/2", True, "duty"),
    ]
    began, told, sent, ended, over, _ = lines
    assert {one["actor"] for one in lines} == {"system:collector/d1"}
    assert all(one["success"] for one in lines)
    assert (began["details"]["rule"], began["details"]["severity"]) == ("spool_dropping", "P2")
    assert (began["details"]["began_at"], "ended_at" in began["details"]) == (NOW, False)
    assert ended["details"]["ended_at"] == NOW + 60 * SECOND
    assert (told["details"]["reason"], over["details"]["reason"]) == ("FIRST", "ALL_RESOLVED")
    assert (told["details"]["alerts"], told["details"]["total"]) == ([1], 1)
    assert told["details"]["to"] == {"duty": "district"}
    assert sent["details"]["tries"] == 1
    order = [one["kind"] for one in audited_in(tmp_path)]
    assert order.index("alert_acknowledged") in range(order.index(DELIVERED), len(order) - 3)


def test_a_restart_records_nothing_again(tmp_path: Path) -> None:
    stage = opened(tmp_path)
    stage.say(dropping())
    stage.deliver()
    stage.journal.sync()
    before = recorded(tmp_path)
    stage.restart()
    stage.rows()
    stage.wait(30)
    stage.deliver()
    stage.journal.sync()
    assert recorded(tmp_path) == before


def test_what_another_alert_explains_says_which(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    region, line = Wrong("region_away", REGION, NOW), Wrong("line_down", SCHOOL, NOW)
    for found in ([region], [region, line]):
        stage.see(*found, covers=["region_away", "line_down"])
        stage.wait(400, 10)
    stage.journal.sync()
    cause, hidden = (one for one in recorded(tmp_path) if one["kind"] == RAISED)
    assert (hidden["target"], hidden["details"]["hidden_by"]) == (SCHOOL, "region_away")
    assert f"alert/{hidden['details']['hider']}" == cause["subject"]


def test_an_alert_whose_rule_is_taken_out_ends_with_that_word(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.say(dropping())
    stage.engine.take_rules([rule for rule in RULES if rule.name != "spool_dropping"])
    stage.journal.sync()
    *_, ended, told = recorded(tmp_path)
    assert (ended["active"], ended["details"]["ended_by"]) == (False, "rule_removed")
    assert told["details"]["reason"] == "ALL_RESOLVED"


def test_a_storm_leaves_few_rows_and_no_alert_is_missing_from_them(tmp_path: Path) -> None:
    stage, schools = Stage(tmp_path), 1_000
    for active in (True, False):
        storm(stage, schools, active=active)
        stage.journal.sync()
        lines = [one for one in recorded(tmp_path) if one["kind"] == RAISED]
        some = [one for one in lines if one["active"] is active]
        alone = [one for one in some if one["subject"] != "alerts"]
        lists = [one["details"] for one in some if one["subject"] == "alerts"]
        assert len(alone) == ALONE_A_MINUTE
        # A list is of one transaction, and of those each has at most a page of rows.
        assert len(lists) <= 2 * (schools - ALONE_A_MINUTE) / OF_A_LIST
        assert all(
            one["total"] == len(one["alerts"]) == sum(one["rules"].values()) for one in lists
        )
        named = [int(one["subject"].removeprefix("alert/")) for one in alone]
        named += [alert["number"] for one in lists for alert in one["alerts"]]
        assert sorted(named) == list(range(1, schools + 1))
        assert {alert["rule"] for one in lists for alert in one["alerts"]} == {"spool_dropping"}
        stage.wait(61, 61)


def test_the_message_of_a_storm_names_some_and_says_how_many(tmp_path: Path) -> None:
    stage = Stage(tmp_path, messages=4)
    storm(stage, 200)
    stage.wait(60)
    stage.journal.sync()
    told = [one["details"] for one in recorded(tmp_path) if one["kind"] == TOLD]
    summary = max(told, key=lambda one: one["total"])
    assert (len(summary["alerts"]), summary["reason"]) == (MOST_NUMBERS, "NEW_ALERTS")
    assert sum(one["total"] for one in told) == 200


def test_no_rule_reads_what_is_recorded_of_alerts(tmp_path: Path) -> None:
    like = next(rule for rule in RULES if of_collector(rule))
    assert isinstance(like.of, EventOf)
    loops = [
        replace(like, name=f"about_{kind}", of=EventOf(kind, "collector", momentary=True))
        for kind in OF_ALERTS
    ]
    stage = Stage(tmp_path, rules=(*RULES, *loops))
    stage.say(dropping())
    stage.note(like.of.kind, "d1")
    for _ in range(5):
        stage.journal.sync()
        stage.rows()
        stage.wait(10)
    rules = [one["details"]["rule"] for one in recorded(tmp_path) if one["kind"] == RAISED]
    assert rules == ["spool_dropping", like.name]


def test_people_hear_of_alerts_while_the_log_is_broken_and_it_has_them_later(
    tmp_path: Path,
) -> None:
    with disks.small(tmp_path / "audit", 2) as disk:
        stage = FusedStage(tmp_path, messages=1_000)
        stage.born()
        filler = disks.fill(disk)
        stuff(stage)
        stage.see(Wrong("line_down", SCHOOL, NOW), covers=["line_down"])
        stage.wait(120, 10)
        stage.deliver()
        with pytest.raises(StoreStopped):
            stage.journal.sync()
        assert [copy.rules for copy in stage.copies] == [("line_down",)]
        assert recorded(tmp_path) == []
        filler.unlink()
        stage.journal.sync()
        assert [one["kind"] for one in recorded(tmp_path)] == [RAISED, TOLD, DELIVERED]
        stage.ledger.close()


def test_what_a_channel_never_takes_is_recorded_with_why_and_without_addresses(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.say(dropping())
    outbox = Outbox(stage.ground, ["duty"])
    outbox.open(stage.clock())
    (parcel,) = outbox.claim(stage.clock(), ())
    phone = mobile_number()
    error = f"550 <li@school.test> refused, see https://hook.test/send?key=S3cret, call {phone}"
    outbox.record([Outcome(parcel, "undeliverable", stage.clock(), error)], {"duty": Health()})
    stage.journal.sync()
    *_, line = recorded(tmp_path)
    assert (line["kind"], line["target"], line["success"]) == (DELIVERED, "duty", False)
    assert "550" in line["reason"]
    assert not any(secret in str(line) for secret in ("li@", "S3cret", "hook.test", phone))


def test_a_try_that_is_repeated_later_is_no_outcome(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.say(dropping())
    outbox = Outbox(stage.ground, ["duty"])
    outbox.open(stage.clock())
    (parcel,) = outbox.claim(stage.clock(), ())
    outbox.record([Outcome(parcel, "queued", stage.clock(), "busy", stage.clock() + 1)])
    stage.journal.sync()
    assert [one["kind"] for one in recorded(tmp_path)] == [RAISED, TOLD]


def test_messages_of_a_channel_that_was_taken_out_are_named_in_one_row(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.say(*(dropping(number) for number in range(3)))
    assert Outbox(stage.ground, ["other"]).open(stage.clock()) == (0, 3)
    stage.journal.sync()
    *_, line = recorded(tmp_path)
    assert (line["target"], line["success"]) == ("duty", False)
    assert line["details"] == {"numbers": [1, 2, 3], "total": 3}


def test_text_without_an_address_stays_as_it_is() -> None:
    said = "code 450: 3 of 4 recipients were not taken for now"
    assert without_addresses(said) == said

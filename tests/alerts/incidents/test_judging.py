"""From an alert to an incident that people judge: who may, in which order, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerts.facts import Wrong
from alerts.incidents.clocks import Step
from alerts.incidents.incident import Incident
from alerts.incidents.judging import Refused, close, confirm, reported
from alerts.incidents.pack import ITEMS, draft
from core.clock import SECOND
from tests.alerts.fused import opened, survive
from tests.alerts.incidents.making import HOUR, WORM, ZONE, attack, found, made
from tests.alerts.stage import Stage
from tests.alerts.test_kill import life
from tests.collector.making import NOW
from tests.model.stepping import Crash

SPREADS = {"count": 3, "schools": ["一小", "二小", "三中"], "category": "恶意程序/网络蠕虫"}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "d1")


def do(stage: Stage, act: Callable[..., Incident], *said: Any, **more: Any) -> Incident:
    with stage.ledger.transaction() as db:
        return act(db, *said, **more)


def spreads(stage: Stage) -> None:
    wrong = Wrong("attack_spreads", "", stage.clock.at, WORM, SPREADS)
    stage.see(wrong, covers=["attack_spreads"])
    stage.wait(20)


def test_an_attack_is_an_incident_and_a_fault_or_a_finding_is_none(stage: Stage) -> None:
    attack(stage, "worm_sweep")
    for other in ("cleartext_login", "network_loop", "port_scan", "sensor_stopped"):
        attack(stage, other, "school-2")
    stage.wait(120)
    (one,) = found(stage)
    assert (one.kind, one.code, one.proposed, one.grade) == ("worm_sweep", WORM, "一般", "")
    assert one.discovered_at >= one.began_at > 0
    assert one.discovered_at <= NOW + 60 * SECOND
    attack(stage, "worm_sweep", active=False)
    stage.wait(1_200, step=30)
    (ended,) = found(stage)
    assert ended.ended_at > ended.discovered_at
    assert ended.discovered_at == one.discovered_at, "an end is no new discovery"


def test_spreading_raises_what_is_open_and_what_comes_and_nothing_else(stage: Stage) -> None:
    attack(stage, "worm_sweep", "school-1")
    attack(stage, "arp_spoof", "school-1")
    stage.wait(30)
    assert {one.proposed for one in found(stage)} == {"一般"}
    spreads(stage)
    attack(stage, "worm_sweep", "school-4")
    stage.wait(30)
    proposed = [(one.kind, one.place.split("/")[-2:][0], one.proposed) for one in found(stage)]
    assert sorted(proposed) == [
        ("arp_spoof", "school-1", "一般"),
        ("attack_spreads", "", "较大"),
        ("worm_sweep", "school-1", "较大"),
        ("worm_sweep", "school-4", "较大"),
    ]
    assert all("多所学校" in one.reason for one in found(stage) if one.proposed == "较大")


def test_a_confirmed_grade_stays_where_the_proposal_is_raised_later(stage: Stage) -> None:
    attack(stage)
    stage.wait(30)
    number = found(stage)[0].number
    do(stage, confirm, number, "一般", "王主任", "", stage.clock.at)
    spreads(stage)
    one = found(stage)[0]
    assert (one.proposed, one.grade, one.confirmed_by) == ("较大", "一般", "王主任")


def test_it_is_confirmed_reported_and_closed_in_this_order_only(stage: Stage) -> None:
    attack(stage)
    stage.wait(30)
    spreads(stage)
    number, at = found(stage)[0].number, stage.clock.at
    with pytest.raises(Refused, match="尚未有人确认"):
        do(stage, reported, number, "cac_4h", "王主任", "", at)
    with pytest.raises(Refused, match="尚未有人确认"):
        do(stage, close, number, "王主任", "已清除", at)
    one = do(stage, confirm, number, "较大", "王主任", "", at)
    assert (one.grade, one.confirmed_by, one.confirmed_at) == ("较大", "王主任", at)
    with pytest.raises(Refused, match="仍在进行"):
        do(stage, close, number, "王主任", "已清除", at)
    one = do(stage, reported, number, "cac_4h", "李老师", "电话", at + HOUR)
    assert [report[:3] for report in one.reports] == [("cac_4h", at + HOUR, "李老师")]
    with pytest.raises(Refused, match="不能重复"):
        do(stage, reported, number, "cac_4h", "李老师", "", at + HOUR)
    with pytest.raises(Refused, match="没有这一时限"):
        do(stage, reported, number, "summary_30d", "李老师", "", at + HOUR)
    attack(stage, active=False)
    stage.wait(1_200, step=30)
    with pytest.raises(Refused, match="处置情况"):
        do(stage, close, number, "王主任", " ", stage.clock.at)
    one = do(stage, close, number, "王主任", "已隔离并重装", stage.clock.at)
    assert one.closed_at == stage.clock.at
    do(stage, reported, number, "summary_30d", "李老师", "", stage.clock.at)
    with pytest.raises(Refused, match="已办结"):
        do(stage, confirm, number, "一般", "王主任", "改", stage.clock.at)
    with pytest.raises(Refused, match="已办结"):
        do(stage, close, number, "王主任", "又", stage.clock.at)


@pytest.mark.parametrize(
    ("said", "more", "why"),
    [
        (("较大", "", ""), {}, "具名"),
        (("较大", "王", ""), {}, "理由"),
        (("很大", "王", "x"), {}, "没有这个级别"),
        (("一般", "王", ""), {"role": "school"}, "区级"),
        (("一般", "王", ""), {"role": "auditor"}, "区级"),
        (("一般", "王", ""), {"concerns": ["aliens"]}, "标记"),
    ],
)
def test_a_confirmation_that_may_not_be_is_refused_and_changes_nothing(
    said: tuple[str, str, str], more: dict[str, Any], why: str, stage: Stage
) -> None:
    attack(stage)
    stage.wait(30)
    before = found(stage)
    with pytest.raises(Refused, match=why):
        do(stage, confirm, before[0].number, *said, stage.clock.at, **more)
    assert found(stage) == before
    with pytest.raises(Refused, match="没有编号"):
        do(stage, confirm, 4_711, "一般", "王", "", stage.clock.at)
    with pytest.raises(Refused, match="时钟"):
        do(stage, confirm, before[0].number, "一般", "王", "", NOW - HOUR)
    assert do(stage, confirm, before[0].number, "一般", "王", "", stage.clock.at).grade == "一般"


def test_a_grade_may_be_said_anew_with_a_reason_and_a_false_alarm_needs_no_report(
    stage: Stage,
) -> None:
    attack(stage)
    stage.wait(30)
    number, at = found(stage)[0].number, stage.clock.at
    do(stage, confirm, number, "较大", "王", "多台服务器", at, concerns=["crime"])
    one = do(stage, confirm, number, "误报", "张", "演练", at + SECOND)
    assert (one.grade, one.confirmed_by, one.concerns) == ("误报", "张", frozenset())
    with pytest.raises(Refused, match="误报"):
        do(stage, reported, number, "police_24h", "张", "", at)
    assert do(stage, close, number, "张", "演练", at + SECOND).closed_at, "it need not be over"


def test_a_kill_at_any_step_leaves_one_incident_for_its_alert_and_none_without(
    tmp_path: Path,
) -> None:
    kills = 0
    for step in range(1, 1_000):
        fused = opened(tmp_path / f"{step}")
        fused.begin(step)
        survive(fused, *life("gateway_spoof"))
        (one,) = found(fused)
        with fused.ledger.transaction() as db:
            (number, fired, ended), *others = db.execute(
                "SELECT number, fired_at, ended_at FROM alert WHERE fired_at > 0"
            ).fetchall()
        assert (one.number, one.discovered_at, others) == (number, fired, [])
        assert one.ended_at == ended
        fused.ledger.close()
        if fused.fuse.left:
            break
        kills += 1
    assert kills > 10


def test_what_a_kill_tears_from_a_confirmation_was_never_said(stage: Stage) -> None:
    attack(stage)
    stage.wait(30)
    number = found(stage)[0].number

    def torn() -> None:
        with stage.ledger.transaction() as db:
            confirm(db, number, "一般", "王", "", stage.clock.at)
            raise Crash

    with pytest.raises(Crash):
        torn()
    stage.restart()
    assert found(stage)[0].grade == ""
    do(stage, confirm, number, "一般", "王", "", stage.clock.at)
    stage.restart()
    assert found(stage)[0].grade == "一般"


@pytest.mark.parametrize("step", ["初报", "续报", "终报"])
def test_no_report_is_drafted_before_a_person_confirmed_and_then_it_says_all(step: Step) -> None:
    def text(**known: Any) -> str:
        return draft(made(**known), step, "某区信息中心", lambda _place: "第一小学", ZONE)

    with pytest.raises(Refused, match="尚未有人确认"):
        text(proposed="特别重大", closed_at=NOW)
    with pytest.raises(Refused, match="误报"):
        text(grade="误报")
    known = {"grade": "较大", "confirmed_by": "王主任", "confirmed_at": NOW, "closed_at": NOW}
    said = text(**known, concerns=frozenset({"minors"}))
    assert [one for one in ITEMS if f"\n{one}：" not in said] == []
    assert f"（{step}）" in said
    for part in ("第一小学", "某区信息中心", "恶意程序/网络蠕虫", "较大", "王主任", "未成年人"):
        assert part in said
    assert "草稿" in said


def test_a_final_report_waits_for_the_end() -> None:
    with pytest.raises(Refused, match="尚未办结"):
        draft(made(grade="较大"), "终报", "", str, ZONE)
    assert "【请填写】" in draft(made(grade="较大"), "初报", "", str, ZONE)

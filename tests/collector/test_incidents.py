"""Incidents in the collector: what people do is audited, what is overdue the district is told."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from alerts.audience import addressed
from alerts.facts import Sight
from alerts.incidents.judging import Refused
from collector.incidents import Incidents
from collector.web.incidents import answered
from core.clock import SECOND
from tests.alerts.incidents.making import DAY, HOUR, ZONE, Somebody, attack, found
from tests.alerts.incidents.test_judging import spreads
from tests.alerts.stage import Stage

HEAD, TEACHER = Somebody("王主任", "district"), Somebody("李老师", "school")


class Desk:
    """A stage with the incidents beside it."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder)
        self.start()

    def start(self) -> None:
        stage = self.stage
        table = SimpleNamespace(tz=lambda: ZONE)
        config = SimpleNamespace(collector=table, alerts=SimpleNamespace(incidents_file=None))
        books = SimpleNamespace(ledger=stage.ledger, journal=stage.journal, live=stage.live)
        self.sights: list[Sight] = []
        self.incidents = Incidents(
            cast(Any, config), cast(Any, books), self.sights.append, stage.clock
        )

    def minute(self) -> list[str]:
        asyncio.run(self.incidents.minute())
        overdue, handling = self.sights[-2:]
        for sight in (overdue, handling):
            self.stage.engine.see(sight)
        self.stage.engine.tick()
        self.missed = [(one.target, one.details["late"]) for one in handling.wrong]
        return [one.target for one in overdue.wrong]

    def audited(self, kind: str) -> list[dict[str, Any]]:
        self.stage.journal.sync()
        rows = self.stage.journal.log.rows(0)
        said = [msgspec.json.decode(row.body) for row in rows]
        return [one for one in said if one["kind"] == kind]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "d1")
    attack(made.stage)
    made.stage.wait(30)
    spreads(made.stage)
    return made


def test_a_confirmation_is_audited_with_name_grade_and_reason(desk: Desk) -> None:
    number = found(desk.stage)[0].number
    with pytest.raises(Refused):
        desk.incidents.confirm(number, "一般", TEACHER, "")
    assert desk.audited("incident_confirmed") == []
    judged = desk.incidents.confirm(number, "重大", HEAD, "影响考试", ["crime"])
    assert "police_24h" in [one.clock.name for one in judged.dues]
    (said,) = desk.audited("incident_confirmed")
    assert said["subject"] == str(number)
    assert said["details"] == {
        "grade": "重大",
        "proposed": "较大",
        "by": "王主任",
        "note": "影响考试",
        "concerns": ["crime"],
    }


def test_what_is_overdue_is_audited_once_and_told_to_the_district_until_it_is_reported(
    desk: Desk,
) -> None:
    stage = desk.stage
    numbers = [one.number for one in found(stage)]
    assert desk.minute() == []
    stage.clock.at += 2 * HOUR
    assert sorted(desk.minute()) == [f"{number} edu_urgent" for number in numbers]
    stage.clock.at += 60 * SECOND
    stage.restart()
    desk.start()
    assert len(desk.minute()) == len(numbers), "a restart forgets nothing"
    assert len(desk.audited("report_overdue")) == len(numbers), "and records nothing twice"
    told = [one for one in stage.messages_made() if "report_overdue" in one.counts]
    assert len(told) == len(numbers)
    assert all(addressed(one, "330100/school-1") is None for one in told)
    assert "教育" in told[0].title.zh

    for number in numbers:
        with pytest.raises(Refused, match="尚未有人确认"):
            desk.incidents.reported(number, "edu_urgent", HEAD, "电话")
    desk.incidents.confirm(numbers[0], "较大", HEAD, "")
    desk.incidents.reported(numbers[0], "edu_urgent", HEAD, "电话")
    desk.incidents.confirm(numbers[1], "一般", HEAD, "只有一台旧电脑")
    assert desk.minute() == []
    assert len(desk.audited("incident_reported")) == 1
    assert not any(c.alert.key.rule == "report_overdue" for c in stage.engine.open_cases())


def test_incidents_that_nobody_closes_in_time_miss_the_target_until_they_are_closed(
    desk: Desk,
) -> None:
    stage, numbers = desk.stage, [one.number for one in found(desk.stage)]
    desk.minute()
    assert desk.missed == []
    stage.clock.at += 3 * 24 * HOUR
    desk.minute()
    assert desk.missed == [("worse", len(numbers))]
    (case,) = [c for c in stage.engine.open_cases() if c.alert.key.rule == "target_handling"]
    assert (case.alert.key.place, case.alert.state, case.alert.severity) == ("", "firing", "P3")
    for number in numbers:
        desk.incidents.confirm(number, "误报", HEAD, "演练")
    desk.minute()
    assert desk.missed == []
    assert not any(c.alert.key.rule == "target_handling" for c in stage.engine.open_cases())


def test_a_summary_is_due_thirty_days_after_closing(desk: Desk) -> None:
    stage = desk.stage
    number = found(stage)[0].number
    for one in found(stage)[1:]:
        desk.incidents.confirm(one.number, "误报", HEAD, "同一事件")
    desk.incidents.confirm(number, "较大", HEAD, "")
    for clock in ("cac_4h", "edu_urgent", "edu_progress", "edu_final"):
        desk.incidents.reported(number, clock, HEAD, "")
    attack(stage, active=False)
    stage.wait(1_200, step=30)
    with pytest.raises(Refused, match="尚未办结"):
        desk.incidents.draft(number, "终报")
    desk.incidents.close(number, HEAD, "已重装")
    assert "已重装" in desk.incidents.draft(number, "终报")
    assert len(desk.audited("incident_closed")) == 1
    stage.clock.at += 29 * DAY
    assert desk.minute() == []
    stage.clock.at += 2 * DAY
    assert desk.minute() == [f"{number} summary_30d"]
    desk.incidents.reported(number, "summary_30d", HEAD, "书面")
    assert desk.minute() == []


def test_the_api_says_what_is_proposed_confirmed_and_due(desk: Desk) -> None:
    desk.stage.clock.at += 5 * HOUR
    said = answered(desk.incidents.listed(), desk.stage.clock.at)
    assert (said.unconfirmed, said.overdue) == (2, 2)
    one = said.incidents[0]
    assert (one.proposed, one.grade, one.confirmed) == ("较大", "", None)
    states = {clock.name: clock.state for clock in one.clocks}
    assert states == {
        "edu_urgent": "overdue",
        "cac_4h": "overdue",
        "edu_progress": "waits",
        "edu_final": "waits",
    }
    desk.incidents.confirm(one.number, "误报", HEAD, "演练")
    said = answered(desk.incidents.listed(), desk.stage.clock.at)
    assert (said.unconfirmed, said.overdue) == (1, 1)

"""`/api/v1/alerts` as programs read it, over an engine on a real database."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from alerts.history import History, Wanted
from alerts.texts import Words
from core.types import Event
from tests.alerts.stage import SHANGHAI, Stage
from tests.collector.making import NOW, OTHER, REGION, WHO
from tests.collector.web.fakes import FakeSource

Client = TestClient[Any, Any]


async def ask(client: Client, **words: str) -> tuple[int, dict[str, Any]]:
    answer = await client.get("/api/v1/alerts", params=words)
    return answer.status, json.loads(await answer.read())


async def test_an_alert_is_told_with_its_names_its_times_and_its_texts(
    client: Client, source: FakeSource, tmp_path: Path
) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(Event("spool_dropping", "host", "spool", True, NOW, details={"why": "full"}))
    stage.read("disk", {"path": "/"}, OTHER, used_percent=93.5)
    stage.read("disk", {"path": "/"}, OTHER, used_percent=60.0)
    history = History(stage.folder / "ledger.db", Words(lambda place: f"<{place}>", SHANGHAI))
    source.stories = history.stories(Wanted())
    status, found = await ask(client, region=REGION, limit="5")
    assert (status, source.alerts_wanted) == (HTTPStatus.OK, [Wanted(region=REGION, limit=5)])
    assert (found["open_total"], found["next"], found["rules_off"]) == (1, 0, [])
    (one,), (past,) = found["open"], found["over"]
    told = one.pop("told")
    text = one.pop("text")
    assert one == {
        "number": 1,
        "rule": "spool_dropping",
        "severity": "P2",
        "state": "firing",
        "group": "open",
        "labels": {
            "alertname": "spool_dropping",
            "severity": "P2",
            "region": WHO.region,
            "school": WHO.school,
            "agent": WHO.agent,
            "target": "host",
            "subject": "spool",
        },
        "title": {
            "zh": f"采集端缓存已满，正在丢弃数据：<{WHO}>",
            "en": f"An agent's spool is full and drops readings: <{WHO}>",
        },
        "began": "2026-11-22T19:09:45Z",
        "began_ns": NOW,
        "fired": "2026-11-22T19:09:45Z",
        "fired_ns": NOW,
        "ended": None,
        "ended_ns": 0,
        "late": False,
        "hidden_by": "",
        "hidden_by_number": 0,
        "muted_by": "",
        "muted_until": None,
        "mutes": [],
        "waits_for_summary": False,
        "details": {"why": "full"},
        "because": [],
        "acked": None,
        "handled": [],
        "due": None,
        "supervised": None,
    }
    assert text["zh"].startswith("开始：2026-11-23 03:09:45")
    assert [(t["channel"], t["reason"], t["state"]) for t in told] == [("duty", "FIRST", "queued")]
    assert (past["state"], [t["reason"] for t in past["told"]]) == (
        "ended",
        ["FIRST", "ALL_RESOLVED"],
    )


@pytest.mark.parametrize(
    ("words", "parameter"),
    [
        ({"school": "school-1"}, "school"),
        ({"region": REGION, "agent": "host"}, "agent"),
        ({"limit": "501"}, "limit"),
        ({"before": "x"}, "before"),
        ({"rul": "link_down"}, "rul"),
    ],
)
async def test_a_wrong_question_is_refused_by_the_name_of_what_is_wrong(
    client: Client, words: dict[str, str], parameter: str
) -> None:
    status, found = await ask(client, **words)
    assert (status, found["parameter"]) == (HTTPStatus.BAD_REQUEST, parameter)


async def test_rules_that_are_switched_off_are_named_by_page_and_answer(
    client: Client, source: FakeSource, tmp_path: Path
) -> None:
    stage = Stage(tmp_path / "d1")
    words = Words(lambda place: f"<{place}>", SHANGHAI)
    off = ("room_limited", "own_line")
    history = History(stage.folder / "ledger.db", words, stage.rules, off)
    source.stories = history.stories(Wanted())
    _, found = await ask(client)
    assert found["rules_off"] == ["own_line", "room_limited"]
    text = await (await client.get("/alerts")).text()
    named = (
        "从监测中心探测，所有学校都没有应答 (own_line)、教室可以上课，但有设备不正常 (room_limited)"
    )
    assert f"已关闭的规则（不会告警）：{named}" in text
    text = await (await client.get("/alerts?lang=en")).text()
    assert "switched off, and alert nobody: No school answers the collector from outside" in text

    history.take_rules(stage.rules)
    source.stories = history.stories(Wanted())
    assert (await ask(client))[1]["rules_off"] == []
    assert "已关闭的规则" not in await (await client.get("/alerts")).text()

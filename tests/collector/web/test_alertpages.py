"""Open alerts, what is over, and the story of one."""

from dataclasses import replace
from http import HTTPStatus

import pytest

from alerts.history import Delivery, Followed, Muted, Stories, Story, Wanted
from alerts.shipped import RULES
from alerts.texts import Words, telling_of
from core.alerts import Alert, AlertKey
from core.errors import StoreBusy
from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import MINUTE, NOW, SHANGHAI, FakeSource
from tests.collector.web.test_pages import HOSTILE, read


async def test_what_is_open_stands_by_severity_and_what_is_over_below(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    text = (await read(client, "/alerts")).text
    marks = [
        "未恢复的告警 P1",
        "学校线路中断",
        "采集端失联",
        "丢包严重",
        "暂不通知 已静默",
        "由其他告警引起 不单独通知",
        "最近已恢复 P1",
        "学校线路已恢复",
    ]
    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)
    for words in ("P1 · 立即处理", "自 14:10:05 起，已 1 小时 13 分钟", "更早的告警"):
        assert words in text
    assert "P2 · within 30 min" in (await read(client, "/alerts?lang=en")).text


async def test_older_ones_are_a_page_further_and_the_way_back_is_there(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    assert "/alerts?before=900" in (await read(client, "/alerts")).links
    page = await read(client, "/alerts?before=900")
    assert source.alerts_wanted[-1] == Wanted(before=900, limit=100)
    assert "未恢复的告警 P1" not in page.text
    assert "/alerts#muted" in page.links
    assert "/alerts" in page.links


async def test_the_alerts_of_one_school_are_asked_for_by_its_place(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    text = (await read(client, "/alerts?region=330105&school=3300000010")).text
    assert "只显示：330105/3300000010" in text
    assert "学校线路中断：新登实验学校" in text
    assert "向阳第2九年一贯制学校" not in text


async def test_what_another_alert_explains_is_counted_and_listed_apart(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    first, *others = source.stories.open
    hidden = replace(first.telling.alert, hidden_by="region_away")
    story = replace(first, telling=replace(first.telling, alert=hidden))
    source.stories = replace(source.stories, open=[*others, story])
    text = (await read(client, "/alerts")).text
    assert "2 由其他告警引起" in text
    assert text.index("采集端失联") < text.index("学校线路中断：新登实验学校")
    assert "11 条未恢复的告警" in (await read(client, "/")).text
    number = first.telling.alert.number
    assert "另一条告警（region_away）已经说明原因" in (await read(client, f"/alerts/{number}")).text


async def test_the_story_of_one_tells_who_was_told_when_and_what_to_do(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    over = source.stories.over[0].telling.alert
    text = (await read(client, f"/alerts/{over.number}")).text
    marks = ["问题开始", "成为告警", "通知开始 · 监测中心日志 · 已送达 14:11:35"]
    marks += ["通知开始 · 渠道 duty · 已送达 14:11:39 · 第 2 次尝试 原因：HTTP 503"]
    marks += ["对方可能收到两次", "通知恢复 · 渠道 duty · 等待发送", "问题恢复"]
    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)
    for still_open in source.stories.open:
        number = still_open.telling.alert.number
        text = (await read(client, f"/alerts/{number}?lang=en")).text
        assert "Try first" in text
        assert "What it means" in text


async def test_what_nobody_is_told_of_says_by_whom_until_when_and_why(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    text = (await read(client, "/alerts")).text
    for words in (
        "3 暂不通知",
        "已静默 · 至 2026-11-22 18:23 · 由 张老师 设置 · 原因：更换机房空调，电源分批关闭",
        "维护中：核心交换机升级 · 至 2026-11-22 16:53 · 原因：厂家升级固件",
        "原因见： 学校线路中断：新登实验学校",
        "李老师 已确认",
        "督办 已逾期 12 分钟",
    ):
        assert words in text
    assert "开始静默（第 12 条静默）" in (await read(client, "/alerts/800")).text


async def test_a_story_has_what_muted_it_supervision_and_a_fallback_in_their_order(
    client: Client, source: FakeSource
) -> None:
    found = made(began_at=NOW - 9 * MINUTE, fired_at=NOW - 8 * MINUTE)
    mutes = [Muted("silence:3", NOW - 7 * MINUTE, NOW - 5 * MINUTE)]
    sent = Delivery(
        1, "FIRST", NOW - 4 * MINUTE, "mail", "delivered", 1, NOW, "", repeat=False, via="duty"
    )
    followed = Followed(NOW - 3 * MINUTE, NOW - 3 * MINUTE, NOW - 2 * MINUTE)
    story = replace(found.open[0], mutes=mutes, deliveries=[sent], followed=followed)
    source.stories = replace(found, open=[story])
    text = (await read(client, "/alerts/7")).text
    marks = ["问题开始", "成为告警", "开始静默（第 3 条静默）", "静默结束（第 3 条静默）"]
    marks += ["通知开始 · 渠道 mail（代替渠道 duty）", "列入督办清单", "督办办结"]
    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)


def made(**changes: object) -> Stories:
    alert = Alert(AlertKey("disk_full", "1/s/pc", "/data"), "P3", "firing", NOW, NOW, 0, 7)
    rules = {rule.name: rule for rule in RULES}
    words = Words(lambda place: place, SHANGHAI)
    story = telling_of(replace(alert, **changes), rules, words)  # type: ignore[arg-type]
    return Stories([Story(story, False, [])], 1, (), 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"late": True}, "当时失联，后来才得知"),
        ({"state": "keeping"}, "刚恢复，观察中"),
        (
            {"details": {"value": 93.25, "cause": "silent"}},
            "数值 93.2 原因 采集端与监测中心失去联系",
        ),
        ({"details": {HOSTILE: HOSTILE}}, HOSTILE),
        ({"muted_by": "calendar"}, "等到上课时间"),
        ({"muted_by": "silence:12"}, "已静默（第 12 条静默）"),
        ({"muted_by": "maintenance:核心交换机升级"}, "维护中（核心交换机升级）"),
        ({}, "没有通知任何人"),
    ],
)
async def test_what_is_odd_about_an_alert_is_said(
    client: Client, source: FakeSource, changes: dict[str, object], said: str
) -> None:
    source.stories = made(**changes)
    page = await read(client, "/alerts/7")
    assert said in page.text
    assert page.tags.count("script") == 2


async def test_an_undeliverable_message_and_a_summary_that_waits_are_said(
    client: Client, source: FakeSource
) -> None:
    found = made()
    failed = Delivery(
        1, "NEW_ALERTS", NOW, "duty", "undeliverable", 9, NOW, "HTTP 404", repeat=False
    )
    source.stories = replace(found, open=[replace(found.open[0], deliveries=[failed])])
    text = (await read(client, "/alerts/7")).text
    assert "在汇总中通知开始 · 渠道 duty · 无法送达 · 第 9 次尝试 原因：HTTP 404" in text
    source.stories = replace(found, open=[replace(found.open[0], waits_for_summary=True)])
    assert "等待写入下一次汇总" in (await read(client, "/alerts/7")).text


@pytest.mark.parametrize("number", ["0", "8", "x", "-1", "9" * 30])
async def test_an_alert_that_never_was_is_a_page_with_a_way_back(
    client: Client, number: str
) -> None:
    assert "没有这个页面" in (await read(client, f"/alerts/{number}", HTTPStatus.NOT_FOUND)).text


@pytest.mark.parametrize("path", ["/alerts", "/alerts/7"])
async def test_alerts_that_cannot_be_read_are_unknown_until_they_can(
    client: Client, source: FakeSource, path: str
) -> None:
    source.stories, source.alert_trouble = made(began_at=NOW - MINUTE), StoreBusy("asleep")
    text = (await read(client, path)).text
    assert "告警暂时无法读取，因此未知：asleep" in text
    assert "没有未恢复的告警" not in text
    source.alert_trouble = None
    assert "磁盘空间不足" in (await read(client, path)).text

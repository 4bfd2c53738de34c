"""Attacks and sensors as a page and as JSON."""

from dataclasses import replace
from typing import Any

import pytest

from alerts.history import Began
from collector.logsheard import SchoolLogs
from collector.picture import Picture
from collector.security.sensors import Sensors
from collector.security.view import view_of
from core.errors import StoreBusy
from tests.collector.web.attacks import ADDRESS, MAC, case, details, secured
from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import NOW, FakeSource
from tests.collector.web.test_pages import HOSTILE, read


async def test_a_district_without_sensors_is_unknown_and_not_called_safe(
    client: Client, source: FakeSource
) -> None:
    text = (await read(client, "/security")).text
    for words in (
        "没有未结束的安全事件。只有装了探针",
        "没有探针的学校（1 所）：情况未知，不等于安全",
    ):
        assert words in text
    text = (await read(client, "/security?lang=en")).text
    assert "Schools without a sensor (1): unknown, which is not safe" in text
    school = source.schools[0]
    own = (await read(client, f"/schools/{school.region}/{school.school}")).text
    if len(source.schools[0].agents) > 1:
        assert "有没有攻击无人知道" in own


async def test_the_logs_of_devices_stand_by_school_and_none_is_unknown_and_not_good(
    client: Client, source: FakeSource
) -> None:
    text = (await read(client, "/security")).text
    assert "没有学校接入设备日志：是否留存、是否完整都未知。" in text
    furnish(source, 5)
    keys = [(one.region, one.school) for one in source.schools]
    source.logged = (
        SchoolLogs(keys[0], "young", "firewall_silent"),
        SchoolLogs(keys[1], "short", "log_day_damaged"),
        SchoolLogs(keys[2], "short"),
        SchoolLogs(keys[3], "kept"),
        SchoolLogs(keys[4]),
    )
    page = await read(client, "/security")
    for words in (
        "已满 184 天 1 所，不足 2 所，未满期 1 所，未知 1 所",
        "5 所中 3 所日志正常到达，没有缺失或改动",
        f"{source.schools[0].name} ：没有日志到达",
        f"{source.schools[1].name} ：已封存的日志被改动",
        f"{source.schools[2].name} ：留存不足 184 天",
        "没有列出的学校没有接入设备日志，情况未知",
    ):
        assert words in page.text, words
    english = (await read(client, "/security?lang=en")).text
    assert "Kept (I-23): 184 days and more at 1 schools, short at 2, young at 1" in english


async def test_attacks_stand_by_school_worst_first_with_who_and_on_what_evidence(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    page = await read(client, "/security")
    for words in (
        "5 所学校有 6 起未结束的安全事件",
        "有设备冒充网关，上网流量可能被劫持",
        "来源：校内设备，192.168.31.0/24 网段",
        "目标：网关",
        "312 个报文，历时 60 秒",
        "网络攻击/广播欺诈 · EV-ATK-ARP · 可信度 93% · 建议定级：一般",
        "恶意程序/网络蠕虫 · EV-MAL-WORM · 可信度 93% · 建议定级：较大",
        "EV-MAL-WORM 类攻击一小时内出现在 3 所学校",
        "有设备在扫描端口、有设备正遭受连接洪水攻击",
        "24 小时内见到 132 台设备",
        "没有探针的学校（42 所）",
    ):
        assert words in page.text, words
    assert page.text.index("有设备冒充网关") < page.text.index("有未经许可的 DHCP")
    assert "/alerts/501" in page.links
    assert "/security" in (await read(client, "/")).links
    english = (await read(client, "/security?lang=en")).text
    assert "source: a machine inside the school, network 192.168.31.0/24" in english
    for text in (page.text, english):
        assert ADDRESS not in text
        assert MAC not in text


async def test_each_attack_says_what_to_do_first_in_the_words_of_the_message(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    school = source.schools[0]
    for path in ("/security", f"/schools/{school.region}/{school.school}"):
        text = (await read(client, path)).text
        assert "请在交换机上按下面的 MAC 地址或网段找到这台设备，先拔掉它的网线" in text
    text = (await read(client, "/security?lang=en")).text
    assert (
        "Find the machine on the switch by what stands below, unplug it or close its port" in text
    )
    body: Any = await (await client.get("/api/v1/security")).json()
    found = [attack["first"] for one in body["schools"] for attack in one["attacks"]]
    assert found
    assert all(one["zh"] and one["en"] and "{" not in one["zh"] + one["en"] for one in found)


async def test_a_school_has_its_own_part(client: Client, source: FakeSource) -> None:
    furnish(source, 50)
    first, last = source.schools[0], source.schools[20]
    text = (await read(client, f"/schools/{first.region}/{first.school}")).text
    for words in (
        "有设备冒充网关",
        "看得全",
        "恶意软件 7 个，挖矿 0 个，不良 0 个",
        "正在发生：有设备冒充网关，上网流量可能被劫持。本校线路、教室和平台的异常很可能由此引起",
    ):
        assert words in text
    worm = source.schools[1]
    assert "正在发生" not in (await read(client, f"/schools/{worm.region}/{worm.school}")).text
    text = (await read(client, f"/schools/{last.region}/{last.school}")).text
    assert "这所学校没有安全探针：有没有攻击无人知道，不等于安全。" in text


async def test_a_history_that_cannot_be_read_is_called_unknown_and_hides_no_attack(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    source.security_trouble = StoreBusy("busy")
    text = (await read(client, "/security")).text
    assert "历史暂时无法读取，因此未知：busy" in text
    assert "有设备冒充网关" in text
    assert (await client.get("/api/v1/security")).status == 503


async def test_the_api_gives_the_same_facts_as_words_and_numbers(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    body: Any = await (await client.get("/api/v1/security")).json()
    assert (body["attacks_total"], body["attacked_schools"]) == (6, 5)
    assert body["sensors"] == {"stopped": 0, "unknown": 4, "blind": 2, "sees": 2, "none": 42}
    assert (body["schools_total"], body["without_sensor_total"]) == (8, 42)
    attack = body["schools"][0]["attacks"][0]
    assert attack["source"] == {"role": "inside", "subnet": "192.168.31.0/24", "port": 0}
    assert attack["grade"] == {"zh": "一般", "en": "ordinary (一般)"}
    assert (attack["evidence"], attack["confidence"]) == ({"frames": 312, "seconds": 60}, 0.93)
    assert body["spreads"][0]["code"] == "EV-MAL-WORM"
    assert ADDRESS not in str(body)
    first = source.schools[0]
    ask = f"/api/v1/security?region={first.region}&school={first.school}"
    own: Any = await (await client.get(ask)).json()
    assert [one["school"] for one in own["schools"]] == [first.school]
    assert {one["code"] for one in own["week"]} == {"EV-ATK-SCAN"}


async def test_the_week_counts_by_code_how_often_and_at_how_many_schools(
    client: Client, source: FakeSource
) -> None:
    source.security_week = (
        Began("port_scan", "330102/a/host", 3),
        Began("arp_sweep", "330102/a/other", 2),
        Began("port_scan", "330102/b/host", 1),
        Began("network_loop", "330102/b/host", 9),
    )
    body: Any = await (await client.get("/api/v1/security")).json()
    assert [(one["code"], one["count"], one["schools"]) for one in body["week"]] == [
        ("EV-SYS-LOOP", 9, 1),
        ("EV-ATK-SCAN", 6, 2),
    ]


@pytest.mark.parametrize("asked", ["school=a", "state=up", "region=a&region=b"])
async def test_a_wrong_question_is_refused(client: Client, asked: str) -> None:
    assert (await client.get(f"/api/v1/security?{asked}")).status == 400


async def test_what_a_hostile_agent_writes_stays_a_word(client: Client, source: FakeSource) -> None:
    furnish(source, 3)
    place = f"{source.schools[0].region}/{source.schools[0].school}/jifang-1"
    said = {
        **details(),
        "source": {"role": HOSTILE, "address": HOSTILE},
        "confidence": HOSTILE,
        "count": HOSTILE,
        "evidence": {HOSTILE: HOSTILE, "ports": [1, {"a": 2}], "tries": None},
    }
    odd = [case(1, "port_scan", place, NOW, said), case(2, "worm_sweep", place, NOW, {})]
    odd.append(case(3, "syn_flood", place, NOW, {"source": [], "evidence": HOSTILE, "target": 3}))
    source.secured = view_of(source.picture(), odd, Sensors(), NOW)
    for path in ("/security", "/security?lang=en"):
        page = await read(client, path)
        assert page.tags.count("script") == 2
    assert (await client.get("/api/v1/security")).status == 200


async def test_many_attacks_at_one_school_are_counted_and_not_all_listed(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 3)
    place = f"{source.schools[0].region}/{source.schools[0].school}/jifang-1"
    many = [case(n, "port_scan", place, NOW, details()) for n in range(1, 31)]
    source.secured = view_of(source.picture(), many, Sensors(), NOW)
    text = (await read(client, "/security")).text
    assert "1 所学校有 30 起未结束的安全事件" in text
    assert "另有 10 起未列出" in text


def test_a_school_that_is_closed_does_not_count_as_one_without_a_sensor(
    source: FakeSource,
) -> None:
    closed = tuple(replace(one, standing="closed") for one in source.schools)
    view = secured(Picture(NOW, "d1", True, closed))
    assert view.sensor_counts["none"] == 0
    assert sum(view.sensor_counts.values()) == 1, "a sensor that is there is told of all the same"

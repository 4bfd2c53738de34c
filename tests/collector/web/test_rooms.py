"""The rooms of a school on its page, on a page of their own, and in the API."""

from http import HTTPStatus
from typing import Any

import pytest

from collector.rooms.past import Order
from collector.web.rooms import in_order
from core.clock import SECOND
from tests.collector.web.classrooms import classrooms
from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import HERE, FakeSource, agent, school
from tests.collector.web.test_openapi import checked
from tests.collector.web.test_pages import read

PLACE = f"/schools/{HERE.region}/{HERE.school}"
API = "/api/v1/rooms"


@pytest.fixture
def roomed(source: FakeSource) -> FakeSource:
    source.schools = (school(agent()),)
    source.roomed = classrooms(source.schools)
    return source


async def answered(client: Client, asked: str = "") -> Any:
    answer = await client.get(API + asked)
    assert answer.status == HTTPStatus.OK
    body = await answer.json()
    checked(API, 200, body)
    return body


async def test_a_school_shows_its_rooms_worst_first_and_the_unknown_apart(
    client: Client, roomed: FakeSource
) -> None:
    text = (await read(client, PLACE)).text
    headings = [
        "不能正常上课的教室（2）",
        "暂时无法判断的教室（5）",
        "可以上课、但有设备不正常的教室（2）",
        "可以上课的教室（22）",
    ]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)
    not_ready = text[places[0] : places[1]]
    assert "302 投影机 三年级2班投影机" in not_ready
    assert "灯泡或光源故障" in not_ready
    assert "建议：更换灯泡或报修。" in not_ready
    unknown = text[places[1] : places[2]]
    assert unknown.count("所接的交换机或线路不通，无法判断") == 4
    assert "305 电脑 pc-305" in unknown
    assert "监测程序没有上报，无法判断" in unknown
    assert "四层接入交换机" in text[places[3] :]
    assert roomed.roomed


async def test_it_does_so_in_english(client: Client, roomed: FakeSource) -> None:
    text = (await read(client, f"{PLACE}?lang=en")).text
    for words in (
        "31 in all: 2 not ready, 5 unknown, 2 limited, 22 ready",
        "in school time: too little is known this week, 98.04 % this month (target 95 %)",
        "its lamp has failed",
        "Try first: change the lamp or call for repair.",
        "the switch or line before it is down: nobody can tell",
    ):
        assert words in text
    assert roomed.roomed


async def test_a_room_shows_its_devices_and_what_to_try(client: Client, roomed: FakeSource) -> None:
    text = (await read(client, f"{PLACE}/rooms/302")).text
    assert "不能上课" in text
    assert "投影机 三年级2班投影机：灯泡或光源故障 建议：更换灯泡或报修。" in text
    assert "展台" in text
    assert "检查设备的电源和网线" in text
    assert "今天已开机 215 分钟" in text
    assert "目标 95 %）：本周 数据不足，本月 98.04 %" in text
    roomed.minutes_on = None
    text = (await read(client, f"{PLACE}/rooms/301")).text
    assert "设备齐全且正常，可以直接上课。" in text
    assert "使用中 · 今天开机时间未知" in text
    long = (await read(client, f"{PLACE}/rooms/音乐教室（综合楼四层东侧）")).text
    assert "滤网需要清洁" in long


@pytest.mark.parametrize("path", ["rooms/999", "rooms/"])
async def test_a_room_that_nobody_knows_has_no_page(
    client: Client, roomed: FakeSource, path: str
) -> None:
    answer = await client.get(f"{PLACE}/{path}")
    assert answer.status == HTTPStatus.NOT_FOUND
    assert roomed.roomed


async def test_a_school_without_devices_says_nothing_of_rooms(
    client: Client, source: FakeSource
) -> None:
    source.schools = (school(agent()), school(agent()))
    assert "教室（" not in (await read(client, PLACE)).text
    body = await answered(client)
    assert (body["rooms"], body["in_order"]["percent"]) == ([], None)


async def test_the_api_names_the_device_the_cause_and_what_to_try(
    client: Client, roomed: FakeSource
) -> None:
    body = await answered(client)
    assert body["counts"] == {"not_ready": 2, "unknown": 5, "limited": 2, "ready": 22}
    assert body["in_order"]["percent"] == pytest.approx(96.61)
    assert body["in_order_week"]["percent"] is None, "80 % of it are known"
    assert body["in_order_month"]["percent"] == pytest.approx(98.04)
    states = [one["state"] for one in body["rooms"]]
    assert states == sorted(states, key=["not_ready", "unknown", "limited", "ready"].index)
    (one,) = (await answered(client, "?room=302"))["rooms"]
    assert (one["state"], one["device"], one["cause"]) == ("not_ready", "projector-302", "lamp")
    assert one["first"] == {
        "zh": "更换灯泡或报修",
        "en": "change the lamp or call for repair",
    }
    assert one["school_name"] == "试点学校"
    assert len(one["devices"]) == 2
    assert roomed.roomed


async def test_the_api_gives_rooms_by_place_state_and_page(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    source.roomed = classrooms(source.schools)
    total = sum((await answered(client))["counts"].values())
    assert total == 31 * 12
    one = source.roomed[3].key
    there = await answered(client, f"?region={one[0]}&school={one[1]}")
    assert len(there["rooms"]) == 31
    assert {(room["region"], room["school"]) for room in there["rooms"]} == {one}
    broken = await answered(client, "?state=not_ready&limit=3")
    assert (len(broken["rooms"]), broken["next"]) == (3, 3)
    found, after = list(broken["rooms"]), broken["next"]
    while after:
        page = await answered(client, f"?state=not_ready&limit=3&after={after}")
        found, after = found + page["rooms"], page["next"]
    assert len(found) == broken["counts"]["not_ready"]
    assert {room["state"] for room in found} == {"not_ready"}


@pytest.mark.parametrize("asked", ["state=fine", "limit=1001", "after=x", "rooms=1"])
async def test_the_api_refuses_what_it_does_not_know(
    client: Client, roomed: FakeSource, asked: str
) -> None:
    answer = await client.get(f"{API}?{asked}")
    assert answer.status == HTTPStatus.BAD_REQUEST
    body = await answer.json()
    assert body["parameter"] == asked.partition("=")[0]
    checked(API, 400, body)
    assert roomed.roomed


@pytest.mark.parametrize(
    ("good", "known", "lessons", "percent"),
    [
        (95, 100, 100, 95.0),
        (90, 90, 100, 100.0),
        (89, 89, 100, None),
        (0, 0, 0, None),
        (0, 100, 100, 0.0),
        (2, 3, 3, 66.67),
    ],
)
def test_rooms_in_good_order_are_a_share_of_what_is_known_where_enough_is(
    good: int, known: int, lessons: int, percent: float | None
) -> None:
    found = in_order(Order(good * SECOND, known * SECOND, lessons * SECOND))
    assert (found.good_s, found.known_s, found.expected_s) == (good, known, lessons)
    assert found.percent == percent

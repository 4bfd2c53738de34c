"""The list of schools without a network as a page and as JSON."""

from dataclasses import replace

from collector.unconnected import Listed
from collector.web.unconnected import HOUR
from core.errors import StoreBusy
from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import NOW, FakeSource
from tests.collector.web.test_pages import HOSTILE, read


async def test_an_empty_list_says_that_it_is_empty(client: Client, source: FakeSource) -> None:
    source.listed = Listed(after=24 * HOUR)
    text = (await read(client, "/unconnected")).text
    for words in ("已清零", "超过 24 小时", "本月已恢复 0 所次", "还没有学校移出清单"):
        assert words in text
    assert "None: the list is empty." in (await read(client, "/unconnected?lang=en")).text


async def test_who_is_listed_stands_with_area_cause_and_time_and_who_left_below(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    first = source.listed.open[0]
    page = await read(client, "/unconnected")
    for words in (
        f"未联网 {len(source.listed.open)} 所",
        f"{first.name} {first.region} · {first.school}",
        "上课时间累计 25 小时",
        "本月已恢复 2 所次",
        "恢复用时中位数 7.5 小时",
        "恢复用时最长 8 小时",
        "已恢复联网",
        "已撤并",
        "不在学校名册中",
        "乡村",
    ):
        assert words in page.text
    assert f"/schools/{first.region}/{first.school}" in page.links
    assert "/unconnected" in (await read(client, "/")).links


async def test_a_school_that_is_called_like_a_script_stays_a_name(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    first = replace(source.listed.open[0], name=HOSTILE)
    source.listed = replace(source.listed, open=(first,))
    page = await read(client, "/unconnected")
    assert HOSTILE in page.text
    assert page.tags.count("script") == 2


async def test_a_list_that_cannot_be_read_is_not_shown_as_empty(
    client: Client, source: FakeSource
) -> None:
    source.list_trouble = StoreBusy("asleep")
    text = (await read(client, "/unconnected")).text
    assert "清单暂时无法读取，因此未知：asleep" in text
    assert "已清零" not in text
    source.list_trouble = None
    assert "已清零" in (await read(client, "/unconnected")).text


async def test_a_program_reads_the_same(client: Client, source: FakeSource) -> None:
    furnish(source, 50)
    body = await (await client.get("/api/v1/unconnected")).json()
    assert body["open_total"] == len(body["open"]) == len(source.listed.open)
    assert (body["after_hours"], body["at_ns"]) == (24, NOW)
    assert (body["cleared"], body["median_hours"], body["longest_hours"]) == (2, 7.5, 8)
    assert {one["area"] for one in body["open"]} <= {"urban", "town", "rural", "unstated"}
    assert body["open"][0]["closed"] is None
    assert {one["ended"] for one in body["over"]} == {
        *("connected", "unlisted", "merged", "closed", "not_yet"),
    }

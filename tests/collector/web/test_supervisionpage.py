"""The supervision list as a page, as JSON and as CSV."""

import csv
import io
from dataclasses import replace

from alerts.routing.supervision import Supervision
from core.alerts import Text
from core.errors import StoreBusy
from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import NOW, FakeSource
from tests.collector.web.test_pages import HOSTILE, read


async def test_an_empty_list_says_so(client: Client) -> None:
    text = (await read(client, "/supervision")).text
    for words in ("没有逾期未处理的告警", "本月按期处理 0 项，共 0 项", "还没有办结的督办事项"):
        assert words in text
    assert "Nothing is overdue." in (await read(client, "/supervision?lang=en")).text
    assert "/supervision" in (await read(client, "/")).links


async def test_what_is_overdue_stands_under_its_school_with_owner_and_time(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    first = source.supervised.open[0]
    page = await read(client, "/supervision")
    for words in (
        f"督办中 {source.supervised.open_total} 项",
        first.telling.title.zh,
        "超过半年未解决 1 项",
        "已逾期 197 天",
        "责任：运维",
        "责任：使用",
        "已催办 2 次",
        "已有人确认",
        "无人确认",
        "本月按期处理 9 项，共 12 项",
    ):
        assert words in page.text
    school = next(one for one in source.supervised.open if one.school).school
    assert f"/schools/{school}" in page.links
    assert f"/alerts/{first.telling.alert.number}" in page.links


async def test_a_list_that_cannot_be_read_is_not_shown_as_empty(
    client: Client, source: FakeSource
) -> None:
    source.list_trouble = StoreBusy("asleep")
    text = (await read(client, "/supervision")).text
    assert "清单暂时无法读取，因此未知：asleep" in text
    assert "没有逾期未处理" not in text
    assert (await client.get("/supervision.csv")).status == 503
    source.list_trouble = None
    assert "没有逾期未处理" in (await read(client, "/supervision")).text


async def test_a_program_reads_the_same(client: Client, source: FakeSource) -> None:
    furnish(source, 50)
    body = await (await client.get("/api/v1/supervision")).json()
    assert body["open_total"] == len(body["open"]) == len(source.supervised.open)
    assert (body["at_ns"], body["due"], body["in_time"], body["long_total"]) == (NOW, 12, 9, 1)
    assert (body["median_to_ack_hours"], body["median_to_end_hours"]) == (0.33, 3)
    first = body["open"][0]
    assert (first["owner"], first["overdue_hours"], first["long"]) == ("operator", 4728, True)
    assert first["closed"] is None
    assert all(one["closed"] for one in body["over"])


async def test_the_table_opens_in_a_spreadsheet_and_holds_no_formula(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    first = source.supervised.open[0]
    named = replace(first.telling, title=Text('=HYPERLINK("x")', HOSTILE))
    source.supervised = Supervision([replace(first, telling=named)], 1)
    answer = await client.get("/supervision.csv")
    assert "supervision.csv" in answer.headers["Content-Disposition"]
    content = await answer.read()
    assert content.startswith(b"\xef\xbb\xbf")
    header, row = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert header[:4] == ["告警编号", "位置", "内容", "级别"]
    assert row[2] == '\'=HYPERLINK("x")'
    assert row[4:8] == ["运维", row[5], "4728.0", "1"]

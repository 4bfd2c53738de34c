"""One school: its line with the proof from outside, the roster's facts, agents and open alerts."""

from dataclasses import replace
from datetime import date

import pytest

from collector.roster.school import Address, School
from collector.verdicts import Outside
from core.types import Identity
from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import MINUTE, NOW, FakeSource, agent, school
from tests.collector.web.test_pages import read

PROBED = School("330106", "s1", "滨江中学", outside=(Address("192.0.2.1"),))


@pytest.mark.parametrize(
    ("entry", "outside", "said"),
    [
        (PROBED, Outside(True, NOW - MINUTE), "有应答：线路通 自 15:22:05 起"),
        (PROBED, Outside(False, NOW - MINUTE), "没有应答：线路不通 自 15:22:05 起"),
        (PROBED, Outside(None, NOW - MINUTE, blind=True), "所有学校都没有应答，无法判断"),
        (PROBED, Outside(), "没有可用的结果，不能作为证据"),
        (replace(PROBED, outside=()), Outside(), "名册中没有外部探测地址"),
        (None, Outside(), "名册中没有外部探测地址"),
    ],
)
async def test_the_proof_from_outside_is_said_in_words_and_in_the_api(
    client: Client, source: FakeSource, entry: School | None, outside: Outside, said: str
) -> None:
    one = school(agent(Identity("330106", "s1", "pc")), entry=entry)
    source.schools = (replace(one, outside=outside), school(agent()))
    assert said in (await read(client, "/schools/330106/s1")).text
    found = (await (await client.get("/api/v1/live")).json())["schools"]
    told = next(one["outside"] for one in found if one["school"] == "s1")
    assert told["since_ns"] == outside.since
    assert (told["outcome"] == "answers") == bool(outside.answers)


async def test_what_the_roster_leaves_open_is_said_and_a_stranger_is_called_one(
    client: Client, source: FakeSource
) -> None:
    entry = replace(PROBED, target_mbps=200.0, status="merged", closed=date(2027, 1, 1))
    one = school(agent(Identity("330106", "s1", "pc")), entry=entry)
    stranger = school(agent(Identity("330106", "s2", "pc")), standing="unlisted")
    source.schools = (one, stranger)
    text = (await read(client, "/schools/330106/s1")).text.replace("\xa0", " ")
    for words in ("签约带宽 未注明", "目标带宽 200 Mbps", "停办日期 2027-01-01", "缺责任人"):
        assert words in text
    text = (await read(client, "/schools/330106/s2")).text
    assert "学校名册里没有这所学校" in text


async def test_its_agents_alerts_and_account_are_one_step_away(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    place = "/schools/330105/3300000010"
    page = await read(client, place)
    assert " 1 条未恢复的告警" in page.text
    assert "学校线路中断：新登实验学校" in page.text
    assert f"{place}/jifang-1" in page.links
    assert "/ledger?region=330105&school=3300000010&all=1" in page.links
    assert "/alerts?region=330105&school=3300000010" in page.links
    assert "0 / 1 个采集端在线" in page.text
    back = await read(client, f"{place}/jifang-1")
    assert place in back.links
    assert "学校线路中断：新登实验学校" in back.text

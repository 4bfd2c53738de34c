"""The ledger's page: what is missing of whom, since when and why, in words."""

import pytest

from collector.ledgerread import AgentAccount, Question, Totals
from core.errors import StoreBusy
from tests.collector.making import A, B
from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import HERE, NOW, FakeSource
from tests.collector.web.test_ledger import missing
from tests.collector.web.test_pages import read


async def test_it_says_of_whom_what_is_missing_since_when_and_why(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    page = await read(client, "/ledger")
    for words in (
        "已收到 892 批，缺失 8 批",
        "8 批：采集端的本地缓存已满",
        "最迟自 10:23:05 起缺失",
    ):
        assert words in page.text
    for words in ("滨江小学 · jifang-1", "明细（1 段）", "311–318", "数据库被还原到早先的状态"):
        assert words in page.text
    assert "/schools/330102/3300000000/jifang-1" in page.links
    assert source.asked[-1] == Question(only_missing=True, agents=50)
    english = (await read(client, "/ledger?lang=en")).text
    assert "892 batches received, 8 missing" in english


async def test_everybody_one_place_and_the_next_page_can_be_asked_for(
    client: Client, source: FakeSource
) -> None:
    source.agents = tuple(missing("expected") for _ in range(3))
    assert "/ledger?after=1" in (await read(client, "/ledger")).links
    page = await read(client, "/ledger?after=1&all=1")
    assert source.asked[-1] == Question(after=1, agents=50)
    assert {"/ledger?all=1&after=2", "/ledger?all=1"} <= set(page.links)
    await read(client, "/ledger?region=000000&school=trial&agent=machine")
    assert source.asked[-1] == Question("000000", "trial", "machine", agents=50)
    assert (
        "只显示：000000/trial/machine"
        in (await read(client, "/ledger?region=000000&school=trial&agent=machine")).text
    )


async def test_nothing_missing_and_nobody_known_are_said(
    client: Client, source: FakeSource
) -> None:
    assert "没有缺失的数据" in (await read(client, "/ledger")).text
    assert "台账里还没有任何采集端" in (await read(client, "/ledger?all=1")).text
    source.agents = (AgentAccount(HERE, NOW, totals=Totals(1, 8)),)
    assert "已收到 8 批，无缺失" in (await read(client, "/ledger?all=1")).text


async def test_what_is_odd_is_said(client: Client, source: FakeSource) -> None:
    odd = AgentAccount(
        HERE, NOW, awaiting=True, two_machines=(A, B), cut=True, totals=Totals(2, 8, conflicts=3)
    )
    source.agents = (odd,)
    text = (await read(client, "/ledger")).text
    for words in ("两台电脑在使用同一个身份", "3 次编号相同", "还没有报告", "没有全部列出"):
        assert words in text


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=" + "9" * 40, "lang=%00", "all=2"])
async def test_odd_parameters_change_nothing(
    client: Client, source: FakeSource, query: str
) -> None:
    source.agents = (missing("refused"),)
    assert "缺失 2 批" in (await read(client, f"/ledger?{query}")).text


async def test_a_ledger_that_cannot_be_read_is_unknown_until_it_can(
    client: Client, source: FakeSource
) -> None:
    source.agents, source.ledger_trouble = (missing("refused"),), StoreBusy("asleep")
    text = (await read(client, "/ledger")).text
    assert "台账暂时无法读取（asleep）" in text
    assert "没有缺失的数据" not in text
    source.ledger_trouble = None
    assert "缺失 2 批" in (await read(client, "/ledger")).text

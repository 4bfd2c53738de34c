"""Whether the audit log can be believed, as a page and as JSON."""

from dataclasses import replace

import pytest

from collector.evidence.holding import Standing, Told, Verdict
from collector.evidence.view import Evidence, heard_of
from core.clock import SECOND
from core.types import Identity
from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish, proven
from tests.collector.web.fakes import FakeSource
from tests.collector.web.test_pages import read

DAY = 24 * 3_600 * SECOND
GOOD = replace(proven(), witnesses={"agrees": 41}, sources={"firewall_silent": 0})
assert GOOD.log
LOG = GOOD.log

CASES: dict[str, tuple[Evidence, str, str, str]] = {
    "all is well": (GOOD, "witnesses", "good", "41 个采集端保存的签名与日志一致"),
    "half a year is there": (GOOD, "oldest", "good", "已留存 200 天"),
    "the system is young": (
        replace(GOOD, log=replace(LOG, oldest_at=GOOD.at - 9 * DAY)),
        *("oldest", "young", "投用 9 天"),
    ),
    "somebody took the first records away": (
        replace(GOOD, log=replace(LOG, oldest_at=GOOD.at - 9 * DAY, oldest_row=70)),
        *("oldest", "bad", "第 70 条之前的记录不见了"),
    ),
    "nothing was recorded": (
        replace(GOOD, log=replace(LOG, oldest_at=0)),
        *("oldest", "unknown", "还没有记录"),
    ),
    "no agent is a witness": (
        replace(GOOD, witnesses={"nothing": 3}),
        *("witnesses", "unknown", "还没有采集端保存签名"),
    ),
    "no witness was heard for a week": (
        replace(GOOD, witnesses={"silent": 3}),
        *("witnesses", "unknown", "保存签名的采集端都已 7 天以上没有联系"),
    ),
    "one of the witnesses was not": (
        replace(GOOD, witnesses={"agrees": 2, "silent": 1}),
        *("witnesses", "good", "曾经一致，7 天以上没有联系 1"),
    ),
    "the log was cut": (
        replace(GOOD, witnesses={"agrees": 1, "ahead": 2}),
        *("witnesses", "bad", "2 个采集端保存的签名与日志不一致"),
    ),
    "signing stopped": (
        replace(GOOD, log=replace(LOG, stopped="row 12 is another one")),
        *(
            "checkpoint",
            "bad",
            "请保持现场原样，告知审计员，并用下面的命令查明是哪一条。程序记录：row 12",
        ),
    ),
    "no checkpoint comes any more": (
        replace(GOOD, log=replace(LOG, checkpoint_at=GOOD.at - 700 * SECOND)),
        *("checkpoint", "bad", "超过 10 分钟没有新的签名"),
    ),
    "the disk is full": (
        replace(GOOD, writing="no space left"),
        *("writing", "bad", "无法写入：no space left"),
    ),
    "a firewall is silent": (
        replace(GOOD, sources={"firewall_silent": 1}),
        *("sources", "bad", "没有日志到达 1"),
    ),
    "the log cannot be read": (
        replace(GOOD, log=None, trouble="damaged"),
        *("checkpoint", "unknown", "日志现在无法读取：damaged"),
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_each_figure_has_its_word_on_page_and_api(
    client: Client, source: FakeSource, case: str
) -> None:
    view, figure, state, words = CASES[case]
    source.proven = view
    answer = await (await client.get("/api/v1/evidence")).json()
    assert answer["states"][figure] == state
    text = (await read(client, "/evidence")).text
    assert words in text
    assert "自查" in text
    english = (await read(client, "/evidence?lang=en")).text
    assert "no assessment" in english


def test_a_witness_that_nobody_heard_for_over_a_week_is_silent_unless_it_disagreed() -> None:
    told, week = Told(9, "root"), 7 * DAY
    verdicts: dict[str, Verdict] = {"a": "agrees", "b": "agrees", "c": "restored", "d": "differs"}
    standings = {
        Identity("r", "s", name): Standing(told, verdict, GOOD.at)
        for name, verdict in verdicts.items()
    }
    heard = {"a": GOOD.at - week, "b": GOOD.at - week - 1, "c": 0, "d": 0}
    counts = heard_of(standings, lambda who: heard[who.agent], GOOD.at)
    assert {word: n for word, n in counts.items() if n} == {"agrees": 1, "silent": 2, "differs": 1}


YOUNG = replace(LOG, oldest_at=GOOD.at - 9 * DAY)
DOUBTS = {
    "signing stopped": replace(GOOD, log=replace(YOUNG, stopped="row 12 is another one")),
    "no checkpoint comes any more": replace(
        GOOD, log=replace(YOUNG, checkpoint_at=GOOD.at - 700 * SECOND)
    ),
    "witnesses disagree": replace(GOOD, log=YOUNG, witnesses={"agrees": 1, "differs": 1}),
    "it is not written": replace(GOOD, log=YOUNG, writing="no space left"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
async def test_nothing_is_called_complete_while_that_is_in_doubt(
    client: Client, source: FakeSource, doubt: str
) -> None:
    source.proven = replace(GOOD, log=YOUNG)
    assert "一条未少" in (await read(client, "/evidence")).text
    source.proven = DOUBTS[doubt]
    text = (await read(client, "/evidence")).text
    assert "一条未少" not in text
    assert "投用 9 天" in text
    assert "nothing is missing" not in (await read(client, "/evidence?lang=en")).text


async def test_the_command_to_check_it_takes_the_key_that_the_reader_keeps(client: Client) -> None:
    text = (await read(client, "/evidence")).text
    assert "audit verify --config collector.toml --key audit-key.pub.pem" in text


async def test_every_page_leads_to_it(client: Client, source: FakeSource) -> None:
    furnish(source, 1)
    assert "/evidence" in (await read(client, "/")).links

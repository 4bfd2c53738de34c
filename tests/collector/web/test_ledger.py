"""`schoolwatch ledger`, and the account behind it on API and page, against a real server."""

import json
import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner, Result

from collector import ledgercli
from collector.lanerow import LaneRow
from collector.ledger import Restored
from collector.ledgerread import AgentAccount, LaneAccount, Question, Restore, Totals, causes
from collector.ranges import Ranges
from collector.reasons import REASONS, Missing, Reason
from collector.web import ledger
from collector.web.texts import TEXTS
from core.errors import StoreBusy
from core.types import Identity
from tests.collector.making import A, B
from tests.collector.web.conftest import Client
from tests.collector.web.fakes import (
    HERE,
    MINUTE,
    NOW,
    FakeSource,
    serving,
)

PAGE = Path(ledgercli.__file__).parents[1] / "docs" / "ledger.md"


def missing(reason: Reason, why: str = "", who: Identity = HERE) -> AgentAccount:
    """An agent with ten batches, of which two are missing for *reason*."""
    gap = Missing(3, 4, reason, why, NOW - 5 * MINUTE)
    row = LaneRow(Ranges.of([(1, 2), (5, 10)]), high=10)
    lane = LaneAccount(A, "readings", row, (gap,), 0)
    return AgentAccount(who, NOW, lanes=(lane,), causes=causes([gap]), totals=Totals(1, 8))


def asked(source: FakeSource, *words: str) -> Result:
    with serving(source, now=lambda: NOW) as url:
        return CliRunner().invoke(ledgercli.ledger_command, [*words, "--url", url])


def test_nothing_missing_is_0(source: FakeSource) -> None:
    source.agents = (AgentAccount(HERE, NOW, totals=Totals(1, 8)),)
    result = asked(source, "--all")
    assert result.exit_code == 0
    assert "8 batches received, none missing" in result.output
    assert source.asked == [Question()]
    assert asked(source).exit_code == 0
    assert source.asked[-1].only_missing


def test_of_whom_no_batch_has_a_number_nothing_is_claimed(source: FakeSource) -> None:
    source.agents = (AgentAccount(HERE, NOW),)
    result = asked(source, "--all")
    assert "none missing" not in result.output
    assert "whether anything is missing is not known" in " ".join(result.output.split())


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_said_in_words_and_all_but_expected_are_1(
    source: FakeSource, reason: Reason
) -> None:
    source.agents = (missing(reason, "full" if reason == "dropped" else ""),)
    result = asked(source)
    assert result.exit_code == (0 if reason == "expected" else 1)
    key = "dropped_full" if reason == "dropped" else f"ledger_{reason}"
    assert TEXTS[key].en in result.output.replace("\n", " ")
    for words in ("000000/trial/machine", "8 batches received, 2 missing", "3-4", "5 min or more"):
        assert words in result.output


def test_a_drop_for_a_reason_of_its_own_cannot_steer_the_terminal(source: FakeSource) -> None:
    source.agents = (missing("dropped", "\x1b[31mred"),)
    result = asked(source)
    assert "?[31mred" in result.output
    assert "\x1b[31m" not in result.output


def test_two_machines_what_went_back_and_conflicts_are_said(source: FakeSource) -> None:
    twice = AgentAccount(HERE, NOW, two_machines=(A, B), totals=Totals(2, 8, conflicts=3))
    source.agents = (twice,)
    source.restores = tuple(Restore(NOW, what) for what in get_args(Restored))
    result = asked(source)
    assert result.exit_code == 1
    for words in ("two machines", A, B, "3 times", "went back", "begun anew"):
        assert words in result.output


def test_every_page_is_asked_for_and_json_is_the_whole(source: FakeSource) -> None:
    others = [replace(missing("expected"), who=Identity("0", "s", f"pc-{n}")) for n in range(3)]
    source.agents = tuple(others)
    result = asked(source, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert [one["agent"] for one in found["agents"]] == ["pc-0", "pc-1", "pc-2"]
    assert found["agents"][0]["lanes"][0]["missing"][0]["words"]["zh"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--agent", "host"], "region/school/agent"),
        (["--agent", "a//b"], "region/school/agent"),
        (["--agent", "1/2/3"], "knows no agent 1/2/3"),
    ],
)
def test_wrong_use_is_2(source: FakeSource, words: list[str], said: str) -> None:
    result = asked(source, *words)
    assert (result.exit_code, said in result.output) == (2, True)


def test_nobody_there_is_2() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        result = CliRunner().invoke(ledgercli.ledger_command, ["--url", address])
    assert result.exit_code == 2
    assert "No collector answers" in result.output


async def test_the_api_gives_numbers_times_and_both_languages(
    client: Client, source: FakeSource
) -> None:
    source.agents = (missing("spool_lost"),)
    found = await (await client.get("/api/v1/ledger?missing=1&school=trial&limit=5")).json()
    assert source.asked == [Question(school="trial", only_missing=True, agents=5)]
    (gap,) = found["agents"][0]["lanes"][0]["missing"]
    assert gap == {
        "first": 3,
        "last": 4,
        "count": 2,
        "reason": "spool_lost",
        "why": "",
        "since": "2026-11-22T07:18:05Z",
        "since_ns": NOW - 5 * MINUTE,
        "words": TEXTS["ledger_spool_lost"]._asdict(),
    }


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("missing=yes", "missing"), ("after=-1", "after"), ("after=" + "9" * 16, "after"),
     ("limit=201", "limit"), ("limit=٣", "limit"), ("mising=1", "mising")],
)  # fmt: skip
async def test_a_wrong_question_names_what_is_wrong(
    client: Client, query: str, parameter: str
) -> None:
    answer = await client.get(f"/api/v1/ledger?{query}")
    assert (answer.status, (await answer.json())["parameter"]) == (400, parameter)


async def test_a_ledger_that_cannot_be_read_is_503_and_a_line_on_the_page(
    client: Client, source: FakeSource
) -> None:
    source.ledger_trouble = StoreBusy("locked")
    answer = await client.get("/api/v1/ledger")
    assert (answer.status, await answer.json()) == (503, {"error": "locked"})
    page = await client.get("/schools/000000/trial/machine")
    assert (page.status, "台账暂时无法读取（locked）" in await page.text()) == (200, True)
    source.ledger_trouble = None
    assert (await client.get("/api/v1/ledger")).status == 200


async def test_the_page_of_an_agent_says_what_is_missing_in_both_languages(
    client: Client, source: FakeSource
) -> None:
    path = "/schools/000000/trial/machine"
    assert "没有带编号的批次，因此无从得知是否有缺失" in await (await client.get(path)).text()
    source.agents = (missing("dropped", "full"),)
    page = await (await client.get(path)).text()
    assert "已收到 8 批，缺失 2 批" in page
    assert "2 批：采集端的本地缓存已满，丢弃了最早的数据" in page
    assert "最迟自 15:18:05 起缺失" in page
    assert "8 batches received, 2 missing" in await (await client.get(path + "?lang=en")).text()


def test_the_docs_explain_every_reason_with_the_words_that_are_shown() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", PAGE.read_text("utf-8"), re.MULTILINE))
    assert tuple(rows) == REASONS
    drops = " · ".join(TEXTS[f"dropped_{why}"].zh for why in ledger.KNOWN_DROPS)
    for reason, words in rows.items():
        assert words == (drops if reason == "dropped" else TEXTS[f"ledger_{reason}"].zh)

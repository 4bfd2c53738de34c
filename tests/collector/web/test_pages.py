"""The pages as a browser without scripts gets them."""

import asyncio
import re
from dataclasses import replace
from html.parser import HTMLParser
from http import HTTPStatus

import pytest
from msgspec import structs

from collector.agentclocks import ClockVerdict
from core.clock import SECOND
from core.errors import StoreStopped
from core.types import Identity
from tests.collector.web.conftest import Client
from tests.collector.web.fakes import (
    HERE,
    MINUTE,
    NOW,
    FakeSource,
    MoodyStore,
    agent,
    school,
    tagged,
)

OTHER = Identity("330106", "s2", "office")


class Reader(HTMLParser):
    """Collects the words, the elements and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


async def read(client: Client, path: str, status: int = HTTPStatus.OK) -> Reader:
    answer = await client.get(path)
    assert (answer.status, answer.content_type) == (status, "text/html")
    reader = Reader()
    reader.feed(await answer.text())
    return reader


async def test_with_one_machine_the_front_page_shows_its_values_at_once(client: Client) -> None:
    text = (await read(client, "/")).text
    for words in ("试点学校", "在线", "自 15:11:05 起，已 12 分钟", "处理器", "/data", "92"):
        assert words in text
    for words in ("eth0", "Mbps", "223.5.5.5", "ms", "程序版本 0.1.0"):
        assert words in text


async def test_a_publisher_without_a_header_is_shown_as_unaccounted(
    client: Client, source: FakeSource
) -> None:
    telegraf = replace(agent(structs.replace(HERE, agent="telegraf")), unaccounted=True)
    source.schools = (school(agent(), telegraf),)
    place = f"/schools/{HERE.region}/{HERE.school}"
    assert (await read(client, place)).text.count("不入台账") == 1
    assert "不入台账" in (await read(client, f"{place}/telegraf")).text
    assert "不入台账" not in (await read(client, f"{place}/{HERE.agent}")).text


async def test_the_same_page_in_english(client: Client) -> None:
    page = await read(client, "/?lang=en")
    for words in ("Up", "since 15:11:05, for 12 min", "Processor", "almost full", "Mbit/s"):
        assert words in page.text
    assert not re.search("[\u4e00-\u9fff]", page.text.replace("试点学校", "").replace("中文", ""))


async def test_the_language_follows_the_reader_to_the_next_page(
    client: Client, source: FakeSource
) -> None:
    source.schools += (school(agent(OTHER)),)
    links = (await read(client, "/?lang=en")).links
    assert "/schools/330106/s2?lang=en" in links
    assert "/schools/000000/trial/machine?lang=en" in links
    assert "/?lang=zh" in links


async def test_the_district_shows_every_school_with_state_cause_and_what_to_do(
    client: Client, source: FakeSource
) -> None:
    source.schools += (
        school(agent(OTHER, "unknown", "silent", NOW - 5 * MINUTE), name="滨江中学"),
        school(agent(Identity("330106", "s3", "pc"), "never_seen"), name="向阳教学点"),
        school(agent(Identity("330106", "s4", "pc"), "stopped"), name="石桥小学"),
    )
    text = (await read(client, "/")).text
    order = ["滨江中学", "向阳教学点", "石桥小学", "试点学校"]
    assert [text.index(name) for name in order] == sorted(text.index(name) for name in order)
    assert "没有收到心跳" not in text.split("滨江中学")[0]
    for words in ("超过 3 分钟没有收到心跳", "自 15:18:05 起，已 5 分钟", "从未收到这所学校的数据"):
        assert words in text
    for words in ("4 所学校，4 个采集端", "请先确认采集端所在的电脑已开机", "采集端已正常停止"):
        assert words in text


async def test_a_state_can_be_looked_at_alone_and_a_made_up_one_hides_nobody(
    client: Client, source: FakeSource
) -> None:
    source.schools += (school(agent(OTHER, "unknown", "silent"), name="滨江中学"),)
    alone = (await read(client, "/?state=unknown")).text
    assert "滨江中学" in alone
    assert "试点学校" not in alone
    everybody = (await read(client, "/?state=excellent")).text
    assert "滨江中学" in everybody
    assert "试点学校" in everybody


async def test_a_school_with_several_agents_shows_them_all(
    client: Client, source: FakeSource
) -> None:
    second = agent(structs.replace(HERE, agent="library"), "unknown", "will", NOW - MINUTE)
    source.schools = (school(agent(), second),)
    page = await read(client, "/")
    assert page.text.index("library") < page.text.index("machine")
    assert "连接意外断开" in page.text
    assert "/schools/000000/trial/library" in page.links


async def test_the_last_values_of_a_silent_agent_are_called_that(
    client: Client, source: FakeSource
) -> None:
    source.schools = (school(agent(state="unknown", cause="silent", since=NOW - MINUTE)),)
    text = (await read(client, "/")).text
    assert "以下是最后收到的数值，不代表现在" in text
    assert "92" in text


async def test_the_curves_reach_back_as_far_as_the_values(
    client: Client, source: FakeSource
) -> None:
    new = structs.replace(HERE, agent="new")
    source.store.write(tagged(f"mem used_percent=5 {NOW - 40 * SECOND}", new).encode())
    source.schools = (school(agent(), agent(new)),)
    for name, seconds in (("new", 300), ("machine", 3600)):
        page = await (await client.get(f"/schools/000000/trial/{name}")).text()
        assert f'data-seconds="{seconds}"' in page


async def test_an_agent_that_never_spoke_has_no_values_and_no_dates_of_1970(
    client: Client, source: FakeSource
) -> None:
    source.schools = (school(agent(state="never_seen")),)
    text = (await read(client, "/")).text
    assert "从未上报" in text
    assert "还没有收到数值" in text
    assert "1970" not in text


async def test_nothing_yet_is_a_page_that_says_what_to_do(
    client: Client, source: FakeSource
) -> None:
    source.schools = ()
    text = (await read(client, "/")).text
    assert "还没有任何学校上报" in text
    assert "schoolwatch agent run" in text


async def test_a_collector_that_is_cut_off_or_cannot_store_says_so(
    client: Client, source: FakeSource
) -> None:
    source.broker_connected, source.able = False, (False, "disk full")
    text = (await read(client, "/")).text
    assert "与消息服务器（MQTT）的连接已断开" in text
    assert "暂时无法保存数据（disk full）" in text

    source.broker_connected, source.able = True, (True, "")
    text = (await read(client, "/")).text
    assert "断开" not in text.replace("与监测中心的连接已断开", "")


async def test_a_store_that_cannot_be_read_makes_values_unknown_until_it_can(
    client: Client, store: MoodyStore
) -> None:
    store.trouble = StoreStopped("database is not a database")
    text = (await read(client, "/")).text
    assert "因此数值未知：database is not a database" in text
    assert "在线" in text

    store.trouble = None
    store.awake.clear()
    assert "no answer from the database" in (await read(client, "/")).text

    store.awake.set()
    assert "处理器" in (await read(client, "/")).text


@pytest.mark.parametrize("path", ["/schools/000000/other", "/schools/000000/trial/x", "/x", "/a/"])
async def test_what_is_not_there_is_a_page_with_a_way_back(client: Client, path: str) -> None:
    page = await read(client, path, HTTPStatus.NOT_FOUND)
    assert "没有这个页面" in page.text
    assert "/" in page.links


async def test_no_link_leads_elsewhere_also_from_an_odd_path(client: Client) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(b"GET //elsewhere.example//x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    page = (await reader.read()).decode()
    writer.close()
    assert page.startswith("HTTP/1.1 404")
    assert 'href="//' not in page


HOSTILE = "<script>alert(1)</script>'\"&{{7*7}}"


async def test_a_hostile_name_stays_a_name(client: Client, source: FakeSource) -> None:
    nasty = replace(agent(), version=HOSTILE, started=HOSTILE)
    source.schools = (school(nasty, name=HOSTILE),)
    source.able = (False, HOSTILE)
    tags = f"interface={HOSTILE.replace(' ', '')},region=000000,school=trial,agent=machine"
    source.store.write(f"net,{tags} bytes_recv=99999999999999i {NOW}\n".encode())
    for path in ("/", "/?lang=en"):
        page = await read(client, path)
        assert page.tags.count("script") == 2
        assert page.text.count("<script>alert(1)</script>") >= 4
        assert not {"onerror", "onclick", "style"} & set(page.attributes)
        assert "49" not in page.text


async def test_an_agents_page_is_reached_by_its_name_also_an_odd_one(
    client: Client, source: FakeSource
) -> None:
    odd = Identity("33.0-1_06", "A.b", "x..y")
    source.schools += (school(agent(odd)),)
    assert "/schools/33.0-1_06/A.b/x..y" in (await read(client, "/")).links
    assert "x..y" in (await read(client, "/schools/33.0-1_06/A.b/x..y")).text


async def test_nothing_inline_nothing_from_elsewhere_and_nothing_kept(client: Client) -> None:
    answer = await client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Server"] == "schoolwatch"
    reader = Reader()
    reader.feed(await answer.text())
    assert [link for link in reader.links if not link.startswith(("/", "#"))] == []
    assert "style" not in reader.tags


@pytest.mark.parametrize(
    "path", ["/?lang=fr", "/?range=99y", "/?range=6h", "/?lang=zh&lang=en", "/?%00=%ff&state=é"]
)
async def test_odd_parameters_of_a_page_change_nothing(client: Client, path: str) -> None:
    assert "处理器" in (await read(client, path)).text


async def test_every_file_that_the_page_names_is_there(client: Client) -> None:
    for link in (await read(client, "/")).links:
        if link.startswith("/static/"):
            answer = await client.get(link)
            assert answer.status == HTTPStatus.OK
            assert "Content-Security-Policy" in answer.headers


async def test_the_static_folder_gives_nothing_else(client: Client) -> None:
    for path in ("/static/", "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"):
        assert (await client.get(path)).status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


async def test_head_answers_like_get_without_the_page(client: Client) -> None:
    answer = await client.head("/")
    assert (answer.status, await answer.read()) == (HTTPStatus.OK, b"")


async def test_a_defect_of_a_page_is_an_error_page_and_the_next_page_works(
    client: Client, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    good = source.schools
    source.schools = (school(replace(agent(), last_arrival="soon")),)  # type: ignore[arg-type]
    page = await read(client, "/", HTTPStatus.INTERNAL_SERVER_ERROR)
    assert "无法显示这个页面" in page.text
    assert "Traceback" in caplog.text

    source.schools = good
    assert "在线" in (await read(client, "/")).text


async def test_a_clock_that_runs_ahead_gives_no_negative_times(
    client: Client, source: FakeSource
) -> None:
    ahead = agent(since=NOW + 90 * SECOND)
    source.schools = (school(replace(ahead, last_arrival=NOW + 90 * SECOND)),)
    text = (await read(client, "/")).text
    assert "已 0 秒" in text
    assert "刚刚" in text


async def test_a_clock_that_is_off_is_flagged_wherever_its_agent_is_named(
    client: Client, source: FakeSource
) -> None:
    off = replace(agent(), clock=ClockVerdict("bad", -7_200.0, NOW - 5 * MINUTE))
    other = school(replace(agent(Identity("1", "s", "pc")), clock=ClockVerdict("warn", 1_500.0)))
    source.schools = (school(off), other)
    text = (await read(client, "/")).text
    assert "machine 时钟偏差超过 5 秒（慢 7.20 s），时间不可信，请校时" in text
    assert "pc 时钟偏差（快 1.50 s），请校时" in text
    for path in ("/schools/000000/trial", "/schools/000000/trial/machine"):
        assert "时钟偏差超过 5 秒（慢 7.20 s）" in (await read(client, path)).text
    english = (await read(client, "/schools/000000/trial/machine?lang=en")).text
    assert "clock 7.20 s behind, over 5 s: do not trust its times, set it" in english
    assert "Turn on time synchronisation" in english

    source.schools = (school(replace(off, clock=ClockVerdict("fine", 3.0, NOW))),)
    page = (await read(client, "/schools/000000/trial/machine")).text
    assert "快 3.00 ms" in page
    assert "请校时" not in page


async def test_the_targets_of_an_agent_have_states_and_are_unknown_while_it_is_not_up(
    client: Client, source: FakeSource
) -> None:
    for fields in ("url=lossy percent_packet_loss=40,result_code=0i", "url=dead result_code=2i"):
        assert source.store.write(tagged(f"ping,{fields} {NOW}").encode()) == []
    path = "/schools/000000/trial/machine"
    row = re.compile(r"<tr><td class=\"name\">(\w[\w.]*)</td><td>\s*<span class=\"chip s-(\w+)\"")

    async def states() -> dict[str, str]:
        return dict(row.findall(await (await client.get(path)).text()))

    up = {"223.5.5.5": "up", "gateway": "up"}
    assert await states() == up | {"lossy": "degraded", "dead": "down"}
    source.schools = (school(agent(state="unknown", cause="silent")),)
    assert await states() == dict.fromkeys((*up, "lossy", "dead"), "unknown")
    text = (await read(client, path)).text
    assert "采集端不在线，无法判断" in text
    assert "没有应答" not in text
    source.schools = (school(agent()),)
    assert (await states())["dead"] == "down"


async def test_the_outages_of_a_target_are_told_where_there_were_some(
    client: Client, source: FakeSource
) -> None:
    path = "/schools/000000/trial/machine"
    text = (await read(client, path)).text
    assert text.count("采集端启动以来中断") == 1
    assert "采集端启动以来中断 2 次，共 5 分" in text
    assert "out 2 times since its agent started" in (await read(client, f"{path}?lang=en")).text


async def test_a_target_of_which_nothing_new_comes_is_unknown(
    client: Client, source: FakeSource
) -> None:
    still = Identity("000000", "trial", "still")
    for line in (
        f"ping,url=gw percent_packet_loss=100,result_code=2i {NOW - 601 * SECOND}",
        f"mem used_percent=5 {NOW}",
    ):
        assert source.store.write(tagged(line, still).encode()) == []
    source.schools = (school(agent(still)),)
    text = (await read(client, "/schools/000000/trial/still")).text
    assert "未知 超过 10 分钟没有新的测量结果" in text

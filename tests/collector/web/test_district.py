"""The overview: its counts add up, its filters do what they say, what is left out is said."""

import re
from dataclasses import replace
from typing import get_args
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.picture import Picture, SchoolView
from collector.roster.school import Area, School
from collector.verdicts import Outside, State, Verdict
from collector.web import board, scope
from collector.web.glance import glance
from collector.web.pages.districtpage import PAGE
from core.errors import StoreBusy
from core.types import Identity
from tests.chance import examples
from tests.collector.web.conftest import Client
from tests.collector.web.districts import district, furnish
from tests.collector.web.fakes import MINUTE, NOW, FakeSource, MoodyStore, agent, school
from tests.collector.web.test_pages import read

TILE = re.compile(r'id="tile-(\w+)".*?<span class="number">(\d+)</span>', re.DOTALL)
ROW = re.compile(r'id="area-(\w+)".*?<td class="n all"><b>(\d+)</b>', re.DOTALL)


async def tiles(client: Client, path: str) -> dict[str, int]:
    page = await (await client.get(path)).text()
    return {state: int(n) for state, n in TILE.findall(page)}


async def areas(client: Client, path: str = "/") -> dict[str, int]:
    page = await (await client.get(path)).text()
    return {area: int(n) for area, n in ROW.findall(page)}


def listed(source: FakeSource) -> list[SchoolView]:
    return [view for view in source.schools if view.counts]


STATE = st.sampled_from(get_args(State))
AREA = st.sampled_from([None, *get_args(Area)])
STANDING = st.sampled_from(["open", "open", "open", "merged", "unlisted"])


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(STATE, AREA, st.booleans(), STANDING), min_size=2, max_size=40))
def test_the_counts_of_all_and_of_each_area_add_up_to_the_roster(
    drawn: list[tuple[State, Area | None, bool, str]],
) -> None:
    schools = []
    for n, (state, area, is_point, standing) in enumerate(drawn):
        entry = School("330106", f"s{n}", area=area, teaching_point=is_point)
        one = agent(Identity("330106", f"s{n}", "pc"), state if state != "degraded" else "up")
        view = school(one, standing=standing, entry=entry)  # type: ignore[arg-type]
        schools.append(replace(view, line=Verdict(state, "", NOW)))
    rows = board.rows(Picture(NOW, "d1", True, tuple(schools)))
    counted = [view for view in schools if view.counts]
    seen = glance(rows, scope.Scope())
    assert seen.total == len(counted)
    assert sum(sum(counts.values()) for _, counts in seen.areas) == len(counted)
    for name, counts in seen.areas:
        assert sum(counts.values()) == glance(rows, scope.Scope(area=name)).total
    for state in get_args(State):
        assert seen.counts[state] == sum(counts[state] for _, counts in seen.areas)
    assert seen.not_counted == len(schools) - len(counted)


@pytest.mark.parametrize("count", [2, 50, 1000])
async def test_tiles_and_areas_of_the_page_add_up_to_the_roster(
    client: Client, source: FakeSource, count: int
) -> None:
    furnish(source, count)
    assert sum((await tiles(client, "/")).values()) == count == len(listed(source))
    found = await areas(client)
    points = found.pop("points")
    assert sum(found.values()) == count
    for area, n in found.items():
        assert sum((await tiles(client, f"/?area={area}")).values()) == n
    assert sum((await tiles(client, "/?teaching_point=1")).values()) == points


async def test_every_school_of_a_state_is_on_its_pages_and_none_twice(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 1000)
    for state, n in (await tiles(client, "/")).items():
        found: list[str] = []
        for page in range(1, n // PAGE + 3):
            text = await (await client.get(f"/?state={state}&page={page}")).text()
            found += re.findall(r'id="school/([^"]+)"', text)[: len(found) + PAGE]
        others = {f"{one.region}/{one.school}" for one in source.schools if not one.counts}
        assert len(set(found) - others) == n


async def test_what_is_not_shown_is_counted_and_one_click_away(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 1000)
    page = await read(client, "/?lang=en")
    assert re.search(r"\d+ more: show all", page.text)
    assert "/?lang=en&state=up" in page.links
    second = await read(client, "/?lang=en&state=up&page=2")
    assert "101–200 of 969" in second.text
    for rel in ("page=1", "page=3"):
        assert any(rel in link for link in second.links)


async def test_a_made_up_page_is_a_page_that_is_there(client: Client, source: FakeSource) -> None:
    furnish(source, 50)
    for page in ("0", "99999999999", "x", "-1", "٣"):
        assert "滨江小学" in (await read(client, f"/?state=up&page={quote(page)}")).text


async def test_schools_that_are_not_online_or_never_reported_are_a_list_of_their_own(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    text = (await read(client, "/?state=not_up")).text
    for name in ("新登实验学校", "向阳九年一贯制学校", "古荡高级中学"):
        assert name in text
    assert "滨江小学" not in text
    assert "只显示：未在线（6 所）" in text
    never = (await read(client, "/?state=never_seen")).text
    assert "古荡高级中学" in never
    assert "330102 · 3300000005" in never
    assert "330102 · 3300000002" not in never


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("q=新登实验", "新登实验学校", "滨江小学"),
        ("q=3300000010", "新登实验学校", "滨江小学"),
        ("q=实验 新登", "新登实验学校", "滨江小学"),
        ("region=330106", "向阳第2九年一贯制学校", "滨江小学"),
        ("area=rural", "向阳九年一贯制学校", "滨江小学"),
        ("owners_missing=1", "缺责任人：运维、使用", "滨江小学"),
        ("teaching_point=1", "清河教学点", "滨江小学"),
    ],
)
async def test_the_list_is_narrowed_to_what_is_wanted(
    client: Client, source: FakeSource, query: str, there: str, not_there: str
) -> None:
    furnish(source, 50)
    text = (await read(client, f"/?{query}")).text
    assert there in text
    assert not_there not in text
    assert "显示全部" in text


async def test_nobody_found_is_said_and_a_made_up_word_hides_nobody(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    assert "没有符合条件的学校" in (await read(client, "/?q=nobody")).text
    for query in ("area=moon", "state=fine", "teaching_point=yes", "owners_missing=%00"):
        assert "滨江小学" in (await read(client, f"/?{query}")).text


async def test_a_narrowing_stays_with_the_next_one_and_with_the_language(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    links = (await read(client, "/?area=rural&q=教学点")).links
    rural = [link for link in links if "state=unknown" in link]
    assert all("area=rural" in link and "q=" in link for link in rural)
    assert rural
    assert any("lang=en" in link and "area=rural" in link for link in links)


async def test_a_region_and_a_carrier_that_fell_are_one_line_each(
    client: Client, source: FakeSource
) -> None:
    views = []
    for n in range(8):
        entry = School("330106", f"s{n}", f"第{n}小学", carrier="中国电信")
        cause = "region" if n < 4 else "line"
        one = agent(Identity("330106", f"s{n}", "pc"), "unknown", cause, NOW - n * MINUTE)  # type: ignore[arg-type]
        fell = Verdict("down", "carrier", NOW - 9 * MINUTE)
        view = school(one, entry=entry)
        views.append(view if n < 4 else replace(view, line=fell))
    source.schools = tuple(views)
    text = (await read(client, "/")).text
    assert text.count("区划 330106：4 所学校同时失联") == 1
    assert "自 15:20:05 起" in text
    assert text.count("中国电信：4 所学校的线路同时中断") == 1
    found = board.fallen(board.rows(source.picture()))
    assert [(one.what, one.name, one.since) for one in found] == [
        ("carrier", "中国电信", NOW - 9 * MINUTE),
        ("region", "330106", NOW - 3 * MINUTE),
    ]


async def test_a_collector_whose_own_line_is_cut_says_so(
    client: Client, source: FakeSource
) -> None:
    lost = agent(Identity("330106", "s1", "pc"), "unknown", "silent")
    blind = Verdict("unknown", "own_line", NOW)
    one = replace(school(lost), line=blind, outside=Outside(None, NOW, blind=True))
    source.schools = (one, school(agent()))
    assert "可能是监测中心自己的线路断了" in (await read(client, "/")).text


async def test_a_roster_that_says_no_area_gives_no_table_of_areas(
    client: Client, source: FakeSource
) -> None:
    source.schools = (school(agent()), school(agent(Identity("330106", "s2", "pc"))))
    assert await areas(client) == {}
    assert sum((await tiles(client, "/")).values()) == 2


async def test_open_alerts_stand_on_top_and_what_cannot_be_read_is_unknown(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    text = (await read(client, "/")).text
    assert "12 条未恢复的告警" in text
    assert text.index("学校线路中断：新登实验学校") < text.index("城乡与教学点")
    source.alert_trouble = StoreBusy("the disk is asleep")
    text = (await read(client, "/")).text
    assert "告警暂时无法读取，因此未知：the disk is asleep" in text
    assert "没有未恢复的告警" not in text
    source.alert_trouble = None
    assert "12 条未恢复的告警" in (await read(client, "/")).text


def test_a_district_for_pictures_has_every_state() -> None:
    rows = board.rows(Picture(NOW, "d1", True, district(1000)))
    assert {row.state for row in rows} == set(get_args(State))


async def test_the_search_needs_no_scripts_and_the_policy_lets_it_be_sent_here_alone(
    client: Client, source: FakeSource, store: MoodyStore
) -> None:
    assert store is source.store
    furnish(source, 50)
    answer = await client.get("/?area=rural&lang=en")
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    form = re.search("<form.*?</form>", await answer.text(), re.DOTALL)
    assert form
    for words in ('name="area" value="rural"', 'name="lang" value="en"', 'name="q"', "<button>"):
        assert words in form[0]

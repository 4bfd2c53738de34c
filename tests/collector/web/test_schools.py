"""What the roster says of schools, wherever schools are listed: page, API, metrics, terminal."""

from datetime import date

import pytest
from click.testing import CliRunner

from collector import statuscli
from collector.picture import Picture
from collector.roster.school import OWNERS, Person, School
from collector.web import board
from core.types import Identity
from tests.collector.web.conftest import Client
from tests.collector.web.fakes import NOW, FakeSource, agent, school, serving
from tests.collector.web.test_metrics import scrape
from tests.collector.web.test_pages import read

PLAIN = School("330106", "s1", "滨江中学")
OWNED = School(
    "330106",
    "s2",
    "石桥小学",
    type="nine_year",
    area="rural",
    teaching_point=True,
    contracted_mbps=200.0,
    link="fibre",
    carrier="中国电信",
    pupils=98,
    people=tuple(Person(role, "王主任", "0571-1") for role in OWNERS),
)
MERGED = School("330106", "s3", "老校", status="merged", closed=date(2025, 7, 1))


@pytest.fixture
def district(source: FakeSource) -> FakeSource:
    """Two schools that count, a merged one that still reports, and one that nobody listed."""
    up, silent = ("up", ""), ("unknown", "silent")
    found = []
    for entry, (state, cause) in ((PLAIN, up), (OWNED, silent), (MERGED, silent)):
        who = Identity(entry.region, entry.school, "pc")
        standing = entry.standing(date(2026, 11, 22))
        one = agent(who, state, cause)  # type: ignore[arg-type]
        found.append(school(one, name=entry.name, standing=standing, entry=entry))
    stranger = school(agent(Identity("330106", "s4", "pc")), name="", standing="unlisted")
    source.schools = (*found, stranger)
    return source


@pytest.mark.usefixtures("district")
async def test_a_school_without_its_owners_is_flagged_in_the_list_and_on_its_page(
    client: Client,
) -> None:
    for path in ("/", "/schools/330106/s1"):
        assert "缺责任人：主管、运维、使用" in (await read(client, path)).text
    assert "缺责任人" not in (await read(client, "/schools/330106/s2")).text
    assert "owners missing: authority, operator, user" in (await read(client, "/?lang=en")).text


async def test_one_that_does_not_count_is_shown_as_such_and_is_in_no_count(
    client: Client, district: FakeSource
) -> None:
    text = (await read(client, "/")).text
    for words in ("2 所学校，4 个采集端", "另有 2 所不计入总数", "已撤并，不计入总数"):
        assert words in text
    assert "不在学校名册中" in text
    found = await scrape(client)
    assert (found["schoolwatch_schools", "up"], found["schoolwatch_schools", "unknown"]) == (1, 1)
    assert found["schoolwatch_schools_not_counted", ""] == 2
    assert found["schoolwatch_agents", "unknown"] == 2


@pytest.mark.usefixtures("district")
async def test_the_page_of_a_school_says_what_the_roster_says(
    client: Client,
) -> None:
    text = (await read(client, "/schools/330106/s2")).text
    assert "九年一贯制 · 乡村 · 教学点 · 光纤 · 中国电信 · 签约 200 Mbps" in text.replace(
        "\xa0", " "
    )
    english = (await read(client, "/schools/330106/s2?lang=en")).text.replace("\xa0", " ")
    assert "nine-year school · rural · teaching point · fibre" in english
    assert "contracted 200 Mbit/s" in english


@pytest.mark.usefixtures("district")
async def test_the_api_says_the_same_and_names_no_person(
    client: Client,
) -> None:
    answer = await client.get("/api/v1/live")
    assert "王主任" not in await answer.text()
    assert "0571" not in await answer.text()
    found = {one["school"]: one for one in (await answer.json())["schools"]}
    assert {name: (one["standing"], one["counts"]) for name, one in found.items()} == {
        "s1": ("open", True),
        "s2": ("open", True),
        "s3": ("merged", False),
        "s4": ("unlisted", False),
    }
    assert found["s1"]["missing_owners"] == [*OWNERS]
    assert found["s2"]["missing_owners"] == []
    assert found["s2"]["about"]["contracted_mbps"] == 200
    assert found["s3"]["about"]["closed"] == "2025-07-01"
    assert found["s4"]["about"] is None


def test_the_terminal_flags_the_same(district: FakeSource) -> None:
    with serving(district) as url:
        result = CliRunner().invoke(statuscli.status_command, ["--url", url])
    for words in (
        *("owners missing: authority, operator, user", "merged: does not count"),
        *("not in the roster", "2 schools: 1 unknown, 1 up; 2 more that do not count"),
    ):
        assert words in result.output
    assert result.exit_code == 1


def test_a_closed_school_that_is_down_makes_nothing_wrong(district: FakeSource) -> None:
    first, _, merged, _ = district.schools
    district.schools = (first, merged)
    with serving(district) as url:
        result = CliRunner().invoke(statuscli.status_command, ["--url", url])
    assert result.exit_code == 0


def test_without_a_roster_everybody_who_reports_counts() -> None:
    who = Identity("330106", "s4", "pc")
    alone = school(agent(who), name="", standing="unlisted")
    rows = board.rows(Picture(NOW, "d1", True, (alone,), roster=False))
    assert [row.counts for row in rows] == [True]
    listed = school(agent(Identity("330106", "s5", "pc")), entry=PLAIN)
    rows = board.rows(Picture(NOW, "d1", True, (alone, listed)))
    assert {row.view.school: row.counts for row in rows} == {"s4": False, "s5": True}

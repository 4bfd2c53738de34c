"""The link of a message: shows as often as one likes, acts once, and tells strangers nothing."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.links import VALID_S, AckLinks
from collector.web.signin import BAD_LINKS, LINK_ACTS
from core.clock import SECOND
from tests.alerts.people.made import HERE
from tests.collector.web.office import Office, details, elsewhere


async def test_whoever_fetches_it_acts_on_nothing(office: Office) -> None:
    number = office.break_out()
    path = f"/ack/{office.token(number)}"
    for _ in range(100):
        text = await office.get(path)
    for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
        await office.client.request(method, path)
    assert "我来处理" in text
    assert office.people.acked(number) is None
    assert office.audit("alert_acknowledged") == []


async def test_the_button_acts_once_and_says_who_it_was(office: Office) -> None:
    number = office.break_out()
    path = f"/ack/{office.token(number, 'school')}"
    answer = await office.post(path, name="李老师", note="马上去机房")
    assert (answer.status, answer.headers["Location"]) == (303, path)
    assert "李老师 (school) 已于" in await office.get(path)
    again = await office.post(path, name="别人")
    assert again.status == 303
    found = office.people.acked(number)
    assert found
    assert (found.by, found.role, found.how) == ("李老师 (school)", f"school:{HERE}", "link")
    (row,) = office.audit("alert_acknowledged")
    assert details(row, "note", "how", "number") == ("school", "马上去机房", "link", number)
    text = await office.get(f"/alerts/{number}")
    assert "李老师 (school) 确认（消息中的链接）" in text
    assert "李老师 (school) 已确认" in await office.get("/alerts")


async def test_a_hundred_at_once_are_one(office: Office) -> None:
    number = office.break_out()
    tokens = [office.token(number, "duty" if n % 2 else "school") for n in range(40)]
    answers = await asyncio.gather(*(office.post(f"/ack/{one}") for one in tokens))
    assert {answer.status for answer in answers} == {303}
    assert len(office.audit("alert_acknowledged")) == 1


async def test_an_alert_that_is_over_needs_nobody(office: Office) -> None:
    number = office.break_out()
    path = f"/ack/{office.token(number)}"
    office.heal()
    answer = await office.post(path)
    assert "已经恢复，不需要确认" in await answer.text()
    assert "<form" not in await office.get(path)
    assert office.people.acked(number) is None


async def test_every_link_that_is_none_gets_the_same_page_and_is_counted(office: Office) -> None:
    number, far = office.break_out(), office.break_out(elsewhere())
    good = office.token(number)
    other = AckLinks("http://127.0.0.1", b"x" * 32, office.stage.clock)
    bad = [
        good[:-1],
        good + "A",
        "x",
        "A" * 4_000,
        other.token(number, "duty"),
        office.token(number, "no-such-channel"),
        office.token(77, "duty"),
        office.token(far, "school"),
    ]
    said = set()
    for token in bad:
        for method in ("GET", "POST"):
            path = f"/ack/{token}"
            answer = await office.client.request(
                method, path, data={} if method == "POST" else None
            )
            text = (await answer.text()).replace(path, "")
            assert (answer.status, "链接无效或已过期" in text) == (
                404 if method == "GET" else answer.status,
                True,
            )
            said.add(text)
    assert len(said) == 1
    assert office.counted["ack_links_refused", ""] == 2 * len(bad)
    assert office.people.acked(number) is office.people.acked(far) is None
    office.stage.clock.at += VALID_S * SECOND
    assert "链接无效或已过期" in await office.get(f"/ack/{good}", 404)


async def test_who_tries_many_links_is_refused_and_who_has_one_is_not(office: Office) -> None:
    number = office.break_out()
    statuses = [(await office.client.get(f"/ack/x{n}")).status for n in range(BAD_LINKS + 5)]
    assert statuses == [404] * BAD_LINKS + [429] * 5
    assert "我来处理" in await office.get(f"/ack/{office.token(number)}")
    office.seconds += 601
    await office.get("/ack/x", 404)


async def test_a_button_that_is_pressed_without_end_is_refused_for_a_while(office: Office) -> None:
    path = f"/ack/{office.token(office.break_out())}"
    statuses = [(await office.post(path)).status for _ in range(LINK_ACTS + 2)]
    assert statuses == [303] * LINK_ACTS + [429] * 2
    office.seconds += 601
    assert (await office.post(path)).status == 303


async def test_what_somebody_types_stays_a_text(office: Office) -> None:
    number = office.break_out()
    path, hostile = f"/ack/{office.token(number)}", "<script>alert(1)</script>\n\x00" + "x" * 900
    await office.post(path, name=hostile, note=hostile)
    text = await office.get(path)
    assert "&lt;script&gt;alert" in text
    assert "<script>alert" not in text
    found = office.people.acked(number)
    assert found
    assert len(found.note) == 500
    assert found.by.isprintable()


async def test_the_page_says_no_more_than_the_message_did(office: Office) -> None:
    number = office.break_out()
    answer = await office.client.get(f"/ack/{office.token(number)}")
    text = await answer.text()
    assert "采集端缓存已满" in text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'content="noindex"' in text
    assert "<script" not in text
    assert "refresh" not in text


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tokens=st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=15))
def test_no_invented_token_makes_the_page_fail(
    tmp_path_factory: pytest.TempPathFactory, tokens: list[str]
) -> None:
    from urllib.parse import quote

    async def ask() -> set[int]:
        async with Office(tmp_path_factory.mktemp("office")).open() as office:
            number = office.break_out()
            answers = [await office.post(f"/ack/{quote(one, safe='')}") for one in tokens]
            assert office.people.acked(number) is None
            return {answer.status for answer in answers}

    assert asyncio.run(ask()) <= {404, 405, 429}

"""Incidents on the pages: who reads which, and how a person of the district judges one."""

import re

from collector.web.pages.incidentpage import is_overdue
from collector.web.texts import TEXTS
from core.errors import StoreBusy
from tests.alerts.incidents.making import HOUR, attack
from tests.alerts.incidents.test_judging import spreads
from tests.alerts.people.made import ELSEWHERE
from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import FakeSource
from tests.collector.web.office import Office, details
from tests.collector.web.test_pages import read

FAR_SCHOOL = ELSEWHERE.partition("/")[2]


async def test_the_list_has_what_is_open_first_and_the_overdue_before_the_rest(
    client: Client, source: FakeSource
) -> None:
    assert "没有未办结的安全事件" in (await read(client, "/incidents")).text
    furnish(source, 50)
    page = await read(client, "/incidents")
    count = sum(not one.incident.closed_at for one in source.judged)
    for words in (
        f"未办结 {count} 起",
        "尚未确认",
        "误报",
        "建议级别",
        "已逾期",
        "应于",
        "2 小时内",
    ):
        assert words in page.text
    numbers = [int(word) for word in re.findall(r"事件 (\d+) ", page.text)]
    closed = [one.incident.number for one in source.judged if one.incident.closed_at]
    assert set(numbers[-len(closed) :]) == set(closed)
    late = {one.incident.number for one in source.judged if is_overdue(one)} - set(closed)
    assert set(numbers[: len(late)]) == late
    assert {"/incidents/4", "/alerts/4"} <= set(page.links)
    assert "/incidents" in (await read(client, "/security")).links
    english = (await read(client, "/incidents?lang=en")).text
    for words in (
        f"{count} not closed",
        "First report",
        "the education authority above",
        "5 working days",
    ):
        assert words in english


async def test_what_cannot_be_read_is_not_shown_as_none(client: Client, source: FakeSource) -> None:
    source.list_trouble = StoreBusy("asleep")
    for path in ("/incidents", "/incidents/1"):
        text = (await read(client, path)).text
        assert "安全事件暂时无法读取，因此未知：asleep" in text
        assert "没有未办结" not in text


async def test_a_person_confirms_reports_and_closes_and_the_drafts_wait_for_that(
    office: Office,
) -> None:
    number = office.attacked()
    spreads(office.stage)
    csrf, path = await office.entered(), f"/incidents/{number}"
    page = await office.get(path)
    assert page.count(TEXTS["refused_unconfirmed"].zh) == 3
    assert "网络安全事件报告（" not in page
    assert "建议提高一级" in page
    assert path in await office.get(f"/alerts/{number}")
    early = await office.post(f"{path}/reported", csrf=csrf, clock="edu_urgent")
    assert TEXTS["refused_unconfirmed"].zh in await early.text()

    unsaid = await office.post(f"{path}/confirm", csrf=csrf, grade="重大", note=" ")
    assert (unsaid.status, "请写明理由" in await unsaid.text()) == (409, True)
    form = {"csrf": csrf, "grade": "重大", "note": "影响考试", "concerns": "crime"}
    done = await office.post(f"{path}/confirm", **form)
    assert (done.status, done.headers["Location"]) == (303, path)
    page = await office.get(path)
    for words in ("张三，", "影响考试", "涉嫌违法犯罪", "公安机关", "网络安全事件报告（初报）"):
        assert words in page
    (row,) = office.audit("incident_confirmed")
    assert details(row, "grade", "proposed", "by") == (str(number), "重大", "较大", "张三")
    assert row["details"]["concerns"] == ["crime"]

    for status in (303, 409):
        sent = await office.post(f"{path}/reported", csrf=csrf, clock="edu_urgent", note="电话")
        assert sent.status == status
    assert "备注：电话" in await office.get(path)
    assert (await office.post(f"{path}/reported", csrf=csrf, clock="none")).status == 409
    lasts = await office.post(f"{path}/close", csrf=csrf, note="已重装")
    assert "事件仍在进行" in await lasts.text()
    attack(office.stage, active=False)
    office.stage.wait(1_200, step=30)
    assert TEXTS["refused_not_closed"].zh in await office.get(path)
    assert (await office.post(f"{path}/close", csrf=csrf, note="已重装")).status == 303
    page = await office.get(path)
    assert "网络安全事件报告（终报）" in page
    assert 'id="confirm"' not in page
    late = await office.post(f"{path}/confirm", csrf=csrf, grade="一般", note="x")
    assert TEXTS["refused_incident_closed"].zh in await late.text()
    assert (
        "It is closed"
        in await (
            await office.post(f"{path}/confirm?lang=en", csrf=csrf, grade="一般", note="x")
        ).text()
    )


async def test_each_reads_what_they_may_and_only_the_district_is_offered_a_form(
    office: Office,
) -> None:
    own, far = office.attacked(), office.attacked(FAR_SCHOOL)
    spreads(office.stage)
    everybodys = max(own, far) + 1
    for path in ("/incidents", f"/incidents/{own}", "/incidents/999"):
        assert "请先登录" in await office.get(path, 401)
    may = {
        "zhang": {own, far, everybodys},
        "wang": {own, far, everybodys},
        "li": {own},
        "far": {far},
    }
    for who, seen in may.items():
        await office.entered(who)
        listed = await office.get("/incidents")
        assert {int(n) for n in re.findall(r'href="/incidents/(\d+)"', listed)} == seen
        for number in (own, far, everybodys):
            page = await office.get(f"/incidents/{number}", 200 if number in seen else 404)
            assert (f"/incidents/{number}/confirm" in page) == (who == "zhang")
            link = f'href="/incidents/{number}"' in await office.get(f"/alerts/{number}")
            assert link == (number in seen)
        await office.get("/incidents/999", 404)
        office.leave()


async def test_no_page_of_an_incident_names_an_address_or_a_machine(office: Office) -> None:
    source = {"role": "inside", "network": "10.1.2.0/24", "address": "10.1.2.77", "mac": MAC}
    attack(office.stage, source=source, is_=MAC)
    office.stage.wait(30)
    number = max(one.incident.number for one in office.source.incidents.listed())
    office.stage.clock.at += 3 * HOUR
    csrf = await office.entered()
    await office.post(f"/incidents/{number}/confirm", csrf=csrf, grade="较大", note="x")
    assert office.source.incidents.one(number)
    for path in ("/incidents", f"/incidents/{number}"):
        text = await office.get(path)
        assert "10.1.2.77" not in text
        assert MAC not in text
    assert "来源：校内设备" in text


MAC = "00:11:22:33:44:55"


async def test_words_that_people_typed_stay_words(office: Office) -> None:
    number, csrf = office.attacked(), await office.entered()
    note = "<script>alert(1)</script>\n二"
    await office.post(f"/incidents/{number}/confirm", csrf=csrf, grade="误报", note=note)
    text = await office.get(f"/incidents/{number}")
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert text.count(TEXTS["refused_false_alarm"].zh) == 3
    closed = await office.post(f"/incidents/{number}/close", csrf=csrf, note="演练")
    assert closed.status == 303

"""Every address that acts, asked by everybody: who may, and who may not."""

import base64
from typing import Any

import pytest

from collector.web.app import make_app
from core.clock import SECOND, rfc3339
from tests.alerts.people.made import PASSWORD
from tests.alerts.stage import SHANGHAI
from tests.collector.making import WHO
from tests.collector.web.fakes import FakeSource
from tests.collector.web.office import NAMES, Office

MAY: dict[str, dict[str, int]] = {
    # zhang: district; li: the school of the alert; far: another school; wang: auditor; "": nobody
    "/alerts/{number}/ack": {"zhang": 303, "li": 303, "far": 403, "wang": 403, "": 401},
    "/alerts/{number}/undo": {"zhang": 409, "li": 409, "far": 403, "wang": 403, "": 401},
    "/alerts/{number}/stage": {"zhang": 409, "li": 409, "far": 403, "wang": 403, "": 401},
    "/alerts/{number}/silence": {"zhang": 303, "li": 303, "far": 403, "wang": 403, "": 401},
    "/silences/{number}/end": {"zhang": 303, "li": 303, "far": 403, "wang": 403, "": 401},
    # To judge is the district's, also at one's own school; 409: not yet.
    "/incidents/{number}/confirm": {"zhang": 303, "li": 403, "far": 403, "wang": 403, "": 401},
    "/incidents/{number}/reported": {"zhang": 409, "li": 403, "far": 403, "wang": 403, "": 401},
    "/incidents/{number}/close": {"zhang": 409, "li": 403, "far": 403, "wang": 403, "": 401},
    "/api/v1/silences": {"zhang": 200, "li": 200, "far": 403, "wang": 403, "": 401},
    "/api/v1/silences/end": {"zhang": 200, "li": 200, "far": 403, "wang": 403, "": 401},
    "/sign-out": {"zhang": 303, "li": 303, "far": 303, "wang": 303, "": 401},
    # Whoever has the password, and whoever has the link.
    "/sign-in": dict.fromkeys(("zhang", "li", "far", "wang", ""), 403),
    "/ack/{token}": dict.fromkeys(("zhang", "li", "far", "wang", ""), 303),
    "/api/v1/alerts/ack": {"zhang": 200, "li": 200, "far": 403, "wang": 403, "": 401},
}


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def asked(office: Office, path: str, who: str, number: int) -> Any:
    if "silences" in path and "end" in path:
        await silenced(office, number)
    if path.startswith("/api/"):
        headers = basic(who) if who else {}
        body: dict[str, Any] = {"number": number}
        if path.endswith("/silences"):
            until = office.stage.clock() + 3_600 * SECOND
            body = {"reason": "x", "until": until, "region": WHO.region, "school": WHO.school}
        return await office.client.post(path, json=body, headers=headers)
    csrf = await office.entered(who) if who else ""
    filled = path.format(number=number, token=office.token(number))
    about = {"hours": "4", "scope": "school", "reason": "换交换机"}
    about |= {"grade": "一般", "clock": "edu_urgent"}
    return await office.post(filled, csrf=csrf, stage="contain", **about)


async def silenced(office: Office, number: int) -> None:
    csrf = await office.entered("li")
    form = {"hours": "1", "scope": "same", "reason": "换交换机", "csrf": csrf}
    assert (await office.post(f"/alerts/{number}/silence", **form)).status == 303
    office.leave()


@pytest.mark.parametrize("who", [*NAMES, ""])
@pytest.mark.parametrize("path", MAY)
async def test_everybody_may_what_their_role_may_and_nothing_more(
    office: Office, path: str, who: str
) -> None:
    judges = path.startswith("/incidents")
    number = office.attacked() if judges else office.break_out()
    answer = await asked(office, path, who, number)
    assert answer.status == MAY[path][who], await answer.text()
    acted = "ack" in path and answer.status in (200, 303)
    silences = office.people.silences()
    if "silence" in path:
        ends = "end" in path
        assert bool(silences) == (ends or answer.status in (200, 303))
        assert bool(silences and silences[0].ended_at) == (ends and answer.status in (200, 303))
    confirmed = judges and answer.status == 303
    assert len(office.audit("incident_confirmed")) == confirmed
    judged = office.source.incidents.one(number)
    assert bool(judged and judged.incident.grade) == confirmed
    assert bool(office.people.acked(number)) == acted
    assert len(office.audit("alert_acknowledged")) == acted


def test_no_address_that_acts_is_left_out(source: FakeSource) -> None:
    app = make_app(source, "zh", SHANGHAI)
    found = {
        route.resource.canonical
        for route in app.router.routes()
        if route.resource and route.method not in ("GET", "HEAD")
    }
    assert found == set(MAY)


@pytest.mark.parametrize("who", ["zhang", "li"])
async def test_who_acted_is_recorded_with_all_that_is_asked_for(office: Office, who: str) -> None:
    number = office.break_out()
    await asked(office, "/alerts/{number}/ack", who, number)
    (row,) = office.audit("alert_acknowledged")
    assert (row["subject"], row["target"]) == (who, f"alert/{number}")
    said = row["details"]
    assert (said["number"], said["address"], said["how"]) == (number, "127.0.0.1", "page")
    assert said["by"] == {"zhang": "张三", "li": "李四"}[who]
    assert said["role"] == {"zhang": "district", "li": "school:330100/school-1"}[who]


@pytest.mark.parametrize("place", ["", "collector/d1", "330100", "330100/school-10/host"])
async def test_what_is_not_a_schools_own_is_not_a_schools(office: Office, place: str) -> None:
    number = office.break_out()
    with office.stage.ledger.transaction() as db:
        db.execute("UPDATE alert SET place = ?", (place,))
    csrf = await office.entered("li")
    assert (await office.post(f"/alerts/{number}/ack", csrf=csrf)).status == 403
    office.leave()
    csrf = await office.entered("zhang")
    assert (await office.post(f"/alerts/{number}/ack", csrf=csrf)).status == 303


async def test_the_auditor_sees_and_is_offered_nothing(office: Office) -> None:
    number = office.break_out()
    await office.entered("wang")
    text = await office.get(f"/alerts/{number}")
    assert "当前账号只能查看" in text
    assert f"/alerts/{number}/" not in text
    office.leave()
    await office.entered("li")
    assert f"/alerts/{number}/ack" in await office.get(f"/alerts/{number}")


async def test_the_api_takes_a_name_and_a_password_and_no_cookie(office: Office) -> None:
    number = office.break_out()
    await office.entered()
    path, body = "/api/v1/alerts/ack", {"number": number, "note": "在路上"}
    assert (await office.client.post(path, json=body)).status == 401, "a cookie comes unasked"
    form = await office.client.post(path, data={"number": str(number)}, headers=basic("zhang"))
    assert form.status == 415
    wrong = await office.client.post(path, json=body, headers=basic("zhang", "wrong"))
    assert (wrong.status, wrong.headers["WWW-Authenticate"][:5]) == (401, "Basic")
    done = await office.client.post(path, json=body, headers=basic("zhang"))
    assert await done.json() == {
        "number": number,
        "new": True,
        "acked": {
            "at": rfc3339(office.stage.clock()),
            "at_ns": office.stage.clock(),
            "by": "张三",
            "role": "district",
            "how": "api",
            "note": "在路上",
        },
    }
    again = await office.client.post(path, json=body, headers=basic("li"))
    assert (again.status, (await again.json())["acked"]["by"]) == (200, "张三")
    assert (await again.json())["new"] is False
    (alert,) = (await (await office.client.get("/api/v1/alerts")).json())["open"]
    assert alert["acked"]["note"] == "在路上"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 400),
        (b"[]", 400),
        (b"{", 400),
        (b'{"number": "1"}', 400),
        (b'{"number": 1, "colour": "red"}', 400),
        (b'{"number": 77}', 409),
        (b'{"number": 1, "note": "%s"}' % (b"x" * 40_000), 413),
    ],
)
async def test_a_question_that_is_none_is_refused_with_a_reason(
    office: Office, body: bytes, status: int
) -> None:
    office.break_out()
    headers = {**basic("zhang"), "Content-Type": "application/json"}
    answer = await office.client.post("/api/v1/alerts/ack", data=body, headers=headers)
    assert answer.status == status, await answer.text()
    assert (await answer.json())["error"]


async def test_a_silence_of_the_page_keeps_its_alert_from_people_until_somebody_ends_it(
    office: Office,
) -> None:
    number = office.break_out()
    await silenced(office, number)
    csrf = await office.entered("li")
    assert "正在静默" in await office.get(f"/alerts/{number}")
    text = await office.get("/silences")
    assert "换交换机" in text
    assert "由 李四 设置" in text
    (one,) = office.people.silences()
    assert (one.by, one.matchers.school, one.matchers.rule) == (
        "李四",
        "school-1",
        "spool_dropping",
    )
    assert office.audit("silence_made")[0]["subject"] == "li"
    assert (await office.post("/silences/1/end", csrf=csrf)).headers["Location"] == "/silences"
    assert "没有生效中的静默" in await office.get("/silences")
    assert (await office.post("/silences/1/end", csrf=csrf)).status == 303, "twice does no harm"
    assert (await office.post("/silences/7/end", csrf=csrf)).status == 409


async def test_a_silence_needs_a_reason_and_one_of_the_choices(office: Office) -> None:
    number, csrf = office.break_out(), await office.entered()
    for form, status in (
        ({"hours": "4", "scope": "same", "reason": "  "}, 409),
        ({"hours": "999", "scope": "same", "reason": "x"}, 400),
        ({"hours": "4", "scope": "all", "reason": "x"}, 400),
    ):
        answer = await office.post(f"/alerts/{number}/silence", csrf=csrf, **form)
        assert answer.status == status
    assert not office.people.silences()


@pytest.mark.parametrize("words", [{}, {"rule": "spool_dropping"}, {"region": WHO.region}])
async def test_a_school_silences_by_the_api_only_what_is_its_own(
    office: Office, words: dict[str, str]
) -> None:
    body = {"reason": "x", "until": office.stage.clock() + SECOND, **words}
    answer = await office.client.post("/api/v1/silences", json=body, headers=basic("li"))
    assert answer.status == 403
    mine = await office.client.post("/api/v1/silences", json=body, headers=basic("zhang"))
    assert mine.status == (200 if words else 400)


READS = {"zhang": 2, "li": 1, "far": 0, "wang": 2, "": None}
"""Incidents that each may read: one at the school of li, one at another; None: asked who it is."""


@pytest.mark.parametrize("who", READS)
async def test_the_api_gives_incidents_to_those_who_read_them_on_the_page(
    office: Office, who: str
) -> None:
    for school in (WHO.school, "school-7"):
        office.attacked(school)
    said = await office.client.get("/api/v1/incidents", headers=basic(who) if who else {})
    if READS[who] is None:
        assert said.status == 401
        assert said.headers["WWW-Authenticate"].startswith("Basic")
        return
    assert len((await said.json())["incidents"]) == READS[who]
    wrong = await office.client.get("/api/v1/incidents", headers=basic(who, "wrong-Password-1"))
    assert wrong.status == 401
    await office.entered(who)
    text = await office.get("/incidents")
    assert text.count('href="/incidents/') == READS[who]


async def test_a_cookie_alone_reads_no_incidents_by_the_api(office: Office) -> None:
    office.attacked()
    await office.entered("zhang")
    assert (await office.client.get("/api/v1/incidents")).status == 401

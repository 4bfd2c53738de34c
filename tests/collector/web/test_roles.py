"""Every address that acts, asked by everybody: who may, and who may not."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from collector.web.app import make_app
from tests.alerts.people.made import PASSWORD, cheap_hashes
from tests.alerts.stage import SHANGHAI
from tests.collector.web.fakes import FakeSource
from tests.collector.web.office import NAMES, Office

MAY: dict[str, dict[str, int]] = {
    # zhang: district; li: the school of the alert; far: another school; wang: auditor; "": nobody
    "/alerts/{number}/ack": {"zhang": 303, "li": 303, "far": 403, "wang": 403, "": 401},
    "/alerts/{number}/undo": {"zhang": 409, "li": 409, "far": 403, "wang": 403, "": 401},
    "/alerts/{number}/stage": {"zhang": 409, "li": 409, "far": 403, "wang": 403, "": 401},
    "/sign-out": {"zhang": 303, "li": 303, "far": 303, "wang": 303, "": 401},
    # Whoever has the password, and whoever has the link.
    "/sign-in": dict.fromkeys(("zhang", "li", "far", "wang", ""), 403),
    "/ack/{token}": dict.fromkeys(("zhang", "li", "far", "wang", ""), 303),
    "/api/v1/alerts/ack": {"zhang": 200, "li": 200, "far": 403, "wang": 403, "": 401},
}


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path).open() as office:
        yield office


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def asked(office: Office, path: str, who: str, number: int) -> Any:
    if path.startswith("/api/"):
        headers = basic(who) if who else {}
        return await office.client.post(path, json={"number": number}, headers=headers)
    csrf = await office.entered(who) if who else ""
    filled = path.format(number=number, token=office.token(number))
    return await office.post(filled, csrf=csrf, stage="contain")


@pytest.mark.parametrize("who", [*NAMES, ""])
@pytest.mark.parametrize("path", MAY)
async def test_everybody_may_what_their_role_may_and_nothing_more(
    office: Office, path: str, who: str
) -> None:
    number = office.break_out()
    answer = await asked(office, path, who, number)
    assert answer.status == MAY[path][who], await answer.text()
    acted = "ack" in path and answer.status in (200, 303)
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
            "at": "2026-11-23T03:09:45Z",
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

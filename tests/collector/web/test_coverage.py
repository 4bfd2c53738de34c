"""Every address is in the table of what is recorded, and leaves the rows that the table says."""

import json
from pathlib import Path
from typing import Any

import pytest

from collector.coverage import BY_ITSELF, COMMANDS, ROUTES
from collector.web.app import make_app
from core.clock import SECOND
from core.kinds import KINDS
from tests.alerts.incidents.making import attack
from tests.alerts.stage import SHANGHAI
from tests.collector.auditlines import LINE
from tests.collector.desk import audited_in
from tests.collector.making import WHO
from tests.collector.web.fakes import FakeSource
from tests.collector.web.office import Office
from tests.collector.web.test_roles import basic

FORM = {
    "hours": "4",
    "scope": "school",
    "reason": "换交换机",
    "grade": "较大",
    "clock": "edu_urgent",
    "stage": "contain",
    "note": "已处理",
}
FIRST = {
    "POST /alerts/{number}/undo": ["/alerts/{number}/ack"],
    "POST /alerts/{number}/stage": ["/alerts/{number}/ack"],
    "POST /incidents/{number}/reported": ["/incidents/{number}/confirm"],
    "POST /incidents/{number}/close": ["/incidents/{number}/confirm"],
    "GET /incidents/{number}": ["/incidents/{number}/confirm"],
}
RECORDED = [name for name, covered in ROUTES.items() if covered.kinds]


def test_every_address_is_in_the_table(source: FakeSource) -> None:
    app = make_app(source, "zh", SHANGHAI)
    found = {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource and route.method != "HEAD"
    }
    assert found == set(ROUTES), "say in collector/coverage.py what it records, or why nothing"


def test_whatever_sends_a_form_is_recorded_and_every_kind_is_one() -> None:
    tables = [*ROUTES.values(), *COMMANDS.values()]
    assert all(bool(one.kinds) != bool(one.why) for one in tables)
    assert all(one.kinds for name, one in ROUTES.items() if name.startswith("POST"))
    kinds = {kind for one in tables for kind in one.kinds}
    kinds |= {kind for some in BY_ITSELF.values() for kind in some}
    assert kinds <= set(KINDS)


class Doing:
    """Does one act after the other in an office."""

    def __init__(self, office: Office, number: int) -> None:
        self.office, self.number = office, number

    async def ask(self, method: str, path: str, who: str) -> Any:
        office = self.office
        if path.startswith("/api/"):
            return await office.client.post(path, json=self.body(path), headers=basic(who))
        filled = path.format(number=self.number, token=office.token(self.number))
        csrf = await self.csrf(who)
        if method == "GET":
            return await office.client.get(filled)
        return await office.post(filled, csrf=csrf, **FORM)

    async def csrf(self, who: str) -> str:
        self.office.leave()
        return await self.office.entered(who)

    def body(self, path: str) -> dict[str, Any]:
        if path.endswith("/silences"):
            until = self.office.stage.clock() + 3_600 * SECOND
            place = {"region": WHO.region, "school": WHO.school}
            return {"reason": "换交换机", "until": until, **place}
        return {"number": 1 if "silences" in path else self.number}

    async def act(self, name: str, who: str) -> None:
        """Do what *name* says, as somebody."""
        method, path = name.split(" ")
        if path == "/sign-in":
            await self.office.sign_in()
            self.office.leave()
            for _ in range(6):
                await self.office.sign_in("zhang", "not this one")
            return
        if path.endswith("/end"):
            await self.ask("POST", "/alerts/{number}/silence", "zhang")
        for before in FIRST.get(name, []):
            await self.ask("POST", before, "zhang")
        if path == "/incidents/{number}/close":
            attack(self.office.stage, active=False)
            self.office.stage.wait(1_200, step=30)
        await self.ask(method, path, who)


def recorded(office: Office) -> list[dict[str, Any]]:
    return audited_in(office.folder)


@pytest.mark.parametrize("name", RECORDED)
async def test_an_act_leaves_its_rows_in_the_log(office: Office, name: str) -> None:
    number = office.attacked() if "incident" in name else office.break_out()
    doing = Doing(office, number)
    await doing.act(name, "zhang")
    if "act_refused" in ROUTES[name].kinds:
        await doing.act(name, "wang")
    if name.startswith("POST /api/"):
        headers = basic("zhang", "not this one")
        await office.client.post(name.split(" ")[1], json=doing.body(name), headers=headers)
    rows = recorded(office)
    for kind in ROUTES[name].kinds:
        found = [row for row in rows if row["kind"] == kind]
        assert found, (kind, [row["kind"] for row in rows])
        for row in found:
            LINE.validate(row)
            assert row["address"] == "127.0.0.1"
            refused = kind in ("act_refused", "sign_in_failed", "sign_in_locked")
            assert row["success"] != refused
        expected = {"act_refused": "person:wang"}.get(kind, "person:zhang")
        by_link = name == "POST /ack/{token}"
        assert found[-1]["actor"] == ("person:link:duty" if by_link else expected)
    text = "".join(path.read_text() for path in (office.folder / "audit").glob("*.jsonl"))
    assert "not this one" not in text


async def test_a_name_that_is_none_is_not_recorded_for_it_may_be_a_password(
    office: Office,
) -> None:
    await office.sign_in("My secret 77", "x")
    (row,) = [row for row in recorded(office) if row["kind"] == "sign_in_failed"]
    assert (row["actor"], row["role"], row["success"]) == ("person:", "nobody", False)
    assert row["reason"] == "no such account"
    assert "secret" not in json.dumps(row)


async def test_drafts_are_recorded_once_a_day_of_each_who_reads_them(office: Office) -> None:
    number = office.attacked()
    doing = Doing(office, number)
    await doing.ask("GET", "/incidents/{number}", "zhang")
    assert not office.audit("exported"), "there are none before the grade is confirmed"
    await doing.ask("POST", "/incidents/{number}/confirm", "zhang")
    for who in ("zhang", "wang", "zhang"):
        await doing.ask("GET", "/incidents/{number}", who)
    assert [row["actor"] for row in office.audit("exported")] == ["person:zhang", "person:wang"]


async def test_the_table_of_what_is_overdue_is_given_to_no_name_when_nobody_is_signed_in(
    office: Office, tmp_path: Path
) -> None:
    assert (await office.client.get("/supervision.csv")).status == 200
    (row,) = [row for row in audited_in(tmp_path) if row["kind"] == "exported"]
    assert (row["actor"], row["role"], row["address"]) == ("person:", "visitor", "127.0.0.1")

"""Signing in: the same answer to every mistake, waits that grow, sessions that end."""

import asyncio
import logging
from pathlib import Path

import pytest
from msgspec import structs

from alerts.people.accounts import NOBODY
from collector.web.actors import SIGN_IN
from collector.web.signinlockout import (
    FREE,
    FREE_OF_ADDRESS,
    LONGEST_NAME_WAIT_S,
    Lockout,
    Rate,
    network_of,
)
from collector.web.signinsessions import IDLE_S, LONGEST_S, MOST_OF_ONE, Sessions
from core.errors import AuditStopped
from tests.alerts.people.made import PASSWORD, account, accounts
from tests.collector.web.office import Office, details, hidden

WRONG = "Not the right one 1"


async def test_who_signs_in_is_named_and_who_signs_out_is_nobody_again(office: Office) -> None:
    assert "登录" in await office.get("/alerts")
    csrf = await office.entered()
    assert "张三" in await office.get("/alerts")
    assert (await office.post("/sign-out", csrf=csrf)).status == 303
    assert "张三" not in await office.get("/alerts")
    rows = office.audit("signed_in", "signed_out")
    assert [(row["kind"], *details(row, "by", "role", "address")) for row in rows] == [
        ("signed_in", "zhang", "张三", "district", "127.0.0.1"),
        ("signed_out", "zhang", "张三", "district", "127.0.0.1"),
    ]


async def test_a_cookie_is_for_this_site_and_no_script(office: Office) -> None:
    answer = await office.sign_in()
    cookie = answer.cookies["schoolwatch"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert not cookie["max-age"]
    assert not cookie["secure"]


async def test_by_https_the_cookie_goes_nowhere_else(tmp_path: Path) -> None:
    async with Office(tmp_path, base_url="https://monitor.example.org").open() as office:
        cookie = (await office.sign_in()).cookies["__Host-schoolwatch"]
        assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Strict", True)


async def test_a_wrong_password_and_a_name_that_is_not_there_get_one_answer(
    office: Office,
) -> None:
    said = []
    for name in ("zhang", "nobody-of-that-name"):
        answer = await office.sign_in(name, WRONG)
        assert answer.status == 401
        text = await answer.text()
        entry = hidden(text, "entry")
        said.append(text.replace(name, "NAME").replace(entry, "ENTRY"))
        assert "schoolwatch" not in answer.cookies
    assert said[0] == said[1]
    rows = office.audit("sign_in_failed")
    assert [details(row, "known", "address") for row in rows] == [
        ("zhang", 1, "127.0.0.1"),
        ("", 0, "127.0.0.1"),
    ]


async def test_both_cost_one_look_at_a_hash(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def fits(_password: str, kept: str) -> bool:
        looked.append(kept)
        return False

    monkeypatch.setattr("collector.web.signin.fits", fits)
    for name in ("zhang", "nobody-of-that-name", "zhang\0", "", "x" * 9_000):
        await office.sign_in(name, WRONG)
    assert len(looked) == 5
    assert len({kept.rpartition("$")[0].rpartition("$")[0] for kept in looked}) == 1


async def test_waits_grow_are_the_same_for_every_name_and_end(office: Office) -> None:
    async def waits(name: str) -> list[int]:
        found = []
        for _ in range(FREE + 8):
            answer = await office.sign_in(name, WRONG)
            while answer.status == 429:
                wait = int(answer.headers["Retry-After"])
                found.append(wait)
                office.seconds += wait - 2
                assert (await office.sign_in(name, WRONG)).status == 429
                office.seconds += 3
                answer = await office.sign_in(name, WRONG)
            assert answer.status == 401
            office.seconds += 1
        return found

    first = await waits("zhang")
    assert first[:3] == [30, 60, 120]
    assert max(first) <= LONGEST_NAME_WAIT_S + 1
    office.seconds += 4_000
    office.people.take(office.people.accounts)
    assert (await office.sign_in()).status == 303
    office.leave()
    # After a right one the count begins anew.
    assert [(await office.sign_in("zhang", WRONG)).status for _ in range(FREE)] == [401] * FREE
    assert (await office.sign_in()).status == 429


async def test_a_right_password_waits_too_while_its_name_does(office: Office) -> None:
    for _ in range(FREE):
        assert (await office.sign_in("zhang", WRONG)).status == 401
    refused = await office.sign_in()
    assert refused.status == 429
    assert "尝试次数过多" in await refused.text()
    assert (await office.sign_in("li")).status == 303, "another's name is another's"
    office.leave()
    assert office.audit("sign_in_failed")[-1]["details"]["wait_s"] == 30
    office.seconds += 31
    assert (await office.sign_in()).status == 303


async def test_many_at_once_are_counted_before_they_are_looked_at(office: Office) -> None:
    answers = await asyncio.gather(*(office.sign_in("zhang", WRONG) for _ in range(20)))
    assert sorted({answer.status for answer in answers}) == [401, 429]
    assert [answer.status for answer in answers].count(401) <= FREE


def test_an_address_waits_for_all_its_names_and_an_account_of_ones_own_washes_nothing_off() -> None:
    lockout, now = Lockout(), 0.0
    for number in range(FREE_OF_ADDRESS - 1):
        assert lockout.begin(f"name-{number}", "192.0.2.1", now) == 0
        assert lockout.begin("mine", "192.0.2.1", now) == 0
        lockout.right("mine", "192.0.2.1")
    assert lockout.begin("one-more", "192.0.2.1", now) == 0
    assert lockout.begin("mine", "192.0.2.1", now) == 30
    assert lockout.begin("mine", "192.0.2.2", now) == 0
    assert lockout.begin("mine", "192.0.2.1", 31.0) == 0


def test_what_is_remembered_is_bounded_and_a_line_is_one_address() -> None:
    lockout, rate = Lockout(most=50), Rate(3, 60, most=50)
    for number in range(5_000):
        lockout.begin(f"name-{number}", f"2001:db8:0:{number:x}::1", number / 100)
        rate.count(number, number / 100)
    assert (len(lockout.names), len(lockout.addresses)) == (50, 50)
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2") == "2001:db8::/64"
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("unix-socket") == "unix-socket"


def test_a_rate_is_free_again_after_its_time() -> None:
    rate = Rate(3, 60)
    for _ in range(3):
        assert rate.left("a", 10) == 0
        rate.count("a", 10)
    assert rate.left("a", 40) == 30
    assert rate.left("b", 40) == 0
    assert rate.left("a", 71) == 0
    rate.count("a", 71)
    assert rate.left("a", 72) == 0


async def test_a_session_ends_when_nobody_looks_and_a_page_that_looks_by_itself_is_nobody(
    office: Office,
) -> None:
    await office.entered()
    office.seconds += IDLE_S - 1
    assert "张三" in await office.get("/alerts")
    for _ in range(3):
        office.seconds += IDLE_S / 2
        headers = {"X-Schoolwatch-Refresh": "1"}
        text = await (await office.client.get("/alerts", headers=headers)).text()
    assert "张三" not in text
    assert "张三" not in await office.get("/alerts")


async def test_a_session_ends_after_half_a_day_whoever_looks(office: Office) -> None:
    await office.entered()
    for _ in range(int(LONGEST_S / 1_000)):
        office.seconds += 1_000
        assert "张三" in await office.get("/alerts")
    office.seconds += 1_000
    assert "张三" not in await office.get("/alerts")


async def test_a_session_ends_at_once_with_its_account_or_its_password(office: Office) -> None:
    await office.entered()
    before = office.people.accounts
    office.people.take(accounts(account("zhang", "district", password="Another one 77")))
    assert "张三" not in await office.get("/alerts")
    office.people.take(before)
    assert "张三" not in await office.get("/alerts"), "what ended has ended"
    await office.entered()
    office.people.take(accounts(account("li", "school", "1/s")))
    assert "张三" not in await office.get("/alerts")


async def test_another_role_holds_from_the_next_request_on(office: Office) -> None:
    number, csrf = office.break_out(), await office.entered()
    mine = office.people.accounts.by_name["zhang"]
    office.people.take(accounts(structs.replace(mine, role="auditor")))
    assert (await office.post(f"/alerts/{number}/ack", csrf=csrf)).status == 403


def test_sessions_are_bounded() -> None:
    sessions, mine = Sessions(most=20), account("zhang", "district")
    tokens = [sessions.begin(mine, float(number)) for number in range(MOST_OF_ONE + 3)]
    assert len(sessions) == MOST_OF_ONE
    there = accounts(mine)
    assert [bool(sessions.find(token, there, 20.0)) for token in tokens] == (
        [False] * 3 + [True] * MOST_OF_ONE
    )
    for number in range(90):
        sessions.begin(account(f"n{number}", "district", password="x"), 20.0)
    assert len(sessions) == 20


async def test_another_site_cannot_sign_somebody_in_or_out_or_act(office: Office) -> None:
    number = office.break_out()
    foreign = await office.post("/sign-in", name="zhang", password=PASSWORD, entry="x")
    assert foreign.status == 403
    csrf = await office.entered()
    for given in ({}, {"csrf": ""}, {"csrf": csrf[:-1]}, {"csrf": "字"}):
        for path in (f"/alerts/{number}/ack", "/sign-out"):
            assert (await office.post(path, **given)).status == 403
    json = await office.client.post(f"/alerts/{number}/ack", json={"csrf": csrf})
    assert json.status == 415
    assert office.people.acked(number) is None
    assert "张三" in await office.get("/alerts")


async def test_after_signing_in_one_goes_on_here_and_nowhere_else(office: Office) -> None:
    for wanted, gone in (
        ("/alerts/17", "/alerts/17"),
        ("//evil.example/", "/alerts"),
        ("https://evil.example/", "/alerts"),
        ("/\\evil.example", "/alerts"),
        ("/alerts/1/ack", "/alerts"),
    ):
        page = await office.get("/sign-in")
        form = {"name": "zhang", "password": PASSWORD, "entry": hidden(page, "entry")}
        answer = await office.post("/sign-in", **form, next=wanted)
        assert answer.headers["Location"] == gone
        office.leave()


async def test_without_accounts_there_is_nothing_to_sign_in_to_and_nothing_acts(
    office: Office,
) -> None:
    number = office.break_out()
    office.people.take(NOBODY)
    for path in ("/", "/alerts", f"/alerts/{number}"):
        text = await office.get(path)
        assert "<form" not in text.replace('<form action="/" method="get"', "") or path == "/"
        assert "登录" not in text
    await office.get("/sign-in", 404)
    assert (await office.post("/sign-in", name="zhang", password=PASSWORD)).status == 404
    assert (await office.post(f"/alerts/{number}/ack")).status == 401


async def test_a_sign_in_that_cannot_be_recorded_is_none(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_notes: object) -> None:
        raise AuditStopped("full")

    with monkeypatch.context() as patch:
        for way in ("act", "note"):
            patch.setattr(type(office.people), way, refuse)
        answer = await office.sign_in()
        assert answer.status == 503
        assert "审计日志无法写入" in await answer.text()
        assert "schoolwatch" not in answer.cookies
        assert (await office.sign_in("zhang", WRONG)).status == 401
    assert (await office.sign_in()).status == 303


async def test_a_password_that_would_travel_in_clear_is_not_taken(office: Office) -> None:
    through = {"X-Forwarded-For": "192.0.2.9"}
    page = await office.client.get("/sign-in", headers=through)
    assert page.status == 403
    text = await page.text()
    assert "只能通过 https 登录" in text
    assert 'type="password"' not in text
    assert (await office.sign_in("zhang", PASSWORD, **through)).status == 403


async def test_who_asks_through_a_server_before_us_is_believed_only_where_it_is_told(
    tmp_path: Path,
) -> None:
    async with Office(tmp_path, base_url="https://monitor.example.org").open() as office:
        through = {"X-Forwarded-For": "203.0.113.5, 192.0.2.9"}
        await office.sign_in("zhang", WRONG, **through)
        office.people.behind_proxy = True
        await office.sign_in("zhang", WRONG, **through)
        await office.sign_in("zhang", WRONG, **{"X-Forwarded-For": "nonsense"})
        rows = office.audit("sign_in_failed")
        addresses = [row["details"]["address"] for row in rows]
        assert addresses == ["127.0.0.1", "192.0.2.9", "127.0.0.1"]


async def test_failures_that_fill_the_log_are_counted_instead(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.web.signin.fits", lambda _password, _kept: False)
    sign_in = office.app[SIGN_IN]
    for number in range(130):
        await sign_in.check(f"n{number}", WRONG, f"192.0.2.{number}", "page")
    assert len(office.audit("sign_in_failed")) == 100
    office.seconds += 601
    await sign_in.check("other", WRONG, "192.0.2.200", "page")
    assert office.audit("sign_in_failed")[-1]["details"]["left_out"] == 30


async def test_no_secret_is_written_anywhere(
    office: Office, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    number = office.break_out()
    token = office.token(number)
    csrf = await office.entered()
    session = next(cookie.value for cookie in office.client.session.cookie_jar)
    await office.post(f"/alerts/{number}/ack", csrf=csrf, note="x")
    await office.sign_in(WRONG, PASSWORD)
    await office.get(f"/ack/{token}")

    def fails(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(type(office.source), "alerts", fails)
    await office.get(f"/ack/{token}", 500)
    assert "a defect" in caplog.text
    kept = "".join(one.password for one in office.people.accounts.by_name.values())
    files = b"".join(path.read_bytes() for path in office.folder.rglob("*") if path.is_file())
    for secret in (PASSWORD, WRONG, token, csrf, session, kept[:90]):
        assert secret not in caplog.text
        assert secret.encode() not in files

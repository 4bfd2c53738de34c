"""People at work in a real browser: signing in, acknowledging, and the link on a phone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.web.pages import frame
from tests.alerts.incidents.test_judging import spreads
from tests.alerts.people.made import PASSWORD, cheap_hashes
from tests.collector.web.fakes import serving
from tests.collector.web.office import Office, details
from tests.collector.web.test_gallery import check_legible, check_seen_whole
from tests.real import chromium
from tests.real.chromium import Browser
from tests.waiting import until_sync

pytestmark = pytest.mark.real("chromium")

PICTURES = os.environ.get("SCHOOLWATCH_TEST_PICTURES", "")
"""A folder; what is seen on the way is kept there for whoever wants to look."""

TYPE = "const f = document.querySelector(arguments[0]); f.value = arguments[1]"
CLICK = "document.querySelector(arguments[0]).click()"


@pytest.fixture(scope="module")
def shared() -> Iterator[Browser]:
    if not chromium.found():
        pytest.skip(f"there is no {chromium.MISSING}")
    with chromium.browser() as browser:
        yield browser


@pytest.fixture
def browser(shared: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    monkeypatch.setattr(frame, "REFRESH_S", 1)
    cheap_hashes(monkeypatch)
    shared.resize(1440)
    shared.complaints()
    yield shared
    shared.open("about:blank")


def keep(browser: Browser, name: str) -> None:
    if PICTURES:
        browser.screenshot(Path(PICTURES) / f"{name}.png")


def look(browser: Browser, width: int = 390) -> None:
    """Hold that all of the page is seen and can be read, by day and by night."""
    for scheme in ("light", "dark"):
        browser.emulate(prefers_color_scheme=scheme)
        check_seen_whole(browser, width)
        check_legible(browser)
    browser.emulate(prefers_color_scheme="light")


def sign_in(browser: Browser, password: str = PASSWORD) -> None:
    browser.run(TYPE, "[name=name]", "zhang")
    browser.run(TYPE, "[name=password]", password)
    browser.run(CLICK, "main button")


def test_somebody_signs_in_acknowledges_silences_and_leaves(
    browser: Browser, tmp_path: Path
) -> None:
    office = Office(tmp_path)
    number = office.break_out()
    with serving(office.source, now=office.stage.clock) as address:
        browser.open(f"{address}/alerts/{number}")
        keep(browser, "alert-signed-out")
        browser.run(CLICK, "#acting a")
        browser.until_text("查看不需要登录")
        keep(browser, "sign-in")
        sign_in(browser, "not the right one")
        browser.until_text("账号或密码不正确", "#problem")
        keep(browser, "sign-in-wrong")
        sign_in(browser)
        browser.until_text("张三", "#who-acts")
        assert browser.run("return location.pathname") == f"/alerts/{number}"
        assert browser.run("return document.cookie") == "", "no script reads the session"

        # What is typed stays while the page makes itself true again.
        browser.run(TYPE, "#ack [name=note]", "下课后去机房")
        browser.run("window.seen = document.body.dataset.now")
        office.stage.clock.at += 5 * 10**9
        office.source.at += 5 * 10**9
        until_sync(lambda: browser.run("return document.body.dataset.now != window.seen"), 20)
        assert browser.run("return document.querySelector('#ack [name=note]').value")
        keep(browser, "alert-signed-in")
        browser.run(CLICK, "#ack button")
        browser.until_text("张三 已于", "#acting")
        browser.until_text("下课后去机房", "#story")
        keep(browser, "alert-acknowledged")
        (row,) = office.audit("alert_acknowledged")
        assert details(row, "by", "note", "how") == ("zhang", "张三", "下课后去机房", "page")

        browser.run("document.querySelector('#acting details').open = true")
        browser.run(TYPE, "#silence [name=reason]", "更换交换机")
        keep(browser, "silence-form")
        look(browser, 1440)
        browser.run(CLICK, "#silence button")
        browser.until_text("正在静默", "#acting")
        browser.open(f"{address}/silences")
        browser.until_text("更换交换机", "#in-force")
        look(browser, 1440)
        keep(browser, "silences")
        browser.run(CLICK, "#in-force button")
        browser.until_text("没有生效中的静默")

        browser.run(CLICK, "#who-acts button")
        browser.until_text("登录", "#sign-in")
        assert [one for one in browser.complaints() if "401" not in one] == []
    kinds = [row["kind"] for row in office.audit("sign_in_failed", "signed_in", "signed_out")]
    assert kinds == ["sign_in_failed", "signed_in", "signed_out"]
    office.stage.ledger.close()


def test_somebody_of_the_district_judges_an_incident_with_all_of_it_seen(
    browser: Browser, tmp_path: Path
) -> None:
    office = Office(tmp_path)
    number = office.attacked()
    spreads(office.stage)
    with serving(office.source, now=office.stage.clock) as address:
        browser.open(f"{address}/incidents/{number}")
        browser.until_text("请先登录", "main")
        browser.run(CLICK, "#sign-in")
        browser.until_text("查看不需要登录")
        sign_in(browser)
        browser.until_text("确认级别", "#judge")
        assert browser.run("return location.pathname") == f"/incidents/{number}"
        # What is chosen and ticked stays while the page makes itself true again.
        browser.run(TYPE, "#confirm [name=grade]", "重大")
        browser.run(TYPE, "#confirm [name=note]", "影响考试")
        browser.run(CLICK, "#confirm [value=minors]")
        browser.run("window.seen = document.body.dataset.now")
        office.stage.clock.at += 5 * 10**9
        office.source.at += 5 * 10**9
        until_sync(lambda: browser.run("return document.body.dataset.now != window.seen"), 20)
        look(browser, 1440)
        keep(browser, "incident-judge")
        browser.run(CLICK, "#confirm button")
        browser.until_text("影响考试", "#about")
        browser.until_text("涉及未成年人个人信息", "#about")
        browser.until_text("重大 张三", "#about")
        browser.resize(390, 844)
        browser.run("document.querySelector('#drafts details').open = true")
        browser.until_text("网络安全事件报告（初报）", "#drafts")
        look(browser)
        keep(browser, "incident-judge-phone")
        browser.run(CLICK, "#clocks button")
        browser.until_text("已上报", "#clocks")
        browser.open(f"{address}/incidents")
        look(browser)
        keep(browser, "incidents-phone")
        browser.open(f"{address}/alerts/{number}")
        browser.until_text("安全事件", "#incident")
        keep(browser, "alert-incident-phone")
    assert len(office.audit("incident_confirmed", "incident_reported")) == 2
    office.stage.ledger.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_link_of_a_message_fits_a_phone_and_acts_by_its_button_alone(
    browser: Browser, tmp_path: Path, language: str
) -> None:
    office = Office(tmp_path)
    number = office.break_out()
    browser.resize(390, 844)
    with serving(office.source, now=office.stage.clock) as address:
        browser.open(f"{address}/ack/{office.token(number)}?lang={language}")
        look(browser)
        keep(browser, f"ack-{language}")
        assert office.people.acked(number) is None
        browser.run(TYPE, "[name=name]", "李老师")
        browser.run(CLICK, "#ack button")
        until_sync(lambda: "李老师 (duty)" in browser.text("#acting"), 20)
        look(browser)
        keep(browser, f"ack-done-{language}")
        assert browser.run("return document.scripts.length") == 0
        browser.open(f"{address}/ack/{office.token(number)[:-1]}?lang={language}")
        keep(browser, f"ack-bad-{language}")
        browser.open(f"{address}/sign-in?lang={language}")
        look(browser)
        keep(browser, f"sign-in-phone-{language}")
        browser.open(f"{address}/alerts/{number}?lang={language}")
        look(browser)
        keep(browser, f"alert-phone-{language}")
    office.stage.ledger.close()

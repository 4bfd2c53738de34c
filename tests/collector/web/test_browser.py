"""The pages in a real browser: alive, honest about silence, and usable on a phone."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from collector.web.pages import frame
from core.clock import SECOND
from core.types import Identity
from tests.collector.web.fakes import (
    MINUTE,
    NOW,
    FakeSource,
    MoodyStore,
    agent,
    school,
    serving,
    tagged,
)
from tests.real import chromium
from tests.real.chromium import Browser
from tests.waiting import until_sync

pytestmark = pytest.mark.real("chromium")

LATER = NOW + 20 * SECOND
HOSTILE = "<img src=x onerror='window.owned=1'><script>window.owned=1</script>"

DRAWN = """
return [...document.querySelectorAll('.plot canvas')].map((canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const picture = copy.getContext('2d', { willReadFrequently: true });
  picture.drawImage(canvas, 0, 0);
  const { data } = picture.getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, i) => i % 4 === 3 && value === 255);
});
"""
LEGENDS = "return [...document.querySelectorAll('.legend b')].map((one) => one.textContent)"


@pytest.fixture(scope="module")
def shared() -> Iterator[Browser]:
    """One browser for all tests of this file: starting one takes seconds."""
    if not chromium.found():
        pytest.skip(f"there is no {chromium.MISSING}")
    with chromium.browser() as browser:
        yield browser


@pytest.fixture
def browser(shared: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A browser that has nothing open, for pages that ask for themselves each second."""
    monkeypatch.setattr(frame, "REFRESH_S", 1)
    shared.resize(1440)
    shared.complaints()
    shared.requested()
    yield shared
    shared.open("about:blank")


@pytest.fixture
def address(source: FakeSource) -> Iterator[str]:
    with serving(source, now=lambda: source.at) as address:
        yield address


def say(source: FakeSource, *lines: str, at: int = LATER) -> None:
    """Let the machine say *lines*, and the clock come there."""
    assert source.store.write("".join(tagged(f"{line} {at}") for line in lines).encode()) == []
    source.at = at


def until_drawn(browser: Browser, charts: int = 6) -> None:
    until_sync(lambda: browser.run(DRAWN) == [True] * charts, 15)


def test_values_and_curves_of_the_machine_are_there_at_once(browser: Browser, address: str) -> None:
    browser.open(address)
    until_drawn(browser)
    assert browser.text("#value-disk .big") == "92%"
    legends = browser.run(LEGENDS)
    assert legends[:2] == [browser.text(f"#value-{name} .big") for name in ("cpu", "mem")]
    assert all(text.endswith("bps") for text in legends[2:4])
    assert browser.complaints() == []
    hosts = {urlsplit(asked).netloc for asked in browser.requested() if "about:" not in asked}
    assert hosts == {urlsplit(address).netloc}


def test_the_page_follows_the_machine_without_being_loaded_again(
    browser: Browser, address: str, source: FakeSource
) -> None:
    browser.open(address)
    until_drawn(browser)
    browser.run("window.same = true; document.querySelector('.ranges a').focus()")

    say(source, "cpu,cpu=cpu-total usage_idle=3", "mem used_percent=11,used=1i,total=2i")
    browser.until_text("97%", "#value-cpu .big")
    until_sync(lambda: browser.run(LEGENDS)[:2] == ["97%", "11%"], 15)
    assert browser.run("return window.same && document.activeElement.href.includes('range=5m')")


def test_a_state_that_changes_is_seen_to_change_and_to_heal(
    browser: Browser, address: str, source: FakeSource
) -> None:
    browser.open(address)
    browser.until_text("在线", "#hero")
    good = source.schools
    source.schools = (school(agent(state="unknown", cause="will", since=NOW)),)
    browser.until_text("未知", "#hero")
    assert "以下是最后收到的数值" in browser.text("#values")

    source.schools = good
    browser.until_text("在线", "#hero")
    assert browser.run("return document.title").startswith("试点学校 · 在线")


def test_a_collector_that_is_gone_is_said_clearly_and_its_return_is_noticed(
    browser: Browser, source: FakeSource
) -> None:
    with serving(source, now=lambda: source.at) as address:
        browser.open(address)
        until_drawn(browser)
        assert browser.text("#lost") == ""
    browser.until_text("与监测中心的连接已断开，下面是 15:23:05 最后收到的内容", "#lost")

    port = urlsplit(address).port or 0
    say(source, "cpu,cpu=cpu-total usage_idle=45")
    with serving(source, port, now=lambda: source.at):
        browser.until_text("55%", "#value-cpu .big")
        assert browser.text("#lost") == ""
        until_sync(lambda: browser.run(LEGENDS)[0] == "55%", 15)


def test_a_store_that_fails_is_said_and_its_return_is_noticed(
    browser: Browser, address: str, store: MoodyStore
) -> None:
    browser.open(address)
    until_drawn(browser)
    store.awake.clear()
    browser.until_text("因此数值未知：no answer from the database", "#values")
    store.awake.set()
    browser.until_text("92%", "#value-disk")
    until_drawn(browser)


def test_an_interface_that_appears_gets_its_curve(
    browser: Browser, address: str, source: FakeSource
) -> None:
    browser.open(address)
    until_drawn(browser)
    for at, count in ((NOW, 9 * 10**15), (LATER, 9 * 10**15 + 2_500_000)):
        say(source, f"net,interface=usb0 bytes_recv={count}i,bytes_sent=0i", at=at)
    browser.until_text("网络流量 usb0", "#chart-net-0")
    browser.until_text("1.00 Mbps", "#chart-net-0 .legend")
    until_drawn(browser, charts=7)


def test_hostile_names_are_shown_and_do_nothing(
    browser: Browser, address: str, source: FakeSource
) -> None:
    source.schools = (school(agent(), name=HOSTILE),)
    name = HOSTILE.replace(" ", "\\ ").replace("=", "\\=")
    tags = f"agent=machine,path={name},region=000000,school=trial"
    source.store.write(f"disk,{tags} used_percent=99,free=1i,total=2i {NOW}\n".encode())
    browser.open(address)
    until_drawn(browser)
    assert HOSTILE in browser.text("#hero h1")
    assert HOSTILE in browser.text("#chart-disk .legend")
    assert browser.run("return window.owned") is None
    assert browser.complaints() == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", ["/", "/schools/000000/trial/machine", "/nowhere"])
def test_a_phone_shows_every_page_without_scrolling_sideways(
    browser: Browser, address: str, source: FakeSource, path: str, language: str
) -> None:
    long = Identity("330106", "a" * 30, "b" * 30)
    source.schools += (
        school(agent(long, "unknown", "silent", NOW - MINUTE), name="很长的学校名称" * 6),
    )
    browser.resize(360, 740)
    browser.open(f"{address}{path}?lang={language}")
    until_sync(lambda: browser.run("return document.readyState") == "complete")
    if "machine" in path:
        until_drawn(browser)
    assert browser.run("return document.documentElement.scrollWidth") <= 360
    assert browser.run("return document.documentElement.lang") == {"zh": "zh-Hans"}.get(
        language, "en"
    )


def test_without_scripts_the_page_still_shows_values_and_loads_itself_again(
    address: str, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "REFRESH_S", 1)
    if not chromium.found():
        pytest.skip(f"there is no {chromium.MISSING}")
    with chromium.browser(scripts=False) as browser:
        browser.open(address)
        assert browser.text("#value-disk .big") == "92%"
        assert "没有启用 JavaScript" in browser.text("#curves")
        say(source, "mem used_percent=11,used=1i,total=2i")
        browser.until_text("11%", "#value-mem .big", seconds=20)

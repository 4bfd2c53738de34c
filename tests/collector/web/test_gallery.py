"""Every page in a real browser, on a phone and on a desk, in both languages and at every size."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from collector.verdicts import State
from collector.web.texts import Texts
from tests.collector.web import gallery
from tests.collector.web.test_colours import contrast
from tests.real import chromium
from tests.real.chromium import Browser
from tests.waiting import until_sync

pytestmark = pytest.mark.real("chromium")

CUT = """
const cut = [];
for (const one of document.querySelectorAll('body *')) {
  if (!one.checkVisibility() || one.closest('svg, .hidden, .skip, .scroll, .plot')) continue;
  const style = getComputedStyle(one);
  if (style.clipPath !== 'none') continue;  // hidden on purpose, for those who listen
  const clips = style.overflowX !== 'visible' || style.textOverflow === 'ellipsis';
  if (clips && one.scrollWidth > one.clientWidth + 1) cut.push(one.outerHTML.slice(0, 200));
  const box = one.getBoundingClientRect();
  if (box.right > innerWidth + 1 && style.position !== 'absolute') {
    cut.push('outside: ' + one.outerHTML.slice(0, 200));
  }
}
return cut;
"""
"""What a reader cannot see all of: clipped, or beyond the edge of the screen."""

COLOURS = """
const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
function rgba(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
}
function ground(element) {
  const layers = [];
  for (let one = element; one; one = one.parentElement) {
    const style = getComputedStyle(one);
    if (style.backgroundImage !== 'none') return null;
    const colour = rgba(style.backgroundColor);
    if (colour[3]) layers.push([...colour]);
    if (colour[3] === 255) break;
  }
  let mixed = layers.pop();
  while (layers.length) {
    const over = layers.pop();
    const share = over[3] / 255;
    mixed = mixed.map((part, i) => share * over[i] + (1 - share) * part);
  }
  return mixed;
}
const hex = (parts) => '#' + [0, 1, 2].map(
  (i) => Math.round(parts[i]).toString(16).padStart(2, '0')).join('');
const found = new Map();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
  if (element.closest('.hidden, .skip, .plot, option')) continue;
  const under = ground(element);
  if (!under) continue;
  const pair = hex(rgba(getComputedStyle(element).color)) + ' ' + hex(under);
  if (!found.has(pair)) found.set(pair, walker.currentNode.data.trim().slice(0, 40));
}
return [...found].map(([pair, text]) => [...pair.split(' '), text]);
"""
"""Every pair of a text's colour and what it stands on, as the browser paints them."""

STATES = """
return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility()).map(
  (one) => [one.innerText.trim(), Boolean(one.querySelector('svg.icon use'))]);
"""
FOCUSABLE = """
return [...document.querySelectorAll('a[href], button, input, select, summary')]
  .filter((one) => one.checkVisibility() && one.type !== 'hidden').length;
"""
NOTE_FOCUS = """
const count = new Map();
window.reached = [];
document.addEventListener('focusin', () => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const seen = getComputedStyle(one).outlineStyle !== 'none' && box.width > 0 && box.right > 0;
  if (!count.has(one)) count.set(one, count.size);
  window.reached.push([count.get(one), seen ? '' : one.outerHTML]);
});
"""
"""Keeps what gets the focus, one after the other: its number, and itself where that is not seen."""


@pytest.fixture(scope="module")
def shared() -> Iterator[Browser]:
    """One browser for all tests of this file: starting one takes seconds."""
    if not chromium.found():
        pytest.skip(f"there is no {chromium.MISSING}")
    with chromium.browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, str]]:
    """Three districts, each of another size, all served for the length of this file."""
    folder = tmp_path_factory.mktemp("districts")
    one, fifty, thousand = (gallery.shown(folder, count) for count in gallery.SIZES)
    with one as first, fifty as second, thousand as third:
        yield dict(zip(gallery.SIZES, (first[1], second[1], third[1])))


@pytest.fixture
def browser(shared: Browser) -> Iterator[Browser]:
    shared.emulate(prefers_color_scheme="light")
    shared.complaints()
    yield shared
    shared.open("about:blank")


def look(browser: Browser, address: str, path: str, language: str, width: int) -> None:
    browser.resize(width)
    browser.open(gallery.at(address, path, language))
    until_sync(lambda: bool(browser.run(gallery.DRAWN)), 30)


def check_seen_whole(browser: Browser, width: int) -> None:
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run(CUT) == []


def check_legible(browser: Browser) -> None:
    pairs: list[list[str]] = browser.run(COLOURS)
    assert len(pairs) >= 3
    found = {(text, one, ground): contrast(one, ground) for one, ground, text in pairs}
    assert {what: round(ratio, 2) for what, ratio in found.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("width", gallery.WIDTHS)
@pytest.mark.parametrize("title", gallery.PAGES)
def test_a_page_is_seen_whole_legible_and_without_complaints(
    browser: Browser, addresses: dict[int, str], title: str, width: int
) -> None:
    look(browser, addresses[50], gallery.PAGES[title], "zh", width)
    check_seen_whole(browser, width)
    check_legible(browser)
    missing = title == "nowhere"
    assert [one for one in browser.complaints() if not missing or "404" not in one] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "view",
    [*itertools.product(gallery.LANGUAGES, gallery.WIDTHS, ("light", "dark"))],
    ids=lambda view: "-".join(map(str, view)),
)
@pytest.mark.parametrize("count", gallery.SIZES)
@pytest.mark.parametrize("title", gallery.PAGES)
def test_so_is_every_page_of_every_district_in_both_languages_and_by_night(
    browser: Browser,
    addresses: dict[int, str],
    title: str,
    count: int,
    view: tuple[str, int, str],
) -> None:
    language, width, scheme = view
    browser.emulate(prefers_color_scheme=scheme)
    look(browser, addresses[count], gallery.PAGES[title], language, width)
    check_seen_whole(browser, width)
    check_legible(browser)
    assert [one for one in browser.complaints() if "404" not in one] == []


@pytest.mark.parametrize("count", [50, 1000])
@pytest.mark.parametrize("width", gallery.WIDTHS)
@pytest.mark.parametrize("language", gallery.LANGUAGES)
def test_every_state_is_seen_as_a_number_a_word_and_a_shape(
    browser: Browser, addresses: dict[int, str], language: Any, width: int, count: int
) -> None:
    look(browser, addresses[count], "/", language, width)
    t = Texts(language)
    tiles = browser.run(STATES, ".tile")
    assert len(tiles) == len(get_args(State))
    for state in get_args(State):
        assert any(t(f"state_{state}") in said and has_shape for said, has_shape in tiles)
    numbers = [int("".join(filter(str.isdigit, said))) for said, _ in tiles]
    assert sum(numbers) == count
    chips = browser.run(STATES, ".school > .chip")
    words = {t(f"state_{state}") for state in get_args(State)}
    assert chips
    assert all(said in words and has_shape for said, has_shape in chips)
    areas = browser.run(STATES, ".areas tbody tr")
    assert all(str(number) in areas[0][0] for number in [16 if count == 50 else 325])


@pytest.mark.parametrize(
    "title",
    [
        "district",
        "school",
        "room",
        "alerts",
        "alert",
        "incident",
        "unconnected",
        "ledger",
        "account",
    ],
)
def test_everything_is_reached_by_the_keyboard_and_seen_to_be(
    browser: Browser, addresses: dict[int, str], title: str
) -> None:
    look(browser, addresses[50], gallery.PAGES[title], "zh", 1440)
    expected = browser.run(FOCUSABLE)
    browser.run(NOTE_FOCUS)
    # All at once: a request for each key takes longer than the keys.
    ActionChains(browser.driver).send_keys(Keys.TAB * (expected + 5)).perform()
    reached, unseen = set(), []
    for number, hidden in browser.run("return window.reached"):
        if number in reached:
            break
        reached.add(number)
        if hidden:
            unseen.append(hidden)
    assert len(reached) == expected
    assert unseen == []


def test_a_search_is_typed_and_sent_with_the_keyboard_and_stays_while_the_page_renews_itself(
    browser: Browser, addresses: dict[int, str]
) -> None:
    look(browser, addresses[50], "/?area=rural", "zh", 390)
    browser.run("document.querySelector('[name=q]').focus()")
    ActionChains(browser.driver).send_keys("教学点", Keys.ENTER).perform()
    browser.until_text("只显示：乡村 · 教学点（8 所）", "#filter")
    assert "area=rural" in browser.run("return location.search")
    assert browser.run("return document.querySelector('[name=q]').value") == "教学点"
    assert browser.complaints() == []


def test_details_that_a_reader_opened_stay_open_while_the_page_renews_itself(
    browser: Browser, addresses: dict[int, str], tmp_path: Path
) -> None:
    with gallery.shown(tmp_path, 2) as (source, address):
        look(browser, address, "/ledger", "zh", 1440)
        browser.run("document.querySelector('summary').click()")
        browser.run("document.body.dataset.refresh = '0.2'")
        source.able = (False, "disk full")
        # The first renewal was set for later; leaving and coming back makes one at once.
        browser.run("document.dispatchEvent(new Event('visibilitychange'))")
        browser.until_text("disk full", "#store")
        assert browser.run("return document.querySelector('details').open")
    assert addresses

"""The dashboards in a real Grafana, drawn by a real browser over real databases.

Set SCHOOLWATCH_TEST_PICTURES to a folder to keep what was drawn.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.grafana.boards import ALL, load, panels
from tests.grafana.simulated import FIRST, Filled
from tests.real import chromium, grafana
from tests.real.chromium import Browser
from tests.real.grafana import Grafana
from tests.waiting import until_sync

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real("mosquitto"),
    pytest.mark.real("grafana"),
    pytest.mark.real("chromium"),
]

WIDTH, ROW = 1600, 38
PICTURES = "SCHOOLWATCH_TEST_PICTURES"
NOTHING = "nothing in "
CHOSEN = "&".join(f"var-{name}={value}" for name, value in FIRST.items())
OF_A_SCHOOL = ("school", "machine", "room", "device", "ports")
PROJECTORS = "s0005"
DEVICES = ("switch-1", "ap-1")
"""No device has all that there is of one: each panel has to show something of one of these."""

# What a person reads in each panel, by its number, and whether Grafana marks it as failed.
PANELS = """
return Object.fromEntries([...document.querySelectorAll('.react-grid-item[data-panelid]')]
  .map((item) => [item.dataset.panelid, item.querySelector('.panel-container')])
  .filter(([, panel]) => panel)
  .map(([id, panel]) => {
    const inside = panel.querySelector('.panel-content');
    return [id, {
      text: inside ? inside.innerText : '',
      drawn: !!inside && !!inside.querySelector('canvas, [role="table"], svg, div div div'),
      loading: !!panel.querySelector('.panel-loading'),
      failed: !!panel.querySelector('.panel-info-corner--error'),
    }];
  }));
"""


@pytest.fixture
def served(district: Filled, tmp_path: Path) -> Iterator[Grafana]:
    """Grafana over the played district, provisioned from the project's files."""
    if not grafana.found():
        pytest.skip(f"no Grafana: name its unpacked folder in {grafana.VARIABLE}")
    if not chromium.found():
        pytest.skip(f"there is no {chromium.MISSING}")
    with grafana.running(tmp_path, district.server, district.bucket) as server:
        yield server


@pytest.fixture
def browser(served: Grafana) -> Iterator[Browser]:
    with chromium.browser(WIDTH) as browser:
        yield browser


def test_every_dashboard_is_drawn_without_an_error_and_without_a_panel_that_lacks_its_data(
    district: Filled, served: Grafana, browser: Browser
) -> None:
    wrong = {}
    for name in ALL:
        each = [trouble(browser, served, district.at, name, one) for one in choices(name)]
        lacked = set.intersection(*map(set, each))
        broken = {line for lines in each for line in lines if not line.startswith(NOTHING)}
        if lacked | broken:
            wrong[name] = sorted(lacked | broken)
    assert wrong == {}

    shown = browser.run(PANELS)
    (months,) = (one for one in shown.values() if "数据完整度" in one["text"])
    assert "数据不足" in months["text"], "of what a collector that has just begun knows"

    # Of a school that does not exist there is nothing, and each panel says so.
    missing = trouble(
        browser, served, district.at, "zh/school.json", "var-region=330106&var-school=nowhere"
    )
    assert len(missing) == len(list(panels(load("zh/school.json"))))


def span_of(begins: str, at: int) -> str:
    """Return the range until *at* (ns): after it nobody says anything, and soon nothing holds."""
    length = re.fullmatch(r"now-(\d+)([hd])", begins)
    assert length, begins
    hours = int(length[1]) * (24 if length[2] == "d" else 1)
    return f"from={at // 1_000_000 - hours * 3_600_000}&to={at // 1_000_000}"


def choices(name: str) -> list[str]:
    """Return with which variables the dashboard *name* is looked at."""
    board = Path(name).stem
    if board == "device":
        return [f"{CHOSEN}&var-device={device}" for device in DEVICES]
    if board == "room":  # where screens are panels there is no lamp
        return [CHOSEN, CHOSEN.replace(FIRST["school"], PROJECTORS)]
    return [CHOSEN if board in OF_A_SCHOOL else "var-region=$__all"]


def trouble(browser: Browser, served: Grafana, at: int, name: str, chosen: str) -> list[str]:
    """Return what is wrong with the dashboard *name* as it is drawn."""
    board = load(name)
    wanted = {str(panel["id"]): panel for panel in panels(board)}
    length = max(at["gridPos"]["y"] + at["gridPos"]["h"] for at in board["panels"])
    browser.resize(WIDTH, (length + 1) * ROW)
    browser.complaints()
    span = span_of(board["time"]["from"], at)
    browser.open(f"{served.url}/d/{board['uid']}/?kiosk&{span}&{chosen}")
    until_sync(lambda: finished(browser.run(PANELS), set(wanted)), 120)
    shown = browser.run(PANELS)
    if os.environ.get(PICTURES):
        browser.screenshot(
            Path(os.environ[PICTURES]) / name.replace("/", "-").replace("json", "png")
        )
    said = [line for line in browser.complaints() if "runRequest" in line or "Uncaught" in line]
    failed = [panel["title"] for id_, panel in wanted.items() if shown[id_]["failed"]]
    return [*said, *failed, *(f"{NOTHING}{one}" for one in without_data(wanted, shown))]


def finished(shown: dict[str, Any], wanted: set[str]) -> bool:
    """Tell whether each panel has been drawn."""
    return set(shown) == wanted and all(
        one["failed"] or (one["drawn"] and not one["loading"]) for one in shown.values()
    )


def without_data(wanted: dict[str, Any], shown: dict[str, Any]) -> Iterator[str]:
    """Return the titles of the panels that say that they have none."""
    for id_, panel in wanted.items():
        text = shown[id_]["text"]
        nothing = panel["fieldConfig"]["defaults"]["noValue"]
        if nothing in text or "No data" in text:
            yield panel["title"]

"""How fast the overview of a thousand schools is there, and what keeping it true costs.

    python -m tests.bench.page [schools]

The real web server over the real painter; a real Chromium. Every school that has an agent has 31
rooms with 44 devices too. Goal: first paint under a second. Beside
it, from the same server and in the same browser, a plain table with as many rows: the least that a
page naming every school could be. What the first line of each page counts is the median of many.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from aiohttp import web

from alerts.schooltime import SchoolTime
from collector.painting import paint
from collector.rooms.days import RoomDays
from collector.rooms.rows import RoomDay, RoomKey, RoomRows
from collector.web import app as web_app
from collector.web import board
from collector.web.glance import glance
from collector.web.scope import Scope
from tests.collector.web import districts, fakes, gallery
from tests.collector.web.classrooms import classrooms
from tests.real import chromium
from tests.real.chromium import Browser
from tests.waiting import until_sync

SCHOOLS: Final = 1000
ZONE: Final = ZoneInfo("Asia/Shanghai")
ASKED: Final = 30
LOADED: Final = 12
GOAL_MS: Final = 1000.0
PLAIN: Final = "/plain"
PATHS: Final = {
    "overview": "/",
    "one state, 100 rows": "/?state=up",
    "alerts": "/alerts",
    f"plain table, {SCHOOLS} rows": PLAIN,
}
SCHOOL: Final = "/schools/330102/3300000000"
ROOMS: Final = {"a school, 31 rooms": SCHOOL, "a room": f"{SCHOOL}/rooms/302"}
API: Final = {
    "rooms: the worst 200": "/api/v1/rooms",
    "rooms: 1,000 of them": "/api/v1/rooms?limit=1000",
    "rooms of one school": "/api/v1/rooms?school=3300000000",
}
PAINTED: Final = """
const [paint] = performance.getEntriesByName('first-contentful-paint');
return paint ? paint.startTime : null;
"""


def plain(source: fakes.FakeSource) -> str:
    """Return the plainest page that names every school and its state."""
    rows = "".join(
        f"<tr><td>{row.view.name}<td>{row.view.school}<td>{row.state}<td>{row.reason}"
        for row in board.rows(source.picture())
    )
    return f"<!doctype html><meta charset=utf-8><title>plain</title><table>{rows}</table>"


def fetched(address: str) -> tuple[float, int, int]:
    """Return the seconds until a page was there, and its bytes: on the wire, and unpacked."""
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    began = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        body = answer.read()
        took = time.perf_counter() - began
    with urllib.request.urlopen(address) as answer:
        return took, len(body), len(answer.read())


def painted(browser: Browser, address: str) -> float:
    """Return after how many ms a browser that has nothing of the page painted it."""
    browser.open("about:blank")
    browser.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.open(address)
    until_sync(lambda: browser.run(PAINTED) is not None, 30)
    return float(browser.run(PAINTED))


def inside(source: fakes.FakeSource) -> None:
    """Print what of the server's time is for working out what is shown."""
    rows: Sequence[Any] = board.rows(source.picture())
    for name, work in (
        ("sort", lambda: board.rows(source.picture())),
        ("count", lambda: glance(rows, Scope())),
        ("paint", source.picture),
    ):
        took = [_timed(work) for _ in range(7)]
        say(f"  of this: {name:6} {statistics.median(took) * 1000:7.1f} ms")


def told(title: str, address: str) -> None:
    """Print what an answer of the API takes."""
    found = [fetched(address) for _ in range(ASKED)]
    took = statistics.median(seconds for seconds, _, _ in found) * 1000
    _, packed, unpacked = found[-1]
    size = f"{packed / 1000:6.1f} kB ({unpacked / 1000:.0f} unpacked)"
    say(f"{title:28} server {took:6.1f} ms   {size}")


def inside_of_rooms(source: fakes.FakeSource) -> None:
    """Print what it takes to judge all rooms, and to sum up how far they were in order."""
    seen = [room for one in source.roomed for room in one.rooms]
    days = RoomDays(cast(RoomRows, NoRows()), SchoolTime(ZONE))
    days.look(fakes.NOW)
    for room in seen:
        days.see(room, fakes.NOW)
    keys = [RoomKey(*room.key, room.room) for room in seen]
    say(f"{len(seen)} rooms, {sum(len(one.devices) for one in source.roomed)} devices")
    for name, work in (
        ("judge", lambda: classrooms(source.schools, len(source.schools))),
        ("order", lambda: days.orders(fakes.NOW, keys)),
    ):
        took = [_timed(work) for _ in range(7)]
        say(f"  of this: {name:6} {statistics.median(took) * 1000:7.1f} ms")


class NoRows:
    """A database in which nothing is kept of rooms yet."""

    def looked(self) -> int:
        return 0

    def open_days(self) -> list[RoomDay]:
        return []

    def in_order(self, _first: date, _before: date) -> list[tuple[RoomKey, date, int, int]]:
        return []


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main(schools: int) -> None:
    """Print time, bytes and first paint of each page."""
    say(f"{schools} schools; load of the machine {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        _add_plain_page()
        with gallery.shown(Path(name), schools) as (source, address), chromium.browser() as browser:
            _Plain.text = plain(source)
            scene = districts.scene(schools)
            # As the collector does it: worked out anew for every page that is asked for.
            source.painted = lambda: paint(scene)
            paints: dict[str, float] = {}
            source.roomed = classrooms(source.schools, schools)
            for title, path in (ROOMS | PATHS).items():
                found = [fetched(address + path) for _ in range(ASKED)]
                took = statistics.median(seconds for seconds, _, _ in found) * 1000
                _, packed, unpacked = found[-1]
                paints[title] = statistics.median(
                    painted(browser, address + path) for _ in range(LOADED)
                )
                say(
                    f"{title:28} server {took:6.1f} ms   {packed / 1000:6.1f} kB "
                    f"({unpacked / 1000:.0f} unpacked)   first paint {paints[title]:6.0f} ms"
                )
            for title, path in API.items():
                told(title, address + path)
            inside(source)
            inside_of_rooms(source)
            hour = 3600 / 15 * fetched(address)[1] / 1e6
    ours, theirs = paints["overview"], list(paints.values())[-1]
    say(
        f"first paint is {ours / GOAL_MS:.2f} of the goal, {ours / theirs:.2f} of the plain table's"
    )
    say(f"a page that stays open takes {hour:.2f} MB an hour")


class _Plain:
    """The plain page, once it is known."""

    text = ""


def _add_plain_page() -> None:
    make = web_app.make_app

    def made(*given: Any, **named: Any) -> web.Application:
        app = make(*given, **named)

        async def show(_request: web.Request) -> web.Response:
            await asyncio.sleep(0)
            page = web.Response(text=_Plain.text, content_type="text/html")
            page.enable_compression()
            return page

        app.router.add_get(PLAIN, show)
        return app

    web_app.make_app = made


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 — a command for the terminal


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SCHOOLS)

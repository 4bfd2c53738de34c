"""How fast the database answers the dashboards, at a thousand schools and thirty days.

    SCHOOLWATCH_TEST_INFLUXD1=… python -m tests.bench.dashboards --keep /var/tmp/filled
    SCHOOLWATCH_TEST_INFLUXD1=… python -m tests.bench.dashboards --filled /var/tmp/filled

Fills a real InfluxDB with `simulate history`, then asks every query of every panel of the Chinese
dashboards as Grafana does: with its user, its interval, over connections that stay open. A panel's
time is the sum of its queries, which Grafana sends in one request; a dashboard as a whole asks for
all panels at once over six connections, as many as a browser has. Goals: a panel 500 ms, the
district overview 2 s, from InfluxDB 1.8 on 2 cores. Beside each panel stands the processor time
that InfluxDB took for it, which says more where others use the machine, and the slowest of its
queries at that range.
"""

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import psutil
import urllib3

from simulator.cli import asked as scenario_of
from simulator.rooms import SWITCH
from tests.bench import filled as store
from tests.bench.filled import Facts
from tests.grafana.boards import ALL, Asked, asked, filled, load
from tests.real.influx import NoInflux, RealInflux

PANEL_MS: Final = 500
BOARD_MS: Final = 2_000
TOGETHER: Final = 6
RANGES: Final = {"24 h": 24, "7 d": 168, "30 d": 720, "90 d": 2160}
CHEAP_MS: Final = 5_000
"""What takes longer is asked once."""
TIMEOUT_S: Final = 120
FAILED: Final = -1
OF_A_SCHOOL: Final = [f"zh/{one}.json" for one in ("school", "machine", "room", "device", "ports")]
"""Opened for one school; of its rooms all are shown."""


@dataclass(frozen=True, slots=True)
class Panel:
    """What is asked for at once."""

    title: str
    queries: Sequence[Asked]

    @property
    def follows_range(self) -> bool:
        """Tell whether more is read where the range is longer."""
        return any(re.search(r"\$timeFilter|\$\{__from\}", one.text) for one in self.queries)


@dataclass(frozen=True, slots=True)
class Took:
    """How long one query took (ms), and how many rows it gave."""

    query: Asked
    ms: float
    rows: int


class Grafana:
    """Asks as Grafana does; `chosen` are the variables of the dashboards."""

    def __init__(self, server: RealInflux, facts: Facts) -> None:
        self._url, self._end = f"{server.url}/query", facts.at * 1000
        self._program = psutil.Process(server.process.pid) if server.process else None
        self._pool = urllib3.PoolManager(maxsize=TOGETHER, retries=False, timeout=TIMEOUT_S)
        shown = {"authorization": f"Token {store.reader(server)}"}
        self._headers = {**shown, **urllib3.make_headers(accept_encoding=True)}
        # Where most machines are, there is most to read.
        school = max(scenario_of(None, facts.schools, None).schools(), key=lambda s: len(s.agents))
        self.chosen = {
            "region": school.region,
            "school": school.school,
            "agent": school.agents[0],
            "device": SWITCH,
        }

    def ask(self, query: Asked, hours: float) -> Took:
        """Ask one query."""
        chosen = self.chosen if query.board in OF_A_SCHOOL else {}
        text = filled(query.text, self._end - int(hours * 3_600_000), self._end, **chosen)
        what = {"db": store.STORES[query.store], "epoch": "ms", "q": text}
        began = time.perf_counter()
        try:
            answer = self._pool.request("GET", self._url, fields=what, headers=self._headers)
        except urllib3.exceptions.HTTPError as reason:
            say(f"FAILED: {reason}: {text}")
            return Took(query, (time.perf_counter() - began) * 1000, FAILED)
        ms = (time.perf_counter() - began) * 1000
        said = json.loads(answer.data)
        if answer.status != 200 or any("error" in one for one in said["results"]):
            say(f"FAILED: {answer.status} {answer.data[:300]!r}: {text}")
            return Took(query, ms, FAILED)
        series = [one for result in said["results"] for one in result.get("series", [])]
        return Took(query, ms, sum(len(one["values"]) for one in series))

    def busy_ms(self) -> float:
        """Return the processor time that InfluxDB has had; in steps of 10 ms."""
        had = self._program.cpu_times() if self._program else None
        return 1_000 * (had.user + had.system) if had else 0.0

    def panel(self, panel: Panel, hours: float) -> list[Took]:
        """Ask all queries of *panel*, one after the other."""
        return [self.ask(query, hours) for query in panel.queries]


def panels(name: str) -> Iterator[Panel]:
    """Return what the dashboard in the file *name* asks for: its variables, then its panels."""
    for variable in load(name)["templating"]["list"]:
        if variable["type"] == "query":
            title = f"variable {variable['name']}"
            yield Panel(title, [Asked(name, title, variable["query"], "raw")])
    for title, queries in groupby(asked(name), lambda one: one.panel):
        yield Panel(title, list(queries))


def begins(name: str) -> tuple[str, int]:
    """Return the range with which a dashboard opens, and its hours."""
    found = re.fullmatch(r"now-(\d+)([hd])", load(name)["time"]["from"])
    assert found, name
    number, unit = int(found[1]), found[2]
    return f"{number} {unit}", number * (24 if unit == "d" else 1)


def bench_board(grafana: Grafana, name: str, times: int) -> list[tuple[str, float]]:
    """Print the table of one dashboard; return each panel with its median where it opens."""
    label, hours = begins(name)
    ranges = {label: hours} | RANGES
    say(f"\n{name}, opens with {label}")
    columns = f"median ms   worst   of {PANEL_MS}  cpu ms    rows  slowest query"
    say(f"{wide('panel', 44)} range  {columns}")
    found = []
    for panel in panels(name):
        for number, (length, of) in enumerate(ranges.items()):
            if number and not panel.follows_range:
                break
            median = bench_panel(grafana, panel, length, of, times)
            if not number:
                found.append((f"{name} {panel.title}", median))
    whole(grafana, name, hours, times)
    return found


def bench_panel(grafana: Grafana, panel: Panel, length: str, hours: int, times: int) -> float:
    """Ask *panel* that often, print its row, return the median (ms)."""
    before = grafana.busy_ms()
    asks = [grafana.panel(panel, hours)]
    while len(asks) < times and total(asks[0]) < CHEAP_MS:
        asks.append(grafana.panel(panel, hours))
    busy = (grafana.busy_ms() - before) / len(asks)
    median, worst = statistics.median(map(total, asks)), max(map(total, asks))
    slow = max(
        range(len(panel.queries)),
        key=lambda number: statistics.median(one[number].ms for one in asks),
    )
    rows = [one.rows for one in asks[-1]]
    counted = "failed" if FAILED in rows else f"{sum(rows):,}"
    query = panel.queries[slow]
    say(
        f"{wide(panel.title, 44)} {length:>5} {median:>10.1f} {worst:>7.1f} "
        f"{median / PANEL_MS:>8.2f} {busy:>7.0f} {counted:>7}  {query.store}: {query.text}"
    )
    return median


def total(asked_once: Sequence[Took]) -> float:
    """Return how long the queries of a panel took together (ms)."""
    return sum(one.ms for one in asked_once)


def whole(grafana: Grafana, name: str, hours: int, times: int) -> None:
    """Print how long the dashboard takes when all panels are asked for at once."""
    every = [panel for panel in panels(name) if not panel.title.startswith("variable ")]
    took, busy = [], grafana.busy_ms()
    with ThreadPoolExecutor(TOGETHER) as pool:
        for _ in range(times):
            began = time.perf_counter()
            list(pool.map(lambda panel: grafana.panel(panel, hours), every))
            took.append((time.perf_counter() - began) * 1000)
    median, busy = statistics.median(took), (grafana.busy_ms() - busy) / times
    say(
        f"as a whole: {len(every)} panels, {TOGETHER} at once: median {median:.0f} ms, "
        f"worst {max(took):.0f} ms, {median / BOARD_MS:.2f} of {BOARD_MS} ms; cpu {busy:.0f} ms"
    )


def tell_filling(facts: Facts) -> None:
    """Print what filling came to, and what it takes on the disk."""
    rate = facts.seconds or 1e-9
    say(
        f"filled: {facts.schools:,} schools, {facts.days} days, {facts.lines:,} lines, "
        f"{facts.points:,} points in {facts.seconds:.0f} s: "
        f"{facts.lines / rate:,.0f} lines/s, {facts.points / rate:,.0f} points/s"
    )
    for name, size in facts.sizes.items():
        days = store.raw_days(facts) if name == store.STORES["raw"] else facts.days
        each = size / facts.schools / days / 1e3
        index = facts.indexes[name] / 1e6
        say(
            f"  {name:14} {size / 1e6:>9.1f} MB of {days:g} days: {each:.1f} kB per school and day;"
            f" and {index:.1f} MB of index"
        )


def opened(
    options: argparse.Namespace, spare: Path
) -> AbstractContextManager[tuple[RealInflux, Facts]]:
    """Return the database that the options ask for."""
    if options.filled:
        return store.again(options.filled)
    return store.fresh(options.database, options.keep or spare, options.schools, options.days)


def main(words: Sequence[str]) -> None:
    """Fill, or take what is filled; print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--database", choices=sorted(store.NEW), default="influxdb1")
    parser.add_argument("--schools", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--times", type=int, default=5, help="how often each panel is asked for")
    folders = parser.add_mutually_exclusive_group()
    folders.add_argument("--keep", type=Path, help="an empty folder to fill, and to leave filled")
    folders.add_argument("--filled", type=Path, help="one that --keep has filled")
    options = parser.parse_args(words)
    say(f"{os.cpu_count()} cores; load of the machine {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as spare:
        try:
            with opened(options, Path(spare)) as (server, facts):
                say(f"InfluxDB {server.version}")
                tell_filling(facts)
                grafana = Grafana(server, facts)
                say(f"chosen where one is: {grafana.chosen}")
                boards = [name for name in ALL if name.startswith("zh/")]
                found = [
                    one for name in boards for one in bench_board(grafana, name, options.times)
                ]
        except NoInflux as reason:
            sys.exit(str(reason))
    found.sort(key=lambda one: -one[1])
    over = sum(ms > PANEL_MS for _, ms in found)
    say(f"\n{len(found) - over} of {len(found)} within {PANEL_MS} ms where they open; the slowest:")
    for title, ms in found[:8]:
        say(f"  {ms:>8.1f} ms  {title}")
    say(f"load of the machine {os.getloadavg()[0]:.1f}")


def wide(text: str, columns: int) -> str:
    """Return *text* in so many columns of a terminal, where a Chinese sign takes two."""
    width = sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text)
    return text + " " * (columns - width)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 — a command for the terminal


if __name__ == "__main__":
    main(sys.argv[1:])

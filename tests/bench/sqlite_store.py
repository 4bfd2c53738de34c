"""How fast the SQLite store writes and answers, beside plain SQL on the same disk.

    python -m tests.bench.sqlite_store

Writes: batches as agents send them (32 kB, ten fields a line), each durable before the next,
against the same values given to `executemany` on a table without keys, in as many transactions.
Reads: 90 days of one field every 10 s; the newest values of 1,000 series with 90 days each.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from collector.store.base import Aggregate, RangeQuery
from collector.store.sqlite import SqliteStore
from core.clock import SECOND

START = 1_790_000_000 * SECOND
DAYS = 90
HOUR = 3_600 * SECOND
FIELDS = 10
SERIES = 1_000
LINES_A_BATCH = 150

Batch = tuple[bytes, list[tuple[int, int, int, float]]]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_bench(Path(folder))
        long_range_bench(Path(folder))
        last_bench(Path(folder))


def write_bench(folder: Path) -> None:
    batches = list(agent_batches(200))
    points = sum(len(rows) for _, rows in batches)
    flat = flat_file(folder / "flat.db")

    def plain() -> None:
        for _, rows in batches:
            flat.execute("BEGIN IMMEDIATE")
            flat.executemany("INSERT INTO flat VALUES (?, ?, ?, ?)", rows)
            flat.execute("COMMIT")

    store = SqliteStore(folder / "written.db")

    def stored() -> None:
        for lines, _ in batches:
            assert not store.write(lines)

    rates = [points / seconds(work) for work in (plain, stored, stored)]
    say(f"write: {points:,} points in {len(batches)} batches")
    for name, rate in zip(("flat table", "store, new", "store, overwriting"), rates):
        say(f"  {name:20} {rate:>10,.0f} points/s   {rate / rates[0]:.2f} of the flat table")
    store.close()
    flat.close()


def long_range_bench(folder: Path) -> None:
    store = SqliteStore(folder / "range.db")
    times = range(START, START + DAYS * 24 * HOUR, 10 * SECOND)
    for first in range(0, len(times), 5_000):
        piece = times[first : first + 5_000]
        store.write(b"".join(b"net,interface=eth0 load=%d.5 %d\n" % (at % 97, at) for at in piece))
    size = (folder / "range.db").stat().st_size / len(times)
    say(f"range: {len(times):,} points of one field, {size:.0f} bytes each")
    ask(store, "all, mean by hour", "mean", HOUR)
    ask(store, "all, last by minute", "last", 60 * SECOND)
    ask(store, "all, one mean", "mean", None)
    ask(store, "first 100,000 points", None, None)
    ask(store, "one day, mean by 5 min", "mean", 300 * SECOND, days=1)
    gone = seconds(lambda: store.expire(START + 45 * 24 * HOUR))
    say(f"  expire half of it     {gone * 1000:>8.0f} ms")
    store.close()


def ask(
    store: SqliteStore, name: str, aggregate: Aggregate | None, window: int | None, days: int = DAYS
) -> None:
    stop = START + DAYS * 24 * HOUR
    query = RangeQuery("net", "load", stop - days * 24 * HOUR, stop, aggregate, window)
    store.range(query)
    say(f"  {name:22}{seconds(lambda: store.range(query)) * 1000:>8.1f} ms")


def last_bench(folder: Path) -> None:
    store = SqliteStore(folder / "last.db")
    hours = range(START, START + DAYS * 24 * HOUR, HOUR)
    for at in hours:
        lines = (b"net,interface=eth%d load=%d.5 %d\n" % (n, n % 97, at) for n in range(SERIES))
        store.write(b"".join(lines))
    store.last("net", {}, 0)
    took = seconds(lambda: store.last("net", {}, hours[-1] - 300 * SECOND))
    say(f"last: {SERIES:,} series of {len(hours):,} points   {took * 1000:.1f} ms")
    one = seconds(lambda: store.last("net", {"interface": "eth7"}, 0))
    say(f"  one of them   {one * 1000:.1f} ms")
    store.close()


def agent_batches(count: int) -> Iterator[Batch]:
    """Ten agents in turn, each sending its series, sampled every 10 s."""
    names = [b"field_%d" % n for n in range(FIELDS)]
    for number in range(count):
        agent, tick = number % 10, number // 10
        lines, rows = [], []
        for n in range(LINES_A_BATCH):
            series, at = agent * 15 + n % 15, START + (tick * 10 + n // 15) * 10 * SECOND
            values = [(number * 7 + n * field) % 1009 / 8 for field in range(FIELDS)]
            pairs = b",".join(b"%b=%b" % (k, str(v).encode()) for k, v in zip(names, values))
            lines.append(b"net,agent=a%d,interface=eth%d %b %d\n" % (agent, series, pairs, at))
            rows += [(series, field, at, value) for field, value in enumerate(values)]
        yield b"".join(lines), rows


def flat_file(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE flat (series INTEGER, field INTEGER, time INTEGER, value)")
    return db


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 — a command for the terminal


if __name__ == "__main__":
    main()

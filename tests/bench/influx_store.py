"""How fast the InfluxDB store writes, beside sending the same bytes without looking at them.

    SCHOOLWATCH_TEST_INFLUXD1=… SCHOOLWATCH_TEST_INFLUXD2=… python -m tests.bench.influx_store

One writer, each body durable (204) before the next; CPU seconds are those of the writer alone. Then
one body in ten with a line of another type, which the store has to find.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import urllib3

from collector.store.influx import InfluxStore
from core.clock import SECOND
from tests.real import influxdb1, influxdb2
from tests.real.influx import NoInflux, RealInflux

LINES, BODIES = 5_000, 60
NOW = time.time_ns() // SECOND * SECOND
HISTORY = LINES * BODIES // 500 * 10 * SECOND


def main() -> None:
    for start in (influxdb1.running, influxdb2.serving):
        with tempfile.TemporaryDirectory() as folder:
            bench(start, Path(folder))


def bench(start: Callable[[Path], AbstractContextManager[RealInflux]], folder: Path) -> None:
    try:
        with start(folder) as server:
            say(f"InfluxDB {server.version}: {LINES * BODIES:,} lines of 4 fields a way")
            compare(server)
    except NoInflux as reason:
        say(str(reason))


def compare(server: RealInflux) -> None:
    # The first way warms the server up and is not counted.
    for name in ("warm", "direct", "store", "direct_again", "store_again", "faulty"):
        server.make_bucket(name)
    run("", bodies(), direct(server, "warm"))
    base = run("directly", bodies(), direct(server, "direct"))
    with closing(server.store("store")) as store:
        run("InfluxStore", bodies(), writer(store), base)
    run("directly", bodies(), direct(server, "direct_again"), base)
    with closing(server.store("store_again")) as store:
        run("InfluxStore", bodies(), writer(store), base)
    with closing(server.store("faulty")) as store:
        run("one body in ten with a bad line", bodies(faulty=10), writer(store), base)


def run(
    name: str, work: Iterator[bytes], send: Callable[[bytes], None], base: float = 0.0
) -> float:
    sent = list(work)
    begin, cpu = time.perf_counter(), time.process_time()
    for body in sent:
        send(body)
    rate = LINES * BODIES / (time.perf_counter() - begin)
    if name:
        share = f"{rate / base:.2f} of directly" if base else ""
        took = time.process_time() - cpu
        say(f"  {name:32}{rate:>9,.0f} lines/s  {took:5.2f} CPU s  {share}")
    return rate


def direct(server: RealInflux, bucket: str) -> Callable[[bytes], None]:
    pool = urllib3.PoolManager(retries=False)
    url = f"{server.url}/api/v2/write?org={server.org}&bucket={bucket}&precision=ns"

    def send(body: bytes) -> None:
        headers = {"Authorization": f"Token {server.token}"}
        assert pool.request("POST", url, body=body, headers=headers).status == 204

    return send


def writer(store: InfluxStore) -> Callable[[bytes], None]:
    def send(body: bytes) -> None:
        assert len(store.write(body)) <= 1

    return send


def bodies(faulty: int = 0) -> Iterator[bytes]:
    """Five hundred agents in turn, each with a line of its own every 10 s."""
    for number in range(BODIES):
        lines = [line(number * LINES + n) for n in range(LINES)]
        if faulty and number % faulty == faulty - 1:
            lines[LINES // 2] = b'net,agent=a1 bytes_recv="many" %d\n' % NOW
        yield b"".join(lines)


def line(n: int) -> bytes:
    agent, tick = n % 500, n // 500
    tags = b"net,region=330100,school=s%d,agent=a%d,interface=eth0" % (agent // 2, agent)
    fields = b"bytes_recv=%di,bytes_sent=%di,err_in=0i,load=%d.25" % (n * 97, n * 31, n % 100)
    return b"%b %b %d\n" % (tags, fields, NOW - HISTORY + tick * 10 * SECOND)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 — a command for the terminal


if __name__ == "__main__":
    main()

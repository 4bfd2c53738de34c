"""How fast the InfluxDB store writes, beside sending the same bytes without looking at them.

    SCHOOLWATCH_TEST_INFLUXD1=… SCHOOLWATCH_TEST_INFLUXD2=… python -m tests.bench.influx_store

One writer, each body durable (204) before the next; CPU seconds are those of the writer alone. Then
one body in ten with a line of another type, which the store has to find.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
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
    for bucket in ("warm", "direct", "store", "faulty"):
        server.make_bucket(bucket)
    for body in bodies():
        direct(server, "warm")(body)
    with closing(server.store("store")) as store, closing(server.store("faulty")) as faulty:
        ways = [
            Way("directly", direct(server, "direct"), list(bodies())),
            Way("InfluxStore", writer(store), list(bodies())),
            Way("the same, a bad line in each 10th", writer(faulty), list(bodies(faulty=10))),
        ]
        # In turn, body by body, so that what else the machine does falls on all of them.
        for number in range(BODIES):
            for way in ways:
                way.send_one(number)
    for way in ways:
        way.tell(ways[0].wall)


@dataclass
class Way:
    """One way of writing, and what it took so far, in seconds."""

    name: str
    send: Callable[[bytes], None]
    bodies: list[bytes]
    wall: float = 0.0
    cpu: float = 0.0

    def send_one(self, number: int) -> None:
        begin, cpu = time.perf_counter(), time.process_time()
        self.send(self.bodies[number])
        self.wall += time.perf_counter() - begin
        self.cpu += time.process_time() - cpu

    def tell(self, peer: float) -> None:
        rate = LINES * BODIES / self.wall
        share = f"{peer / self.wall:.2f} of directly"
        say(f"  {self.name:36}{rate:>9,.0f} lines/s  {self.cpu:5.2f} CPU s  {share}")


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

"""How many lines a second the collector takes in, every line checked.

    python -m tests.bench.intake [batches] [filtered]

Three ways in one run: every line taken apart and nothing else (the peer), everything but a
database (judge, ledger, dead letters, receipts), and the same into SQLite. With `filtered` each
line has only some of its fields, as after the change filter, in ever other combinations. Then what
counting everybody's series costs of the check of lines, as the least of several turns each.
"""

import asyncio
import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from collector.cardinality import Cardinality
from collector.cardinalitywatch import CardinalityWatch
from collector.config import CollectorConfig, CollectorTable
from collector.inbox import SHOWN
from collector.intake import Accounted, Arrival, arrive, read_batch
from collector.linecheck import LineCheck
from collector.lineheads import HeadCache
from collector.parts import open_books
from collector.patience import Patience
from collector.readings import Readings
from collector.sorting import Sorter
from collector.store.base import RefusedLine, Store
from collector.store.sqlite import SqliteStore
from core import clock, lineprotocol, wire
from core.catalog import CATALOG
from core.mqtt import Message
from core.wire import Header

AGENTS, ROUNDS, TURNS = 20, 3, 5
REGION = "330100"


class NullStore:
    """Takes everything and keeps nothing."""

    def write(self, lines: bytes) -> Sequence[RefusedLine]:
        return ()


def body(epoch: str, seq: int, at: int) -> bytes:
    """What an agent sends of three rounds of its host probes."""
    lines = []
    for round_ in range(ROUNDS):
        time_ns = at + round_ * 10 * clock.SECOND
        for core in ("cpu-total", "cpu0", "cpu1"):
            fields = f"usage_user={seq % 90}.5,usage_system=3.25,usage_idle=91.0,usage_iowait=0.1"
            lines.append(f"cpu,cpu={core} {fields} {time_ns}")
        lines.append(f"mem available={seq * 4096}i,used={seq * 512}i,used_percent=41.5 {time_ns}")
        lines.append(f"disk,path=/ free={seq * 4096}i,used_percent=71.25 {time_ns}")
        for port in ("eth0", "wlan0"):
            lines.append(f"net,interface={port} bytes_recv={seq}i,bytes_sent={seq}i {time_ns}")
        lines.append(
            f"ping,url=192.0.2.1 average_response_ms=4.5,percent_packet_loss=0.0 {time_ns}"
        )
    return wire.seal(Header(epoch, seq, len(lines)), [line.encode() for line in lines])


CPU = list(CATALOG["cpu"].fields)
MEM = list(CATALOG["mem"].fields)[:10]


def filtered(epoch: str, seq: int, at: int) -> bytes:
    """What is left by the change filter of so many lines, with some fields of each."""
    chance = random.Random(seq)
    lines = []
    for number in range(8 * ROUNDS):
        time_ns = at + number * clock.SECOND
        if number % 2:
            some = chance.sample(CPU, chance.randint(1, len(CPU)))
            fields = ",".join(f"{name}={chance.random() * 100:.2f}" for name in CPU if name in some)
            lines.append(f"cpu,cpu=cpu-total {fields} {time_ns}")
        else:
            some = chance.sample(MEM, chance.randint(1, len(MEM)))
            fields = ",".join(f"{name}={chance.getrandbits(33)}i" for name in MEM if name in some)
            lines.append(f"mem {fields} {time_ns}")
    return wire.seal(Header(epoch, seq, len(lines)), [line.encode() for line in lines])


def arrivals(batches: int, made_by: Callable[[str, int, int], bytes] = body) -> list[Arrival]:
    """Batches of twenty agents in turn, as they come from the broker."""
    now, epochs = clock.now(), [wire.new_epoch() for _ in range(AGENTS)]
    made = []
    for number in range(batches):
        agent, seq = number % AGENTS, number // AGENTS + 1
        at = now - (batches - number) * 30 * clock.SECOND // AGENTS
        payload = wire.pack(made_by(epochs[agent], seq, at))
        topic = f"schoolwatch/v1/{REGION}/school-{agent}/host/readings"
        made.append(arrive(Message(topic, payload, False, 1, 1), now))
    return made


def parse(waiting: Sequence[Arrival]) -> int:
    """Take every line apart; return how many there were."""
    lines = 0
    for arrival in waiting:
        _, rest = wire.split_header(wire.unpack(arrival.payload))
        for line in rest.splitlines():
            lineprotocol.parse(line)
            lines += 1
    return lines


async def take_in(waiting: Sequence[Arrival], store: Store, folder: Path) -> int:
    """Do what the collector does between the broker and the receipt; return the lines stored."""
    config = CollectorConfig(collector=CollectorTable(regions=(REGION,), folder=folder))
    books = open_books(config, lambda _topic, _payload: None, clock.now)
    patience = Patience(asyncio.Event(), partial(books.held_up, "readings"))
    guard = CardinalityWatch(books, config.store.max_series, clock.now).cardinality
    check = LineCheck(HeadCache(takes=guard.takes))
    readings = Readings(store, Sorter({REGION}, books.ledger.rows, check), books, patience)
    at = 0
    while at < len(waiting):
        at += await readings.handle(waiting[at : at + SHOWN])
    books.receipts.flush()
    books.ledger.close()
    return books.counters.total("lines_stored")


def checked(waiting: Sequence[Arrival], cache: HeadCache) -> float:
    """Check the lines of all; return the CPU time (s)."""
    check, began = LineCheck(cache), time.process_time()
    for arrival in waiting:
        taken = read_batch(arrival, {REGION})
        assert isinstance(taken, Accounted)
        check.check(taken.lines, taken.who, arrival.at, accounted=True)
    return time.process_time() - began


def guarded(waiting: Sequence[Arrival]) -> tuple[float, float]:
    """Return the CPU time of the check without and with the guard of series."""
    caches = (HeadCache(), HeadCache(takes=Cardinality(1_000, {}).takes))
    for cache in caches:
        checked(waiting, cache)  # heads are worked out once in six hours, not with each turn
    least = [float("inf"), float("inf")]
    for turn in range(2 * TURNS):
        # In turns of the one and the other first, for the second has the warmer machine.
        for kind in ((0, 1), (1, 0))[turn % 2]:
            gc.collect()
            least[kind] = min(least[kind], checked(waiting, caches[kind]))
    return least[0], least[1]


def main(batches: int, made_by: Callable[[str, int, int], bytes]) -> None:
    """Print lines a second of each way, and its ratio to plain parsing."""
    waiting = arrivals(batches, made_by)
    began = time.perf_counter()
    lines = parse(waiting)
    plain = lines / (time.perf_counter() - began)
    say(f"{lines} lines in {batches} batches of {AGENTS} agents")
    say(f"plain parsing          {plain:10,.0f} lines/s")
    with tempfile.TemporaryDirectory() as name:
        for title, kind in (("into nothing", "null"), ("into SQLite", "sqlite")):
            folder = Path(name) / kind
            folder.mkdir()
            store = SqliteStore(folder / "store.db") if kind == "sqlite" else NullStore()
            began, cpu = time.perf_counter(), time.process_time()
            stored = asyncio.run(take_in(waiting, store, folder))  # type: ignore[arg-type]
            speed = lines / (time.perf_counter() - began)
            assert stored == lines, "not every line was stored"
            used = (time.process_time() - cpu) / lines * 1e6
            say(
                f"{'intake, ' + title:<22} {speed:10,.0f} lines/s, "
                f"{speed / plain:.2f} of plain, {used:.1f} µs CPU a line"
            )
    without, with_it = guarded(waiting)
    say(
        f"unpacking and check    {without / lines * 1e6:.2f} µs CPU a line, "
        f"{with_it / lines * 1e6:.2f} with series counted ({with_it / without - 1:+.1%})"
    )


def say(text: str) -> None:
    """Print *text* to the terminal."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 4_000,
        filtered if "filtered" in sys.argv else body,
    )

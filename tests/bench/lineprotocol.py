"""Lines a second of reading and writing line protocol, beside a peer in the same run.

    python -m tests.bench.lineprotocol

Goal: 200,000 lines a second through what the collector does with each line (split_line, the head
looked up, parse_fields of two fields). Reading is compared with only splitting the same lines at
their spaces, commas and equals signs; writing with influxdb_client's Point.to_line_protocol.
"""

import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from influxdb_client.client.write.point import Point as PeerPoint

from core import lineprotocol
from core.types import Reading

T = TypeVar("T")
ROUNDS, LINES = 5, 50_000
AT = 1_795_374_585_000_000_000

TAGS = {"interface": "eth0", "room": "3-204"}

KINDS: dict[str, Callable[[int], Reading]] = {
    "2 integers": lambda n: Reading(
        "net", {"recv": 123_456_789 + n, "sent": 456 + n}, AT + n, TAGS
    ),
    "2 floats": lambda n: Reading("cpu", {"user": 0.25 * (n % 400), "idle": n / 7}, AT + n, TAGS),
    "10 integers": lambda n: Reading("mem", {f"field_{f}": n * f for f in range(10)}, AT + n, TAGS),
    "2 strings": lambda n: Reading("agent", {"a": "0.1.0", "b": f'said "{n}", ok'}, AT + n, TAGS),
    "2 Chinese names": lambda n: Reading(
        "机房", {"温度": n % 9 + 0.5, "湿度": n % 99}, AT + n, TAGS
    ),
}


def collect(lines: Sequence[bytes]) -> None:
    """Do with each line what the collector does."""
    heads: dict[bytes, tuple[str, dict[str, str]]] = {}
    for line in lines:
        head, fields, _ = lineprotocol.split_line(line)
        if head not in heads:
            heads[head] = lineprotocol.parse_head(head)
        lineprotocol.parse_fields(fields)


def parse_whole(lines: Sequence[bytes]) -> None:
    """Parse each line with head and time."""
    for line in lines:
        lineprotocol.parse(line)


def only_split(lines: Sequence[bytes]) -> None:
    """Split each line as if nothing could be escaped or wrong; no value is read."""
    for line in lines:
        _, fields, _ = line.split(b" ", 2)
        dict([item.partition(b"=")[::2] for item in fields.split(b",")])


def encode(readings: Sequence[Reading]) -> None:
    """Write each reading as a line."""
    for reading in readings:
        lineprotocol.encode(reading)


def encode_as_peer(readings: Sequence[Reading]) -> None:
    """Write each reading as a line with influxdb_client."""
    for reading in readings:
        point = PeerPoint(reading.measurement).time(reading.at)  # type: ignore[no-untyped-call]
        for key, tag in reading.tags.items():
            point = point.tag(key, tag)
        for key, value in reading.fields.items():
            point = point.field(key, value)
        point.to_line_protocol()


def rate(work: Callable[[Sequence[T]], None], items: Sequence[T]) -> float:
    """Return items a second in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work(items)
        best = min(best, time.perf_counter() - began)
    return len(items) / best


def main() -> None:
    """Print one row for each kind of line."""
    row = "{:<16} {:>10} {:>10} {:>10} {:>9} {:>10} {:>9}\n".format
    sys.stdout.write(
        row("lines/s", "collector", "parse", "splitting", "collector", "encode", "encode")
    )
    sys.stdout.write(row("", "", "whole", "only", "/splitting", "", "/peer"))
    for kind, reading in KINDS.items():
        readings = [reading(n) for n in range(LINES)]
        lines = [lineprotocol.encode(each) for each in readings]
        collector, split = rate(collect, lines), rate(only_split, lines)
        encoded, peer = rate(encode, readings), rate(encode_as_peer, readings)
        figures = [f"{each:,.0f}" for each in (collector, rate(parse_whole, lines), split, encoded)]
        ratios = [f"{collector / split:.2f}", f"{encoded / peer:.2f}"]
        sys.stdout.write(row(kind, *figures[:3], ratios[0], figures[3], ratios[1]))


if __name__ == "__main__":
    main()

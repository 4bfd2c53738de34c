"""What the probes of a school's machine would measure, made up.

Counters grow, loads wander. The same seed gives the same readings again.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from core.lineprotocol import encode
from core.types import Reading, Value

HOUSE: Final = 6
"""Readings that every machine has: memory, two of the processor, a disk, a line, a ping."""

MEMORY: Final = 16_000_000_000
DISK: Final = 500_000_000_000


@dataclass(slots=True)
class Host:
    """One machine; `lines` readings at a time, those beyond HOUSE of further interfaces."""

    seed: int
    lines: int = 8
    _rng: random.Random = field(init=False)
    _traffic: list[int] = field(init=False)
    _load: float = 20.0

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)  # noqa: S311 — for play
        self._traffic = [self._rng.randrange(10**9) for _ in range(max(1, self.lines - HOUSE + 1))]

    def measure(self, at: int) -> list[bytes]:
        """Return a round of readings at *at* (ns) as lines of line protocol."""
        self._load = min(95.0, max(1.0, self._load + self._rng.uniform(-5, 5)))
        made = [Reading(name, fields, at, tags) for name, tags, fields in self._round()]
        return [encode(reading) for reading in made[: self.lines]]

    def _round(self) -> Iterator[tuple[str, dict[str, str], dict[str, Value]]]:
        load, uniform = round(self._load, 2), self._rng.uniform
        used = int(MEMORY * (0.3 + load / 200))
        yield (
            "mem",
            {},
            {
                "available": MEMORY - used,
                "used": used,
                "used_percent": round(100 * used / MEMORY, 3),
            },
        )
        for cpu in ("cpu-total", "cpu0"):
            fields: dict[str, Value] = {
                "usage_user": load,
                "usage_system": round(load / 4, 2),
                "usage_idle": round(100 - load * 1.25, 2),
                "usage_iowait": round(uniform(0, 1), 2),
            }
            yield "cpu", {"cpu": cpu}, fields
        free = DISK - self._traffic[0] % (DISK // 2)
        tags = {"path": "/", "device": "sda1", "fstype": "ext4", "mode": "rw"}
        yield "disk", tags, {"free": free, "used_percent": round(100 - 100 * free / DISK, 3)}
        answer = round(uniform(2, 9), 3)
        yield (
            "ping",
            {"url": "192.0.2.1"},
            {
                "average_response_ms": answer,
                "maximum_response_ms": round(answer * 1.5, 3),
                "percent_packet_loss": 0.0,
            },
        )
        for number in range(len(self._traffic)):
            self._traffic[number] += self._rng.randrange(2_000_000)
            sent = self._traffic[number]
            counters: dict[str, Value] = {
                "bytes_recv": sent * 7,
                "bytes_sent": sent,
                "packets_recv": sent // 150,
                "packets_sent": sent // 900,
            }
            yield "net", {"interface": f"eth{number}"}, counters

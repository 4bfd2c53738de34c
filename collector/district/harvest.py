"""From lines to what targets are made of: outcomes of probes, samples of lines, heartbeats."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from collector.outside import SchoolKey
from core import lineprotocol
from core.errors import LineError
from core.types import Identity

# Of lines that were checked already, of which one field is wanted among many.
_SUCCESS: Final = re.compile(rb"(?:^|,)success=(-?\d+)i")
_BATCHES: Final = re.compile(rb"(?:^|,)spool_batches=(\d+)i")
# What one sample carried. Not the peaks that an agent tells: they look a week back, across the days
# and months that are measured here.
_SAMPLES: Final = re.compile(rb"(?:^|,)(?:recv|sent)_mbit_s=([-+.\deE]+)")
MOST_HEADS: Final = 100_000


class Outcome(NamedTuple):
    """One probe of one web server; `head` names its series."""

    key: SchoolKey
    head: bytes
    at: int
    ok: bool


class Carried(NamedTuple):
    """What a school's line carried in one sample, in the direction that carried more (Mbit/s)."""

    key: SchoolKey
    at: int
    mbps: float


class Beat(NamedTuple):
    """How many batches an agent said to hold."""

    at: int
    batches: int


@dataclass(slots=True)
class Harvest:
    """What a turn has to take in."""

    outcomes: list[Outcome] = field(default_factory=list)
    carried: list[Carried] = field(default_factory=list)
    beats: dict[Identity, Beat] = field(default_factory=dict)


class _Head(NamedTuple):
    measurement: str
    who: Identity
    wanted: bool


class Reader:
    """Reads lines, and remembers what their heads mean, which repeat.

    Of probes those of *platforms* count; of all servers where none is named.
    """

    def __init__(self, platforms: Collection[str] = ()) -> None:
        self._platforms, self._heads = frozenset(platforms), dict[bytes, _Head]()

    def read(self, lines: Iterable[bytes]) -> Harvest:
        """Return what *lines* say; one that cannot be read is none of ours, and is left out."""
        found = Harvest()
        for line in lines:
            try:
                self._read(line, found)
            except (LineError, ValueError, KeyError):
                continue
        return found

    def _read(self, line: bytes, found: Harvest) -> None:
        raw, fields, time = lineprotocol.split_line(line)
        head = self._heads.get(raw) or self._learn(raw)
        if not head.wanted:
            return
        at, key = lineprotocol.parse_time(time), (head.who.region, head.who.school)
        if head.measurement == "http_response":
            success = _SUCCESS.search(fields)
            if success:
                found.outcomes.append(Outcome(key, raw, at, success[1] == b"1"))
        elif head.measurement == "bandwidth":
            samples = [float(one) for one in _SAMPLES.findall(fields)]
            if samples:
                found.carried.append(Carried(key, at, max(samples)))
        else:
            batches, before = _BATCHES.search(fields), found.beats.get(head.who)
            if batches and (before is None or at >= before.at):
                found.beats[head.who] = Beat(at, int(batches[1]))

    def _learn(self, raw: bytes) -> _Head:
        if len(self._heads) >= MOST_HEADS:
            self._heads.clear()
        name, tags = lineprotocol.parse_head(raw)
        wanted = name != "http_response" or not self._platforms
        who = Identity(tags["region"], tags["school"], tags["agent"])
        head = _Head(name, who, wanted or tags.get("server") in self._platforms)
        self._heads[raw] = head
        return head

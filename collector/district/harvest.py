"""From lines to what targets are made of: outcomes of probes, samples of lines, heartbeats."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from collector.outside import SchoolKey
from core import lineprotocol
from core.errors import LineError
from core.types import Identity

SAMPLES: Final = ("recv_mbit_s", "sent_mbit_s")
"""What one sample carried. Not the peaks that an agent tells: they look a week back, across the
days and months that are measured here."""
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
        values, at = lineprotocol.parse_fields(fields), lineprotocol.parse_time(time)
        key = (head.who.region, head.who.school)
        if head.measurement == "http_response":
            success = values.get("success")
            if isinstance(success, int):
                found.outcomes.append(Outcome(key, raw, at, success == 1))
        elif head.measurement == "bandwidth":
            samples = [value for name in SAMPLES if isinstance(value := values.get(name), float)]
            if samples:
                found.carried.append(Carried(key, at, max(samples)))
        else:
            batches = values.get("spool_batches")
            before = found.beats.get(head.who)
            if isinstance(batches, int) and (before is None or at >= before.at):
                found.beats[head.who] = Beat(at, batches)

    def _learn(self, raw: bytes) -> _Head:
        if len(self._heads) >= MOST_HEADS:
            self._heads.clear()
        name, tags = lineprotocol.parse_head(raw)
        wanted = name != "http_response" or not self._platforms
        who = Identity(tags["region"], tags["school"], tags["agent"])
        head = _Head(name, who, wanted or tags.get("server") in self._platforms)
        self._heads[raw] = head
        return head

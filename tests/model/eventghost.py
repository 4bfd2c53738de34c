"""What the model knows of events: what every batch said, and what the collector must say of it.

Like `tests/model/ghost.py`, it looks into the files: of the audit log, which is read here line by
line since the program that opens it mends it, and of the database.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from collector.auditrecord import BATCH, line_of
from core import messages
from core.types import BatchKey, Identity, Value
from tests.model.district import District, MemoryStore

_SAID: Final = ("kind", "target", "subject", "active", "at", "details")


class EventBatch(NamedTuple):
    """A batch of events; two with one key differ in `crc`."""

    who: str
    epoch: str
    seq: int
    crc: str


@dataclass
class EventGhost:
    """Bodies by batch, and the log as it was at the last look."""

    bodies: dict[EventBatch, bytes] = field(default_factory=dict)
    lines: list[bytes] = field(default_factory=list)
    has: defaultdict[EventBatch, set[int]] = field(default_factory=lambda: defaultdict(set))
    """The indexes that the log has of each batch."""

    def look(self, district: District) -> None:
        """Read what is new in the log: each record is what was sent, once, and in one order."""
        lines = whole_lines(district)
        assert lines[: len(self.lines)] == self.lines, "the audit log's history was changed"
        for row, line in enumerate(lines[len(self.lines) :], len(self.lines) + 1):
            self._record(row, _record(line))
        self.lines = lines
        if district.alive:
            rows = [line_of(row) for row in district.books.journal.rows.all_after(0)]
            assert rows[: len(lines)] == lines, "the database differs from the audit log"

    def tells(self, batch: EventBatch) -> bool:
        """Return whether the log has every event of *batch*, under this key or a later one."""
        return self.has[batch] == _indexes(self.bodies[batch])

    def same_as(self, batch: EventBatch) -> list[EventBatch]:
        """Return *batch*, and those that the same agent sealed anew with its content."""
        said = _content(self.bodies[batch])
        return [
            other
            for other, body in self.bodies.items()
            if other.who == batch.who and _content(body) == said
        ]

    def look_at_points(self, store: MemoryStore, *, all_of_them: bool) -> None:
        """The points of the store are the rows of the log, each under its number."""
        told: dict[Value, tuple[Value, ...]] = {
            row: tuple(json.loads(line)[name] for name in ("kind", "subject", "active"))
            for row, line in enumerate(self.lines, 1)
        }
        points = dict(store.events.values())
        assert len(points) == len(store.events), "two points have one row"
        for row, said in points.items():
            assert told.get(row) == said, f"a point of row {row} that the audit log has not"
        missing = told.keys() - points.keys()
        assert not (all_of_them and missing), f"no points of the rows {missing}"

    def _record(self, row: int, record: dict[str, Any]) -> None:
        assert record["row"] == row, f"row {record['row']} stands in the place of {row}"
        if record["agent"].count("/") != 2:
            return
        batch = EventBatch(record["agent"], record["epoch"], record["seq"], record["crc"])
        index, before = record["index"], self.has[batch]
        assert index not in before, "an event is twice in the audit log"
        assert index > max(before, default=BATCH - 1), "the events of a batch changed places"
        before.add(index)
        assert batch in self.bodies, f"nobody sent {batch}"
        if index != BATCH:
            sent = _events(self.bodies[batch])[index]
            assert {name: record[name] for name in _SAID} == sent, f"not what was sent: {record}"


def whole_lines(district: District) -> list[bytes]:
    """Return the log's lines; what a crash tore at its end is no line."""
    files = sorted((district.folder / "audit").glob("*.jsonl"))
    return [
        line
        for file in files
        for line in file.read_bytes().splitlines(keepends=True)
        if line.endswith(b"\n")
    ]


def batch_of(who: Identity, key: BatchKey, crc: int) -> EventBatch:
    """Return the name of a batch in a spool."""
    return EventBatch(str(who), key.epoch, key.seq, messages.crc_text(crc))


def _record(line: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        raise AssertionError(f"a line of the audit log is no record: {line!r}") from None
    return found


@lru_cache(4_096)
def _events(body: bytes) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in body.splitlines()[1:]]
    return [{name: line[name] for name in _SAID} for line in lines]


def _indexes(body: bytes) -> set[int]:
    """Return the indexes of a batch's rows; a full one, and an empty one, have one as a whole."""
    found = set(range(len(_events(body))))
    header = json.loads(body.partition(b"\n")[0])
    return found | {BATCH} if header.get("full") or not found else found


@lru_cache(4_096)
def _content(body: bytes) -> tuple[str, bytes]:
    first, _, rest = body.partition(b"\n")
    header = {n: v for n, v in json.loads(first).items() if n not in ("epoch", "seq")}
    return json.dumps(header, sort_keys=True), rest

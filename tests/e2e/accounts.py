"""What a collector's files and its database have: ledger, store, audit log, dead letters.

Read beside the collector, or after it was killed; nothing here asks the program.
"""

import base64
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from collector import ledgerfile
from collector.auditrecord import EventRow, row_of
from collector.lanerow import LaneRow
from collector.ledger import LaneKey
from collector.store.base import RangeQuery, Store
from core import wire
from core.catalog import CATALOG, IDENTITY_TAGS, OURS
from core.lineprotocol import parse
from core.types import Identity, Value
from tests.collector.desk import letters_in

Point = tuple[str, tuple[tuple[str, str], ...], str, int, Value]
"""Measurement, tags, field, time, value."""

EVER = 2**62


@dataclass(frozen=True)
class Accounts:
    """All of it; `records` are the audit log's lines, `rows` what the ledger's file has of them."""

    lanes: dict[LaneKey, LaneRow]
    records: list[EventRow]
    rows: list[EventRow]
    stored: "Counter[Point]"
    refused: set[bytes]
    """The lines in dead letters."""


def read(folder: Path, store: Store, agents: Iterable[Identity]) -> Accounts:
    """Return what stands in a collector's *folder* and in its *store* of *agents*."""
    records = [*_records(folder / "audit")]  # before the rows, which it follows
    lanes, rows = _ledger(folder / "ledger.db")
    stored: Counter[Point] = Counter()
    for who in agents:
        stored.update(points_in(store, who))
    return Accounts(lanes, records, rows, stored, set(_refused(folder)))


def points_of(line: bytes, who: Identity) -> Iterator[Point]:
    """Return what a reading becomes in the store: a point a field, with the sender's tags."""
    said = parse(line)
    assert said.at is not None
    identity = {"region": who.region, "school": who.school, "agent": who.agent}
    tags = tuple(sorted((said.tags | identity).items()))
    for name, value in said.fields.items():
        yield (said.measurement, tags, name, said.at, value)


def points_in(store: Store, who: Identity) -> Iterator[Point]:
    """Return every point of *who* that the store has, by the store's own contract."""
    for measurement in CATALOG.values():
        if measurement.name in OURS:
            continue  # written by the collector, and no reading of an agent
        tags = (*measurement.tags, *IDENTITY_TAGS)
        for name in measurement.fields:
            query = RangeQuery(
                measurement.name, name, 0, EVER,
                tags={"school": who.school, "agent": who.agent}, group_by=tags, limit=10**7,
            )  # fmt: skip
            for series in store.range(query):
                present = tuple(sorted((k, v) for k, v in series.tags.items() if v))
                for at, value in series.points:
                    yield (measurement.name, present, name, at, value)


def _ledger(path: Path) -> tuple[dict[LaneKey, LaneRow], list[EventRow]]:
    lanes = f"""SELECT region, school, agent.agent, epoch, lane, {ledgerfile.COLUMNS}
        FROM lane JOIN agent ON agent.id = lane.agent"""
    rows = "SELECT who, epoch, seq, i, crc, received, body, row FROM event ORDER BY row"
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as db:
        db.execute("BEGIN")
        found = {
            LaneKey(Identity(*row[:3]), row[3], row[4]): ledgerfile.lane_row(row[5:])
            for row in db.execute(lanes)
        }
        return found, [EventRow(*row) for row in db.execute(rows)]


def _records(folder: Path) -> Iterator[EventRow]:
    for path in sorted(folder.glob("*.jsonl")):
        # What follows the last newline is being written, or was when the collector was killed.
        yield from map(row_of, path.read_bytes().split(b"\n")[:-1])


def _refused(folder: Path) -> Iterator[bytes]:
    for letter in letters_in(folder):
        yield from wire.unpack(base64.b64decode(letter["payload"])).splitlines()

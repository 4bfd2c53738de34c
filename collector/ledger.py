"""What arrived: the keys of every batch, by agent, epoch and lane, and each agent's last birth.

The store is written first and the ledger second, so a crash in between only repeats a write that
overwrites itself. A receipt is sent for nothing that does not stand here, synced to the disk.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import msgspec

from collector import births, ledgerfile
from collector.births import AgentState, Expected
from collector.lanerow import LaneRow, Standing
from collector.picture import Known
from collector.ranges import Ranges
from core.messages import Birth, Drop
from core.types import BatchKey, Identity, Lane


class LaneKey(NamedTuple):
    """Names one row."""

    who: Identity
    epoch: str
    lane: Lane


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch that is to be accounted; `refused` counts its lines that nobody will store."""

    who: Identity
    key: BatchKey
    crc: int
    standing: Standing
    refused: int
    at: int

    @property
    def row(self) -> LaneKey:
        """The row that it belongs to."""
        return LaneKey(self.who, self.key.epoch, self.key.lane)


class Ledger:
    """Every method blocks, may be called from any thread, and may raise sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._path, self._db = path, ledgerfile.connect(path)
        self._lock = Lock()

    def rows(self, keys: Iterable[LaneKey]) -> dict[LaneKey, LaneRow]:
        """Return the rows of *keys*; an empty one where nothing is known."""
        with self._lock:
            return {key: self._row(key) for key in keys}

    def commit(self, entries: Sequence[Entry]) -> None:
        """Account *entries* in one transaction, durable on return."""
        with self.transaction():
            self.account(entries)

    def account(self, entries: Sequence[Entry]) -> None:
        """Account *entries* in the transaction that is under way."""
        rows: dict[LaneKey, LaneRow] = {}
        for entry in entries:
            row = rows.get(entry.row) or self._row(entry.row)
            rows[entry.row] = _accounted(row, entry)
        for key, row in rows.items():
            self._save(key, row)

    def report(self, key: LaneKey, high: int, dropped: Sequence[Drop], spool: str) -> None:
        """Keep what a birth said of one lane, in the transaction that is under way."""
        self._save(key, self._row(key).with_report(high, dropped, spool))

    def take(self, states: Mapping[Identity, AgentState]) -> dict[Identity, AgentState]:
        """Keep each agent's state, and what its birth reports; return them with `expected`."""
        with self.transaction():
            return {who: self._take(who, state) for who, state in states.items()}

    def keep_known(self, known: Mapping[Identity, Known]) -> None:
        """Keep when agents were last heard of, so that a restart restores the picture."""
        with self.transaction():
            for who, what in known.items():
                self._save_known(self._id(who), what)

    def agents(self) -> dict[Identity, AgentState]:
        """Return every agent as it was left; raises StartError for a damaged file."""
        query = """SELECT region, school, agent.agent,
            max(last_arrival, coalesce((SELECT max(last_at) FROM lane WHERE agent = id), 0)),
            changed_at, dead, stopped, birth, seen FROM agent"""
        try:
            with self._lock:
                found = self._db.execute(query).fetchall()
                return dict(self._restored(*row) for row in found)
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise ledgerfile.unreadable(self._path, error) from error

    def counter(self) -> int:
        """Return the commit counter (wire.md, rule 7)."""
        with self._lock:
            (value,) = self._db.execute("SELECT value FROM counter").fetchone()
        return int(value)

    def set_counter(self, value: int) -> None:
        """Keep the commit counter."""
        with self.transaction():
            self._db.execute("UPDATE counter SET value = ?", (value,))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the file for the length of a `with`; all of it is durable at the end, or nothing.

        For what lies beside the ledger and has to be committed with it; call no other method but
        `account` and `report` inside.
        """
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _id(self, who: Identity) -> int:
        names = (who.region, who.school, who.agent)
        self._db.execute(
            "INSERT INTO agent (region, school, agent) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            names,
        )
        query = "SELECT id FROM agent WHERE region = ? AND school = ? AND agent = ?"
        (found,) = self._db.execute(query, names).fetchone()
        return int(found)

    def _row(self, key: LaneKey) -> LaneRow:
        query = """SELECT received, crcs, high, refused_lines, repeats, conflicts, spool, dropped,
            first_at, last_at FROM lane WHERE epoch = ? AND lane = ? AND agent =
            (SELECT id FROM agent WHERE region = ? AND school = ? AND agent = ?)"""
        who = key.who
        names = (key.epoch, key.lane, who.region, who.school, who.agent)
        found = self._db.execute(query, names).fetchone()
        if found is None:
            return LaneRow()
        received, crcs, high, refused, repeats, conflicts, spool, dropped, first_at, last_at = found
        drops = msgspec.json.decode(dropped, type=tuple[Drop, ...])
        ranges = Ranges.decode(received)
        return LaneRow(
            ranges, crcs, high, refused, repeats, conflicts, spool, drops, first_at, last_at
        )

    def _save(self, key: LaneKey, row: LaneRow) -> None:
        values = (
            *(self._id(key.who), key.epoch, key.lane, row.received.encode(), row.crcs, row.high),
            *(row.refused_lines, row.repeats, row.conflicts, row.spool),
            *(msgspec.json.encode(row.dropped).decode(), row.first_at, row.last_at),
        )
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT OR REPLACE INTO lane VALUES ({marks})", values)  # noqa: S608

    def _take(self, who: Identity, state: AgentState) -> AgentState:
        number, birth = self._id(who), state.birth
        self._save_known(number, state.known)
        self._db.execute(
            "UPDATE agent SET birth = ?, seen = ? WHERE id = ?",
            (
                birth and msgspec.json.encode(birth),
                msgspec.json.encode(state.seen).decode(),
                number,
            ),
        )
        if birth is None:
            return state
        for report in birth.epochs:
            key = LaneKey(who, report.epoch, report.lane)
            old = self._row(key)
            new = old.with_report(report.high, report.dropped, birth.spool)
            if new != old:
                self._save(key, new)
        return self._settled(number, replace(state, expected=self._expected(who, birth)))

    def _settled(self, number: int, state: AgentState) -> AgentState:
        # Crcs notice a key that comes with other bytes. Nobody sends batches of a closed epoch.
        assert state.birth is not None
        if not state.birth.more:
            open_epochs = {report.epoch for report in state.birth.epochs} - {*births.closed(state)}
            kept = msgspec.json.encode([*open_epochs, state.birth.epoch]).decode()
            self._db.execute(
                "UPDATE lane SET crcs = x'' WHERE agent = ? AND crcs != x'' "
                "AND epoch NOT IN (SELECT value FROM json_each(?))",
                (number, kept),
            )
        return state

    def _expected(self, who: Identity, birth: Birth) -> Expected:
        return {
            (report.epoch, report.lane): births.held(report)
            - self._row(LaneKey(who, report.epoch, report.lane)).received
            for report in birth.epochs
        }

    def _save_known(self, number: int, known: Known) -> None:
        self._db.execute(
            "UPDATE agent SET last_arrival = ?, changed_at = ?, dead = ?, stopped = ? WHERE id = ?",
            (known.last_arrival, known.changed_at, known.dead, known.stopped, number),
        )

    def _restored(self, *row: Any) -> tuple[Identity, AgentState]:
        region, school, agent, last_arrival, changed_at, dead, stopped, birth_json, seen_json = row
        who = Identity(region, school, agent)
        known = Known(last_arrival, changed_at, bool(dead), bool(stopped))
        birth = birth_json and msgspec.json.decode(birth_json, type=Birth)
        seen = msgspec.json.decode(seen_json, type=dict[str, int])
        return who, AgentState(known, birth, seen, self._expected(who, birth) if birth else {})


def _accounted(row: LaneRow, entry: Entry) -> LaneRow:
    if entry.standing == "conflict":
        return replace(row, conflicts=row.conflicts + 1)
    if row.standing(entry.key.seq, entry.crc) != "new":
        return replace(row, repeats=row.repeats + 1, last_at=max(row.last_at, entry.at))
    return row.with_batch(entry.key.seq, entry.crc, entry.refused, entry.at)

"""What arrived: the keys of every batch, by agent, epoch and lane, and each agent's last birth.

The store is written first and the ledger second, so a crash in between only repeats a write that
overwrites itself. A receipt is sent for nothing that does not stand here, synced to the disk.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from collector import births, ledgerfile
from collector.births import AgentState, Expected
from collector.lanerow import LaneRow, Standing
from collector.ranges import Ranges
from collector.reasons import LastWord, Reason, missing
from collector.store.sqlite_errors import is_ours, meaning
from collector.verdicts import Known
from core.messages import Birth, EpochReport
from core.types import BatchKey, Identity, Lane

Restored = Literal["ledger", "store", "anew", "takeover"]
"""What was set back to an earlier state; or that the ledger was begun anew, or took a region over
from another collector's.
"""

_BEGUN_ANEW: Final = """INSERT INTO restore SELECT ?, 'anew'
    WHERE NOT EXISTS (SELECT 1 FROM restore WHERE what IN ('anew', 'ledger', 'takeover'))"""


Also = Callable[[sqlite3.Connection, Mapping[Identity, AgentState]], None]
"""What is committed together with the states of agents."""


class LaneKey(NamedTuple):
    """Names one row."""

    who: Identity
    epoch: str
    lane: Lane


_Rows = Mapping[LaneKey, LaneRow]


class Entry(msgspec.Struct, frozen=True):
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
        self.path, self._db = path, ledgerfile.connect(path)
        self._lock = Lock()
        self._ids: dict[Identity, int] = {}
        """Numbers of agents, which never change."""
        self._known: tuple[_Rows, _Rows] = ({}, {})
        """Rows as they are in the file: what `rows` found the last two times, since one group may
        be on its way here while the next is asked about; and what a commit wrote of them."""
        self._still: tuple[_Rows, _Rows] = ({}, {})
        """What of it will hold after the transaction that is under way."""

    def rows(self, keys: Iterable[LaneKey]) -> dict[LaneKey, LaneRow]:
        """Return the rows of *keys*; an empty one where nothing is known."""
        with self._lock:
            before, last = self._known
            found = {key: last.get(key) or before.get(key) or self._row(key) for key in keys}
            self._known = last, found
            return dict(found)

    def commit(
        self, entries: Sequence[Entry], also: Callable[[sqlite3.Connection], None] | None = None
    ) -> None:
        """Account *entries*, and do what *also* does, in one transaction, durable on return."""
        with self.transaction() as db:
            before, last = self._known
            written = self._account(entries, {**before, **last})
            self._still = written, {key: written.get(key, row) for key, row in last.items()}
            if also:
                also(db)

    def account(self, entries: Sequence[Entry]) -> None:
        """Account *entries* in the transaction that is under way."""
        self._account(entries, {})

    def _account(self, entries: Sequence[Entry], read: _Rows) -> _Rows:
        rows: dict[LaneKey, LaneRow] = {}
        for entry in entries:
            key = entry.row
            row = rows.get(key) or read.get(key) or self._row(key)
            rows[key] = _accounted(row, entry)
        for key, row in rows.items():
            self._save(key, row)
        return rows

    def report(self, who: Identity, report: EpochReport, spool: str, at: int) -> None:
        """Keep what a birth taken in at *at* said of one lane, in the transaction under way."""
        key = LaneKey(who, report.epoch, report.lane)
        self._save(key, self._row(key).with_report(report, spool, at))

    def take(
        self, states: Mapping[Identity, AgentState], also: Also = lambda _db, _kept: None
    ) -> dict[Identity, AgentState]:
        """Keep each agent's state, and what its birth reports; *also* does more with it.

        Returns them with `expected`, `awaiting`, `unexplained` and `gap` worked out.
        """
        with self.transaction() as db:
            kept = {who: self._take(who, state) for who, state in states.items()}
            also(db, kept)
            return kept

    def keep_known(self, known: Mapping[Identity, Known]) -> None:
        """Keep when agents were last heard of, so that a restart restores the picture."""
        with self.transaction():
            for who, what in known.items():
                self._save_known(self._id(who), what)

    def agents(self) -> dict[Identity, AgentState]:
        """Return every agent as it was left; raises StartError for a damaged file."""
        query = """SELECT region, school, agent.agent,
            max(last_arrival, coalesce((SELECT max(last_at) FROM lane WHERE agent = id), 0)),
            changed_at, dead, stopped, birth, seen, born_at, awaiting, turns,
            EXISTS (SELECT 1 FROM lane WHERE agent = id) FROM agent"""
        try:
            with self._lock:
                found = self._db.execute(query).fetchall()
                return dict(self._restored(*row) for row in found)
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise ledgerfile.unreadable(self.path, error) from error

    def record_restore(self, what: Restored, at: int) -> None:
        """Keep for good that ledger or store went back, noticed at *at* (ns).

        But for the store, every agent then has to answer a request before anything counts as lost.
        """
        with self.transaction():
            self.went_back(what, at)

    def went_back(self, what: Restored, at: int) -> None:
        """Keep a restore as `record_restore` does, in the transaction that is under way."""
        self._db.execute("INSERT INTO restore VALUES (?, ?)", (at, what))
        if what != "store":
            self._db.execute("UPDATE agent SET awaiting = 1")

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
        `account`, `report` and `went_back` inside.
        """
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._ids.clear()  # some may have been given in what is undone now
                self._still = {}, {}
                if isinstance(error, sqlite3.OperationalError) and not is_ours(error):
                    error.args = (str(meaning(error, self.path)),)  # SQLite names no file
                raise
            finally:
                self._known, self._still = self._still, ({}, {})

    def _id(self, who: Identity) -> int:
        number = self._known_id(who)
        if number is None:
            names = (who.region, who.school, who.agent)
            made = self._db.execute(
                "INSERT INTO agent (region, school, agent) VALUES (?, ?, ?) RETURNING id", names
            )
            number = self._ids[who] = int(made.fetchone()[0])
        return number

    def _known_id(self, who: Identity) -> int | None:
        if who not in self._ids:
            query = "SELECT id FROM agent WHERE region = ? AND school = ? AND agent = ?"
            found = self._db.execute(query, (who.region, who.school, who.agent)).fetchone()
            if found is None:
                return None
            self._ids[who] = int(found[0])
        return self._ids[who]

    def _row(self, key: LaneKey) -> LaneRow:
        query = f"SELECT {ledgerfile.COLUMNS} FROM lane WHERE agent = ? AND epoch = ? AND lane = ?"  # noqa: S608
        values = (self._known_id(key.who), key.epoch, key.lane)
        found = self._db.execute(query, values).fetchone()
        return LaneRow() if found is None else ledgerfile.lane_row(found)

    def _save(self, key: LaneKey, row: LaneRow) -> None:
        values = (
            *(self._id(key.who), key.epoch, key.lane, row.received.encode(), row.crcs, row.high),
            *(row.refused_lines, row.repeats, row.conflicts, row.spool),
            *(_text(row.dropped), row.first_at, row.last_at),
            *(row.told, row.held.encode(), row.restored, _text(row.marks)),
        )
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT OR REPLACE INTO lane VALUES ({marks})", values)  # noqa: S608

    def _take(self, who: Identity, state: AgentState) -> AgentState:
        number, birth = self._id(who), state.birth
        self._save_known(number, state.known)
        if birth is None:
            return state
        for report in birth.epochs:
            key = LaneKey(who, report.epoch, report.lane)
            old = self._row(key)
            new = old.with_report(report, birth.spool, state.born_at)
            if new != old:
                self._save(key, new)
        answered = self._after_restore(number, state)
        self._db.execute(
            "UPDATE agent SET birth = ?, seen = ?, born_at = ?, awaiting = ?, turns = ?"
            " WHERE id = ?",
            (
                *(msgspec.json.encode(birth), _text(state.seen), state.born_at),
                *(state.awaiting, _text(state.turns), number),
            ),
        )
        reasons, gap = self._reasons(number, state)
        if answered and reasons["ledger_restored"]:
            self._db.execute(_BEGUN_ANEW, (state.born_at,))
        state = replace(state, unexplained=reasons["unexplained"], gap=gap)
        expected = self._expected(who, birth, awaiting=state.awaiting)
        return self._settled(number, replace(state, expected=expected))

    def _after_restore(self, number: int, state: AgentState) -> bool:
        """Return whether this is the answer that was awaited."""
        query = "SELECT awaiting FROM agent WHERE id = ?"
        (awaiting,) = self._db.execute(query, (number,)).fetchone()
        if not awaiting or state.awaiting:
            return False
        self._db.execute("UPDATE lane SET restored = high WHERE agent = ?", (number,))
        return True

    def _reasons(self, number: int, state: AgentState) -> tuple[Counter[Reason], str]:
        """Return how many batches of an agent are missing, by reason, and the first unexplained."""
        found = self._db.execute(ledgerfile.INCOMPLETE, (number,)).fetchall()
        word = LastWord(state.birth, state.born_at, state.awaiting)
        counts, first = Counter[Reason](), ""
        for epoch, lane, *columns in found:
            for gap in missing(ledgerfile.lane_row(columns), epoch, lane, word):
                counts[gap.reason] += gap.last - gap.first + 1
                if gap.reason == "unexplained":
                    first = first or f"{lane}/{epoch}/{gap.first}-{gap.last}"
        return counts, first

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

    def _expected(self, who: Identity, birth: Birth, *, awaiting: bool) -> Expected:
        found: dict[tuple[str, Lane], Ranges] = {}
        for report in birth.epochs:
            row = self._row(LaneKey(who, report.epoch, report.lane))
            dropped = Ranges.of((first, last) for first, last, _ in row.dropped)
            waits = row.missing - dropped if awaiting else births.held(report) - row.received
            found[report.epoch, report.lane] = waits
        return found

    def _save_known(self, number: int, known: Known) -> None:
        self._db.execute(
            "UPDATE agent SET last_arrival = ?, changed_at = ?, dead = ?, stopped = ? WHERE id = ?",
            (known.last_arrival, known.changed_at, known.dead, known.stopped, number),
        )

    def _restored(self, *row: Any) -> tuple[Identity, AgentState]:
        region, school, agent, last_arrival, changed_at, dead, stopped, *rest = row
        birth_json, seen_json, born_at, awaiting, turns_json, has_lanes = rest
        who = Identity(region, school, agent)
        known = Known(last_arrival, changed_at, bool(dead), bool(stopped))
        birth = birth_json and msgspec.json.decode(birth_json, type=Birth)
        seen = msgspec.json.decode(seen_json, type=dict[str, int])
        turns = msgspec.json.decode(turns_json, type=tuple[str, ...])
        expected = self._expected(who, birth, awaiting=bool(awaiting)) if birth else {}
        # Who has neither sends without a header; of the others the next message tells.
        unaccounted = not birth and not has_lanes
        return who, AgentState(
            *(known, birth, seen, expected, born_at, bool(awaiting), turns),
            unaccounted=unaccounted,
        )


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _accounted(row: LaneRow, entry: Entry) -> LaneRow:
    if entry.standing == "conflict":
        return replace(row, conflicts=row.conflicts + 1)
    if row.standing(entry.key.seq, entry.crc) != "new":
        return replace(row, repeats=row.repeats + 1, last_at=max(row.last_at, entry.at))
    return row.with_batch(entry.key.seq, entry.crc, entry.refused, entry.at)

"""The ledger's SQLite file: `ledger.db`, what stands in it, and opening it.

Look: sqlite3 var/collector/ledger.db 'SELECT agent.*, epoch, high, last_at FROM agent JOIN lane
ON agent.id = lane.agent'
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from collector.lanerow import LaneRow, Mark
from collector.ranges import Ranges
from core.errors import StartError
from core.messages import Drop

VERSION: Final = 2
"""Stands in the file as user_version."""
_BUSY_S: Final = 10.0

_SCHEMA: Final = """
BEGIN;
CREATE TABLE agent (
    id INTEGER PRIMARY KEY,
    region TEXT NOT NULL, school TEXT NOT NULL, agent TEXT NOT NULL,
    last_arrival INTEGER NOT NULL DEFAULT 0, changed_at INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0, stopped INTEGER NOT NULL DEFAULT 0,
    birth BLOB,                              -- the last one, as JSON
    seen TEXT NOT NULL DEFAULT '{}',         -- the highest `no` by epoch
    born_at INTEGER NOT NULL DEFAULT 0,      -- when the last birth was taken in
    awaiting INTEGER NOT NULL DEFAULT 0,     -- 1 after a restore, until a request was answered
    turns TEXT NOT NULL DEFAULT '[]',        -- the epochs of the last births, each change once
    UNIQUE (region, school, agent)
);
CREATE TABLE lane (
    agent INTEGER NOT NULL REFERENCES agent (id),
    epoch TEXT NOT NULL, lane TEXT NOT NULL,
    received BLOB NOT NULL,                  -- collector/ranges.py
    crcs BLOB NOT NULL,                      -- collector/lanerow.py
    high INTEGER NOT NULL,                   -- the highest sequence known to exist
    refused_lines INTEGER NOT NULL, repeats INTEGER NOT NULL, conflicts INTEGER NOT NULL,
    spool TEXT NOT NULL,
    dropped TEXT NOT NULL,                   -- [[first, last, why], ...]
    first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT -1,        -- `high` of the last birth that listed it
    held BLOB NOT NULL DEFAULT x'',          -- what that birth said to hold
    restored INTEGER NOT NULL DEFAULT 0,     -- the highest that a restore explains
    marks TEXT NOT NULL DEFAULT '[]',        -- [[sequence, known since], ...] where some miss
    PRIMARY KEY (agent, epoch, lane)
) WITHOUT ROWID;
CREATE INDEX lane_missing ON lane (agent) WHERE marks != '[]';
CREATE TABLE restore (at INTEGER NOT NULL, what TEXT NOT NULL);
CREATE TABLE counter (value INTEGER NOT NULL);
INSERT INTO counter VALUES (0);
PRAGMA user_version = 2;
COMMIT;
"""

_FROM_1: Final = """
BEGIN;
ALTER TABLE agent ADD COLUMN born_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN awaiting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN turns TEXT NOT NULL DEFAULT '[]';
ALTER TABLE lane ADD COLUMN told INTEGER NOT NULL DEFAULT -1;
ALTER TABLE lane ADD COLUMN held BLOB NOT NULL DEFAULT x'';
ALTER TABLE lane ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lane ADD COLUMN marks TEXT NOT NULL DEFAULT '[]';
-- Version 1 did not keep since when something is missing: from the last batch on, at the latest.
UPDATE lane SET told = high, marks = json_array(json_array(high, last_at));
CREATE INDEX lane_missing ON lane (agent) WHERE marks != '[]';
CREATE TABLE restore (at INTEGER NOT NULL, what TEXT NOT NULL);
PRAGMA user_version = 2;
COMMIT;
"""


COLUMNS: Final = """received, crcs, high, refused_lines, repeats, conflicts, spool, dropped,
    first_at, last_at, told, held, restored, marks"""
INCOMPLETE: Final = f"SELECT epoch, lane, {COLUMNS} FROM lane WHERE agent = ? AND marks != '[]'"  # noqa: S608
"""The rows of an agent of which something may be missing."""


_DROPS: Final = msgspec.json.Decoder(tuple[Drop, ...])
_MARKS: Final = msgspec.json.Decoder(tuple[Mark, ...])


def connect(path: Path) -> sqlite3.Connection:
    """Return the open ledger, made where there is none; raises StartError."""
    try:
        # Used from one worker thread at a time, but not always the same one.
        db = sqlite3.connect(path, _BUSY_S, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            db.executescript(_SCHEMA)
        elif version == 1:
            db.executescript(_FROM_1)
    except sqlite3.Error as error:
        raise unreadable(path, error) from error
    if version > VERSION:
        raise StartError(f"{path} was written by a newer schoolwatch; start that one instead")
    return db


def unreadable(path: Path, error: Exception) -> StartError:
    """Return what to tell people of a ledger that cannot be read."""
    return StartError(
        f"the ledger {path} cannot be read: {error}. Where the file is damaged, move it and "
        "those beside it with -wal and -shm to a safe place and start again: agents send again "
        "what they still hold."
    )


def lane_row(columns: Sequence[Any]) -> LaneRow:
    """Return the row whose columns stand in the order of `COLUMNS`."""
    received, crcs, high, refused, repeats, conflicts, spool, dropped, *rest = columns
    first_at, last_at, told, held, restored, marks = rest
    return LaneRow(
        received=Ranges.decode(received),
        crcs=crcs,
        high=high,
        refused_lines=refused,
        repeats=repeats,
        conflicts=conflicts,
        spool=spool,
        dropped=_DROPS.decode(dropped),
        first_at=first_at,
        last_at=last_at,
        told=told,
        held=Ranges.decode(held),
        restored=restored,
        marks=_MARKS.decode(marks),
    )

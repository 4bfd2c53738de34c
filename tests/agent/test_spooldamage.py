"""A spool of which a block is broken: that costs what lay in it, and nothing else."""

import json
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.spool import Spool
from agent.spoolfile import open_spool_file
from agent.spoolrows import Waiting
from core.errors import SpoolError
from core.types import Event

EPOCHS = "ABCDEF"
SEALED = 6


class Machine:
    """A spool file, and processes that use it one after another."""

    def __init__(self, folder: Path) -> None:
        self.path, self.seconds = folder / "spool.db", 0.0
        self._epochs: Iterator[str] = (letter * 16 for letter in EPOCHS)

    def start(self) -> Spool:
        return Spool(
            self.path, new_epoch=lambda: next(self._epochs), monotonic=lambda: self.seconds
        )

    def filled(self) -> None:
        """Let a process seal large batches, and stop."""
        spool = self.start()
        for batch in range(1, SEALED + 1):
            spool.take([b"mem used=%di,free=%di 1" % (batch, n) for n in range(2_000)])
            spool.seal()
        spool.tell([Event("link_down", "switch-2", "port-5", True, 1)])
        spool.take([b"mem used=99i 1"])
        spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        spool.close()

    def break_block(self, marker: bytes) -> None:
        """Break the first block with *marker* in it, as a bad sector or a stray write would."""
        data = self.path.read_bytes()
        self._break(data.index(marker, 4096))

    def break_table(self, name: str) -> None:
        """Break the block in which a small table or an index begins."""
        with closing(sqlite3.connect(self.path)) as db:
            sql = "SELECT rootpage FROM sqlite_master WHERE name = ?"
            (page,) = db.execute(sql, (name,)).fetchone()
        self._break((page - 1) * 4096)

    def _break(self, at: int) -> None:
        data = bytearray(self.path.read_bytes())
        # Of a block that goes on in another one: where. Of any other: what it is.
        struct.pack_into(">I", data, at // 4096 * 4096, 0x7FFFFFFF)
        self.path.write_bytes(data)

    def spool_id(self) -> str:
        with closing(sqlite3.connect(self.path)) as db:
            return str(db.execute("SELECT value FROM meta WHERE key = 'spool'").fetchone()[0])

    @property
    def aside(self) -> list[str]:
        return sorted(path.name for path in self.path.parent.glob("*.broken-*"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def waiting(spool: Spool) -> list[Waiting]:
    return spool.waiting("readings", "all", since=0, besides=(), limit=99)


def sent(spool: Spool) -> list[int]:
    """Send what waits as the uplink does, which tries again where the disk refuses."""
    done: list[int] = []
    for _ in range(3):
        try:
            for row in waiting(spool):
                batch = spool.read(row.key)
                if batch is not None and row.key.seq not in done:
                    done.append(row.key.seq)
        except SpoolError:
            continue
        break
    return done


def told(spool: Spool) -> list[tuple[str, bool]]:
    rows = spool.waiting("events", "all", since=0, besides=(), limit=99)
    bodies = [batch.body for row in rows if (batch := spool.read(row.key))]
    events = [json.loads(line) for body in bodies for line in body.splitlines()[1:]]
    return [(event["kind"], event["active"]) for event in events]


def test_a_batch_in_a_broken_block_is_dropped_as_corrupt_and_all_others_are_sent(
    machine: Machine,
) -> None:
    machine.filled()
    machine.break_block(b"used=3i,free=1000i")
    spool = machine.start()
    before = spool.id
    assert sent(spool) == [1, 2, 4, 5, 6]
    assert (spool.id, machine.aside) == (before, ["spool.db.broken-1"])
    (old,) = [r for r in spool.report()[0] if (r.epoch, r.lane) == ("A" * 16, "readings")]
    assert (old.held, old.dropped) == ([1, 2, 4, 6], [(3, 3, "corrupt")])
    assert spool.dropped_batches == 1
    assert told(spool) == [
        ("link_down", True),
        ("spool_set_aside", True),
        ("spool_corrupt", True),
    ]
    # The process goes on under its own epoch, with what was open, and can drop and delete again.
    sealed = spool.seal()
    assert sealed is not None
    assert sealed.key == ("B" * 16, "readings", 1)
    keys = [(row.key, row.crc) for row in waiting(spool)]
    assert len(spool.received(keys)) == 6


def test_what_was_salvaged_is_there_after_a_restart_and_is_told_once(machine: Machine) -> None:
    machine.filled()
    machine.break_block(b"used=3i,free=1000i")
    spool = machine.start()
    sent(spool)
    spool.close()
    again = machine.start()
    assert (again.id, sent(again)) == (spool.id, [1, 2, 4, 5, 6])
    assert told(again).count(("spool_corrupt", True)) == 1


def test_a_broken_table_at_the_start_costs_what_was_in_it_and_no_batch(machine: Machine) -> None:
    machine.filled()
    before = machine.spool_id()
    machine.break_table("condition")
    spool = machine.start()
    assert (spool.id, sent(spool)) == (before, [1, 2, 3, 4, 5, 6])
    assert machine.aside == ["spool.db.broken-1"]


def test_a_broken_index_costs_nothing(machine: Machine) -> None:
    machine.filled()
    before = machine.spool_id()
    machine.break_table("sqlite_autoindex_batch_1")
    spool = machine.start()
    assert (sent(spool), spool.id) == ([1, 2, 3, 4, 5, 6], before)


def test_a_spool_that_does_not_know_what_it_gave_out_begins_anew(machine: Machine) -> None:
    machine.filled()
    before = machine.spool_id()
    machine.break_table("epoch")
    spool = machine.start()
    assert (spool.id == before, sent(spool)) == (False, [])
    assert machine.aside == ["spool.db.broken-1"]


def test_a_spool_that_breaks_twice_a_day_is_kept_once_and_goes_on_where_it_can(
    machine: Machine,
) -> None:
    machine.filled()
    machine.break_block(b"used=3i,free=1000i")
    spool = machine.start()
    sent(spool)
    spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    machine.break_block(b"used=5i,free=1000i")
    spool._db.execute("PRAGMA cache_size = 0")
    assert sent(spool) == [1, 2, 4]
    assert spool.take([b"mem used=100i 1"]), "what can be done is done"
    machine.seconds += 86_400
    assert sent(spool) == [1, 2, 4, 6]
    assert machine.aside == ["spool.db.broken-1", "spool.db.broken-2"]


def test_a_crash_between_old_name_and_new_loses_nothing(machine: Machine) -> None:
    machine.filled()
    machine.path.rename(machine.path.with_name("spool.db.salvage"))
    assert sent(machine.start()) == [1, 2, 3, 4, 5, 6]


def test_a_salvage_that_a_crash_left_half_done_is_begun_again(machine: Machine) -> None:
    machine.filled()
    open_spool_file(machine.path.with_name("spool.db.salvage")).close()
    machine.break_block(b"used=3i,free=1000i")
    assert sent(machine.start()) == [1, 2, 4, 5, 6]
    assert not machine.path.with_name("spool.db.salvage").exists()

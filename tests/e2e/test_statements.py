"""The check of what must hold finds what is wrong: files of the real code, doctored one by one."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.spool import Spool
from collector.store.sqlite import SqliteStore
from core import messages
from core.types import BatchKey
from tests.collector.desk import Desk, open_desk
from tests.collector.making import NOW, WHO, Clock, event, events_of, readings
from tests.e2e import accounts, statements, witness
from tests.e2e.district import IDLE, make, running
from tests.e2e.witness import Witnessed
from tests.real.brokers import RealBroker
from tests.waiting import until_sync


@dataclass
class Case:
    """One spool and one collector's folder after a few batches went from one to the other."""

    spool: Path
    files: Path

    def broken(self) -> list[str]:
        with closing(SqliteStore(self.files / "store.db")) as store:
            found = accounts.read(self.files, store, [WHO])
        return statements.broken([self.heard()], found, [self.heard()])

    def heard(self) -> Witnessed:
        return witness.hear(self.spool, WHO)

    def sql(self, where: Path, statement: str) -> None:
        with closing(sqlite3.connect(where)) as db:
            assert db.execute(statement).rowcount, statement
            db.commit()

    def rewrite_log(self, change: Callable[[list[bytes]], list[bytes]]) -> None:
        (path,) = (self.files / "audit").glob("*.jsonl")
        lines = path.read_bytes().splitlines(keepends=True)
        changed = change([*lines])
        assert changed != lines
        path.write_bytes(b"".join(changed))


@pytest.fixture
async def case(tmp_path: Path) -> Case:
    """Two batches of each lane have arrived, one of each waits, and a reading is open."""
    made = Case(tmp_path / "spool.db", tmp_path / "collector")
    clock, desk = Clock(), open_desk(made.files)
    Spool(made.spool).close()
    witness.watch(made.spool)
    spool = Spool(made.spool, now=clock)
    for number in range(1, 4):
        spool.take([b"mem used=%di,free=1i %d" % (number, NOW + number)])
        spool.seal()
        spool.seal_events([event(count=number), event(count=number, active=False)])
        if number < 3:
            await deliver(spool, desk)
    spool.take([b"mem used=4i %d" % (NOW + 4)])
    spool.close()
    for closing_one in (desk.books.ledger, desk.store):
        closing_one.close()
    assert made.broken() == []
    return made


async def deliver(spool: Spool, desk: Desk) -> None:
    """Take what the spool holds to the desk, and the receipts back."""
    for lane, sent_as in (("readings", readings), ("events", events_of)):
        for waiting in spool.waiting(lane, "all", since=0, besides=(), limit=9):  # type: ignore[arg-type]
            batch = spool.read(waiting.key)
            assert batch is not None
            await desk.take(sent_as(batch.body))
    named = [key for receipt in desk.receipts() for key in messages.keys_of(receipt.got)]
    spool.received((key, int(crc, 16)) for key, crc in named)


def of_store(statement: str) -> Callable[[Case], None]:
    return lambda case: case.sql(case.files / "store.db", statement)


def of_ledger(statement: str) -> Callable[[Case], None]:
    return lambda case: case.sql(case.files / "ledger.db", statement)


def of_spool(statement: str) -> Callable[[Case], None]:
    return lambda case: case.sql(case.spool, statement)


def of_log(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Case], None]:
    return lambda case: case.rewrite_log(change)


FALSIFIED = {
    "the store lost a point": (
        of_store(f"DELETE FROM point WHERE time = {NOW + 2}"),
        r"2: 330100/school-1/host readings \w+/2 left, and the store lacks mem .* used",
    ),
    "the store has another value": (
        of_store(f"UPDATE point SET value = 7 WHERE time = {NOW + 2}"),
        r"4: nobody took what the store has: mem .* 7",
    ),
    "the store has a point too many": (
        of_store("INSERT INTO point SELECT series, field, time + 9, value FROM point LIMIT 1"),
        r"4: nobody took what the store has: mem ",
    ),
    "the ledger lost a batch": (
        of_ledger("UPDATE lane SET received = x'0100' WHERE lane = 'readings'"),
        r"1: .* readings \w+/2 is in no spool and no ledger, and was not dropped",
    ),
    "the ledger lost an event batch": (
        of_ledger("UPDATE lane SET received = x'0100' WHERE lane = 'events'"),
        r"1: .* events \w+/2 is in no spool and no ledger, and was not dropped",
    ),
    "the ledger has another crc": (
        of_ledger("UPDATE lane SET crcs = zeroblob(8) WHERE lane = 'readings'"),
        r"4: .* readings \w+/1 is in the ledger with another crc",
    ),
    "the ledger saw a conflict": (
        of_ledger("UPDATE lane SET conflicts = 1 WHERE lane = 'events'"),
        r"4: .* events: 1 conflicts",
    ),
    "the log lost an event": (
        of_log(lambda lines: [*lines[:1], *lines[2:]]),
        r"2: .* events \w+/1 left, and 1 is not in the audit log",
    ),
    "the log has a gap": (
        of_log(lambda lines: [*lines[:1], *lines[2:]]),
        r"3: line 2 of the audit log is row 3",
    ),
    "the log lost its end": (
        of_log(lambda lines: lines[:-1]),
        r"2: .* events \w+/2 left, and 1 is not in the audit log",
    ),
    "the log has an event twice": (
        of_log(lambda lines: [*lines, lines[-1]]),
        r"3: \(.*, 2, 1\) is 2 times in the audit log",
    ),
    "the log has another order": (
        of_log(lambda lines: [lines[1], lines[0], *lines[2:]]),
        r"3: line 1 of the audit log is row 2",
    ),
    "the log has another crc": (
        of_log(lambda lines: [re.sub(rb'"crc":"\w+"', b'"crc":"00000000"', lines[0]), *lines[1:]]),
        r"4: row 1 of the audit log has another crc",
    ),
    "the log says something else": (
        of_log(lambda lines: [lines[0].replace(b"port-5", b"port-6"), *lines[1:]]),
        r"3: row 1 of the audit log says something else",
    ),
    "the log has an event of nobody": (
        of_log(lambda lines: [re.sub(rb'"seq":\d+', b'"seq":99', lines[0]), *lines[1:]]),
        r"3: row 1 of the audit log is of a batch that nobody sealed",
    ),
    "log and database differ": (
        of_ledger("DELETE FROM event WHERE row = 2"),
        r"3: row 2 of the audit log is not that of the database",
    ),
    "the spool lost a batch": (
        of_spool("DELETE FROM batch WHERE lane = 'readings'"),
        r"1: .* readings \w+/3 is in no spool and no ledger, and was not dropped",
    ),
    "the spool deleted readings before the store had them": (
        of_spool("DELETE FROM batch WHERE lane = 'readings'"),
        r"2: .* readings \w+/3 left, and the store lacks mem ",
    ),
    "the spool lost a reading before it was sealed": (
        of_spool("DELETE FROM open_reading"),
        r"1: .* took a reading that is neither open nor in a batch: mem used=4i",
    ),
    "a reading was never committed": (
        of_spool("DELETE FROM witness_line WHERE id = 3"),
        r"1: .* sealed a reading that it never took: mem used=3i",
    ),
    "two contents have one key": (
        of_spool("INSERT INTO witness_batch SELECT NULL, epoch, lane, 1, crc, body FROM batch"),
        r"4: .* gave BatchKey\(.*seq=1\) to 2 contents",
    ),
    "two readings have one place": (
        of_spool("INSERT INTO witness_line SELECT NULL, line FROM witness_line WHERE id = 1"),
        r"4: two readings for mem ",
    ),
}


@pytest.mark.parametrize("what", FALSIFIED)
def test_what_is_wrong_is_named(case: Case, what: str) -> None:
    falsify, sentence = FALSIFIED[what]
    falsify(case)
    found = case.broken()
    assert any(re.fullmatch(rf"{sentence}.*", one) for one in found), found


def test_a_dropped_batch_is_accounted_for(case: Case) -> None:
    with closing(Spool(case.spool)) as spool:
        spool.drop([(key, crc) for key, crc in case.heard().held.items()], "full")
    assert case.heard().held.keys() <= {BatchKey(spool.epoch, "events", 1)}
    assert case.broken() == []


async def test_a_refused_line_is_accounted_for(case: Case) -> None:
    with closing(Spool(case.spool, now=Clock())) as spool:
        spool.seal()
        spool.take([b"unheard_of used=1i %d" % NOW])
        spool.seal()
        desk = open_desk(case.files)
        await deliver(spool, desk)
        assert [letter["kind"] for letter in desk.letters()] == ["unknown_measurement"]
    assert len(case.heard().left) == len(case.heard().sealed)
    assert case.broken() == []
    for letters in (case.files / "dead-letter").iterdir():
        letters.unlink()
    (sentence,) = case.broken()
    assert re.fullmatch("2: .* left, and the store lacks unheard_of .*", sentence)


def test_a_district_in_which_something_waits_or_is_lost_does_not_settle(
    tmp_path: Path, mosquitto: RealBroker
) -> None:
    district = make(tmp_path, mosquitto, IDLE)
    agent = district.agent
    with running(district):
        district.settle()
        assert agent.program.stop() == 0
        agent.fill(1, 0)
        with pytest.raises(AssertionError, match=r"^5: still in spools .*pc-1': [12]}, missing {}"):
            district.settle(1)
        with closing(sqlite3.connect(agent.spool)) as db:
            db.execute("DELETE FROM batch")
            db.commit()
        agent.program.start()
        until_sync(lambda: "unexplained" in str(district.missing()), 60)
        with pytest.raises(AssertionError, match=r"^5: .*pc-1': 0}, missing .*'unexplained'"):
            district.settle(1)
        assert district.ledger()[0] == 1
        assert {sentence[:2] for sentence in district.broken()} == {"1:", "2:"}

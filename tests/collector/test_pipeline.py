"""Random schedules over groups that are begun ahead: what fails, comes again or ends meanwhile."""

import asyncio
import random
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, Final

import pytest
from msgspec.structs import replace

from collector import sorting
from collector.inbox import Inbox
from collector.patience import Patience, Stopping
from core import wire
from core.errors import StoreBusy, StoreStopped
from core.mqtt import Message
from core.types import Identity
from tests.collector.desk import Desk, open_desk
from tests.collector.making import NOW, OTHER, WHO, batch, readings

FOR_NOW: Final = (StoreBusy("busy"), StoreStopped("full"), sqlite3.OperationalError("locked"))
DEFECTS: Final = (ValueError("a defect"), sqlite3.IntegrityError("another"))


@dataclass
class Broker:
    """Holds messages until they are acknowledged; a new connection gets them again, in order."""

    held: deque[Message]
    sent: int = 0
    conn: int = 0

    def connect(self) -> None:
        self.sent, self.conn = 0, self.conn + 1

    def send(self, count: int) -> list[Message]:
        found = list(islice(self.held, self.sent, self.sent + count))
        self.sent += len(found)
        return [replace(message, conn=self.conn) for message in found]

    def acknowledge(self, message: Message) -> None:
        if message.conn == self.conn:
            assert self.held.popleft().mid == message.mid
            self.sent -= 1

    def read(self, *, on: bool) -> None:
        raise AssertionError("so much never waits here")


@dataclass
class Faults:
    """Makes work fail before or after it was done, until the process dies of it."""

    rng: random.Random
    often: float
    deadly: float
    dead: bool = False
    overlaps: int = 0

    def around(self, work: Callable[[Any], Any], size: Callable[[Any], int]) -> Callable[..., Any]:
        under_way = Lock()

        def faulty(what: Any, *more: Any) -> Any:
            if not under_way.acquire(blocking=False):
                self.overlaps += 1
                return work(what, *more)
            try:
                self._pass_by(size(what))
                done = work(what, *more)
                self._pass_by(size(what))
            finally:
                under_way.release()
            return done

        return faulty

    def _pass_by(self, size: int) -> None:
        self.dead = self.dead or self.rng.random() < self.deadly
        if self.dead:
            raise Stopping
        if self.rng.random() < self.often:
            # A defect that several messages meet together: none of them is at fault.
            raise self.rng.choice(FOR_NOW + DEFECTS * (size > 1))


def sent_by_agents(rng: random.Random) -> list[tuple[Identity, int, bytes]]:
    """Batches under few keys or many: some come again, now and then with other bytes."""
    found, keys = [], rng.choice([8, 80])
    for _ in range(rng.randint(10, 60)):
        who, seq, other = rng.choice([WHO, OTHER]), rng.randint(1, keys), rng.random() < 0.2
        line = b"mem used=%di %d" % (10 * seq + other, NOW + seq)
        found.append((who, seq, batch(seq=seq, lines=[line])))
    return found


async def process(desk: Desk, broker: Broker, faults: Faults, rng: random.Random) -> None:
    """Take in for a while, then stop in order; where the process has died nothing is done."""
    stopping = asyncio.Event()
    desk.readings.patience = Patience(
        stopping, lambda _: None, first_wait_s=0.0005, stopped_wait_s=0.0005
    )
    inbox = Inbox("readings", desk.readings, desk.books.counters, desk.clock)
    inbox.source = broker
    broker.connect()
    running = asyncio.create_task(inbox.run())
    for _ in range(rng.randint(1, 40)):
        for message in broker.send(rng.randint(0, 8)):
            inbox.put(message)
        await asyncio.sleep(rng.choice([0, 0, 0.002, 0.005]))
        if rng.random() < 0.1:
            broker.connect()
            inbox.connected(session_present=True)
    stopping.set()
    inbox.stop()
    await running
    await desk.readings.settle()
    desk.books.receipts.flush()
    desk.books.ledger.close()
    desk.store.close()


@pytest.mark.parametrize("seed", range(30))
async def test_nothing_is_lost_or_overwritten_whatever_fails_comes_again_or_ends(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(sorting, "GROUP", rng.randint(1, 5))
    sent = sent_by_agents(rng)
    broker = Broker(
        deque(readings(body, who, mid=mid) for mid, (who, _, body) in enumerate(sent, 1))
    )
    answers: dict[str, set[tuple[Identity, int, str]]] = {"got": set(), "conflict": set()}
    while broker.held:
        desk = open_desk(tmp_path)
        faults = Faults(rng, rng.choice([0, 0.1, 0.3]), rng.choice([0, 0.02]))
        ledger = desk.books.ledger
        monkeypatch.setattr(ledger, "commit", faults.around(ledger.commit, len))
        monkeypatch.setattr(desk.store, "write", faults.around(desk.store.write, _lines))
        await process(desk, broker, faults, rng)
        assert faults.overlaps == 0
        for part, named in answers.items():
            named |= {(w, key.seq, crc) for w in (WHO, OTHER) for key, crc in desk.got(w, part)}
    assert not answers["got"] & answers["conflict"]
    desk = open_desk(tmp_path)
    for who in (WHO, OTHER):
        received = {n for first, last in desk.received(who) for n in range(first, last + 1)}
        assert received == {seq for sender, seq, _ in sent if sender == who}
    bodies = {(who, seq, f"{wire.crc(body):08x}"): body for who, seq, body in sent}
    for who, seq, crc in answers["got"]:
        stored = f"used={desk.stored(who)[NOW + seq]}i "
        assert stored.encode() in bodies[who, seq, crc]


def _lines(body: bytes) -> int:
    return body.count(b"\n")

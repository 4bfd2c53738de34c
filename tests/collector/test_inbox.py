"""Messages in order, whatever the handling of one of them does."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from collector.counters import Counters
from collector.inbox import MAX_WAITING, SHOWN, Inbox
from collector.intake import Arrival
from collector.patience import Patience, Stopping
from core.errors import StoreBusy, StoreStopped
from core.mqtt import Message
from tests.waiting import until


def message(number: int, payload: bytes = b"", conn: int = 1) -> Message:
    return Message(f"topic/{number}", payload, False, number, conn)


@dataclass
class Handling:
    """Keeps what it is given; stumbles over some topics, and waits while it is held."""

    stumbles: Sequence[int] = ()
    groups: list[list[str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    most: int = SHOWN

    async def handle(self, arrivals: Sequence[Arrival]) -> int:
        await self.open.wait()
        topics = [arrival.topic for arrival in arrivals[: self.most]]
        if any(f"topic/{number}" in topics for number in self.stumbles):
            raise ZeroDivisionError("stumbled")
        self.groups.append(topics)
        return len(topics)

    async def refuse(self, arrival: Arrival, reason: str) -> None:
        self.refused.append(f"{arrival.topic} {reason}")


@dataclass
class Connected:
    acknowledged: list[int] = field(default_factory=list)
    read_on: list[bool] = field(default_factory=list)

    def acknowledge(self, message: Message) -> None:
        self.acknowledged.append(message.mid)

    def read(self, *, on: bool) -> None:
        self.read_on.append(on)


@asynccontextmanager
async def running(handling: Handling) -> AsyncIterator[tuple[Inbox, Connected]]:
    inbox, connected = Inbox("readings", handling, Counters()), Connected()
    inbox.source = connected
    task = asyncio.create_task(inbox.run())
    yield inbox, connected
    inbox.stop()
    handling.open.set()
    await asyncio.wait_for(task, 5)


async def test_messages_are_acknowledged_in_order_after_they_were_handled() -> None:
    handling = Handling(most=3)
    async with running(handling) as (inbox, connected):
        for number in range(10):
            inbox.put(message(number))
        await asyncio.sleep(0)
        assert connected.acknowledged == []
        handling.open.set()
        await until(lambda: len(connected.acknowledged) == 10)
    assert connected.acknowledged == list(range(10))
    assert max(map(len, handling.groups)) == 3


async def test_one_that_makes_the_handling_stumble_is_refused_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handling = Handling(stumbles=[2, 7])
    handling.open.set()
    async with running(handling) as (inbox, connected):
        for number in range(10):
            inbox.put(message(number))
        await until(lambda: len(connected.acknowledged) == 10)
    assert connected.acknowledged == list(range(10))
    assert handling.refused == [f"topic/{n} ZeroDivisionError: stumbled" for n in (2, 7)]
    assert [topic for group in handling.groups for topic in group] == [
        f"topic/{n}" for n in range(10) if n not in (2, 7)
    ]
    assert "Traceback" in caplog.text


async def test_when_much_waits_the_rest_stays_with_the_broker_until_half_is_done() -> None:
    handling = Handling()
    async with running(handling) as (inbox, connected):
        for number in range(MAX_WAITING + 50):
            assert connected.read_on == [False] * (number >= MAX_WAITING)
            inbox.put(message(number))
        handling.open.set()
        await until(lambda: connected.read_on == [False, True])
        assert len(connected.acknowledged) > MAX_WAITING // 2
        await until(lambda: len(connected.acknowledged) == MAX_WAITING + 50)
    assert connected.acknowledged == list(range(MAX_WAITING + 50))
    assert connected.read_on == [False, True]


async def test_large_payloads_are_cut_at_the_door_and_held_by_their_size() -> None:
    handling = Handling()
    async with running(handling) as (inbox, connected):
        number = 0
        while not connected.read_on:
            inbox.put(message(number, b"x" * 300_000))
            number += 1
        assert number == 64_000_000 // 256_000
        handling.open.set()
        await until(lambda: connected.read_on == [False, True])


async def test_a_new_connection_is_held_too_when_it_brings_more_than_fits() -> None:
    handling = Handling()
    async with running(handling) as (inbox, connected):
        for conn in (1, 2):
            for number in range(MAX_WAITING):
                inbox.put(message(number, conn=conn))
            assert connected.read_on == [False] * conn
            inbox.connected(session_present=True)


async def test_what_the_broker_sends_again_is_not_handled_twice() -> None:
    handling = Handling()
    async with running(handling) as (inbox, _):
        inbox.put(message(1))
        await asyncio.sleep(0)  # the first is under way, the second waits
        inbox.put(message(2))
        inbox.connected(session_present=True)
        inbox.put(message(1, conn=2))
        inbox.put(message(2, conn=2))
        handling.open.set()
        await until(lambda: sum(map(len, handling.groups)) == 3)
    assert [topic for group in handling.groups for topic in group].count("topic/2") == 1


async def test_what_waits_is_kept_when_the_broker_has_forgotten_it() -> None:
    handling = Handling()
    async with running(handling) as (inbox, _):
        inbox.put(message(1))
        inbox.put(message(2))
        inbox.connected(session_present=False)
        handling.open.set()
        await until(lambda: sum(map(len, handling.groups)) == 2)


class Disk:
    """Refuses with each of its *errors* in turn, then works."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.done = 0

    def work(self) -> int:
        if self.errors:
            raise self.errors.pop(0)
        self.done += 1
        return self.done


def patience(stopping: asyncio.Event, tell: Callable[[str], None]) -> Patience:
    return Patience(stopping, tell, first_wait_s=0.001, stopped_wait_s=0.001)


async def test_our_own_disks_refusals_are_tried_again_and_said_once_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    said: list[str] = []
    full = sqlite3.OperationalError("database or disk is full")
    disk = Disk(
        StoreBusy("busy"), StoreBusy("busy"), StoreStopped("no access"), full, OSError("io")
    )
    assert await patience(asyncio.Event(), said.append).persist(disk.work) == 1
    assert said == ["busy", "busy", "no access", "database or disk is full", "io", ""]
    assert len(caplog.records) == 5
    assert "works again" in caplog.text


@pytest.mark.parametrize(
    "error", [ValueError("bad"), sqlite3.IntegrityError("bad"), sqlite3.ProgrammingError("bad")]
)
async def test_what_is_not_the_disks_fault_is_not_tried_again(error: Exception) -> None:
    disk = Disk(error)
    with pytest.raises(type(error)):
        await patience(asyncio.Event(), lambda _: None).persist(disk.work)
    assert disk.done == 0


async def test_what_is_done_beside_something_held_up_does_not_say_that_it_is_over() -> None:
    said: list[str] = []
    both = patience(asyncio.Event(), said.append)
    full, busy = Disk(OSError("full")), Disk(*[StoreBusy("busy")] * 1_000)
    held_up = asyncio.create_task(both.persist(busy.work))
    await until(lambda: "busy" in said)
    await both.persist(full.work)
    assert {"full", ""} & {*said} == {"full"}
    assert said[-1] == "busy"
    busy.errors.clear()
    await held_up
    assert said[-1] == ""


async def test_whatever_a_disk_fails_with_once_it_answers_again_it_is_not_held_up() -> None:
    said: list[str] = []
    disk = Disk(StoreBusy("busy"), ValueError("bad"))
    with pytest.raises(ValueError, match="bad"):
        await patience(asyncio.Event(), said.append).persist(disk.work)
    assert said == ["busy", ""]


async def test_a_stop_ends_the_waiting_and_leaves_the_message_unacknowledged() -> None:
    stopping = asyncio.Event()
    waiting = Patience(stopping, lambda _: None, first_wait_s=60)
    task = asyncio.create_task(waiting.persist(Disk(StoreBusy("busy")).work))
    await asyncio.sleep(0.05)
    stopping.set()
    with pytest.raises(Stopping):
        await asyncio.wait_for(task, 5)

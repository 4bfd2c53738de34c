"""A message that kills the collector's process is found and refused; a kill from outside is not."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collector.intake import arrive, key_of
from core import messages, wire
from core.messages import Birth
from core.mqtt import Message
from core.types import BatchKey, Identity
from tests.collector.desk import audited_in, letters_in
from tests.collector.making import (
    A,
    B,
    batch,
    birth,
    event,
    event_batch,
    events_of,
    readings,
    state,
)
from tests.collector.played import Played, playing
from tests.e2e.keeper import Keeper, keeping
from tests.e2e.programs import AGENT, REGION, SCHOOL, Program, collector_toml
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until

pytestmark = pytest.mark.slow

WHO = Identity(REGION, SCHOOL, AGENT)
STARTS = 20
"""More than any of these needs."""


@dataclass
class Mortal:
    """A collector that dies of some messages, and what starts it again, as a service manager."""

    folder: Path
    program: Program
    starts: int = 0

    def start(self) -> None:
        self.starts += 1
        assert self.starts < STARTS, "it dies for ever"
        self.program.start()

    def died(self) -> bool:
        assert self.program.process is not None
        return self.program.process.poll() is not None

    async def until(self, condition: Any) -> None:
        """Start it again each time that it dies, until *condition* holds."""
        if not self.starts:
            self.start()
        while not condition():
            await until(lambda: condition() or self.died(), 60)
            if self.died():
                self.start()

    @property
    def collector(self) -> Path:
        return self.folder / "collector"

    def refused(self) -> list[dict[str, Any]]:
        return [r for r in audited_in(self.collector) if r["kind"] == "killer_refused"]


@asynccontextmanager
async def mortal(folder: Path, broker: RealBroker, dies_in: str) -> AsyncIterator[Mortal]:
    path = collector_toml(folder, broker, free_port())
    words = ["collector", "run", "--config", str(path)]
    program = Program(words, folder / "log", "tests.e2e.mortal", {"DIES_IN": dies_in})
    made = Mortal(folder, program)
    try:
        yield made
        assert program.stop() == 0
    finally:
        if not made.died():
            program.kill()


def poisoned_state() -> Birth:
    return messages.Birth(A, 1, 1, "poison", "2026-11-22T08:00:00Z", "SPOOL")


POISONED: dict[str, Message] = {
    "check": readings(batch(A, 1, [b"mem used=1i 1795374585000000001", b"poison"]), WHO),
    "unpack": readings(batch(A, 1, [b"poison"]), WHO),
    "events": events_of(event_batch(A, 1, event("poison")), WHO),
    "state": state(poisoned_state(), WHO),
}


async def send_until_told(agent: Played, sent: Sequence[Message]) -> None:
    """Send again what has no receipt, as an agent does: receipts die with the collector."""
    while True:
        told = agent.got() | agent.got("refused")
        for message in sent:
            if key_in(message) not in told:
                agent.publish(message)
        await asyncio.sleep(1)


def key_in(message: Message) -> BatchKey | None:
    found = key_of(arrive(message, 0), {REGION})
    return found.key if found else None


def fine(seq: int) -> list[Message]:
    return [readings(batch(B, seq), WHO), events_of(event_batch(B, seq), WHO)]


@pytest.mark.parametrize("dies_in", POISONED)
async def test_the_message_that_kills_is_refused_and_the_rest_flows(
    broker: RealBroker, tmp_path: Path, dies_in: str
) -> None:
    poison = POISONED[dies_in]
    told = dies_in in ("check", "events")
    # Where reading the key is what it dies of, that costs one death more.
    starts = 6 if dies_in == "unpack" else 5
    sent = [*fine(1), poison, *fine(2), *fine(3)]
    keys = {key_in(message) for message in sent if message is not poison}
    async with (
        mortal(tmp_path, broker, dies_in) as dying,
        playing(Played(broker.port, WHO)) as agent,
    ):
        await dying.until(lambda: dying.program.said("as d1-state"))
        agent.publish(state(birth(B), WHO))
        sending = asyncio.create_task(send_until_told(agent, sent))
        await dying.until(lambda: keys <= agent.got() and dying.refused())
        assert dying.starts == starts
        if told:
            await dying.until(lambda: agent.got("refused") == {key_in(poison)})
        sending.cancel()
        agent.publish(poison)  # as an agent does to which the receipt was lost
        later = asyncio.create_task(send_until_told(agent, fine(4)))
        await dying.until(lambda: {key_in(message) for message in fine(4)} <= agent.got())
        later.cancel()
    assert dying.starts == starts, "what was refused is not tried again"
    (row,) = dying.refused()
    assert (row["target"], row["details"]["told"]) == (str(WHO), told)
    (letter,) = [one for one in letters_in(dying.collector) if one["kind"] == "killer"]
    assert letter["digest"] == row["details"]["digest"]
    assert base64.b64decode(letter["payload"]) == poison.payload


async def test_a_collector_that_is_killed_again_and_again_refuses_nothing(
    broker: RealBroker, tmp_path: Path
) -> None:
    rng = random.Random(4)
    path = collector_toml(tmp_path, broker, free_port())
    collector = Program(["collector", "run", "--config", str(path)], tmp_path / "log")

    def log_says(times: int) -> bool:
        text = collector.log.read_text() if collector.log.exists() else ""
        return text.count("as d1-state") >= times

    async with keeping(broker.port) as keeper:
        for number in range(1, 11):
            collector.start()
            await until(lambda: log_says(number), 30)  # noqa: B023
            await asyncio.sleep(rng.uniform(0, 0.5))
            collector.kill()
        collector.start()
        await until(lambda: collector.said("handled one at a time"), 30)
        await until(lambda: all_received(keeper), 120)
    assert collector.stop() == 0
    assert [one for one in letters_in(tmp_path / "collector") if one["kind"] == "killer"] == []
    assert not any(m.payload for m in keeper.played.heard if refused(m))
    events = [r for r in audited_in(tmp_path / "collector") if r["kind"] == "link_down"]
    assert len(events) == 2 * keeper.made


def refused(message: Message) -> bool:
    return bool(messages.read_receipt(message.payload).refused)


def all_received(keeper: Keeper) -> bool:
    return keeper.made > 20 and len(keeper.kept) <= 8


def test_the_wrapper_knows_every_step() -> None:
    assert wire.unpack(POISONED["unpack"].payload).endswith(b"poison\n")

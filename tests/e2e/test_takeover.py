"""Two collectors as processes, and one region."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from core import messages, topics
from core.messages import Claim
from core.mqtt import Message
from core.types import Identity
from tests.collector.desk import audited_in
from tests.collector.played import Played, playing
from tests.e2e.programs import AGENT, REGION, SCHOOL, Program, collector_toml, wait_until_served
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until, until_sync

CLAIM = topics.claim_topic(REGION)
mosquitto_first = pytest.mark.parametrize(
    "broker",
    [
        pytest.param("mosquitto", marks=pytest.mark.real("mosquitto")),
        pytest.param("embedded", marks=[pytest.mark.real("embedded"), pytest.mark.slow]),
    ],
    indirect=True,
)
"""That a claim is heard through the embedded broker, the first test says each time."""


@dataclass
class Collectors:
    """Collectors by id, each with a folder of its own."""

    folder: Path
    broker: RealBroker
    stack: ExitStack

    def start(self, who: str, *words: str) -> Program:
        folder = self.folder / who
        folder.mkdir(exist_ok=True)
        port = free_port()
        path = collector_toml(folder, self.broker, port)
        path.write_text(path.read_text().replace('id = "d1"', f'id = "{who}"'))
        command = ["collector", "run", "--config", str(path), *words]
        program = Program(command, folder / "log")
        program.start()
        self.stack.callback(self.end, program)
        wait_until_served(port)
        return program

    def end(self, program: Program) -> None:
        if program.process is not None and program.process.poll() is None:
            program.kill()


@pytest.fixture
def collectors(tmp_path: Path, broker: RealBroker) -> Iterator[Collectors]:
    with ExitStack() as stack:
        yield Collectors(tmp_path, broker, stack)


def exit_code(program: Program) -> int | None:
    assert program.process is not None
    return program.process.poll()


async def test_a_second_collector_is_refused_in_one_sentence_with_exit_code_2(
    collectors: Collectors,
) -> None:
    listener = Played(collectors.broker.port, Identity(REGION, SCHOOL, AGENT), listens=(CLAIM,))
    async with playing(listener) as d1:
        said = [Message(CLAIM, messages.encode(Claim("d1", at)), True, 1, 1) for at in (1, 2)]
        d1.publish(said[0])
        await until(lambda: d1.heard)
        d2 = await asyncio.to_thread(collectors.start, "d2")
        await until(lambda: d2.said("not said again within 150 s"), 30)
        d1.publish(said[1])
        await until(lambda: exit_code(d2) is not None, 30)
    assert exit_code(d2) == 2
    assert d2.log.read_text().splitlines()[-1] == (
        f"another collector is at work: claimed just now, region {REGION} by collector d1. "
        "Stop it first, or start this one with --takeover."
    )


@mosquitto_first
def test_a_takeover_is_recorded_and_the_other_says_that_it_was_taken_over(
    collectors: Collectors,
) -> None:
    d1 = collectors.start("d1")
    until_sync(lambda: d1.said("as d1-state"), 30)
    d2 = collectors.start("d2", "--takeover")
    until_sync(lambda: d1.said("claimed by collector d2 too"), 30)
    assert d2.stop() == 0
    assert d1.stop() == 0
    told = [r["subject"] for r in audited_in(collectors.folder / "d2" / "collector")
            if r["kind"] == "took_over"]  # fmt: skip
    assert told == ["d1"]
    d3 = collectors.start("d3")
    until_sync(lambda: d3.said("as d3-state"), 30)
    assert not d3.said("waiting whether"), "both stopped cleanly and left no claim"


@mosquitto_first
def test_a_killed_collector_starts_again_at_once(collectors: Collectors) -> None:
    d1 = collectors.start("d1")
    until_sync(lambda: d1.said("as d1-state"), 30)
    d1.kill()
    again = collectors.start("d1")
    until_sync(lambda: again.log.read_text().count("as d1-state") == 2, 30)
    assert not again.said("waiting whether")


@pytest.mark.slow
def test_a_living_collector_is_heard_within_its_minute(collectors: Collectors) -> None:
    d1 = collectors.start("d1")
    until_sync(lambda: d1.said("as d1-state"), 30)
    d2 = collectors.start("d2")
    until_sync(lambda: exit_code(d2) is not None, 100)
    assert (exit_code(d2), exit_code(d1)) == (2, None)
    assert not d1.said("collector d2")

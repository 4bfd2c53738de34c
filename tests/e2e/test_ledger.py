"""What `schoolwatch ledger` says after a spool was lost, full or set back, and a ledger deleted.

Real programs on a real broker. What the spool holds at the start is put there by the spool's own
code, so that no test waits for batches to gather.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paho.mqtt import subscribe
from paho.mqtt.client import MQTTMessage

from agent.spool import Limits, Spool
from collector.ledgercli import ask, named
from collector.terminal import NoAnswer, fetch
from core import messages, topics
from core.types import Identity
from tests.e2e.programs import AGENT, REGION, SCHOOL, Program, agent_toml, collector_toml
from tests.real.brokers import RealBroker, free_port, listens
from tests.waiting import until_sync

WHO = Identity(REGION, SCHOOL, AGENT)
BATCHES = 40
"""More than go out at the rate that an agent takes before its first receipt."""


@dataclass
class District:
    """One agent and one collector as processes, with what they keep."""

    folder: Path
    agent: Program
    collector: Program
    http_port: int
    mqtt_port: int
    births: list[str] = field(default_factory=list)

    @property
    def spool(self) -> Path:
        return self.folder / "spool" / "spool.db"

    def said(self, *words: str) -> tuple[int, str]:
        """Return the exit code of `schoolwatch ledger` and what it printed."""
        url = f"http://127.0.0.1:{self.http_port}"
        command = [sys.executable, "-m", "schoolwatch", "ledger", "--url", url, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def until_said(self, text: str, *words: str) -> int:
        """Wait until the ledger says *text*; return the exit code that goes with it."""
        codes: list[int] = []
        known = [b""]

        def says() -> bool:
            before, known[0] = known[0], self.answer()
            if known[0] == before:
                return False  # the program would say again what it said
            code, output = self.said(*words)
            codes.append(code)
            if code > 1:
                known[0] = b""  # it had no answer
            return text in " ".join(output.split())

        until_sync(says, 40)
        return codes[-1]

    def answer(self) -> bytes:
        """Return what the program is told that says it; nothing while nobody answers."""
        try:
            return fetch(f"http://127.0.0.1:{self.http_port}", "ledger")
        except NoAnswer:
            return b""

    def account(self) -> dict[str, Any]:
        """Return what the ledger has of the agent, asked without starting a program each time."""
        try:
            found = ask(
                f"http://127.0.0.1:{self.http_port}", named(f"{REGION}/{SCHOOL}/{AGENT}")
            ).agents
        except NoAnswer:
            return {}
        return dict(msgspec.to_builtins(found[0])) if found else {}

    def received(self) -> int:
        return int(self.account().get("received", 0))

    def missing_for(self) -> set[str]:
        lanes = self.account().get("lanes", [])
        return {gap["reason"] for lane in lanes for gap in lane["missing"]}

    def start_collector(self) -> None:
        self.collector.start()
        until_sync(lambda: listens(self.http_port), 20)

    def collect_nothing_but_remember(self) -> None:
        """Let the broker know the collector, and keep for it what comes while it is away."""
        self.start_collector()
        for name in ("d1-state", "d1-readings"):
            until_sync(partial(self.collector.said, f"as {name}"), 20)
        self.collector.stop()

    def tell(self) -> None:
        """Let the agent start, say its birth and vanish."""
        self.agent.start()
        self.births.append(self.new_birth())
        self.agent.kill()

    def new_birth(self) -> str:
        """Return the epoch of a birth that the broker has, and that was not told before."""
        while True:
            topic = topics.topic(WHO, "state")
            message = subscribe.simple(topic, 1, port=self.mqtt_port)  # type: ignore[no-untyped-call]
            assert isinstance(message, MQTTMessage)
            state = messages.read_state(bytes(message.payload))
            if state.state == "up" and state.epoch not in self.births:
                return state.epoch

    def lose_spool(self) -> None:
        for file in self.spool.parent.glob("spool.db*"):
            file.unlink()


@pytest.fixture
def district(tmp_path: Path, mosquitto: RealBroker) -> Iterator[District]:
    port = free_port()
    agent = agent_toml(tmp_path, mosquitto, "[probes]")
    collector = collector_toml(tmp_path, mosquitto, port)
    made = District(
        tmp_path,
        Program(["agent", "run", "--config", str(agent)], tmp_path / "agent.log"),
        Program(["collector", "run", "--config", str(collector)], tmp_path / "collector.log"),
        port,
        mosquitto.port,
    )
    yield made
    for program in (made.agent, made.collector):
        if program.process is not None and program.process.poll() is None:
            program.kill()


def fill(path: Path, max_bytes: int = 1_000_000, copy: Path | None = None) -> None:
    """Put batches into the spool; with *copy* keep there how it was after the first five."""
    spool = Spool(path, Limits(max_bytes=max_bytes))
    for number in range(1, BATCHES + 1):
        spool.take([b"mem used=%di %d" % (number, 1_795_374_585_000_000_000 + number)])
        spool.seal()
        if copy is not None and number == 5:
            shutil.copytree(path.parent, copy)
    spool.close()


def test_a_deleted_spool_is_named_and_what_comes_later_is_complete(district: District) -> None:
    district.collect_nothing_but_remember()
    fill(district.spool)
    district.tell()
    district.lose_spool()
    district.agent.start()
    district.start_collector()
    assert district.until_said("the agent's spool was lost or damaged") == 1
    assert f"{REGION}/{SCHOOL}/{AGENT}" in district.said()[1]


def test_what_a_full_spool_dropped_is_named_and_the_rest_arrives(district: District) -> None:
    fill(district.spool, max_bytes=1_000)
    district.start_collector()
    district.agent.start()
    assert district.until_said("dropped by the agent: its spool was full") == 1
    until_sync(lambda: district.missing_for() == {"dropped"}, 20)


def test_a_disk_set_back_is_named(district: District) -> None:
    district.collect_nothing_but_remember()
    copy = district.folder / "copy"
    fill(district.spool, copy=copy)
    district.tell()
    district.lose_spool()
    for file in copy.glob("spool.db*"):
        shutil.copy(file, district.spool.parent)
    district.agent.start()
    district.start_collector()
    assert district.until_said("disk was set back to an earlier state") == 1


@pytest.mark.slow
def test_a_deleted_ledger_asks_its_agents_and_says_that_it_was_begun_anew(
    district: District,
) -> None:
    fill(district.spool)
    district.start_collector()
    district.agent.start()
    until_sync(lambda: district.received() >= BATCHES and not district.missing_for(), 20)
    code, said = district.said("--all")
    assert (code, "batches received, none missing" in said) == (0, True)

    district.collector.stop()
    for file in (district.folder / "collector").glob("ledger.db*"):
        file.unlink()
    district.start_collector()
    assert district.until_said("whether they came before is not known") == 1
    assert "the ledger was begun anew" in district.said()[1]
    assert district.missing_for() == {"ledger_restored"}

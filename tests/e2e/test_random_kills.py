"""Fifty kills in one run, of anybody at any time, the same ones for the same seed.

Among them clean stops, and programs that hang for seconds; sometimes two at once. Who died often
finds more in its spool at its next start: what another process took there and had no time to send.
SCHOOLWATCH_TEST_SEED=7 scripts/test --slow tests/e2e/test_random_kills.py
"""

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import pytest

from tests.e2e.district import LOAD, District, make, running
from tests.e2e.programs import Program
from tests.real.brokers import RealBroker

SEED = "SCHOOLWATCH_TEST_SEED"
KILLS = 50
LOOK_EVERY = 4
AGENTS = 3
WEIGHTS = {"collector": 4, "broker": 3}
PARTS = [pytest.param(part, marks=pytest.mark.real(part)) for part in ("influxdb2", "embedded")]
"""A mosquitto with an InfluxDB, and the embedded broker with SQLite."""

How = Literal["kill", "stop", "hang"]


@dataclass(frozen=True)
class Fault:
    """What happens to whom; `more` batches of each lane are in an agent's spool afterwards.

    A broker that `forgets` finds its store deleted.
    """

    who: str
    how: How
    more: int
    forgets: bool


@dataclass(frozen=True)
class Blow:
    """One or two faults at once, after a pause, and for how long (seconds)."""

    after: float
    faults: tuple[Fault, ...]
    lasts: float


def blows(rng: random.Random, who: dict[str, int]) -> Iterator[Blow]:
    """Return what happens, for ever; *who* gives the weights."""
    while True:
        chosen = dict.fromkeys(rng.choices([*who], [*who.values()], k=rng.choice((1, 1, 1, 2))))
        faults = tuple(
            Fault(one, _how(rng, one), rng.choice((0, 0, 4, 8)), rng.random() < 0.3)
            for one in chosen
        )
        hangs = any(fault.how == "hang" for fault in faults)
        lasts = rng.uniform(1, 3) if hangs else rng.uniform(0, 1)
        yield Blow(rng.uniform(0.1, 1.1), faults, lasts)


def _how(rng: random.Random, who: str) -> How:
    kinds: list[How] = ["kill", "kill", "kill", "kill", "hang"]
    if who.startswith("pc-") or who == "collector":
        kinds.append("stop")
    return rng.choice(kinds)


class Victim(Protocol):
    """What can happen to a program, to a broker and to a database."""

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def suspend(self) -> None: ...
    def resume(self) -> None: ...


@dataclass
class Hands:
    """Carry out what is to happen to a district."""

    district: District
    victims: dict[str, Victim]
    blows: int = 0
    kills: int = 0

    def strike(self, blow: Blow) -> None:
        if any(fault.who == "broker" for fault in blow.faults):
            self.district.broker.save()  # what it will come back with
        time.sleep(blow.after)
        for fault in blow.faults:
            self._begin(fault)
        time.sleep(blow.lasts)
        self.blows += 1
        if self.blows % LOOK_EVERY == 0 and not any(f.who == "database" for f in blow.faults):
            assert self.district.broken() == []
        for fault in blow.faults:
            self._end(fault)

    def _begin(self, fault: Fault) -> None:
        victim = self.victims[fault.who]
        if fault.how == "hang":
            victim.suspend()
        elif isinstance(victim, Program) and fault.how == "stop":
            # One that had not started yet has nothing to stop, and just ends.
            assert victim.stop() in (0, -signal.SIGTERM)
        else:
            victim.kill()
            self.kills += 1

    def _end(self, fault: Fault) -> None:
        if fault.how == "hang":
            self.victims[fault.who].resume()
            return
        for agent in self.district.agents:
            if agent.who.agent == fault.who:
                agent.fill(fault.more, fault.more)
        if fault.who == "broker" and fault.forgets:
            self.district.broker.forget()
        self.victims[fault.who].start()


@pytest.fixture
def seed(capsys: pytest.CaptureFixture[str]) -> int:
    """The seed of this run, told whether it passes or not."""
    found = int(os.environ.get(SEED) or random.SystemRandom().randrange(10**6))
    with capsys.disabled():
        sys.stdout.write(f"\n{SEED}={found} repeats these kills\n")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_fifty_random_kills_lose_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, seed: int, part: str
) -> None:
    broker: RealBroker = request.getfixturevalue("embedded" if part == "embedded" else "mosquitto")
    database = None if part == "embedded" else request.getfixturevalue(f"own_{part}")
    district = make(tmp_path, broker, LOAD, agents=AGENTS, database=database)
    victims: dict[str, Victim] = {agent.who.agent: agent.program for agent in district.agents}
    victims |= {"collector": district.collector, "broker": broker}
    if database:
        victims["database"] = database
    hands, rng = Hands(district, victims), random.Random(seed)
    with running(district):
        district.settle()
        for blow in blows(rng, {who: WEIGHTS.get(who, 2) for who in victims}):
            if hands.kills >= KILLS:
                break
            sys.stdout.write(f"{blow}\n")  # shown where the test fails
            hands.strike(blow)
        heard = district.prove()
    assert all(len({one.key.epoch for one in agent.sealed}) > 1 for agent in heard)

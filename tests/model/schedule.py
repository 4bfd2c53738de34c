"""What goes well: readings are taken, sent, collected and receipted, in any order and at any time.

hypothesis chooses what happens next; the faults are added in tests/model/machine.py.
"""

import shutil
import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.model.broker import CHANNELS, Channel
from tests.model.district import MemoryStore
from tests.model.world import KINDS, World

SOME = st.integers(0, 7)
CHANNEL = st.sampled_from(CHANNELS)
KIND = st.sampled_from(["good"] * 8 + list(KINDS))


class Schedule(RuleBasedStateMachine):
    """One schedule; its files lie in memory where the machine has such a folder."""

    def __init__(self) -> None:
        super().__init__()
        shared = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
        self.copies: list[tuple[int, Path]] = []
        self.ledgers: list[tuple[int, Path]] = []
        self.stores: list[MemoryStore] = []

    @initialize(max_bytes=st.sampled_from([600, 2_000, 256_000]))
    def begin(self, max_bytes: int) -> None:
        self.world = World(self.folder, max_bytes)

    # What goes well.

    @rule(which=SOME, kind=KIND, seal=st.booleans())
    def take(self, which: int, kind: str, seal: bool) -> None:
        self.world.take(self.world.agent(which), kind, seal=seal)

    @rule(which=SOME, count=st.integers(1, 8))
    def take_many(self, which: int, count: int) -> None:
        for _ in range(count):
            self.world.take(self.world.agent(which), "good", seal=True)

    @rule(which=SOME, count=st.integers(1, 4))
    def happen(self, which: int, count: int) -> None:
        self.world.happen(self.world.agent(which), count)

    @rule(which=SOME)
    def turn(self, which: int) -> None:
        self.world.turn(self.world.agent(which))

    @rule()
    def exchange(self) -> None:
        self.world.exchange()

    @rule(count=st.integers(1, 3))
    def take_everywhere(self, count: int) -> None:
        for agent in self.world.agents * count:
            self.world.take(agent, "good", seal=True)

    @rule(which=SOME, turns=st.integers(2, 9))
    def go_on(self, which: int, turns: int) -> None:
        for _ in range(turns):
            self.world.time.pass_by(20)
            self.world.take(self.world.agent(which), "good", seal=True)
            self.world.exchange()

    @rule(seconds=st.sampled_from([1, 20, 70, 130, 700, 4_000]))
    def wait(self, seconds: int) -> None:
        self.world.time.pass_by(seconds)

    @precondition(lambda self: self.world.district.alive)
    @rule(channel=CHANNEL, count=st.integers(1, 9))
    def collect(self, channel: Channel, count: int) -> None:
        self.world.district.collect(channel, count)

    @precondition(lambda self: self.world.district.alive)
    @rule()
    def flush(self) -> None:
        self.world.district.flush()

    @precondition(lambda self: self.world.district.alive)
    @rule()
    def tick(self) -> None:
        self.world.district.tick()

    @rule(which=SOME)
    def hear(self, which: int) -> None:
        self.world.hear_all(self.world.agent(which))

    @rule(which=SOME)
    def connect(self, which: int) -> None:
        agent = self.world.agent(which)
        if not agent.alive:
            agent.start()
        agent.connect()

    @invariant()
    def nothing_is_lost(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.world.settle()
        finally:
            self._close()

    def _close(self) -> None:
        if hasattr(self, "world"):
            for agent in self.world.agents:
                agent.spool.close()
            self.world.district.books.ledger.close()
        shutil.rmtree(self.folder)

"""The agent where schools are: a machine of 256 MB, of which Linux and its services take the rest.

A quarter of it is the most that an agent may ever want: with every probe, a sample every 10 s, and
readings of days in its spool, which is the worst that its day can bring.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.probes import probes
from agent.spool import Spool
from core import clock
from core.types import Identity
from tests.e2e import witness
from tests.e2e.programs import Program, agent_toml
from tests.real.brokers import RealBroker
from tests.real.footprint import memory_alone
from tests.real.memorygroup import limited
from tests.real.receiver import Receiver
from tests.waiting import until_sync

pytestmark = pytest.mark.real("cgroup")

A_QUARTER = 64_000_000
TOO_LITTLE = 16_000_000
"""Not even the interpreter with our modules: the group does hold its limit."""
BATCHES, LINES = 500, 300
ROUNDS = 9

NOBODY = "127.0.0.1:9"
NEEDED = {
    "cert": f'targets = ["{NOBODY}"]',
    "dns": 'names = ["www.school.example"]\nservers = ["127.0.0.1"]',
    "http": f'urls = ["https://{NOBODY}/"]',
    "public_address": f'url = "https://{NOBODY}/"',
    "sntp": 'servers = ["127.0.0.1"]',
}
"""What probes need to be told; whom they ask is not there, but what they ask with is loaded."""


def all_probes() -> str:
    """Return the tables of every probe, each 10 s; all travels."""
    tables = (
        f"[probes.{word}]\ninterval_s = 10\n{NEEDED.get(word, '')}" for word in probes.words()
    )
    return "\n".join(["[filter]\nenabled = false", *tables])


def fill_spool(file: Path) -> None:
    """Leave behind what some days without a connection leave."""
    with closing(Spool(file)) as spool:
        for number in range(BATCHES):
            at = clock.now()
            fields = b"total=8234553344i,available=%di,used_percent=31.25" % number
            spool.take([b"mem,number=%d %s %d" % (i, fields, at + i) for i in range(LINES)])
            spool.seal()


@pytest.fixture
def agent(tmp_path: Path, mosquitto: RealBroker) -> Iterator[Program]:
    file = agent_toml(tmp_path, mosquitto, all_probes(), seal_after_s=30)
    program = Program(["agent", "run", "--config", str(file)], tmp_path / "agent.log")
    yield program
    if program.alive:
        program.kill()


@pytest.mark.slow
def test_an_agent_with_days_of_readings_behind_it_takes_a_quarter_of_a_small_machine_at_most(
    agent: Program, tmp_path: Path, mosquitto: RealBroker
) -> None:
    (tmp_path / "spool").mkdir()
    spool = tmp_path / "spool" / "spool.db"
    fill_spool(spool)
    live: set[bytes] = set()

    def hear(_: Identity, body: bytes) -> None:
        # The readings of days are of mem alone.
        live.update(line.split()[-1] for line in body.splitlines() if line.startswith(b"cpu"))

    with limited(A_QUARTER) as group, Receiver(mosquitto, hear):
        agent.enter = group.enter
        agent.start()
        until_sync(lambda: agent.said("connected by MQTT 5"), 60)
        # Rounds of everything, while the days that lie there go out beside them.
        until_sync(lambda: len(live) >= ROUNDS, 300)
        assert 0 < witness.count_held(spool) < BATCHES
        assert agent.process is not None
        # The group is not told of pages of Python that other Pythons have brought into memory.
        assert memory_alone(agent.process.pid) < A_QUARTER
        assert group.killed() == 0
        assert agent.stop() == 0


def test_a_group_with_too_little_memory_for_an_agent_lets_none_live(agent: Program) -> None:
    with limited(TOO_LITTLE) as group:
        agent.enter = group.enter
        agent.start()
        until_sync(lambda: not agent.alive, 60)
        assert group.killed() > 0

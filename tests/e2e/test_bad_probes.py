"""A real agent with probes that hang, raise and flood, and a disk that never answers.

The others go on at their pace, each trouble is said once, and the disk is told of again when it is
back. What a bad probe does to the schedule alone: tests/agent/test_schedule.py.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from threading import Lock

import pytest

from core import clock
from core.lineprotocol import Point, parse
from core.types import Identity
from tests.e2e.programs import Program, agent_toml
from tests.real import disks
from tests.real.brokers import RealBroker
from tests.real.receiver import Receiver
from tests.waiting import until_sync

INTERVAL_S = 1
ROUNDS = 30
PROBES = """
# What did not change would not travel, and the pace could not be seen.
[filter]
enabled = false
[probes.cpu]
interval_s = 1
[probes.mem]
interval_s = 1
[probes.disk]
interval_s = 1
timeout_s = 0.5
mount_points = ["/", "{silent}"]
[probes.hangs]
interval_s = 1
[probes.raises]
interval_s = 1
[probes.floods]
interval_s = 10
"""
OTHERS: Sequence[tuple[str, dict[str, str]]] = (("cpu", {}), ("mem", {}), ("disk", {"path": "/"}))
SAID_ONCE = (
    "hangs: still running when the next round is due",
    "hangs: no result within 30 s; cancelled",
    "raises: KeyError: 'nobody thought of this'",
    "floods: left out: returned more than 10000 readings",
    "silent: no answer within 0.5 s",
)


class Arrived:
    """Every reading that came to the broker, but not the flood."""

    def __init__(self) -> None:
        self._lock, self._points = Lock(), list[Point]()

    def hear(self, _: Identity, body: bytes) -> None:
        if body.startswith(b"#"):
            lines = body.splitlines()[1:]
            points = [parse(line) for line in lines if b"flood-" not in line]
            with self._lock:
                self._points += points

    def of(self, measurement: str, **tags: str) -> list[Point]:
        with self._lock:
            return [
                one
                for one in self._points
                if one.measurement == measurement and tags.items() <= one.tags.items()
            ]

    def pace_s(self, measurement: str, **tags: str) -> float:
        """Return the usual time from one reading to the next; each comes twice at most."""
        times = sorted({one.at or 0 for one in self.of(measurement, **tags)})
        return median(later - earlier for earlier, later in pairwise(times)) / clock.SECOND


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    if sys.platform != "linux" or os.geteuid() != 0 or not Path("/dev/fuse").exists():
        pytest.skip("only root on Linux may mount a file system that never answers, with FUSE")
    folder = tmp_path / "silent"
    folder.mkdir()
    return folder


@pytest.fixture
def agent(silent: Path, tmp_path: Path, mosquitto: RealBroker) -> Iterator[Program]:
    file = agent_toml(tmp_path, mosquitto, PROBES.format(silent=silent))
    words = [str(silent), "agent", "run", "--config", str(file)]
    program = Program(words, tmp_path / "agent.log", module="tests.e2e.badprobes")
    yield program
    if program.alive:
        program.kill()


def threads_of(agent: Program) -> int:
    assert agent.process is not None
    return len(list(Path(f"/proc/{agent.process.pid}/task").iterdir()))


@pytest.mark.slow
@pytest.mark.real("fuse")
def test_probes_that_hang_raise_and_flood_cost_the_others_nothing(
    agent: Program, silent: Path, mosquitto: RealBroker
) -> None:
    arrived = Arrived()
    with Receiver(mosquitto, arrived.hear):
        agent.start()
        until_sync(
            lambda: all(len(arrived.of(word, **tags)) >= ROUNDS for word, tags in OTHERS), 120
        )
        until_sync(lambda: agent.said("hangs: no result within"), 120)
        threads = threads_of(agent)
        before = len(arrived.of("mem"))
        until_sync(lambda: len(arrived.of("mem")) >= before + 10, 60)
        assert threads_of(agent) <= threads

        for word, tags in OTHERS:
            assert arrived.pace_s(word, **tags) == pytest.approx(INTERVAL_S, abs=0.5)
        for sentence in SAID_ONCE:
            assert agent.count(sentence) == 1, sentence
        until_sync(lambda: arrived.of("agent")[-1].fields["probe_errors"], 120)
        own = arrived.of("agent")[-1].fields
        assert min(int(own[name]) for name in ("probe_overruns", "readings_refused")) > 0

        assert not arrived.of("disk", path=str(silent))
        assert agent.process is not None
        disks.replace_silent(agent.process.pid, silent)
        until_sync(lambda: arrived.of("disk", path=str(silent)), 60)
        until_sync(lambda: agent.said("well again"), 60)
        assert agent.stop() == 0

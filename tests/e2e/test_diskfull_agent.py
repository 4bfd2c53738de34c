"""The disk of an agent is too small, then full: what goes is told, and it recovers by itself."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.spool import Spool
from core import clock
from core.clock import SECOND
from tests.e2e.district import LOAD, District, make
from tests.e2e.seen import Seen
from tests.real import disks
from tests.real.brokers import RealBroker
from tests.waiting import until_sync

LINES = 400
BATCHES = 120
"""About 2 MB of readings; the spool finds room for one."""
EVENTS = 30


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with disks.small(tmp_path / "disk", 18) as found:
        yield found


@pytest.fixture
def district(disk: Path, tmp_path: Path, mosquitto: RealBroker) -> Iterator[District]:
    """A district whose agent has its spool on the small disk."""
    made = make(tmp_path, mosquitto, LOAD)
    folder = made.agent.spool.parent
    shutil.copytree(folder, disk, dirs_exist_ok=True)
    shutil.rmtree(folder)
    folder.symlink_to(disk)
    made.agent.program.waits = {"agent.spooltrouble.QUIET_S": 5, "agent.uplink.CHORES_EVERY": 1}
    try:
        yield made
    finally:
        made.end()


def fill_spool(path: Path) -> None:
    """Leave behind what a long time without a connection leaves, under the limit of other days."""
    with closing(Spool(path)) as spool:
        for _ in range(BATCHES):
            at = clock.now()
            spool.take([b"mem used=%di %d" % (i, at + i) for i in range(LINES)])
            spool.seal()


@pytest.mark.slow
def test_a_spool_without_room_drops_readings_and_tells_them_and_keeps_every_event(
    district: District,
) -> None:
    seen, agent = Seen(district), district.agent
    agent.fill(0, EVENTS)
    fill_spool(agent.spool)
    agent.program.start()
    until_sync(lambda: agent.taken() > BATCHES * LINES + 200, 60)
    assert agent.program.said("the disk has room for 1 MB of batches only")
    assert agent.program.said("spool.db is full, and drops the oldest batches")

    district.start_collector()
    assert seen.until_asked("ledger", "dropped by the agent: its spool was full") == 1
    assert seen.until_audited("spool_dropping")[0]["active"]
    until_sync(lambda: set(seen.missing()) == {"dropped"} and agent.held() < 3, 90)
    assert 0 < seen.missing()["dropped"] < BATCHES

    began, *_, ended = seen.until_audited("spool_dropping", 3)  # also in a list of what is open
    assert (began["details"], ended["active"]) == ({"why": "full"}, False)
    assert ended["details"]["batches"] == seen.missing()["dropped"]
    until_sync(lambda: agent.program.said("no more do"), 10)
    assert len(seen.audited("link_down")) >= EVENTS

    assert (agent.program.stop(), district.collector.stop()) == (0, 0)
    assert district.broken() == []


@pytest.mark.slow
def test_readings_wait_in_memory_while_somebody_fills_the_disk_of_the_agent(
    disk: Path, district: District
) -> None:
    seen, agent = Seen(district), district.agent
    district.collector.waits = {"collector.verdicts.SILENT_AFTER": 8 * SECOND}
    district.start_collector()
    agent.program.start()
    until_sync(lambda: seen.state() == ("up", ""), 60)

    filler = disks.fill(disk)
    until_sync(lambda: agent.program.said("readings are held in memory: spool"), 60)
    until_sync(lambda: agent.program.said("cannot send for now: spool"), 60)
    before = agent.taken()
    seen.until_asked("status", "pc-1 unknown")
    assert seen.state() == ("unknown", "silent")

    filler.unlink()
    until_sync(lambda: agent.program.said("the spool takes readings again"), 60)
    until_sync(lambda: agent.taken() > before + 100, 60)
    until_sync(lambda: agent.program.said("sending: well again"), 60)
    for sentence in ("held in memory", "cannot send for now"):
        assert agent.program.log.read_text().count(sentence) == 1
    district.prove()

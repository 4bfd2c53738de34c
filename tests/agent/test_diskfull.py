"""A disk that is really full: a small file system of its own, filled up and freed again."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agent.agentclock import AgentClock
from agent.recorder import MAX_HELD_LINES, Recorder
from agent.spool import Limits, Spool
from agent.spoolfile import room_for
from agent.spoolthread import SpoolThread
from core.clock import SECOND
from core.types import Event, Reading
from tests.real import disks

AT = 1_795_374_585 * SECOND


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disks.small(tmp_path / "disk", 4) as disk:
        yield disk


@pytest.fixture
async def spool(small_disk: Path) -> AsyncIterator[SpoolThread]:
    thread = SpoolThread(Spool(small_disk / "spool.db"))
    yield thread
    await thread.close()


def recorder_of(spool: SpoolThread) -> Recorder:
    clock = AgentClock(lambda: AT + 86_400 * SECOND, lambda: SECOND)
    return Recorder(spool, lambda: None, time=clock)


def reading(number: int) -> Reading:
    return Reading("mem", {"used_percent": float(number)}, AT + number)


async def lines_in(spool: SpoolThread) -> list[bytes]:
    def bodies(spool: Spool) -> list[bytes]:
        rows = spool.waiting("readings", "all", since=0, besides=(), limit=99)
        return [batch.body for row in rows if (batch := spool.read(row.key))]

    return [line for body in await spool.call(bodies) for line in body.splitlines()[1:]]


async def test_readings_wait_in_memory_while_the_disk_is_full_and_none_is_missing_after(
    small_disk: Path, spool: SpoolThread, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = recorder_of(spool)
    filler = disks.fill(small_disk)
    for number in range(2_000):
        recorder.take([reading(number)])
        if number % 500 == 0:
            await recorder.finish()
    await recorder.finish()
    assert caplog.text.count("held in memory") == 1

    filler.unlink()
    await recorder.finish()
    assert len(await lines_in(spool)) == 2_000
    assert recorder.refused == 0
    assert "takes readings again" in caplog.text


async def test_beyond_what_memory_may_hold_the_oldest_are_given_up_and_counted(
    small_disk: Path, spool: SpoolThread
) -> None:
    recorder = recorder_of(spool)
    filler = disks.fill(small_disk)
    recorder.take([reading(number) for number in range(MAX_HELD_LINES + 7)])
    await recorder.finish()
    assert recorder.refused == 7

    filler.unlink()
    await recorder.finish()
    while await spool.seal():
        pass
    assert len(await lines_in(spool)) == MAX_HELD_LINES


async def test_what_was_committed_before_the_disk_filled_up_is_still_there(
    small_disk: Path, spool: SpoolThread
) -> None:
    await spool.take([b"mem used_percent=1.0 1"], unchecked=False)
    filler = disks.fill(small_disk)
    recorder = recorder_of(spool)
    recorder.take([reading(number) for number in range(2_000)])
    await recorder.finish()
    filler.unlink()
    await recorder.finish()
    assert (await lines_in(spool))[0] == b"mem used_percent=1.0 1"


async def test_events_can_be_told_again_once_there_is_room(
    small_disk: Path, spool: SpoolThread
) -> None:
    filler = disks.fill(small_disk)
    recorder = recorder_of(spool)
    recorder.take([reading(number) for number in range(2_000)])
    await recorder.finish()
    filler.unlink()
    down = Event("link_down", "switch-2", "switch-2/port-5", active=True, severity="P3", at=AT)
    assert len(await spool.call(lambda s: s.tell([down]))) == 1


def test_a_spool_on_a_disk_smaller_than_its_limit_drops_before_the_disk_is_full(
    small_disk: Path,
) -> None:
    disks.resize(small_disk, 40)
    path = small_disk / "spool.db"
    spool = Spool(path, Limits(room_for(path, 256_000_000)))
    for number in range(60):
        spool.take([b"mem used_percent=%d.0 1" % n + b"0" * 900 for n in range(1_000)])
        assert spool.seal(max_lines=1_000) is not None, number
        while spool.seal():
            pass
    assert spool.dropped_batches > 0
    assert shutil.disk_usage(small_disk).free > 0
    assert room_for(path, 256_000_000) < 40_000_000, "the same on the next start"
    spool.close()

"""From probe to spool: encoded, in order of time, held while the disk refuses.

Where each reading has to become a line the change filter is off; what it does is in test_filter.py.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from agent import recorder as module
from agent.agentclock import AgentClock
from agent.filter import OFF, ChangeFilter
from agent.recorder import MAX_HELD_LINES, Recorder
from agent.spool import Spool
from agent.spoolthread import SpoolThread
from agent.underway import UnderWay
from core.clock import SECOND
from core.errors import SpoolError
from core.types import Reading
from tests.waiting import until

AT = 1_795_374_585 * SECOND


def reading(percent: float, at: int = AT) -> Reading:
    return Reading("mem", {"used_percent": percent}, at)


@dataclass
class RefusingSpool:
    """A spool whose disk is full until told otherwise; no real disk can be filled that fast."""

    refuses: bool = True
    lines: list[bytes] = field(default_factory=list)
    sealed: list[int] = field(default_factory=list)
    """How many lines each batch has; it holds at most `fits`."""
    fits: int = 5_000
    unchecked: list[bool] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    """What happens while the disk works."""

    async def take(self, lines: Sequence[bytes], *, unchecked: bool) -> int:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        if self.refuses:
            raise SpoolError("spool var/agent/spool.db: database or disk is full")
        self.lines += lines
        self.unchecked.append(unchecked)
        return sum(len(line) + 1 for line in self.lines)

    async def seal(self) -> object:
        count = min(len(self.lines) - sum(self.sealed), self.fits)
        if not count:
            return None
        self.sealed.append(count)
        return self


def told() -> None:
    """Stands for an uplink that looks again."""


@dataclass
class Hands:
    """Both clocks of a machine, set by hand; the readings here are of the day before."""

    at: int = AT + 86_400 * SECOND
    boot: int = SECOND

    def clock(self) -> AgentClock:
        return AgentClock(lambda: self.at, lambda: self.boot)


async def test_what_is_read_is_committed_within_a_second_and_sealed_when_its_time_has_come(
    tmp_path: Path,
) -> None:
    spool = SpoolThread(Spool(tmp_path / "spool.db"))
    sealed = asyncio.Event()
    recorder = Recorder(spool, sealed.set, seal_after=0.0, time=Hands().clock())
    running = asyncio.create_task(recorder.run())
    recorder.take([reading(1.5)])

    await asyncio.wait_for(sealed.wait(), 5)
    running.cancel()
    (waiting,) = await spool.call(
        lambda s: s.waiting("readings", "all", since=0, besides=(), limit=9)
    )
    batch = await spool.call(lambda s: s.read(waiting.key))
    assert batch is not None
    assert batch.body.splitlines()[1:] == [b"mem used_percent=1.5 %d" % AT]


def everything(spool: RefusingSpool, hands: Hands | None = None) -> Recorder:
    """A recorder of which every reading becomes a line."""
    clock = (hands or Hands()).clock()
    return Recorder(spool, told, time=clock, changes=ChangeFilter(OFF))


async def taken(recorder: Recorder, spool: RefusingSpool, *ats: int) -> list[int]:
    del spool.lines[:]
    recorder.take([reading(1.0, at) for at in ats])
    await recorder.finish()
    return [int(line.split()[-1]) for line in spool.lines]


async def test_no_series_gets_a_time_that_is_not_later_than_its_last() -> None:
    spool = RefusingSpool(refuses=False)
    recorder = everything(spool)
    assert await taken(recorder, spool, AT, AT, AT - 3600 * SECOND) == [AT, AT + 1, AT + 2]


async def test_after_a_correction_back_every_series_starts_anew() -> None:
    spool, hands = RefusingSpool(refuses=False), Hands(at=AT)
    recorder = everything(spool, hands)
    await taken(recorder, spool, AT)
    back = AT - 3600 * SECOND
    recorder.time.check(back, back)
    # The first was measured before the correction: it must not drag the others into the future.
    assert await taken(recorder, spool, AT, back - 5) == [back, back + 1]
    assert await taken(recorder, spool, back - 3600 * SECOND) == [back + 2]


async def test_readings_are_marked_unchecked_from_a_step_until_the_next_check() -> None:
    spool, hands = RefusingSpool(refuses=False), Hands()
    recorder = everything(spool, hands)
    await taken(recorder, spool, AT)
    recorder.time.check(hands.at, hands.at)
    await taken(recorder, spool, AT)
    hands.at += 3600 * SECOND
    await taken(recorder, spool, AT)
    recorder.time.look()
    now = recorder.time.now()
    recorder.time.check(now, now)
    await taken(recorder, spool, AT)
    assert spool.unchecked == [True, False, True, False]


async def test_what_was_taken_unchecked_stays_so_while_the_disk_refuses() -> None:
    spool, hands = RefusingSpool(), Hands()
    recorder = everything(spool, hands)
    await taken(recorder, spool, AT)
    recorder.time.check(hands.at, hands.at)
    spool.refuses = False
    await taken(recorder, spool, AT)
    assert spool.unchecked == [True]


async def test_a_reading_that_cannot_be_encoded_is_counted_and_harms_no_other() -> None:
    spool = RefusingSpool(refuses=False)
    recorder = Recorder(spool, told, time=Hands().clock())
    recorder.take([reading(float("nan")), reading(2.0)])
    await recorder.finish()
    assert recorder.refused == 1
    assert len(spool.lines) == 1


async def test_readings_wait_in_memory_while_the_disk_refuses_and_follow_once_it_takes_them() -> (
    None
):
    spool = RefusingSpool()
    recorder = Recorder(spool, told, seal_after=0.0, time=Hands().clock())
    recorder.take([reading(1.0)])
    await recorder.finish()
    recorder.take([reading(2.0, AT + SECOND)])
    assert spool.lines == []

    spool.refuses = False
    await recorder.finish()
    assert [line.split()[1] for line in spool.lines] == [b"used_percent=1.0", b"used_percent=2.0"]


async def test_a_disk_that_refuses_for_long_costs_the_oldest_readings_and_they_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder = everything(RefusingSpool())
    recorder.take([reading(1.0, AT + n * 2 * SECOND) for n in range(MAX_HELD_LINES + 5)])
    recorder.take([reading(1.0, AT + MAX_HELD_LINES * 3 * SECOND)])
    await recorder.finish()
    assert recorder.refused == 6
    assert caplog.text.count("the oldest go") == 1, "said once"


async def test_what_was_held_for_long_is_sealed_as_the_batches_that_it_needs() -> None:
    spool = RefusingSpool(refuses=False, fits=10)
    recorder = everything(spool)
    recorder.take([reading(1.0, AT + n * 2 * SECOND) for n in range(25)])
    await recorder.finish()
    assert spool.sealed == [10, 10, 5]


def urgent(n: int) -> Reading:
    return Reading("ping", {"result_code": n}, AT + n * SECOND, {"url": "192.0.2.1"})


@pytest.mark.parametrize("refuses", [False, True], ids=["comes meanwhile", "is refused once"])
async def test_an_urgent_change_is_sealed_with_the_next_commit_whatever_the_disk_does(
    refuses: bool,
) -> None:
    spool = RefusingSpool(refuses=False)
    recorder = Recorder(spool, told, time=Hands().clock())
    recorder.take([urgent(0)])
    running = asyncio.create_task(recorder.run())
    await until(lambda: spool.lines)
    del spool.lines[:]
    assert not spool.sealed, "what it was before nobody knows: that is no change"
    spool.refuses = refuses
    if refuses:
        recorder.take([urgent(1)])
        await until(lambda: recorder._spool_broken)
        spool.refuses = False
    else:
        recorder.take([reading(1.0)])
        spool.meanwhile = lambda: recorder.take([urgent(1)])
    await until(lambda: spool.sealed)
    running.cancel()
    assert sum(spool.sealed) == len(spool.lines) == (1 if refuses else 2)


async def test_urgent_changes_that_follow_each_other_wait_for_their_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "COMMIT_EVERY", 0.4)
    monkeypatch.setattr(module, "GATHER", 0.3)
    spool, commits = RefusingSpool(refuses=False), list[float]()
    recorder = Recorder(spool, told, time=Hands().clock())
    recorder.take([urgent(0)])
    running = asyncio.create_task(recorder.run())
    for number in range(1, 5):
        spool.meanwhile = lambda: commits.append(time.monotonic())
        await until(partial(has_lines, spool, number))
        recorder.take([urgent(number)])
    running.cancel()
    gaps = [after - before for before, after in pairwise(commits)]
    assert len(gaps) == 3
    assert min(gaps) >= 0.39, gaps


async def test_one_commit_takes_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATHER", 60.0)
    spool, under_way = RefusingSpool(refuses=False), UnderWay()
    recorder = Recorder(spool, told, time=Hands().clock(), rest=under_way.rest)
    running = asyncio.create_task(recorder.run())
    await asyncio.sleep(0)
    with under_way:
        recorder.take([reading(1.0)])
        await asyncio.sleep(0.05)
        assert not spool.lines
        recorder.take([reading(5.0, AT + SECOND)])
    await until(partial(has_lines, spool, 2))
    assert len(spool.unchecked) == 1
    running.cancel()


def has_lines(spool: RefusingSpool, count: int) -> bool:
    return len(spool.lines) >= count


async def test_what_is_urgent_and_did_not_change_waits_for_the_batch() -> None:
    spool = RefusingSpool(refuses=False)
    recorder = Recorder(spool, told, time=Hands().clock())
    running = asyncio.create_task(recorder.run())
    for n, code in enumerate((0, 0, 0)):
        recorder.take([Reading("ping", {"result_code": code, "ttl": n}, AT, {"url": "gw"})])
        await until(partial(has_lines, spool, n + 1))
    assert spool.sealed == []
    recorder.take([Reading("ping", {"result_code": 2, "ttl": 2}, AT, {"url": "gw"})])
    await until(lambda: spool.sealed)
    running.cancel()
    assert [line.split()[1] for line in spool.lines] == [
        b"ttl=0i,result_code=0i",
        b"ttl=1i",
        b"ttl=2i",
        b"ttl=2i,result_code=2i",
    ]


async def test_a_reading_without_news_is_no_line_and_a_refused_or_lost_one_is_said_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.recorder.MAX_HELD_LINES", 1)
    spool = RefusingSpool()
    recorder = Recorder(spool, told, time=Hands().clock())
    other = Reading("mem", {"used_percent": 1.0, "total": 2**64}, AT)
    recorder.take([other, reading(1.0), reading(1.2)])
    assert len(recorder._lines) == 1, "what the encoder refused is not known to anybody"
    recorder.take([Reading("mem", {"total": 1}, AT, {})])
    recorder.take([reading(1.2)])
    assert [one.line.split()[1] for one in recorder._lines] == [b"used_percent=1.2"]
    assert recorder.refused == 3

    spool.refuses = False
    await recorder.finish()
    recorder.take([reading(1.2)])
    assert recorder._lines == []


async def test_an_open_batch_of_the_process_before_is_sealed_at_start(tmp_path: Path) -> None:
    before = Spool(tmp_path / "spool.db")
    before.take([b"mem used_percent=1.0 1"])
    before.close()

    spool = SpoolThread(Spool(tmp_path / "spool.db"))
    running = asyncio.create_task(Recorder(spool, told, time=Hands().clock()).run())
    sizes: list[tuple[int, int]] = []

    async def look() -> None:
        while not sizes or not sizes[-1][0]:
            sizes.append(await spool.call(Spool.size))
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), 5)
    running.cancel()
    await until(running.done)
    assert sizes[-1][0] == 1

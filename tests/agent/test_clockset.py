"""The kernel tells of a clock that is set; where it does not, the look each second goes on."""

import asyncio
import ctypes
import os
import struct
import time
from pathlib import Path
from unittest.mock import Mock

import pytest

from agent import app, clockset
from agent.clockset import ClockSet
from agent.config import AgentConfig, SpoolConfig
from core.clock import SECOND
from core.types import Identity

ADJ_SETOFFSET, ADJ_NANO = 0x0100, 0x2000


def set_clock_by(nanoseconds: int) -> None:
    """Set this machine's clock by so little that nothing notices but who asked to be told."""
    timex = bytearray(208)
    struct.pack_into("=I", timex, 0, ADJ_SETOFFSET | ADJ_NANO)
    struct.pack_into("=qq", timex, 72, 0, nanoseconds)
    given = (ctypes.c_char * len(timex)).from_buffer(timex)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(given) < 0:
        pytest.skip(f"the clock cannot be set here: {os.strerror(ctypes.get_errno())}")


@pytest.mark.real("setclock")
async def test_a_clock_that_is_set_is_told_at_once_each_time() -> None:
    told = ClockSet()
    if not told.open():
        pytest.skip("this system does not tell")
    try:
        for _ in range(3):
            waiting = asyncio.create_task(told.wait(30))
            await asyncio.sleep(0.05)
            began = time.monotonic()
            set_clock_by(1)
            assert await waiting
            print(f"told after {1000 * (time.monotonic() - began):.2f} ms")  # noqa: T201
        assert not await told.wait(0.05), "told once for each time"
    finally:
        told.close()


async def test_where_nobody_tells_the_wait_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", Mock(side_effect=OSError("no libc here")))
    told = ClockSet()
    assert not told.open()
    began = time.monotonic()
    assert not await told.wait(0.1)
    assert time.monotonic() - began >= 0.1
    told.close()


async def test_a_timer_that_ends_by_itself_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clockset, "NEVER_S", 1)  # 1970: over at once
    told = ClockSet()
    if not told.open():
        pytest.skip("this system does not tell")
    assert not await told.wait(5)
    began = time.monotonic()
    assert not await told.wait(0.1)
    assert time.monotonic() - began >= 0.1


@pytest.mark.real("setclock")
async def test_the_agent_looks_at_once_when_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of an hour, with a look an hour apart: only who is told sees it in time."""
    for name in ("CLOCK_LOOK_EVERY", "CLOCK_TOLD_EVERY"):
        monkeypatch.setattr(app, name, 3600.0)
    who = Identity("000000", "trial", "pc-1")
    agent = app.build(AgentConfig(identity=who, spool=SpoolConfig(folder=tmp_path)))
    step, real = [0], agent.time.clock.wall
    agent.time.clock.wall = lambda: real() + step[0]
    looking = asyncio.create_task(agent._watch_clock())
    await asyncio.sleep(0.2)
    step[0] = 3600 * SECOND
    try:
        set_clock_by(1)
        async with asyncio.timeout(20):
            while not await agent.spool.call(
                lambda spool: spool.waiting("events", "all", since=0, besides=(), limit=9)
            ):
                await asyncio.sleep(0.01)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await agent.spool.close()

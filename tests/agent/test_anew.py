"""After a fail-over the agent connects anew at once, and not again and again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent import anew
from agent.anew import Anew
from agent.spool import Spool
from agent.spoolthread import SpoolThread
from agent.watching import Watching
from core.clock import SECOND
from core.types import Event
from tests.waiting import until

NOW = 1_795_374_585 * SECOND


async def test_it_is_done_at_once_and_what_comes_soon_after_is_one_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(anew, "AT_MOST_EVERY_S", 0.2)
    done = list[float]()
    loop = asyncio.get_running_loop()
    made = Anew(lambda: done.append(loop.time()))
    for _ in range(5):
        made()
    await until(lambda: len(done) == 1, 5)
    for _ in range(5):
        made()
    await until(lambda: len(done) == 2, 5)
    assert done[1] - done[0] >= 0.19
    await asyncio.sleep(0.3)
    assert len(done) == 2
    made()
    await until(lambda: len(done) == 3, 5)


@pytest.mark.parametrize(
    ("kind", "active", "moves"),
    [
        ("uplink_failover", True, 1),
        ("uplink_failover", False, 1),
        ("gateway_changed", True, 1),
        ("gateway_lost", True, 0),
        ("link_down", True, 0),
    ],
)
async def test_only_another_way_out_means_to_connect_anew(
    tmp_path: Path, kind: str, active: bool, moves: int
) -> None:
    class Once:
        async def watch(self, target: str) -> AsyncIterator[Sequence[Any]]:
            yield [Event(kind, target, "x", active, NOW)]
            said.set()
            await asyncio.Event().wait()

    moved, said = list[int](), asyncio.Event()
    thread = SpoolThread(Spool(tmp_path / "spool.db"))
    watching = Watching({"one": Once()}, "pc-1", thread, lambda: None, lambda: moved.append(1))
    running = asyncio.create_task(watching.run())
    await asyncio.wait_for(said.wait(), 10)
    assert len(moved) == moves
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await thread.close()

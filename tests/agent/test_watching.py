"""Watchers and the spool: told at once, held while the disk refuses, and none ends another."""

import asyncio
import importlib
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent import watching
from agent.spool import Spool
from agent.spoolthread import SpoolThread
from agent.watchers.base import LASTING, watchers
from agent.watchers.link import LinkWatcher
from agent.watching import Watching
from core.clock import SECOND
from core.errors import NotPermitted, SpoolError
from core.kinds import KINDS
from core.types import Event
from tests.waiting import until

NOW = 1_795_374_585 * SECOND

MOMENTS = {"address_changed", "gateway_changed", "gateway_mac_changed", "agent_baseline"}
"""Begin and end at once."""


def event(subject: str, active: bool = True) -> Event:
    return Event("link_down", "pc-1", subject, active, NOW)


class Told:
    """Yields what a test puts in; fails first where it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.news: asyncio.Queue[Sequence[Event]] = asyncio.Queue()
        self.failures = list(failures)

    async def watch(self, _target: str) -> AsyncIterator[Sequence[Event]]:
        if self.failures:
            raise self.failures.pop()
        while True:
            yield await self.news.get()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool.db", agent="pc-1")


def sealed(spool: Spool) -> list[tuple[str, bool]]:
    return [(one["subject"], one["active"]) for one in bodies(spool)]


def bodies(spool: Spool) -> list[dict[str, Any]]:
    # By a connection of its own: with the spool's thread it would share a transaction.
    with closing(sqlite3.connect(spool._path)) as db:
        sql = "SELECT CAST(body AS BLOB) FROM batch WHERE lane = 'events' ORDER BY id"
        rows = db.execute(sql).fetchall()
    return [json.loads(line) for (body,) in rows for line in body.splitlines()[1:]]


async def test_an_event_is_sealed_and_announced_once_and_what_is_known_is_no_news(
    spool: Spool,
) -> None:
    told, announced = Told(), list[int]()
    thread = SpoolThread(spool)
    made = Watching({"link": told}, "pc-1", thread, lambda: announced.append(1))
    running = asyncio.create_task(made.run())
    for news in ([event("eth0", active=False)], [event("eth0")], [event("eth0")]):
        told.news.put_nowait(news)
    told.news.put_nowait([event("eth0", active=False)])
    await until(lambda: len(sealed(spool)) == 2)
    assert sealed(spool) == [("eth0", True), ("eth0", False)]
    await until(lambda: announced)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await thread.close()


async def test_an_interface_that_vanished_while_the_agent_was_down_ends_unless_it_is_named(
    spool: Spool,
) -> None:
    spool.tell(
        [event("lo"), event("sw-gone0"), event("sw-named0"), Event("other", "pc-1", "x", True, NOW)]
    )
    thread, watched = SpoolThread(spool), LinkWatcher(("sw-named*",))
    made = Watching({"link": watched}, "pc-1", thread, lambda: None)
    running = asyncio.create_task(made.run())
    await until(lambda: ("sw-gone0", False) in sealed(spool))
    assert [one for one in sealed(spool) if not one[1]] == [("sw-gone0", False)]
    (end,) = [one for one in bodies(spool) if not one["active"]]
    assert end["details"] == {"why": "gone"}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await thread.close()


async def test_while_the_disk_refuses_events_are_held_and_then_kept_in_their_order(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refused, tell = list[int](), spool.tell

    def refusing(events: Sequence[Event]) -> object:
        if len(refused) < 2:
            refused.append(1)
            raise SpoolError("the disk is full")
        return tell(events)

    monkeypatch.setattr(watching, "DISK_AGAIN_AFTER_S", 0.01)
    monkeypatch.setattr(watching, "MOST_HELD", 3)
    monkeypatch.setattr(Spool, "tell", lambda _self, events: refusing(events))
    told, thread = Told(), SpoolThread(spool)
    made = Watching({"link": told}, "pc-1", thread, lambda: None)
    running = asyncio.create_task(made.run())
    told.news.put_nowait([event(f"eth{number}") for number in range(5)])
    await until(lambda: len(sealed(spool)) == 3)
    assert sealed(spool) == [(f"eth{number}", True) for number in (2, 3, 4)]
    assert made.lost == 2
    said = [record.getMessage() for record in caplog.records]
    assert "2 events had no room while the disk refuses them" in said
    assert "events of the watchers wait: the disk is full" in said
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await thread.close()


async def test_a_watcher_that_the_system_tells_nothing_harms_no_other_and_tries_again(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watching, "AGAIN_AFTER_S", 0.01)
    broken = Told(ValueError("a defect"), NotPermitted("links can be watched on Linux only"))
    told, thread = Told(), SpoolThread(spool)
    made = Watching({"broken": broken, "link": told}, "pc-1", thread, lambda: None)
    running = asyncio.create_task(made.run())
    told.news.put_nowait([event("eth0")])
    broken.news.put_nowait([event("other")])
    await until(lambda: len(sealed(spool)) == 2)
    said = [record.getMessage() for record in caplog.records]
    assert "watcher broken: links can be watched on Linux only" in said
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await thread.close()


async def test_watchers_that_are_exchanged_leave_the_others_alone_and_what_was_told_is_kept(
    spool: Spool,
) -> None:
    stays, goes, comes, thread = Told(), Told(), Told(), SpoolThread(spool)
    made = Watching({"link": stays, "old": goes}, "pc-1", thread, lambda: None)
    running = asyncio.create_task(made.run())
    goes.news.put_nowait([event("eth0")])
    await until(lambda: len(sealed(spool)) == 1)
    tasks = len(asyncio.all_tasks())
    for _ in range(20):
        made.change({"link": stays, "new": comes})
        await asyncio.sleep(0)
    for number, told in enumerate((stays, comes), 1):
        told.news.put_nowait([event(f"eth{number}")])
    await until(lambda: len(sealed(spool)) == 3)
    goes.news.put_nowait([event("eth9")])
    made.change({})
    await until(lambda: len(asyncio.all_tasks()) <= tasks - 2)
    begun = sorted(subject for subject, active in sealed(spool) if active)
    assert begun == ["eth0", "eth1", "eth2"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await thread.close()


async def test_what_a_watcher_left_open_ends_once_it_is_off_and_begins_anew_once_it_is_on(
    spool: Spool,
) -> None:
    told, other, thread = Told(), Told(), SpoolThread(spool)
    made = Watching({"link": told}, "pc-1", thread, lambda: None)
    spool.tell([Event("gateway_lost", "pc-1", "ipv4", True, NOW), event("eth0")])
    running = asyncio.create_task(made.run())
    await until(lambda: sealed(spool)[-1] == ("ipv4", False))  # was on before the start
    made.change({"other": other})
    await until(lambda: sealed(spool)[-1] == ("eth0", False))
    assert bodies(spool)[-1]["details"] == {"why": "not_watched"}
    made.change({"link": told})
    told.news.put_nowait([event("eth0")])
    await until(lambda: sealed(spool)[-1] == ("eth0", True))
    assert len(sealed(spool)) == 5
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await thread.close()


@pytest.mark.parametrize("word", watchers.words())
def test_every_watcher_says_what_of_its_words_lasts(word: str) -> None:
    """The constants of a module that are kinds are what it tells; moments end by themselves."""
    module = importlib.import_module(f"agent.watchers.{word}")
    told = {value for value in vars(module).values() if isinstance(value, str) and value in KINDS}
    assert told - MOMENTS == set(LASTING[word])

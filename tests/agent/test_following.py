"""Tasks that follow a list: what stays is left alone, what leaves has ended before others begin."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from agent.following import Following
from tests.waiting import until


@dataclass
class Diary:
    """Notes when the work for a thing begins and ends; two things of one name are two things."""

    notes: list[str] = field(default_factory=list)

    def begin(self, thing: list[str]) -> tuple[Coroutine[Any, Any, None], str]:
        return self._work(thing), "".join(thing)

    async def _work(self, thing: list[str]) -> None:
        self.notes.append(f"{thing[0]} begins")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.notes.append(f"{thing[0]} ends")


@asynccontextmanager
async def following(*things: list[str]) -> AsyncIterator[tuple[Following[list[str]], list[str]]]:
    diary = Diary()
    followed = Following(diary.begin)
    followed.follow(things)

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            await followed.run(group)

    task = asyncio.create_task(run())
    try:
        yield followed, diary.notes
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_stays_goes_on_and_what_leaves_has_ended_before_its_successor_begins() -> None:
    one, two, other_two = ["one"], ["two"], ["two"]
    async with following(one, two) as (followed, notes):
        await until(lambda: len(notes) == 2)
        followed.follow([other_two, one])
        await until(lambda: len(notes) == 4)
        assert notes == ["one begins", "two begins", "two ends", "two begins"]
    assert sorted(notes[4:]) == ["one ends", "two ends"]


async def test_a_list_that_changes_twice_before_anybody_looks_is_followed_once() -> None:
    one, two = ["one"], ["two"]
    async with following() as (followed, notes):
        followed.follow([two])
        followed.follow([one])
        await until(lambda: notes == ["one begins"])
        followed.follow([])
        await until(lambda: notes == ["one begins", "one ends"])


async def test_a_list_that_changes_while_its_predecessor_ends_is_the_one_that_is_followed() -> None:
    one, two, three = ["one"], ["two"], ["three"]
    async with following(one) as (followed, notes):
        await until(lambda: notes == ["one begins"])
        followed.follow([two])
        await asyncio.sleep(0)  # now it waits for the end of one
        followed.follow([three])
        await until(lambda: "three begins" in notes)
        assert notes == ["one begins", "one ends", "three begins"]

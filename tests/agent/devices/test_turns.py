"""Whose turn it is: what answers goes before what does not, and neither waits for ever."""

import asyncio

from agent.devices.turns import Turns


class Working:
    """Takes turns, and keeps them until told."""

    def __init__(self, most: int) -> None:
        self.turns, self.busy = Turns(most), {False: 0, True: 0}
        self.tasks: list[asyncio.Task[None]] = []

    async def _work(self, doubtful: bool, end: asyncio.Event) -> None:
        async with self.turns.turn(doubtful=doubtful):
            self.busy[doubtful] += 1
            try:
                await end.wait()
            finally:
                self.busy[doubtful] -= 1

    async def come(self, some: int, *, doubtful: bool) -> asyncio.Event:
        """Have so many more wait for their turn; return what ends them."""
        end = asyncio.Event()
        self.tasks += [asyncio.create_task(self._work(doubtful, end)) for _ in range(some)]
        await asyncio.sleep(0.01)
        return end

    async def over(self, *ends: asyncio.Event) -> None:
        for end in ends:
            end.set()
            await asyncio.sleep(0.01)


async def test_the_dead_use_at_most_half_of_the_turns() -> None:
    working = Working(8)
    dead = await working.come(50, doubtful=True)
    assert working.busy == {False: 0, True: 4}
    fine = await working.come(50, doubtful=False)
    assert working.busy == {False: 4, True: 4}
    await working.over(fine)
    assert working.busy == {False: 0, True: 4}
    await working.over(dead)
    await asyncio.gather(*working.tasks)


async def test_a_quarter_is_kept_for_the_dead_however_many_others_wait() -> None:
    working = Working(8)
    fine = await working.come(50, doubtful=False)
    dead = await working.come(50, doubtful=True)
    assert working.busy == {False: 8, True: 0}
    some = working.tasks[:4]
    for task in some:
        task.cancel()
    await asyncio.gather(*some, return_exceptions=True)
    await asyncio.sleep(0.01)
    assert working.busy == {False: 6, True: 2}
    await working.over(fine, dead)
    await asyncio.gather(*working.tasks[4:])


async def test_one_that_is_cancelled_while_it_waits_takes_no_turn_along() -> None:
    working = Working(1)
    first = await working.come(1, doubtful=False)
    await working.come(1, doubtful=False)
    working.tasks[1].cancel()
    await asyncio.sleep(0.01)
    await working.over(first)
    last = await working.come(1, doubtful=True)
    assert working.busy == {False: 0, True: 1}
    await working.over(last)
    await working.tasks[2]


async def test_another_limit_holds_from_the_next_turn() -> None:
    working = Working(4)
    fine = await working.come(10, doubtful=False)
    working.turns.limit(6)
    await asyncio.sleep(0.01)
    assert working.busy[False] == 6
    working.turns.limit(1)
    more = await working.come(5, doubtful=False)
    await working.over(fine)
    assert working.busy[False] == 1
    await working.over(more)
    await asyncio.gather(*working.tasks)

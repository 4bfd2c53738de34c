"""A task for each of some things, while the list of the things changes under it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Following(Generic[T]):
    """`begin` gives what is to run for a thing, and its name; a thing is known by its identity.

    What stays in the list goes on undisturbed. What left it is cancelled, and has ended before
    its successor begins.
    """

    begin: Callable[[T], tuple[Coroutine[Any, Any, None], str]]
    _things: Sequence[T] = ()
    _tasks: list[tuple[T, asyncio.Task[None]]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def follow(self, things: Sequence[T]) -> None:
        """Have a task for each of *things* from now on, and for no other."""
        self._things = tuple(things)
        self._changed.set()

    async def run(self, group: asyncio.TaskGroup) -> None:
        """Follow until cancelled; the tasks belong to *group*."""
        while True:
            self._changed.clear()
            left = [task for thing, task in self._tasks if not _among(thing, self._things)]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            self._tasks = [pair for pair in self._tasks if pair[1] not in left]
            if self._changed.is_set():
                continue  # the list is another one already
            running = [thing for thing, _ in self._tasks]
            for thing in self._things:
                if not _among(thing, running):
                    work, name = self.begin(thing)
                    self._tasks.append((thing, group.create_task(work, name=name)))
            await self._changed.wait()


def _among(thing: object, others: Sequence[object]) -> bool:
    return any(thing is other for other in others)

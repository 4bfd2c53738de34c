"""Work shared among processes, so that Ctrl-C, an error or a killed process ends all of them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Final, TypeVar

from core.errors import StartError

KILLED: Final = "one of {} processes was killed; is there too little memory for them?"

Job = TypeVar("Job")
Part = TypeVar("Part")
Result = TypeVar("Result")


def in_processes(
    work: Callable[[Job, Part], Result], job: Job, parts: Sequence[Part], processes: int
) -> Iterator[tuple[Part, Result]]:
    """Yield each of *parts* with what *work* makes of it, as they come.

    The first error of any ends all of them, wherever they are: what they do has to be such that it
    can be done again. Raises what *work* raises, and StartError where a process was killed.
    """
    before = multiprocessing.active_children()
    # Not forked: this process may have threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin) as pool:
        under_way = {pool.submit(work, job, part): part for part in parts}
        try:
            for one in as_completed(under_way):
                yield under_way[one], one.result()
        except BaseException as error:
            for child in multiprocessing.active_children():
                if child not in before:
                    child.terminate()
            # With wait=False its thread may still be there when Python ends, which says so.
            pool.shutdown(wait=True, cancel_futures=True)
            if isinstance(error, BrokenProcessPool):
                raise StartError(KILLED.format(processes)) from None
            raise


def _begin() -> None:
    # Ctrl-C goes to all of them; the first one says to the others when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)

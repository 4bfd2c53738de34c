"""Takes a batch in and rolls it up, and dies by SIGKILL at the moment that it is told.

python -m tests.collector.rollups.mortal FOLDER MOMENT
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from collector.rollups.marks import LATENESS
from collector.rollups.rolling import Rolling
from collector.rollups.times import HOUR
from collector.store.sqlite import SqliteStore
from tests.collector.desk import open_desk
from tests.collector.making import NOW, Clock, batch, readings
from tests.collector.rollups.place import SHANGHAI

MOMENTS = ("stored", "accounted", "claimed", "rolled", "forgotten")
MESSAGE = readings(batch(lines=[b"mem used=7i %d" % (NOW - 10 * HOUR)]))


def die() -> None:
    """Die as in a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying_after(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return *work*, after which we die."""

    def done(*args: Any) -> None:
        work(*args)
        die()

    return done


def main(folder: Path, moment: str) -> None:
    """Die at *moment*."""
    clock = Clock()
    raw, hourly, daily = (SqliteStore(folder / f"store{end}.db") for end in ("", "_1h", "_1d"))
    desk = open_desk(folder, clock, real=raw)
    marks = desk.books.marks
    if moment == "stored":
        desk.store.write = dying_after(desk.store.write)  # type: ignore[method-assign]
    if moment == "accounted":
        marks.commit = dying_after(marks.commit)  # type: ignore[method-assign]
    asyncio.run(desk.take(MESSAGE))
    clock.at += LATENESS
    if moment == "claimed":
        marks.claim_hours = dying_after(marks.claim_hours)  # type: ignore[method-assign]
    if moment == "rolled":
        hourly.write = dying_after(hourly.write)  # type: ignore[method-assign]
    if moment == "forgotten":
        marks.done = dying_after(marks.done)  # type: ignore[method-assign]
    Rolling(raw, hourly, daily, marks, SHANGHAI).hours()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""History in a spool, as if the line had been cut while the agent went on measuring."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent.spool import DAY, Limits, Spool
from core.clock import SECOND
from simulator.host import Host

ROOM: Final = Limits(max_bytes=10**12, max_age=365 * DAY)
"""Nothing is dropped of what is played."""


def fill(
    path: Path, host: Host, start: int, stop: int, *, interval_s: float, seal_after_s: float
) -> int:
    """Put what *host* measured from *start* to *stop* (ns) into the spool at *path*.

    Under an epoch of its own, with the times of then; return how many batches there are.
    """
    moment, sealed = start, 0
    spool = Spool(path, ROOM, now=lambda: moment)
    interval, seal_after = int(interval_s * SECOND), int(seal_after_s * SECOND)
    for lines, end in _rounds(host, range(start, stop, interval), max(1, seal_after // interval)):
        moment = min(end + interval, stop)
        spool.take(lines, unchecked=False)
        while spool.seal() is not None:
            sealed += 1
    spool.close()
    return sealed


def _rounds(host: Host, times: range, together: int) -> Iterator[tuple[list[bytes], int]]:
    """Return the lines of each batch, and the time of its last round."""
    for place in range(0, len(times), together):
        rounds = times[place : place + together]
        yield [line for at in rounds for line in host.measure(at)], rounds[-1]

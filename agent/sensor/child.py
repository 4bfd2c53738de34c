"""The end of the sensor's process, and its complaints: what a keeper does with any child."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from agent.sensor.lines import LINE_BYTES

MOST_COMPLAINTS: Final = 20
"""Lines of its standard error that are logged, of each process."""

_log = logging.getLogger(__name__)


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill *process* and see it end; what it still says is thrown away."""
    with suppress(ProcessLookupError):
        process.kill()
    # asyncio takes it for running until all is read: a line that is too long stops that.
    assert process.stdout is not None
    while await process.stdout.read(LINE_BYTES):
        pass
    await process.wait()


async def complain(stream: asyncio.StreamReader) -> None:
    """Log what the process complains of: the first lines, cut."""
    for number in range(1_000_000):
        try:
            line = await stream.readline()
        except ValueError:
            continue
        if not line:
            return
        if number < MOST_COMPLAINTS:
            text = line[:200].decode("ascii", "replace").strip()
            _log.warning("sensor: %s", "".join(one if one.isprintable() else "?" for one in text))

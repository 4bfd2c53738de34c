"""Lets the security sensors of this machine know that `agent discover` runs.

Each of them has an ear (agent/sensor/ear.py), which is found in /proc/net/unix.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from agent.sensor.ear import PREFIX, SAYS

EVERY_S: Final = 3.0


@asynccontextmanager
async def discovering() -> AsyncIterator[None]:
    """Let the sensors of this machine know, from before the block's first question to its end."""
    say()
    saying = asyncio.create_task(_keep_saying(), name="discover says so")
    try:
        yield
    finally:
        saying.cancel()


def say() -> None:
    """Say it once to each sensor that is there."""
    if not hasattr(socket, "AF_UNIX"):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        for name in _sensors():
            with suppress(OSError):  # it ended, or somebody fills it
                sock.sendto(SAYS, f"\0{name}")


async def _keep_saying() -> None:
    while True:
        await asyncio.sleep(EVERY_S)
        say()


def _sensors() -> list[str]:
    try:
        rows = Path("/proc/net/unix").read_text("utf-8", "replace").split("\n")
    except OSError:  # no Linux
        return []
    return [row.rpartition("@")[2] for row in rows if f"@{PREFIX}" in row]

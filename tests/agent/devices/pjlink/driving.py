"""Drivers for a simulated projector, with a clock of their own; and a projector that is a file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.devices.base import Sighting
from agent.devices.drivers.pjlink import PjlinkDriver
from simulator.projector import Projector

CASES = Path(__file__).parents[3] / "cases" / "pjlink"

SOON = {"timeout_s": 0.4}
"""For a simulated projector that never answers; others have the 3 s that real ones get."""


@dataclass
class Clock:
    """Monotonic seconds that a test moves."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def driver(port: int, *, most_s: float = 20.0, **options: Any) -> PjlinkDriver:
    return PjlinkDriver("127.0.0.1", port, most_s=most_s, **options)


def with_clock(made: PjlinkDriver) -> tuple[PjlinkDriver, Clock]:
    clock = Clock()
    return replace(made, monotonic=clock), clock


def plain(sighting: Sighting) -> tuple[str, str]:
    return sighting.state, sighting.cause


def bodies(projector: Projector) -> list[str]:
    """Return the letters of what was asked so far, and forget it."""
    found = [line[2:6] for line in projector.asked]
    projector.asked.clear()
    return found


@asynccontextmanager
async def recorded(case: dict[str, Any]) -> AsyncIterator[int]:
    """Serve the transcript *case* on a port of this machine."""

    def raw(text: str) -> bytes:
        return text.encode("latin-1")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw(case["greeting"]))
        try:
            while True:
                line = (await reader.readuntil(b"\r"))[:-1].decode()
                rest = case["rest"]
                otherwise = rest if rest.endswith("\r") else f"{line[:6]}={rest}\r"
                writer.write(raw(case["answers"].get(line, otherwise)))
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()

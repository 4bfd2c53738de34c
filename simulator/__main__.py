"""Plays agents against a broker until stopped: `python -m simulator --help`."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from agent.spool import DAY, Waiting
from core import clock
from core.errors import MonitorError
from core.mqtt import Broker
from core.types import Identity
from simulator.agents import Load, Sealed, fill_all, play


def main() -> int:
    """Do what the command line says."""
    asked = _parser().parse_args()
    load = Load(
        *(asked.region, asked.agents, asked.first, asked.lines, asked.interval, asked.seal_after),
        seed=asked.seed,
    )
    try:
        if asked.fill_days:
            now = clock.now()
            start = now - int(asked.fill_days * DAY)
            batches = fill_all(load, asked.folder, start, now, asked.fill_interval)
            sys.stdout.write(f"{batches} batches wait in {load.agents} spools\n")
            return 0
        with _record(asked.record) as sealed:
            asyncio.run(_until_stopped(load, asked.folder, Broker(port=asked.port), sealed))
    except (MonitorError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the spools are kept")
    parser.add_argument("--port", type=int, default=1883, help="of the broker, on this machine")
    parser.add_argument("--region", default="000000")
    parser.add_argument("--agents", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="number of the first agent")
    parser.add_argument("--lines", type=int, default=8, help="readings at a time")
    parser.add_argument("--interval", type=float, default=10.0, help="seconds between readings")
    parser.add_argument("--seal-after", type=float, default=30.0, help="seconds of a batch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path, help="a file for a line about each batch sealed")
    filling = parser.add_argument_group("instead of playing: put a backlog into the spools, end")
    filling.add_argument("--fill-days", type=float, default=0.0)
    filling.add_argument("--fill-interval", type=float, default=10.0)
    return parser


async def _until_stopped(load: Load, folder: Path, broker: Broker, sealed: Sealed) -> None:
    playing = asyncio.create_task(play(load, folder, broker, sealed))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await playing


@contextlib.contextmanager
def _record(path: Path | None) -> Iterator[Sealed]:
    if path is None:
        yield lambda _who, _waiting, _oldest: None
        return
    with path.open("w", buffering=1) as file:

        def sealed(who: Identity, waiting: Waiting, oldest: int) -> None:
            epoch, _, seq = waiting.key
            file.write(f"{who} {epoch} {seq} {oldest} {waiting.sealed_at}\n")

        yield sealed


if __name__ == "__main__":
    sys.exit(main())

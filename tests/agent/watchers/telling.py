"""Runs the watcher of disks for a test, in whatever namespace it is started: one event a line.

python -m tests.agent.watchers.telling FOLDER …
"""

import asyncio
import dataclasses
import json
import sys

from agent.watchers.disk import DiskWatcher
from core.types import Event


async def main(folders: tuple[str, ...]) -> None:
    watcher = DiskWatcher(folders, look_every_s=1)
    async for events in watcher.watch("pc-1"):
        for event in events:
            if isinstance(event, Event):
                sys.stdout.write(f"{json.dumps(dataclasses.asdict(event))}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(tuple(sys.argv[1:])))

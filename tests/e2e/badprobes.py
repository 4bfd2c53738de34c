"""Run schoolwatch with probes besides its own that are broken, and with a disk that is silent.

python -m tests.e2e.badprobes FOLDER agent run --config agent.toml
"""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from agent.probes import probes
from core import clock
from core.types import Reading
from schoolwatch import main
from tests.real import disks


@dataclass(frozen=True, slots=True)
class Hangs:
    """Waits for what never comes."""

    async def measure(self) -> Iterable[Reading]:
        await asyncio.Event().wait()
        return []


@dataclass(frozen=True, slots=True)
class Raises:
    """Has a mistake in it."""

    async def measure(self) -> Iterable[Reading]:
        raise KeyError("nobody thought of this")


@dataclass(frozen=True, slots=True)
class Floods:
    """Returns readings without end, each of a series of its own."""

    async def measure(self) -> Iterable[Reading]:
        at = clock.now()
        return (
            Reading("ping", {"result_code": 0}, at, {"url": f"flood-{number}"})
            for number in count()
        )


BROKEN = {"hangs": Hangs, "raises": Raises, "floods": Floods}


def run(folder: Path, words: Sequence[str]) -> int:
    disks.mount_silent(folder)
    probes._words += tuple(BROKEN)
    for word, kind in BROKEN.items():
        probes.add(word)(kind)
    return main(list(words))


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))

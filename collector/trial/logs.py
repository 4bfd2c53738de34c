"""The log file of each process of the trial: what it prints, start after start."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from core import clock

LARGEST: Final = 10_000_000
"""A log this large is set aside at the next start, in place of the one before it."""

TAIL_BYTES: Final = 20_000
_MARK: Final = "==="


@contextmanager
def opened(path: Path, name: str) -> Iterator[BinaryIO]:
    """Give the log at *path* to write to, with a line that says when *name* was started."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST:
        path.replace(path.with_suffix(".log.1"))
    with path.open("ab", buffering=0) as file:
        file.write(f"{_MARK} {name} started {clock.rfc3339(clock.now())} {_MARK}\n".encode())
        yield file


def last_lines(path: Path, count: int = 12) -> list[str]:
    """Return the last lines since the newest start; empty where nothing was written."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    starts = [index for index, line in enumerate(lines) if line.startswith(f"{_MARK} ")]
    since = lines[starts[-1] + 1 :] if starts else lines
    return since[-count:]

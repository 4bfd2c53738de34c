"""A memory cgroup of a test's own: what is in it gets so much, and no more. Needs root.

with limited(64_000_000) as group:
    subprocess.Popen([*group.enter, "python3", …])
"""

import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

V1: Final = Path("/sys/fs/cgroup/memory")
V2: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Group:
    """A cgroup of version 1 or 2."""

    folder: Path

    @property
    def enter(self) -> list[str]:
        """What stands before a command that is to run inside."""
        script = f'echo $$ >"{self.folder}/cgroup.procs" && exec "$@"'
        return ["sh", "-c", script, "sh"]

    def killed(self) -> int:
        """Return how often something had to be killed for want of memory."""
        for name in ("memory.events", "memory.oom_control"):
            if (self.folder / name).exists():
                words = (self.folder / name).read_text().split()
                return int(words[words.index("oom_kill") + 1])
        raise OSError(f"{self.folder} does not say whom it killed")

    def most(self) -> int:
        """Return the most bytes that it has held."""
        for name in ("memory.peak", "memory.max_usage_in_bytes"):
            if (self.folder / name).exists():
                return int((self.folder / name).read_text())
        raise OSError(f"{self.folder} does not say what it held")

    def end(self) -> None:
        """Kill who is left inside, and take the group away."""
        for pid in (self.folder / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        for _ in range(100):
            with suppress(OSError):  # a process that was killed takes a moment
                self.folder.rmdir()
                return
            time.sleep(0.05)


@contextmanager
def limited(size: int) -> Iterator[Group]:
    """Make a group of *size* bytes without swap, and skip the test where none can be made."""
    if sys.platform != "linux":
        pytest.skip("memory cgroups are Linux's")
    is_v1 = (V1 / "memory.limit_in_bytes").exists()
    group = Group((V1 if is_v1 else V2) / f"sw-{secrets.token_hex(3)}")
    limits = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes") if is_v1 else ("memory.max",)
    try:
        group.folder.mkdir()
        for limit in limits:
            (group.folder / limit).write_text(str(size))
        if not is_v1:
            (group.folder / "memory.swap.max").write_text("0")
    except OSError as error:
        with suppress(OSError):
            group.folder.rmdir()
        pytest.skip(f"no memory cgroup can be made here: {error}")
    try:
        yield group
    finally:
        group.end()

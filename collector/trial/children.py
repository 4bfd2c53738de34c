"""The processes of the trial: started in order, kept running, stopped the other way round.

Each runs in a session of its own, so that Ctrl-C reaches only the parent, which then stops them
one after the other. The parent has no threads; ten times a second it looks after each child.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.trial import logs
from core import clock

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
HEALTHY_AFTER_S: Final = 60.0
"""A child that ran this long starts again after the first pause, not after the next longer one."""

GRACE_S: Final = 10.0
LOOK_S: Final = 0.1

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One process to run, where its output goes, and how to see that it does its work.

    `ready` is asked with the time (ns) of the start; what happened before proves nothing.
    """

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[int], bool]


class Child:
    """One part while it runs; `tend` starts it again when it died, after growing pauses."""

    def __init__(self, part: Part, say: Say, monotonic: clock.Monotonic = clock.monotonic) -> None:
        self.part = part
        self._say = say
        self._monotonic = monotonic
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._since = 0
        self._pause = FIRST_PAUSE_S
        self._again_at: float | None = None
        self._missed = False

    def start(self) -> None:
        """Run the command; raises OSError where the system cannot."""
        since = clock.now()
        with logs.opened(self.part.log, self.part.name) as output:
            self._process = subprocess.Popen(
                self.part.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_tether(),  # noqa: PLW1509 — this process has no threads
            )
        self._started_at, self._since = self._monotonic(), since
        self._again_at = None

    def ready(self) -> bool:
        """Tell whether the process does its work."""
        return self.part.ready(self._since)

    def end(self) -> str:
        """Return how the process ended, or an empty string while it runs."""
        code = self._process.poll() if self._process else None
        if code is None:
            return ""
        return f"ended with exit code {code}" if code >= 0 else f"was killed by {_signal(-code)}"

    def tend(self) -> None:
        """Start the process again if it died and its pause is over; say both changes once."""
        end, now = self.end(), self._monotonic()
        if not end:
            self._welcome_back()
        elif self._again_at is None:
            self._sweep()
            if now - self._started_at >= HEALTHY_AFTER_S:
                self._pause = FIRST_PAUSE_S
            self._plan_again(end)
        elif now >= self._again_at:
            try:
                self.start()
            except OSError as error:
                self._plan_again(f"cannot be started: {error.strerror}")

    def stop(self, hurried: Callable[[], bool] = lambda: False) -> None:
        """End the process: by asking, after a while or when *hurried* by force."""
        if self._process is None or self._again_at is not None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            if not self._ends_within(GRACE_S, hurried):
                why = "" if hurried() else f" did not stop within {GRACE_S:g} s;"
                self._say(f"{self.part.name}{why} killed")
        self._sweep()
        self._process.wait()
        self._process = None

    def _sweep(self) -> None:
        """Kill what is left of the process's session: itself, and what it started.

        Once, and at once when it ended: later its number may be another's.
        """
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _ends_within(self, seconds: float, hurried: Callable[[], bool]) -> bool:
        end = self._monotonic() + seconds
        while not self.end():
            if hurried() or self._monotonic() >= end:
                return False
            time.sleep(LOOK_S)
        return True

    def _plan_again(self, why: str) -> None:
        self._say(f"{self.part.name} {why}; starting it again in {self._pause:g} s")
        self._again_at = self._monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_S)
        self._missed = True

    def _welcome_back(self) -> None:
        if self._missed and self.ready():
            self._missed = False
            self._say(f"{self.part.name} is back")


def _tether() -> Callable[[], None] | None:
    """Return what makes the kernel end a child with this process, even one killed with -9.

    The kernel forgets it for a program that changes its user, as mosquitto does when root starts
    it without `user root`.
    """
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def tie() -> None:
        libc.prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)  # the parent died before the call: no signal will come

    return tie


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

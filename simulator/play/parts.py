"""Many schools are played by several processes: each gets some of them, and says at its end what
it did."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.district import School
from simulator.wired import MOST

GRACE_S: Final = 60.0
COMFORTABLE: Final = MOST * 4 // 5


@dataclass(frozen=True, slots=True)
class Part:
    """The share of one of `of` processes: every school whose number it is, counted round."""

    number: int = 0
    of: int = 1

    def schools(self, every: Sequence[School]) -> list[School]:
        """Return those of *every* that this process plays."""
        return list(every[self.number :: self.of])

    @classmethod
    def read(cls, text: str) -> "Part":
        """Return what `2/8` says; raises ValueError."""
        number, _, of = text.partition("/")
        part = cls(int(number), int(of))
        if not 0 <= part.number < part.of:
            raise ValueError(text)
        return part


WHOLE: Final = Part()


def processes_for(schools: Sequence[School]) -> int:
    """Return how many processes it takes to play *schools*."""
    agents = sum(len(school.agents) for school in schools)
    return -(-agents // COMFORTABLE)


@dataclass(slots=True)
class Children:
    """The processes of a play, each started with `words` and its part."""

    words: Sequence[str]
    count: int
    _children: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start(self) -> None:
        """Start them all, in sessions of their own: Ctrl-C reaches this process only."""
        for number in range(self.count):
            command = [sys.executable, "-P", "-m", "schoolwatch", "simulate", "run", *self.words]
            self._children.append(
                subprocess.Popen(
                    [*command, "--part", f"{number}/{self.count}", "--json"],
                    stdout=subprocess.PIPE,
                    start_new_session=True,
                )
            )

    def over(self) -> bool:
        """Tell whether all of them have ended, or one of them failed."""
        codes = [child.poll() for child in self._children]
        return None not in codes or any(codes)

    def stop(self) -> dict[str, Any]:
        """End them and return the sums of what they say."""
        for child in self._children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        total: dict[str, Any] = {}
        for child in self._children:
            try:
                said, _ = child.communicate(timeout=GRACE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                said, _ = child.communicate()
            for name, value in _numbers(said).items():
                total[name] = total.get(name, 0) + value
        return total

    def failed(self) -> bool:
        """Tell whether one of them ended with anything but success."""
        # One that had just come to its end when it was told to stop may have died of it.
        return any(child.returncode not in (0, -signal.SIGTERM) for child in self._children)


def _numbers(said: bytes) -> dict[str, Any]:
    try:
        found = json.loads(said)
    except ValueError:
        return {}
    return {name: value for name, value in found.items() if isinstance(value, int)}

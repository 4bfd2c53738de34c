"""A capture through the detectors, as fast as it can be read."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from agent.sensor import rare
from agent.sensor.captures import Capture
from agent.sensor.frames import ETHERNET, LINKS
from agent.sensor.packets import facts_of
from agent.sensor.watching import Watching

STEP: Final = 4096
"""Packets from one word of progress to the next."""
BACK_S: Final = 1.0
"""So far back in time goes no capture whose packets are in order."""


@dataclass(slots=True)
class Tally:
    """What was in a capture."""

    packets: int = 0
    facts: int = 0
    first: float = 0.0
    last: float = 0.0
    backwards: int = 0
    """Packets that are older than the one before by more than BACK_S."""
    malformed: Counter[str] = field(default_factory=Counter)
    links: Counter[int] = field(default_factory=Counter)
    """Packets of link layers that nobody reads here, by their number."""
    missing: str = ""
    """The module that would read them."""
    forgotten: int = 0
    """Machines, addresses and services that the detectors had no room for any more."""
    defects: int = 0
    defect: str = ""
    """Facts on which a detector failed, and how the first time."""

    def broke(self, error: Exception) -> None:
        """Note that a detector failed on the packet that is read."""
        self.defects += 1
        self.defect = self.defect or f"packet {self.packets}: {type(error).__name__}: {error}"


def read_capture(
    capture: Capture, at_work: Watching, tally: Tally, step: Callable[[], None] = lambda: None
) -> None:
    """Read *capture* to its end; *step* is called now and then. Raises CaptureError.

    What was read until then is in *tally* and in the detectors, which are finished all the same.
    """
    at_work.broke = tally.broke
    try:
        _read(capture, at_work, tally, step)
    finally:
        tally.facts = at_work.facts
        at_work.tick(tally.last)
        at_work.finish()
        tally.forgotten = at_work.forgotten


def _read(capture: Capture, at_work: Watching, tally: Tally, step: Callable[[], None]) -> None:
    take, malformed = at_work.take, tally.malformed
    rarely: dict[int, rare.AsEthernet | None] = {}
    last = 0.0
    # By hand and in one loop: this runs once for each of millions of packets.
    for number, captured in enumerate(capture, 1):
        at, data, size, link = captured
        tally.packets = number
        if number == 1:
            tally.first = at
        elif at < last - BACK_S:
            tally.backwards += 1
        last = at
        tally.last = max(tally.last, at)
        if link not in LINKS:
            if link not in rarely:
                rarely[link] = _reader(link, tally)
            if as_ethernet := rarely[link]:
                data, link = as_ethernet(data), ETHERNET
            else:
                tally.links[link] += 1
        try:
            for fact in facts_of(data, at, number, link, size, malformed=malformed):
                take(fact)
        except Exception as error:  # noqa: BLE001 — one fact that a detector cannot bear is one
            tally.broke(error)
        if not number % STEP:
            step()


def _reader(link: int, tally: Tally) -> rare.AsEthernet | None:
    try:
        return rare.reader(link)
    except ModuleNotFoundError as missing:
        tally.missing = missing.name or ""
        return None

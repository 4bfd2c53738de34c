"""A detector that fails: counted, said, and nothing beside it goes blind.

scapy's AsyncSniffer is dead after an exception in `prn`, and says that it runs.
"""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from agent.sensor.facts import Arp, Fact
from agent.sensor.incidents import Incident, Incidents, Sign
from agent.sensor.packets import facts_of
from agent.sensor.watching import Watching
from tests.packets import spoofing as say
from tests.packets.captures import ETHERNET

T = 1_790_000_000.0


class Broken:
    """Fails on whatever it is given."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Arp,)

    def take(self, fact: Fact) -> None:
        raise ZeroDivisionError("take")

    def tick(self, now: float) -> None:
        raise ZeroDivisionError("tick")


@dataclass
class Whole:
    """Takes each answer for an attack."""

    incidents: Incidents
    ticks: int = 0
    takes: ClassVar[tuple[type[Fact], ...]] = (Arp,)

    def take(self, fact: Arp) -> None:
        self.incidents.sign(Sign("arp_spoof", fact.sender_mac, fact.at, fact.number, quiet_s=20))

    def tick(self, now: float) -> None:
        self.ticks += 1


def hear(watching: Watching) -> None:
    lies = say.arpspoof(
        T, "02:00:00:00:00:66", "10.0.0.1", "02:00:00:00:00:20", "10.0.0.20", times=3
    )
    for number, (at, frame) in enumerate(lies, 1):
        for fact in facts_of(frame, at, number, ETHERNET, len(frame)):
            watching.take(fact)
    watching.tick(T + 60)


def test_where_one_detector_fails_the_next_one_hears_all_and_attacks_still_end() -> None:
    stages: list[str] = []
    incidents = Incidents(lambda _incident, stage: stages.append(stage))
    whole, failed = Whole(incidents), list[Exception]()
    hear(Watching((Broken(), whole), incidents, (), 0, failed.append))
    assert stages == ["begin", "end"]
    assert whole.ticks == 4
    assert [str(one) for one in failed] == [*("tick", "take") * 3, "tick"]


def test_a_failure_that_nobody_asks_for_is_raised() -> None:
    def nobody(_incident: Incident, _stage: str) -> None:
        raise AssertionError

    with pytest.raises(ZeroDivisionError):
        hear(Watching((Broken(),), Incidents(nobody)))

"""A broker, a region, a carrier that fails is one message to people, and not a thousand."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from msgspec import structs

from collector.canary import Canary
from collector.door import Door
from collector.outside import SchoolKey, together, with_doubt
from collector.painting import paint
from collector.roster.school import Address, School
from collector.sights import sight_of
from collector.systemsight import SystemSight
from collector.verdicts import Known, Outside
from core.clock import SECOND
from core.types import Identity
from tests.alerts.stage import Stage
from tests.collector.making import NOW, REGION
from tests.collector.test_painting import scene

MANY = 500
WHO = [Identity(REGION, f"school-{n}", "host") for n in range(MANY)]


@dataclass
class Played:
    """Pictures each ten seconds of simulated time, shown to the real engine."""

    stage: Stage
    known: dict[Identity, Known] = field(default_factory=dict)
    schools: list[School] = field(default_factory=list)
    found: dict[SchoolKey, Outside] = field(default_factory=dict)
    last: dict[SchoolKey, Outside] = field(default_factory=dict)
    """What was found of those that cannot be asked any more."""
    door: Door = field(init=False)
    system: SystemSight = field(init=False)

    def __post_init__(self) -> None:
        self.door = Door(self.stage.clock)
        self.broker(up=True)
        self.system = SystemSight("d1", self.door)
        self.stage.clock.at += 3_600 * SECOND

    def broker(self, *, up: bool) -> None:
        for channel in ("readings", "state"):
            (self.door.connected if up else self.door.disconnected)(channel)

    def beat(self, who: Iterable[Identity]) -> None:
        self.known |= {one: Known(self.stage.clock(), NOW) for one in who}

    def go_on(self, seconds: int, beating: Iterable[Identity] = ()) -> None:
        beating = list(beating)
        for _ in range(seconds // 10):
            self.beat(beating)
            at, opening = self.stage.clock(), self.door.opening()
            made = scene(self.known, self.schools, self.found, opening)
            carriers = {key: school.carrier for key, school in made.roster.items()}
            last = together(self.found | self.last, carriers)
            made = replace(made, proof=with_doubt(made.proof, last, carriers))
            self.stage.engine.see(sight_of(paint(replace(made, at=at)), opening, Canary()))
            if sight := self.system.due(at):
                self.stage.engine.see(sight)
            self.stage.wait(10, step=10)

    def told(self) -> list[str]:
        """Return what begins and ends, without the time."""
        return [text.partition(" ")[2] for text in self.stage.told()]


def test_a_region_of_500_agents_that_loses_its_broker_gives_one_alert(tmp_path: Path) -> None:
    played = Played(Stage(tmp_path))
    played.go_on(60, WHO)
    played.broker(up=False)
    played.go_on(1_800)
    assert played.told() == ["begins broker_away"]
    played.broker(up=True)
    played.go_on(600, WHO)
    assert played.told() == ["begins broker_away", "ends broker_away"]


def test_500_agents_cut_off_from_a_broker_that_the_collector_still_has_give_one_alert(
    tmp_path: Path,
) -> None:
    played = Played(Stage(tmp_path))
    played.go_on(60, WHO)
    for n, who in enumerate(WHO):  # wills come within a minute and a half of each other
        played.known[who] = Known(
            played.known[who].last_arrival, played.stage.clock() + n * SECOND // 10, dead=True
        )
    played.go_on(1_800)
    assert played.told() == ["begins region_away"]
    (message,) = played.stage.messages_made()
    assert message.alerts[0].alert.details["count"] == MANY
    played.go_on(600, WHO)
    assert played.told() == ["begins region_away", "ends region_away"]


def test_a_carrier_that_falls_gives_one_alert_although_its_lines_fall_one_after_the_other(
    tmp_path: Path,
) -> None:
    played = Played(Stage(tmp_path))
    played.schools = [
        School(who.region, who.school, carrier="电信" if n < 40 else "移动")
        for n, who in enumerate(WHO)
    ]
    played.found = {(who.region, who.school): Outside(True, NOW) for who in WHO}
    played.go_on(60, WHO)
    fell, others = WHO[:40], WHO[40:]
    for second in range(0, 60, 10):  # each is asked once a minute
        for who in fell[second * 40 // 60 : (second + 10) * 40 // 60]:
            played.found[who.region, who.school] = Outside(False, played.stage.clock())
            played.known[who] = structs.replace(
                played.known[who], dead=True, changed_at=played.stage.clock()
            )
        played.go_on(10, others)
    played.go_on(1_800, others)
    assert played.told() == ["begins carrier_away"]
    played.found |= {(w.region, w.school): Outside(True, played.stage.clock()) for w in fell}
    played.go_on(600, WHO)
    assert played.told() == ["begins carrier_away", "ends carrier_away"]


@pytest.mark.parametrize("back", ["the lines answer", "the agents are up"])
def test_a_carrier_whose_lines_cannot_be_asked_any_more_is_not_back_before_it_is(
    tmp_path: Path, back: str
) -> None:
    played = Played(Stage(tmp_path))
    asked = (Address("192.0.2.1"),)
    played.schools = [
        School(w.region, w.school, carrier="电信" if n < 40 else "移动", outside=asked)
        for n, w in enumerate(WHO)
    ]
    played.found = {(who.region, who.school): Outside(True, NOW) for who in WHO}
    played.go_on(60, WHO)
    fell, others = WHO[:40], WHO[40:]
    for who in fell:
        played.last[who.region, who.school] = Outside(False, played.stage.clock())
    played.found |= played.last
    played.go_on(600, others)
    assert played.told() == ["begins carrier_away"]
    for key in played.last:  # their names do not resolve
        del played.found[key]
    played.go_on(1_800, others)
    assert played.told() == ["begins carrier_away"], "and no agent behind them is told of"
    if back == "the lines answer":
        played.found |= dict.fromkeys(played.last, Outside(True, played.stage.clock()))
        played.last.clear()
        played.go_on(10, others)
        assert "ends carrier_away" in played.told()
    played.go_on(600, WHO)
    assert sorted({*played.told()} & {"begins carrier_away", "ends carrier_away"}) == [
        *("begins carrier_away", "ends carrier_away"),
    ]


def test_what_was_silent_before_the_broker_went_is_not_told_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    played = Played(Stage(tmp_path))
    lost, others = WHO[:1], WHO[1:]
    played.go_on(60, WHO)
    played.go_on(600, others)  # a power cut whose will nobody got
    assert played.told() == ["begins agent_silent"]
    played.broker(up=False)
    played.go_on(300)
    played.broker(up=True)
    played.go_on(900, others)
    broker = ["begins broker_away", "ends broker_away"]
    assert played.told() == ["begins agent_silent", *broker]
    played.go_on(10, lost)
    assert played.told() == ["begins agent_silent", *broker, "ends agent_silent"]


def test_a_region_that_is_away_stays_so_while_the_collector_comes_back(tmp_path: Path) -> None:
    played = Played(Stage(tmp_path))
    played.go_on(60, WHO)
    played.go_on(600)
    assert played.told() == ["begins region_away"]
    played.broker(up=False)
    played.go_on(300)
    played.broker(up=True)
    played.go_on(900)
    assert "ends region_away" not in played.told()
    played.go_on(60, WHO)
    assert played.told()[-1] == "ends region_away"

"""The picture over time, with the clock as input (tests/collector/picture.toml)."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from collector import births
from collector.door import Door
from collector.live import Live, was_up
from collector.outside import Proof, Seen, after_round, outcome, together
from collector.roster.school import School
from collector.verdicts import Verdict
from core.clock import SECOND
from core.messages import Death
from core.types import Identity
from tests.collector.making import NOW, REGION, A, Clock, birth

CASES = tomllib.loads(Path(__file__).with_name("picture.toml").read_text("utf-8"))["case"]
SCHOOL = "school-1"
WHO = Identity(REGION, SCHOOL, "host")
UNITS = {"s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND}


@dataclass
class Played:
    """One school, beside others, and what happens to it."""

    probes: bool
    others: list[Identity]
    clock: Clock = field(default_factory=Clock)
    door: Door = field(init=False)
    live: Live = field(init=False)
    seen: Seen = field(default_factory=Seen)
    number: int = 0

    def __post_init__(self) -> None:
        self.door = Door(self.clock)
        for channel in ("readings", "state"):
            self.door.connected(channel)
        self.live = self._live({})

    def _live(self, agents: Any) -> Live:
        live = Live("d1", [REGION], [School(REGION, SCHOOL)], agents)
        live.proof = self._proof
        return live

    def _proof(self) -> Proof:
        found = outcome(self.seen, self.clock())
        return together({(REGION, SCHOOL): found}, {}) if self.probes else Proof({}, {})

    def do(self, what: str) -> None:
        if what:
            getattr(self, what.replace(" ", "_"))()

    def birth(self, who: Identity = WHO) -> None:
        self.number += 1
        said = birth(no=self.number, conn=self.number)
        before, at = self.live.state(who), self.clock()
        up = was_up(before.known, at, self.door.opening())
        self.live.put(who, births.after_birth(before, said, at, was_up=up))

    def batch(self) -> None:
        self.live.heard(WHO, A, self.clock(), self.door.opening())

    def _death(self, state: str, who: Identity = WHO) -> None:
        before = self.live.state(who)
        assert before.birth is not None
        said = Death(state=state, epoch=before.birth.epoch, conn=before.birth.conn)  # type: ignore[arg-type]
        after = births.after_death(before, said, self.clock())
        assert after is not None
        self.live.put(who, after)

    def will(self) -> None:
        self._death("down")

    def stopped(self) -> None:
        self._death("stopped")

    def all_born(self) -> None:
        for who in (WHO, *self.others):
            self.birth(who)

    def all_wills(self) -> None:
        for who in (WHO, *self.others):
            self._death("down", who)

    def probe_answers(self) -> None:
        self.seen = after_round(self.seen, [False, True], self.clock())

    def probe_fails(self) -> None:
        self.seen = after_round(self.seen, [False, False], self.clock())

    def broker_lost(self) -> None:
        for channel in ("readings", "state"):
            self.door.disconnected(channel)

    def broker_back(self) -> None:
        for channel in ("readings", "state"):
            self.door.connected(channel)

    def restart(self) -> None:
        """Start anew with what the database keeps; the door was opened long enough ago."""
        states = {who: self.live.state(who) for who in self.live.agents()}
        self.live = self._live(states)

    def loss(self) -> None:
        self.live.degraded = {WHO: Verdict("degraded", "loss", self.clock())}

    def no_loss(self) -> None:
        self.live.degraded = {}

    def says(self) -> str:
        (school,) = [
            one
            for one in self.live.picture(self.clock(), self.door.opening()).schools
            if one.school == SCHOOL
        ]
        agents = [one.verdict for one in school.agents if one.who == WHO]
        return f"{_said(agents[0]) if agents else '-'} / {_said(school.line)}"


def _said(verdict: Verdict) -> str:
    return ", ".join(word for word in (verdict.state, verdict.cause) if word)


def _ns(text: str) -> int:
    found = re.fullmatch(r"(\d+)([smh])", text)
    assert found, text
    return int(found[1]) * UNITS[found[2]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_picture_follows_what_happens(case: dict[str, Any]) -> None:
    others = [Identity(REGION, f"other-{n}", "host") for n in range(case.get("others", 0))]
    played = Played(case.get("probes", False), others)
    if case.get("second"):
        played.birth(structs.replace(WHO, agent="second"))
    for step in case["steps"]:
        played.clock.at = NOW + _ns(step["at"])
        played.do(step["do"])
        assert played.says() == step["says"], f"at {step['at']}"

"""A district under attack as a timeline: real ledger, store and engine, a clock that moves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.engine import Engine
from alerts.facts import Sight
from alerts.history import History, Wanted
from alerts.texts import Words
from collector.alertground import AlertGround
from collector.eventbatch import Taken, read_events
from collector.intake import arrive
from collector.security.view import RULES
from collector.security.watch import KEEP_EVERY, Security
from core import events, wire
from core.catalog import CATALOG
from core.clock import SECOND
from core.errors import StoreBusy, StoreError
from core.events import Header
from core.measurements.base import Field, measurement
from core.sensorwords import SensorState
from core.types import Event, Identity
from tests.collector.desk import Desk, open_desk
from tests.collector.making import NOW, REGION, A, Clock, events_of, readings
from tests.collector.security.play import HOUR, MINUTE, line

ZONE = ZoneInfo("Asia/Shanghai")
WORDS = Words(lambda place: place, ZONE)
SENSOR = measurement(
    "sensor",
    "what a sensor says of itself, as agents tell it",
    {"interface": "where it listens"},
    *(Field(name, "integer", "", "") for name in ("frames", "dropped")),
    *(Field(name, "string", "", "") for name in ("sees", "blind")),
)


class Play:
    """Schools that are attacked; `told` gives the messages in short."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self._seq = folder, Clock(), 0
        self.start()

    def start(self) -> None:
        self.desk: Desk = open_desk(self.folder, self.clock)
        books = self.desk.books
        self.sights: list[Sight] = []
        ground = AlertGround(books.journal, books.live, self.clock())
        self.engine = Engine(ground, WORDS, channels=("duty",), now=self.clock)
        self.security = Security(books, self.desk.store, self.cases, self.sights.append, self.clock)
        self.desk.readings.tell = self.security.heard
        for channel in ("readings", "state"):
            books.door.connected(channel)

    def restart(self) -> None:
        self.security.close()
        self.desk.books.ledger.close()
        self.desk.store.close()
        self.start()

    def cases(self) -> Any:
        return tuple(self.engine.open_cases())

    def attack(self, kind: str, school: str, *, active: bool = True) -> None:
        self._seq += 1
        who = Identity(REGION, school, "host")
        said = {"source": {"address": "10.1.2.3", "role": "inside"}, "confidence": 0.8}
        event = Event(kind, "eth0", "a1b2c3d4e5", active, self.clock.at, None, said)
        body = events.seal(Header(A, self._seq, 0), [event])
        taken = read_events(arrive(events_of(body, who), self.clock()), {REGION})
        assert isinstance(taken, Taken)
        self.desk.books.journal.take([taken.batch])
        self.desk.books.journal.sync()
        self.heard(who)

    def heard(self, who: Identity) -> None:
        self.desk.books.live.heard(who, A, self.clock(), self.desk.books.door.opening())

    async def sensor(self, school: str, **fields: Any) -> None:
        self._seq += 1
        who = Identity(REGION, school, "host")
        said = line("sensor", self.clock.at, {"interface": "eth0"}, **fields)
        body = wire.seal(wire.Header(A, self._seq, 1), [said])
        await self.desk.take(readings(body, who))
        self.heard(who)

    async def turn(self) -> None:
        books = self.desk.books
        while self.engine.rows():
            pass
        self.security.look(books.live.picture(self.clock(), books.door.opening()))
        await self.security.tick()
        while self.sights:
            self.engine.see(self.sights.pop(0))
        self.engine.tick()

    async def go_on(self, seconds: int, step: int = 5) -> None:
        for _ in range(seconds // step):
            self.clock.at += step * SECOND
            await self.turn()

    def grades(self) -> Mapping[str, str]:
        """Return the grade that each open alert of an attack shows."""
        found = History(self.folder / "ledger.db", WORDS).stories(Wanted()).open
        texts = {one.telling.alert.key.school: one.telling.text.zh for one in found}
        return {
            school: text.partition("建议定级：")[2].partition("（")[0]
            for school, text in texts.items()
            if school
        }

    def rules(self) -> list[str]:
        return sorted({case.alert.key.rule for case in self.cases() if case.told})

    def sensor_of(self, school: str) -> SensorState:
        books = self.desk.books
        view = self.security.view(books.live.picture(self.clock(), books.door.opening()))
        found = view.of((REGION, school))
        return found.sensor if found else "none"


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    monkeypatch.setitem(CATALOG, "sensor", SENSOR)
    return Play(tmp_path)


async def test_one_attack_at_three_schools_is_one_incident_and_one_grade_higher_for_each(
    play: Play,
) -> None:
    others = [f"quiet-{number}" for number in range(30)]
    for school in others:
        play.heard(Identity(REGION, school, "host"))
    for school in ("a", "b"):
        play.attack("worm_sweep", school)
        await play.go_on(60)
    assert play.rules() == ["worm_sweep"]
    assert set(play.grades().values()) == {"一般"}

    play.attack("worm_sweep", "c")
    await play.go_on(30)
    assert play.rules() == ["attack_spreads", "worm_sweep"]
    assert set(play.grades().values()) == {"较大"}
    play.attack("worm_sweep", "d")
    await play.go_on(10)
    (spreads,) = [c.alert for c in play.cases() if c.alert.key.rule == "attack_spreads"]
    assert spreads.details["grade"] == "较大"
    began = History(play.folder / "ledger.db", WORDS).began(NOW - HOUR, RULES)
    assert sum(one.events for one in began) == 4

    play.restart()
    await play.go_on(30)
    assert play.rules() == ["attack_spreads", "worm_sweep"], "a restart ends nothing"
    for school in "abcd":
        play.attack("worm_sweep", school, active=False)
    await play.go_on(HOUR // SECOND + 1_200, step=60)
    assert play.rules() == []
    play.attack("worm_sweep", "e")
    await play.go_on(10)
    assert set(play.grades().values()) == {"一般"}, "what comes later is graded anew"


async def test_a_sensor_is_known_after_a_restart_although_nothing_is_heard_of_it(
    play: Play,
) -> None:
    await play.sensor("a", sees="own", blind="port_scan", frames=10, dropped=0)
    await play.go_on(5)
    assert play.sensor_of("a") == "blind"
    assert play.sensor_of("b") == "none"
    play.restart()
    assert play.sensor_of("a") in ("unknown", "blind")
    play.heard(Identity(REGION, "a", "host"))
    assert play.sensor_of("a") == "blind"
    play.clock.at += 11 * MINUTE
    play.heard(Identity(REGION, "a", "host"))
    assert play.sensor_of("a") == "stopped"
    await play.sensor("a", sees="all", blind="")
    assert play.sensor_of("a") == "sees"


async def test_what_a_killed_collector_left_open_in_the_store_is_ended_there(play: Play) -> None:
    play.attack("port_scan", "a")
    await play.go_on(10)
    play.attack("port_scan", "a", active=False)
    while play.engine.rows():
        pass
    play.desk.books.ledger.close()
    play.start()
    await play.go_on(10)
    written = b"".join(play.desk.store.bodies).decode().split("\n")
    kinds = [one for one in written if one.startswith("security,")]
    assert len(kinds) == 1
    assert "active=0i" in kinds[0]


async def test_points_wait_for_a_store_that_is_away_and_come_once(play: Play) -> None:
    play.attack("port_scan", "a")
    play.desk.store.errors = [StoreBusy("away")]
    with pytest.raises(StoreError):
        await play.turn()
    await play.turn()
    await play.go_on(KEEP_EVERY // SECOND)
    lines = b"".join(play.desk.store.bodies).decode().split("\n")
    assert sum(one.startswith("security,") and "began=1i" in one for one in lines) == 1

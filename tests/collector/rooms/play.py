"""A school with rooms that is played: real ledger, store and alert engine, a clock that moves."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from alerts.engine import Engine
from alerts.facts import Sight
from alerts.schooltime import SchoolTime
from alerts.texts import Words
from collector.alertground import AlertGround
from collector.canary import Canary
from collector.outside import Proof
from collector.patience import Patience
from collector.rooms.school import Room
from collector.rooms.watch import Rooms
from collector.sights import sight_of
from collector.store.sqlite import SqliteStore
from collector.verdicts import Known, Outside
from core import wire
from core.alerts import Notification
from core.clock import SECOND
from core.lineprotocol_encode import encode
from core.types import Identity, Reading, Value
from tests.collector.desk import Desk, Failing, open_desk
from tests.collector.making import REGION, A, Clock, readings

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, tzinfo=ZONE)
MINUTE = 60 * SECOND
SCHOOL = "school-1"
HOST = Identity(REGION, SCHOOL, "host")
PC = Identity(REGION, SCHOOL, "pc-302")

PROJECTOR = {"device": "projector-302", "room": "302", "kind": "projector"}
COMPUTER = {"device": "pc-302", "room": "302", "kind": "computer"}
CAMERA = {"device": "camera-302", "room": "302", "kind": "document_camera"}
SWITCH = {"device": "switch-3f", "kind": "switch"}
AP = {"device": "ap-yard", "kind": "ap"}
UPS = {"device": "ups-1", "kind": "ups"}


def ns(text: str) -> int:
    """Return `Tue 09:30` as a moment of the week that is played."""
    day, _, time = text.partition(" ")
    hours, minutes = map(int, time.split(":"))
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(day)
    there = MONDAY + timedelta(days=days, hours=hours, minutes=minutes)
    return int(there.timestamp()) * SECOND


class Play:
    """`talking` agents are heard each ten seconds, and tell of their devices as they were `said`
    last each minute.
    """

    def __init__(self, folder: Path, at: str = "Mon 09:00") -> None:
        self.clock, self.folder = Clock(ns(at)), folder
        self.talking: set[Identity] = {HOST, PC}
        self.outside: Outside | None = None
        self.said: dict[tuple[str, Identity], tuple[dict[str, str], dict[str, Value]]] = {}
        self._seq: dict[Identity, int] = {}
        self.told_at = self.clock.at
        self.start()

    def start(self) -> None:
        self.desk: Desk = open_desk(self.folder, self.clock)
        books = self.desk.books
        self.daily = Failing(SqliteStore(self.folder / "store_1d.db", now=self.clock))
        self.sights: list[Sight] = []
        stores = (self.desk.store, self.daily)
        self.rooms = Rooms(books, stores, SchoolTime(ZONE), self.sights.append, self.clock)
        self.desk.readings.tell = self.rooms.heard
        books.live.proof = lambda: Proof(
            {(REGION, SCHOOL): self.outside} if self.outside else {}, {}
        )
        self.patience = Patience(asyncio.Event(), lambda _reason: None)
        ground = AlertGround(books.journal, books.live, self.clock())
        words = Words(lambda place: place, ZONE)
        self.engine = Engine(ground, words, channels=("duty",), now=self.clock)
        self.broker(there=True)

    def broker(self, *, there: bool) -> None:
        door = self.desk.books.door
        for channel in ("readings", "state"):
            (door.connected if there else door.disconnected)(channel)

    async def restart(self, *, after: int = 0, clean: bool = True) -> None:
        """Stop, as by kill -9 where not *clean*, and start again some seconds later."""
        books = self.desk.books
        books.ledger.keep_known(books.live.changed())
        if clean:
            self.rooms.close()
        self.daily.close()
        books.ledger.close()
        self.desk.store.close()
        self.clock.at += after * SECOND
        self.start()

    # What happens.

    async def say(
        self,
        device: dict[str, str],
        who: Identity = HOST,
        *,
        ago: int = 0,
        unchecked: bool = False,
        **fields: Value,
    ) -> None:
        """Have an agent tell of a device now, or of how it was some seconds *ago*.

        With *unchecked* it could not check its clock yet.
        """
        if not ago:
            self.said[device["device"], who] = device, fields
        at = self.clock() - ago * SECOND
        await self._say(device, who, at, fields, unchecked=unchecked)

    async def _say(
        self,
        device: dict[str, str],
        who: Identity,
        at: int,
        fields: dict[str, Value],
        *,
        unchecked: bool = False,
    ) -> None:
        seq = self._seq[who] = self._seq.get(who, 0) + 1
        line = encode(Reading("device", fields, at, device))
        body = wire.seal(wire.Header(A, seq, 1, unchecked), [line])
        await self.desk.take(readings(body, who))
        self.desk.books.live.heard(who, A, self.clock(), self.desk.books.door.opening())

    async def healthy(self) -> None:
        """Have everything of room 302 be well."""
        await self.say(PROJECTOR, state="ready", cause="", on=True, answer_ms=3.0, name="投影机")
        await self.healthy_but_for_the_projector()

    async def healthy_but_for_the_projector(self) -> None:
        await self.say(COMPUTER, PC, state="ready", cause="")
        await self.say(CAMERA, state="ready", cause="", answer_ms=2.0)
        await self.turn()

    def stops(self, who: Identity) -> None:
        """Have an agent say that it is switched off properly."""
        self.talking.discard(who)
        live = self.desk.books.live
        known = Known(self.clock(), self.clock(), stopped=True)
        live.put(who, msgspec.structs.replace(live.state(who), known=known))

    def cut(self) -> None:
        """Cut the school's line: its agents fall silent, and outside probes prove why."""
        live = self.desk.books.live
        for who in self.talking:  # their wills
            known = Known(self.clock(), self.clock(), dead=True)
            live.put(who, msgspec.structs.replace(live.state(who), known=known))
        self.talking.clear()
        self.outside = Outside(answers=False, since=self.clock() + MINUTE)

    async def turn(self) -> None:
        books = self.desk.books
        self.look()
        await self.rooms.turn(self.patience)
        picture = books.live.picture(self.clock(), books.door.opening())
        cut_off = self.rooms.cut_off()
        self.sights.append(sight_of(picture, books.door.opening(), Canary(), cut_off))
        while self.sights:
            self.engine.see(self.sights.pop(0))
        while self.engine.rows():
            pass
        self.engine.tick()

    def look(self) -> None:
        books = self.desk.books
        self.rooms.look(books.live.picture(self.clock(), books.door.opening()))

    async def go_on(self, seconds: int, step: int = 10) -> None:
        """Let time pass; who talks is heard, and tells of nothing new each minute."""
        books = self.desk.books
        for _ in range(seconds // step):
            for _ in range(-(-step // 20)):  # what sleeps for longer has been stopped
                self.clock.at += step * SECOND // -(-step // 20)
                books.door.awake()
            opening = books.door.opening()
            for who in self.talking if opening.broker_connected else ():
                books.live.heard(who, A, self.clock(), opening)
            if self.clock.at - self.told_at >= MINUTE and opening.broker_connected:
                self.told_at = self.clock.at
                for (_, who), (device, fields) in list(self.said.items()):
                    if who in self.talking:
                        await self._say(device, who, self.clock(), fields)
            await self.turn()

    async def until(
        self, moment: str, said: dict[str, Value] | None = None, step: int = 20
    ) -> None:
        """Let time pass with the projector as it is *said* to be."""
        fields = said or {"state": "ready", "on": True}
        self.said[PROJECTOR["device"], HOST] = PROJECTOR, fields
        await self._say(PROJECTOR, HOST, self.clock(), fields)
        await self.go_on((ns(moment) - self.clock.at) // SECOND, step)

    def _proof(self) -> Proof:
        return Proof({(REGION, SCHOOL): self.outside} if self.outside else {}, {})

    # What came of it.

    @property
    def room(self) -> Room:
        """Room 302."""
        (school,) = self.rooms.schools()
        return next(one for one in school.rooms if one.room == "302")

    @property
    def verdict(self) -> tuple[str, str, str]:
        """Its state, the device that decides, and why."""
        verdict = self.room.verdict
        return verdict.state, verdict.device, verdict.cause

    def events(self) -> list[tuple[str, str, bool]]:
        """What the audit log has of rooms: kind, subject, whether it began."""
        kinds = ("room_not_ready", "room_limited", "switch_down", "ap_down", "power_lost")
        found = self.desk.audited(*kinds, "device_fault")
        return [(one["kind"], one["subject"], one["active"]) for one in found]

    def messages(self) -> list[Notification]:
        with self.desk.books.ledger.transaction() as db:
            found = db.execute("SELECT body FROM alert_message ORDER BY number").fetchall()
        return [msgspec.json.decode(body, type=Notification) for (body,) in found]

    def told(self) -> list[str]:
        """What people were told, without the time."""
        words = {"FIRST": "begins", "ALL_RESOLVED": "ends", "SOME_RESOLVED": "ends"}
        return [
            f"{words.get(one.reason, one.reason)} {telling.alert.key.rule} "
            f"{telling.alert.key.target}".strip()
            for one in self.messages()
            for telling in one.alerts
        ]

"""An agent of the model: the real spool on a real file, the real uplink, and no network."""

import copy
import random
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from agent.agentclock import AgentClock
from agent.delivery import Delivery
from agent.presence import Presence
from agent.spool import Limits, Spool, Waiting
from agent.spoolfile import open_spool_file
from agent.spoolseal import Sealer
from agent.spoolthread import SpoolThread
from agent.spooltrouble import Trouble
from agent.timekeeper import Timekeeper
from agent.uplink import Settings, Uplink
from core import topics
from core.errors import NotConnected
from core.mqtt import Broker as Address
from core.mqtt import Connected, Message, Session
from core.types import Event, Identity
from tests.model.broker import Broker, Client
from tests.model.stepping import Crash, Fuse, Time, run

_T = TypeVar("_T")
COLLECTOR = "d1"


class InlineSpool(SpoolThread):
    """The spool without its thread; each call is a commit point."""

    def __init__(self, spool: Spool, fuse: Fuse, after: Callable[[], None]) -> None:
        self.spool, self._fuse, self._after = spool, fuse, after

    async def call(self, work: Callable[[Spool], _T]) -> _T:
        self._fuse.burn()
        result = work(self.spool)
        self._after()
        self._fuse.burn()
        return result

    async def close(self) -> None:
        self.spool.close()


class PlayedSession(Session):
    """The broker of the model behind the session's face."""

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        if not self._agent.connected:
            raise NotConnected("the model has cut it off")
        self._agent.fuse.burn()
        self._agent.broker.publish(topic, payload, retain=retain)
        self._agent.fuse.burn()
        return 1

    def reconnect(self) -> None:
        self._agent.reconnecting = True


@dataclass
class Agent:
    """One process after another on one spool file.

    `observe` is told after every commit, and what was sealed by it.
    """

    who: Identity
    path: Path
    broker: Broker
    time: Time
    limits: Limits
    new_epoch: Callable[[], str]
    observe: Callable[["Agent", Waiting | None], None]
    fuse: Fuse = field(default_factory=Fuse)
    alive: bool = False
    connected: bool = False
    reconnecting: bool = False
    conn: int = 0
    spool: Spool = field(init=False)
    uplink: Uplink = field(init=False)

    def start(self) -> None:
        """Begin a process; what was open is sealed under its epoch, as the recorder does."""
        clock = AgentClock(self.time.now, self.time.now)
        spool = Spool(
            *(self.path, self.limits, clock.now, self.new_epoch),
            agent=str(self.who),
            unchecked=clock.unchecked,
            monotonic=self.time.monotonic,
        )
        presence = Presence(self.who, spool.id, self.time.at)
        self._become(spool, presence, Delivery(rng=_rng()), clock)
        self.conn = 0
        self.observe(self, None)
        self.seal()

    def clone_with_memory(self, path: Path) -> "Agent":
        """Return a second machine, as a snapshot of this running one would begin."""
        save(self.path, path)
        twin = Agent(
            *(self.who, path, self.broker, self.time, self.limits, self.new_epoch, self.observe)
        )
        clock, spool = copy.copy(self.uplink.time.clock), copy.copy(self.spool)
        spool._path, spool._db, spool._now = path, open_spool_file(path), clock.now
        spool._sealer = Sealer(clock.now, clock.unchecked, self.spool.epoch)
        spool._trouble = Trouble(str(self.who), path, self.time.monotonic)
        delivery = copy.deepcopy(self.uplink.delivery)
        twin._become(spool, copy.copy(self.uplink.presence), delivery, clock)
        twin.conn = self.conn
        return twin

    def take(self, lines: list[bytes]) -> None:
        """Commit readings to the open batch."""
        self.spool.take(lines)
        self.observe(self, None)

    def happen(self, numbers: Iterable[int]) -> None:
        """Let something happen, and seal it as one batch of events."""
        at = self.uplink.time.clock.now()
        said = [Event("link_down", "switch", f"port-{n}", True, at, "P3", {}) for n in numbers]
        self.spool.seal_events(said)
        self.observe(self, None)
        self.uplink.sealed()

    def seal(self) -> None:
        """Seal the open batch."""
        self.observe(self, self.spool.seal())
        self.uplink.sealed()

    def turn(self) -> None:
        """Let the pump do once what is due; a crash on the way ends the process."""
        try:
            run(self.uplink.turn())
        except Crash:
            self.crash()
            return
        if self.reconnecting:
            self.cut(clean=True)
            self.connect()

    def hear(self, payload: bytes) -> None:
        """Get a receipt."""
        topic = topics.topic(self.who, "receipt")
        self.uplink.received(Message(topic, payload, False, 1, self.conn))

    def connect(self) -> None:
        """Connect, and kick out another of this name."""
        self.conn += 1
        will = self.uplink.presence.will(self.spool.epoch, self.conn)
        self.broker.connect(Client(self.who, will, self._lost))
        self.connected, self.reconnecting = True, False
        self.uplink.connected(Connected(self.conn, False, "5", 20))

    def cut(self, *, clean: bool = False) -> None:
        """Lose the connection."""
        if self.connected:
            self.broker.disconnect(self.who, clean=clean)

    def crash(self) -> None:
        """Die as by kill -9: what was committed is in the file, and nothing else is anywhere."""
        self.fuse.left = 0
        self.cut()
        self.alive = False
        self.spool.close()

    def _lost(self) -> None:
        self.connected = False
        self.uplink.disconnected("the model cut it")

    def _become(
        self, spool: Spool, presence: Presence, delivery: Delivery, clock: AgentClock
    ) -> None:
        self.spool, self.alive, self.connected, self.reconnecting = spool, True, False, False
        thread = InlineSpool(spool, self.fuse, lambda: self.observe(self, None))
        self.uplink = Uplink(
            Settings(self.who, Address(), COLLECTOR, compress=False),
            thread,
            presence,
            Timekeeper(clock, thread, str(self.who)),
            delivery,
            self.time.monotonic,
        )
        self.uplink.session = PlayedSession(self)


def save(path: Path, to: Path) -> None:
    """Copy an SQLite file as a backup or snapshot would, whoever has it open."""
    for leftover in (to, Path(f"{to}-wal"), Path(f"{to}-shm")):
        leftover.unlink(missing_ok=True)
    with sqlite3.connect(path) as source, sqlite3.connect(to) as target:
        source.backup(target)
    source.close()
    target.close()


def epochs() -> Callable[[], str]:
    """Return what makes epochs that differ, the same ones in every run."""
    numbers = iter(range(1, 10**6))
    return lambda: f"E{next(numbers):015d}"


def _rng() -> random.Random:
    return random.Random(1)

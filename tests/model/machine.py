"""What breaks: the faults that may happen between any two steps (hypothesis chooses).

python -m tests.model                       # the longer exploration
"""

from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model.agent import save
from tests.model.broker import Channel
from tests.model.schedule import CHANNEL, SOME, Schedule

POINTS = st.integers(1, 12)
TORN = st.sampled_from([0, 0, 300, 700, 999])
"""So much of what the audit log was to get is in it after a crash, in thousandths."""


class Protocol(Schedule):
    """A schedule with every fault that is known."""

    # What breaks in the agents.

    @rule(which=SOME, clean=st.booleans())
    def cut(self, which: int, clean: bool) -> None:
        self.world.agent(which).cut(clean=clean)

    @rule(which=SOME, points=POINTS)
    def agent_crashes(self, which: int, points: int) -> None:
        agent = self.world.agent(which)
        agent.fuse.left = points
        self.world.hear_all(agent)
        self.world.turn(agent)
        if agent.alive:
            agent.crash()
        agent.start()
        agent.connect()

    @rule(which=SOME)
    def copy_disk(self, which: int) -> None:
        path = self.world.new_path()
        save(self.world.agent(which).path, path)
        self.copies.append((which % len(self.world.agents), path))

    @precondition(lambda self: self.copies)
    @rule(which=SOME)
    def restore_disk(self, which: int) -> None:
        number, path = self.copies[which % len(self.copies)]
        agent = self.world.agents[number]
        if agent.alive:
            agent.crash()
        with self.world.restoring(disk=True):
            save(path, agent.path)
        agent.start()

    @precondition(lambda self: self.copies)
    @rule(which=SOME)
    def clone_disk(self, which: int) -> None:
        number, path = self.copies[which % len(self.copies)]
        self.world.copy(self.world.agents[number], path)

    @rule(which=SOME)
    def clone_memory(self, which: int) -> None:
        self.world.clone(self.world.agent(which))

    @rule(which=SOME)
    def lose_disk(self, which: int) -> None:
        agent = self.world.agent(which)
        self.world.orphan(agent)
        if agent.alive:
            agent.crash()
        with self.world.restoring(disk=True):
            save_nothing(agent.path)
            agent.start()

    # What breaks on the way.

    @rule(channel=CHANNEL, which=SOME)
    def lose(self, channel: Channel, which: int) -> None:
        waiting = self.world.broker.up[channel]
        if waiting:
            del waiting[which % len(waiting)]

    @rule(which=SOME, ends=st.booleans())
    def swallow(self, which: int, ends: bool) -> None:
        if ends:
            self.world.broker.swallows.clear()
        else:
            self.world.take_swallowed(self.world.agent(which))

    @rule(channel=CHANNEL)
    def lose_all(self, channel: Channel) -> None:
        self.world.broker.up[channel].clear()

    @rule(channel=CHANNEL, which=SOME)
    def reorder(self, channel: Channel, which: int) -> None:
        waiting = self.world.broker.up[channel]
        if waiting:
            waiting.append(waiting.pop(which % len(waiting)))

    @rule(channel=CHANNEL, which=st.integers(0, 59))
    def repeat(self, channel: Channel, which: int) -> None:
        seen = self.world.broker.seen[channel]
        if seen:
            self.world.broker.up[channel].append(seen[which % len(seen)])

    @rule(which=SOME)
    def damage(self, which: int) -> None:
        waiting = self.world.broker.up["readings"]
        if waiting:
            packet = waiting[which % len(waiting)]
            packet.payload = packet.payload.partition(b"\n")[0] + b"\n"

    @rule(which=SOME)
    def lose_receipts(self, which: int) -> None:
        self.world.broker.down[self.world.agent(which).who].clear()

    @rule(which=SOME, old=st.integers(0, 59))
    def repeat_receipt(self, which: int, old: int) -> None:
        agent = self.world.agent(which)
        told = self.world.broker.told[agent.who]
        if told:
            self.world.hear(agent, told[old % len(told)])

    @rule(which=SOME)
    def foreign_receipt(self, which: int) -> None:
        self.world.foreign(self.world.agent(which))

    @rule(retained=st.booleans())
    def broker_forgets(self, retained: bool) -> None:
        world = self.world
        for agent in world.agents:
            agent.cut()
        world.broker.forget(retained=retained)
        if world.district.alive:
            world.district.connect()

    # What breaks in the collector.

    @precondition(lambda self: self.world.district.alive)
    @rule(channel=CHANNEL, points=POINTS, heard=st.booleans(), restart=st.booleans(), torn=TORN)
    def collector_crashes(
        self, channel: Channel, points: int, heard: bool, restart: bool, torn: int
    ) -> None:
        district = self.world.district
        for agent in self.world.agents:
            if channel == "state":
                self.world.happen(agent, 2)
            else:
                self.world.take(agent, "good", seal=True)
            self.world.turn(agent)
        district.fuse.left = points
        district.collect(channel)
        if district.alive:
            district.crash()
        district.tear(torn)
        for agent in self.world.agents if heard else ():
            self.world.hear_all(agent)
        if restart:
            district.start()

    @precondition(lambda self: not self.world.district.alive)
    @rule()
    def collector_starts(self) -> None:
        self.world.district.start()

    @rule()
    def store_is_busy(self) -> None:
        self.world.district.store.busy = not self.world.district.store.busy

    @rule()
    def log_is_full(self) -> None:
        self.world.district.log_is_full = not self.world.district.log_is_full

    @rule()
    def back_up(self) -> None:
        district = self.world.district
        path = self.world.new_path()
        save(district.ledger_path, path)
        self.ledgers.append((district.store.count, path))
        self.stores.append(district.store.copy(restored=district.store.restored))

    @precondition(lambda self: self.stores)
    @rule(which=SOME)
    def restore_store(self, which: int) -> None:
        district = self.world.district
        with self.world.restoring():
            district.store = self.stores[which % len(self.stores)].copy(restored=True)
        if district.alive:
            district.crash()
        district.start()

    @precondition(lambda self: self.ledgers)
    @rule(which=SOME)
    def restore_ledger(self, which: int) -> None:
        district = self.world.district
        if district.alive:
            district.crash()
        with self.world.restoring():
            save(self.ledgers[which % len(self.ledgers)][1], district.ledger_path)
        district.start()

    @rule(which=SOME, first=st.integers(1, 4), then=st.integers(1, 4), lost=st.booleans())
    def restore_in_turns(self, which: int, first: int, then: int, lost: bool) -> None:
        """Live on from one backup twice: what the first time never came into the log comes last."""
        world = self.world
        self.back_up()
        world.district.log_is_full = True
        world.happen(world.agent(which), first)
        world.exchange()
        self.back_up()
        if lost:
            world.broker.forget(retained=False)
        self.restore_ledger(-2)
        world.district.log_is_full = False
        world.happen(world.agent(which + 1), then)
        world.exchange()
        self.restore_ledger(-1)

    @rule()
    def lose_ledger(self) -> None:
        district = self.world.district
        if district.alive:
            district.crash()
        with self.world.restoring():
            forget_file(district.ledger_path)
        district.start()


def only(*faults: str) -> type[Protocol]:
    """Return the machine with only these of its faults, for what is rare among all of them."""
    # Time that passes belongs to every schedule, but what it does must be asked for here too.
    names = {name for name in vars(Protocol) if not name.startswith("_")} | {
        "go_on",
        "wait",
        "happen",
    }
    assert names.issuperset(faults), f"no such faults: {faults}"
    return type("Narrow", (Protocol,), dict.fromkeys(names.difference(faults)))


def forget_file(path: Path) -> None:
    """Delete an SQLite file with all that belongs to it."""
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)


def save_nothing(path: Path) -> None:
    """Leave a file that is no spool."""
    forget_file(path)
    path.write_bytes(b"not a database, but long enough to look at" * 100)

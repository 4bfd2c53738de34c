"""The whole of the model: a district with its broker and agents, its faults, and what must hold.

`settle` ends a schedule: every fault ends, everything is started and connected, and simulated time
goes on until nothing waits any more. What is then still missing is the counterexample.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.spool import DAY, Limits
from collector import births
from core import messages
from core.clock import SECOND
from core.messages import Receipt
from core.types import LANES, Identity
from tests.model.agent import Agent, epochs, save
from tests.model.broker import CHANNELS, Broker
from tests.model.district import CRASHES, REFUSED_BY_STORE, REGION, District
from tests.model.ghost import Ghost, Proof, epochs_on, held_events, held_keys
from tests.model.stepping import Time

START = 1_795_374_585 * SECOND
SCHOOLS = tuple(Identity(REGION, f"school-{n}", "host") for n in (1, 2))
GOOD_WITHIN_S = 2 * 3600.0
"""What can be delivered is delivered in this time after the last fault: a parked batch waits an
hour, and asking for births takes ten minutes."""
MAX_AGE = DAY
MOST_AGENTS = 4

KINDS = {
    "good": b"mem used=%di %d",
    "store": b"mem " + REFUSED_BY_STORE + b"1i,used=%di %d",
    "check": b'mem free="x",used=%di %d',
    "newline": b"mem used=%di 1\n%d",
    "crash": b"mem " + CRASHES + b"1i,used=%di %d",
}


@dataclass
class World:
    """Two schools at first; copies of their machines later."""

    folder: Path
    max_bytes: int = 256_000
    time: Time = field(default_factory=lambda: Time(START))
    broker: Broker = field(default_factory=Broker)
    ghost: Ghost = field(default_factory=Ghost)
    agents: list[Agent] = field(default_factory=list)
    poison: set[int] = field(default_factory=set)
    """Readings that no collector will ever answer: they end by age."""
    files: int = 0
    happened: int = 0
    district: District = field(init=False)

    def __post_init__(self) -> None:
        self.new_epoch = epochs()
        self.district = District(self.folder, self.broker, self.time)
        self.district.start()
        for who in SCHOOLS:
            self.add(Agent(who, self.new_path(), *self._rest())).connect()

    def _rest(self) -> tuple:  # type: ignore[type-arg]
        limits = Limits(self.max_bytes, MAX_AGE)
        return self.broker, self.time, limits, self.new_epoch, self.ghost.observe

    def new_path(self) -> Path:
        """Return a file that nobody uses."""
        self.files += 1
        return self.folder / f"spool-{self.files}.db"

    def add(self, agent: Agent) -> Agent:
        """Start a machine."""
        self.agents.append(agent)
        agent.start()
        return agent

    def agent(self, number: int) -> Agent:
        """Return one of the agents, whatever the number."""
        return self.agents[number % len(self.agents)]

    # Steps.

    def take(self, agent: Agent, kind: str, *, seal: bool) -> None:
        """Let an agent take a reading, and seal it where that is due."""
        if not agent.alive:
            return
        number = len(self.ghost.taken) + 1
        agent.take([KINDS[kind] % (number, START + number)])
        self.ghost.taken.add(number)
        self.poison |= {number} if kind == "crash" else set()
        if seal:
            agent.seal()

    def happen(self, agent: Agent, count: int) -> None:
        """Let an agent seal a batch of so many events."""
        if agent.alive:
            agent.happen(range(self.happened, self.happened + count))
            self.happened += count

    def take_swallowed(self, agent: Agent) -> None:
        """Let an agent seal a batch that something on the way does not let through."""
        before = held_keys(agent)
        self.take(agent, "good", seal=True)
        for key, _ in held_keys(agent):
            if key not in dict(before) and (batch := agent.spool.read(key)):
                self.broker.swallows.add(batch.body)

    def turn(self, agent: Agent) -> None:
        """Let an agent's pump do once what is due."""
        if agent.alive:
            agent.turn()

    def hear(self, agent: Agent, payload: bytes) -> None:
        """Give an agent a receipt; after a conflict it may seal nothing under that epoch."""
        if not agent.alive:
            return
        held = held_keys(agent)
        conflicts = messages.keys_of(messages.read_receipt(payload).conflict)
        agent.hear(payload)
        agent.turn()
        if agent.alive:
            told = [(key, int(crc, 16)) for key, crc in conflicts]
            self.ghost.spent[id(agent)] |= {pair[0].epoch for pair in told if pair in held}
            assert agent.spool.epoch not in self.ghost.spent[id(agent)], "no new epoch"

    def hear_all(self, agent: Agent) -> None:
        """Give an agent what the broker has for it."""
        while agent.connected and (waiting := self.broker.down[agent.who]):
            self.hear(agent, waiting.pop(0))

    def foreign(self, agent: Agent) -> None:
        """Tell an agent, as a collector that is not its own, that everything was received."""
        got: messages.Keys = {lane: {} for lane in LANES}
        for key, crc in held_keys(agent):
            got[key.lane].setdefault(key.epoch, []).append((key.seq, messages.crc_text(crc)))
        self.hear(agent, messages.encode(Receipt(collector="d2", time=1, got=got)))

    def exchange(self) -> None:
        """Let everything that is up do what it can at this moment."""
        for _ in range(40):
            for agent in self.agents:
                self.turn(agent)
            if self.district.alive:
                for channel in CHANNELS:
                    self.district.collect(channel)
            if self.district.alive:
                self.district.flush()
            for agent in self.agents:
                self.hear_all(agent)
            moving = self._moving()
            self.time.pass_by(0.3)
            if not moving:
                return

    def _moving(self) -> bool:
        up = self.district.alive and not self.district.store.busy and any(self.broker.up.values())
        now = self.time.monotonic()
        return up or any(
            self.broker.down[agent.who] or agent.uplink.delivery.next_moment(now) <= now + 0.3
            for agent in self.agents
            if agent.connected
        )

    # Faults that people know of.

    @contextmanager
    def restoring(self, *, disk: bool = False) -> Iterator[None]:
        """Name what falls to a restore: what files proved before it and do not after it.

        Drops that no agent has to tell any more are in the audit log, and fall to no restore of
        the collector's files; but what the *disk* of an agent forgot, it cannot tell.
        """
        self.ghost.disks_went_back |= disk
        proof, store = self.proof(), set(self.district.store.lines)
        before, names = proof.ledger_knows(), proof.names_known()
        kept = set() if self.ghost.disks_went_back else proof.dropped_for_good()
        yield
        self.time.pass_by(1)  # nobody puts back anything within one tick of a clock
        self.ghost.safe.clear()
        self.ghost.events.clear()
        after = self.proof()
        self.ghost.fallen |= before - after.ledger_knows() - kept
        self.ghost.fallen_names |= names - after.names_known()
        self.ghost.fallen |= store - self.district.store.lines - kept
        self.ghost.fallen |= after.lost() - kept

    def clone(self, agent: Agent) -> None:
        """Start a second machine from a copy of a running one's disk and memory."""
        if agent.alive and len(self.agents) < MOST_AGENTS:
            self.ghost.cloned.add(agent.spool.epoch)
            twin = agent.clone_with_memory(self.new_path())
            self.ghost.spent[id(twin)] = set(self.ghost.spent[id(agent)])
            self.ghost.observe(twin)
            self.agents.append(twin)

    def orphan(self, agent: Agent) -> None:
        """Excuse what only this disk could explain, where another machine answers in its name.

        A copy has the spool id of its original, so a birth without an epoch looks like a machine
        that knows nothing of it. The ledger says *unexplained*, and that two machines use the name.
        """
        if sum(other.who == agent.who for other in self.agents) > 1:
            self.ghost.orphans |= {(agent.who, epoch) for epoch in epochs_on(agent)}

    def copy(self, agent: Agent, path: Path) -> None:
        """Start a second machine from a copy of a disk."""
        if len(self.agents) < MOST_AGENTS:
            twin = Agent(agent.who, self.new_path(), *self._rest())
            save(path, twin.path)
            self.add(twin).connect()

    def proof(self) -> Proof:
        """Return what the files say now."""
        return Proof(self.ghost, self.district, self.agents)

    def check(self) -> None:
        """Statements 1 to 3, after every step."""
        lost = self.proof().lost()
        names = {number: self.ghost.names[number] for number in lost}
        assert not lost, f"readings that are nowhere: {names}"
        assert not (gone := self.proof().lost_events()), f"events that are nowhere: {gone}"
        self.ghost.record.look_at_points(self.district.store, all_of_them=False)

    # The end.

    def settle(self) -> None:
        """End all faults; statement 5."""
        self._heal()
        self._wait_until_settled(GOOD_WITHIN_S, 60.0)
        for agent in self.agents:
            left = self.ghost.in_spool(agent) - self._beside_poison()
            assert not left, f"{left} of {agent.path.name} still not delivered"
            assert not (late := held_events(agent)), f"events {late} still not delivered"
        if self._beside_poison():
            self._wait_until_settled(2 * MAX_AGE / SECOND, 3_600.0, poison_too=True)
        assert self._is_settled(poison_too=True), "something is still expected"
        self.check()
        assert not (left_over := self.proof().unexplained()), f"no reason for {left_over}"
        self._look_at_windows()
        self.district.tick()
        self.check()
        store = self.district.store
        self.ghost.record.look_at_points(store, all_of_them=not store.restored)

    def _look_at_windows(self) -> None:
        """Whatever was: one more reading goes through at once, and the window is open again."""
        for agent in self.agents:
            if not agent.connected:
                agent.connect()
            self.take(agent, "good", seal=True)
            self.exchange()
            assert not self.ghost.in_spool(agent), "the next reading is not delivered at once"
            delivery = agent.uplink.delivery
            assert delivery.room("readings") == delivery.window, "the window stays closed"

    def _heal(self) -> None:
        self.district.fuse.left, self.district.store.busy = 0, False
        self.district.log_is_full = False
        self.broker.swallows.clear()
        if not self.district.alive:
            self.district.start()
        for agent in self.agents:
            agent.fuse.left = 0
            if not agent.alive:
                agent.start()
            self.take(agent, "good", seal=True)
        # A dead collector's inbox may hold what it could not store.
        self.district.connect()

    def _wait_until_settled(self, seconds: float, step: float, *, poison_too: bool = False) -> None:
        until, turns = self.time.at + seconds * SECOND, 0
        while self.time.at < until:
            for agent in self.agents:
                if not agent.connected:
                    agent.connect()
                self.exchange()
            if self._is_settled(poison_too=poison_too):
                return
            self.district.tick()
            self.time.pass_by(step)
            turns += 1
            for agent in self.agents if turns % 8 == 0 else ():
                # An agent in a school always has something new to say (rule 9).
                self.take(agent, "good", seal=True)

    def _is_settled(self, *, poison_too: bool) -> bool:
        allowed = set() if poison_too else self._beside_poison()
        held = (self.ghost.in_spool(agent) - allowed or held_events(agent) for agent in self.agents)
        if any(held):
            return False
        return all(self._is_known(agent, allowed) for agent in self.agents)

    def _is_known(self, agent: Agent, allowed: set[int]) -> bool:
        """Return whether the collector expects nothing of an agent, and knows its last drops."""
        state = self.district.books.live.state(agent.who)
        twins = sum(other.who == agent.who for other in self.agents) > 1
        if state.birth is None or not (twins or state.birth.epoch == agent.spool.epoch):
            return False
        told = agent.uplink._drops_told == agent.spool.dropped_batches
        return told and (bool(allowed) or not births.waiting(state))

    def _beside_poison(self) -> set[int]:
        """Return what lies in one batch with poison."""
        names = [name for number in self.poison for name in self.ghost.names[number]]
        return self.poison.union(
            *(found for name in names for found in self.ghost.contents[name].values())
        )

"""What the model knows and the programs do not: every reading ever taken, and where it must be.

A reading is known by its number, a batch by who sealed it, its epoch and its sequence. What stands
here is looked up in the files of the programs after every step (`Proof`), never in their memory.
"""

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from agent.spool import Waiting
from collector.lanerow import LaneRow
from collector.ledger import LaneKey, Ledger
from collector.ranges import Ranges
from core.messages import Drop
from core.types import BatchKey, Identity, Lane
from tests.model.agent import Agent
from tests.model.district import District, numbers
from tests.model.eventghost import EventBatch, EventGhost, batch_of
from tests.model.letters import letters

_READINGS: Final = "SELECT epoch, seq, crc FROM batch WHERE lane = 'readings'"


class Name(NamedTuple):
    """A batch, whoever seals it."""

    who: Identity
    epoch: str
    seq: int


@dataclass
class Ghost:
    """The readings, the batches that held them, and what fell to a restore that people know of."""

    taken: set[int] = field(default_factory=set)
    names: defaultdict[int, set[Name]] = field(default_factory=lambda: defaultdict(set))
    contents: defaultdict[Name, dict[int, set[int]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By batch and crc; a batch with two of them is a key that two machines gave out."""
    fallen: set[int] = field(default_factory=set)
    fallen_names: set[Name] = field(default_factory=set)
    """Batches that a ledger knew before it was set back."""
    disks_went_back: bool = False
    """The disk of an agent was set back, or lost."""
    safe: set[int] = field(default_factory=set)
    """In store and ledger when last looked; only a restore takes that back."""
    orphans: set[tuple[Identity, str]] = field(default_factory=set)
    """Epochs of a disk that was lost while another machine of that name went on."""
    cloned: set[str] = field(default_factory=set)
    """Epochs that live in two memories."""
    spent: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Epochs under which an agent, by id, may seal nothing any more: a conflict told it so."""
    events: defaultdict[int, set[EventBatch]] = field(default_factory=lambda: defaultdict(set))
    """Event batches that an agent, by id, held at the last look or since."""
    open: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Readings of an agent, by id, that were not sealed at the last look."""
    record: EventGhost = field(default_factory=EventGhost)

    def observe(self, agent: Agent, sealed: Waiting | None = None) -> None:
        """Look at an agent's spool, after each commit of it."""
        if sealed and (gone := self.open[id(agent)] - self.in_spool(agent)):
            # It did not fit, and was dropped in the commit that sealed it.
            name = Name(agent.who, sealed.key.epoch, sealed.key.seq)
            self.sealed(agent, name, sealed.crc, gone)
        self.open[id(agent)] = _open(agent)
        for epoch, seq, crc in _rows(agent, _READINGS):
            name = Name(agent.who, epoch, seq)
            if crc not in self.contents[name]:
                sql = "SELECT body FROM batch WHERE lane = 'readings' AND epoch = ? AND seq = ?"
                body = _rows(agent, sql, epoch, seq)[0][0]
                self.sealed(agent, name, crc, numbers(body))
        for batch in held_events(agent):
            if batch not in self.record.bodies:
                sql = "SELECT body FROM batch WHERE lane = 'events' AND epoch = ? AND seq = ?"
                self.record.bodies[batch] = _rows(agent, sql, batch.epoch, batch.seq)[0][0]
            self.events[id(agent)].add(batch)

    def sealed(self, agent: Agent, name: Name, crc: int, found: set[int]) -> None:
        """Hear of a new batch; statement 4: its key is new, and so is its epoch where it must."""
        self.contents[name][crc] = found
        assert name.epoch not in self.spent[id(agent)], f"{name}: sealed after a conflict"
        known = len(self.contents[name]) == 1 or name.epoch in self.cloned
        assert known, f"{name}: two contents, and no machine was cloned"
        for number in found:
            self.names[number].add(name)

    def in_spool(self, agent: Agent) -> set[int]:
        """Return the readings that a spool holds."""
        found = _open(agent)
        for epoch, seq, crc in _rows(agent, _READINGS):
            found |= self.contents[Name(agent.who, epoch, seq)].get(crc, set())
        return found


@dataclass
class Proof:
    """What files say at one moment: where each reading is, and which batches were dropped."""

    ghost: Ghost
    district: District
    agents: list[Agent]

    @cached_property
    def received(self) -> dict[tuple[Identity, str], LaneRow]:
        """What the ledger's file has, by agent and epoch."""
        lanes = {(name.who, name.epoch) for name in self.ghost.contents}
        keys = [LaneKey(who, epoch, "readings") for who, epoch in lanes]
        with _ledger(self.district) as ledger:
            rows = ledger.rows(keys)
        return {(key.who, key.epoch): row for key, row in rows.items()}

    @cached_property
    def dropped(self) -> dict[tuple[Identity, str], dict[str, Ranges]]:
        """What ledger or spools have as dropped, by agent and epoch, and why."""
        told = [(*lane, drop) for lane, row in self.received.items() for drop in row.dropped]
        for agent in self.agents:
            sql = "SELECT epoch, first, last, why FROM dropped WHERE lane = 'readings'"
            told += [(agent.who, row[0], row[1:]) for row in _rows(agent, sql)]
        found: dict[tuple[Identity, str], dict[str, Ranges]] = {}
        for who, epoch, (first, last, why) in told:
            by_why = found.setdefault((who, epoch), {})
            by_why[why] = by_why.get(why, Ranges()) | Ranges.of([(first, last)])
        return found

    def lost(self) -> set[int]:
        """Return the readings that are nowhere: statements 1 and 2."""
        left = self.ghost.taken - self.ghost.fallen - self.ghost.safe
        for agent in self.agents:
            left = left - self.ghost.in_spool(agent)
        safe = {number for number in left if self._is_taken_in(number)}
        self.ghost.safe |= safe
        left -= safe
        if not left:
            return left
        refused, damaged = letters(self.district.folder / "dead-letter")
        return {
            number
            for number in left
            if not self._is_dropped(number)
            and not (number in refused and self._in_ledger(number))
            and not (number in damaged and self._is_dropped(number, "refused"))
        }

    def ledger_knows(self) -> set[int]:
        """Return the readings of which the ledger has a batch, or the drop of one."""
        return {n for n in self.ghost.taken if self._in_ledger(n) or self._told(n)}

    def names_known(self) -> set[Name]:
        """Return the batches that the ledger has, or the drop of one."""
        return {
            name
            for name in self.ghost.contents
            if name.seq in (row := self.received[name.who, name.epoch]).received
            or any(first <= name.seq <= last for first, last, _ in row.dropped)
        }

    def dropped_for_good(self) -> set[int]:
        """Return the readings whose drop only the collector knows: their epoch was closed."""
        return {
            number
            for number in self.ghost.taken
            if self._told(number)
            and not any(
                first <= name.seq <= last
                for name in self.ghost.names[number]
                for agent in self.agents
                if agent.who == name.who
                for first, last, _ in _drops_of(agent, name.epoch, "readings")
            )
        }

    def lost_events(self) -> set[EventBatch]:
        """Return the event batches that left a spool for nowhere; statement 3 as it is now."""
        record, lost = self.ghost.record, set[EventBatch]()
        record.look(self.district)
        for agent in self.agents:
            held = held_events(agent)
            gone, self.ghost.events[id(agent)] = self.ghost.events[id(agent)] - held, held
            for batch in gone:
                names = record.same_as(batch)
                known = any(one in held or record.tells(one) for one in names)
                if not known and not any(self._is_event_dropped(agent, one) for one in names):
                    lost.add(batch)
        return lost

    def _is_event_dropped(self, agent: Agent, batch: EventBatch) -> bool:
        lane = LaneKey(agent.who, batch.epoch, "events")
        with _ledger(self.district) as ledger:
            told = [
                *ledger.rows([lane])[lane].dropped,
                *_drops_of(agent, batch.epoch, "events"),
            ]
        return any(first <= batch.seq <= last for first, last, _ in told)

    def _is_taken_in(self, number: int) -> bool:
        return number in self.district.store.lines and self._in_ledger(number)

    def _in_ledger(self, number: int) -> bool:
        return any(
            name.seq in self.received[name.who, name.epoch].received
            for name in self.ghost.names[number]
        )

    def _told(self, number: int) -> bool:
        return any(
            first <= name.seq <= last
            for name in self.ghost.names[number]
            for first, last, _ in self.received[name.who, name.epoch].dropped
        )

    def _is_dropped(self, number: int, only: str = "") -> bool:
        return any(
            name.seq in ranges
            for name in self.ghost.names[number]
            for why, ranges in self.dropped.get((name.who, name.epoch), {}).items()
            if (why == only if only else why != "refused")
        )

    def unexplained(self) -> list[Name]:
        """Return batches that the ledger knows to exist and has neither got nor a reason for."""
        found = []
        for (who, epoch), row in self.received.items():
            told = Ranges.of([(first, last) for first, last, _ in row.dropped])
            for first, last in (row.received.missing(row.high) - told).spans:
                found += [Name(who, epoch, seq) for seq in range(first, last + 1)]
        # Of two machines with one memory the second's births have numbers that were seen, so the
        # collector may not learn what it dropped before it asks.
        return [
            name
            for name in found
            if name.epoch not in self.ghost.cloned
            and (name.who, name.epoch) not in self.ghost.orphans
            and not self._has_fallen(name)
        ]

    def _has_fallen(self, name: Name) -> bool:
        # A batch that was never seen in a file fell with the restore that removed it.
        if name in self.ghost.fallen_names:
            return True
        contents = self.ghost.contents[name].values()
        return any(found <= self.ghost.fallen for found in contents)


def _open(agent: Agent) -> set[int]:
    return numbers(b"\n".join(row[0] for row in _rows(agent, "SELECT line FROM open_reading")))


def epochs_on(agent: Agent) -> set[str]:
    """Return the epochs that a spool has to account for."""
    return {epoch for (epoch,) in _rows(agent, "SELECT DISTINCT epoch FROM epoch")}


def held_keys(agent: Agent) -> list[tuple[BatchKey, int]]:
    """Return what a spool holds, with crcs."""
    rows = _rows(agent, "SELECT epoch, lane, seq, crc FROM batch")
    return [(BatchKey(*row[:3]), row[3]) for row in rows]


def held_events(agent: Agent) -> set[EventBatch]:
    """Return the event batches that a spool holds."""
    return {batch_of(agent.who, *held) for held in held_keys(agent) if held[0].lane == "events"}


def _drops_of(agent: Agent, epoch: str, lane: Lane) -> list[Drop]:
    sql = "SELECT first, last, why FROM dropped WHERE epoch = ? AND lane = ?"
    return _rows(agent, sql, epoch, lane)


def _rows(agent: Agent, sql: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
    if agent.alive:
        return agent.spool._db.execute(sql, values).fetchall()
    with closing(sqlite3.connect(agent.path)) as db:
        return db.execute(sql, values).fetchall()


class _ledger:  # noqa: N801 — reads as the function that it would be
    """The ledger of the collector that runs, or the file of the one that died."""

    def __init__(self, district: District) -> None:
        self._own = None if district.alive else Ledger(district.ledger_path)
        self._ledger = self._own or district.books.ledger

    def __enter__(self) -> Ledger:
        return self._ledger

    def __exit__(self, *_: object) -> None:
        if self._own:
            self._own.close()

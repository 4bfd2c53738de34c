"""What to send next, when to send it again, and what a receipt means: decisions without I/O.

wire.md, "The agent", rules 2 to 5. Times are seconds of the monotonic clock. The uplink carries
the decisions out; the model of the protocol drives the same code.

A batch is *out* from its sending until its receipt or until the connection is lost; at most
`window` batches of a lane are out at a time. One that was sent three times without an answer is
*parked*: it leaves the window and is tried hourly, so that a poisoned batch holds up no other.
While no receipt comes at all, each probe that stayed without an answer goes *aside* until all
others of its lane were probes too, for the same reason.

Each lane falls silent by itself: readings that nobody waits for say nothing about an events lane
without answers, and the other way round.
"""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from core.types import LANES, BatchKey, Lane

FIRST_WAIT: Final = 15.0
LONGEST_WAIT: Final = 600.0
PARK_AFTER: Final = 3
PARKED_WAIT: Final = 3600.0
EVENTS_PER_READINGS: Final = 9
"""Events go first, but of ten batches sent one is readings."""

DEFAULT_BACKFILL: Final = 2048
"""Unpacked bytes a second, until a receipt gives another rate."""


@dataclass(slots=True)
class Out:
    """A batch that was sent; `again_at` is when to send it again without a receipt."""

    size: int
    backlog: bool
    sent_at: float
    again_at: float


class Plan(NamedTuple):
    """How many batches to take from where, in this order, at this moment."""

    lane: Lane
    fresh: int
    backlog: int


@dataclass(slots=True)
class Delivery:
    """The agent's view of what is on the way, on the present connection."""

    window: int = 8
    rng: random.Random = field(default_factory=random.Random)
    out: dict[BatchKey, Out] = field(default_factory=dict)
    sends: dict[BatchKey, int] = field(default_factory=dict)
    """How often each unanswered batch has been sent with a full wait behind it."""
    blamed: dict[BatchKey, int] = field(default_factory=dict)
    """How many of those waits saw a receipt for something else."""
    blamed_from: dict[BatchKey, float] = field(default_factory=dict)
    """When the first of them began."""
    answered: dict[Lane, float] = field(default_factory=dict)
    """When the last receipt for something of a lane came."""
    parked: dict[BatchKey, float] = field(default_factory=dict)
    backfill_rate: int = DEFAULT_BACKFILL
    backlog_from: float = 0.0
    """No backlog is sent before this moment: what was sent last has used up the rate until then."""
    planned_at: float = 0.0
    last_receipt: float = float("-inf")
    unanswered: set[Lane] = field(default_factory=set)
    """Lanes of which a batch saw a whole wait without any receipt: one is sent, as a probe."""
    aside: set[BatchKey] = field(default_factory=set)
    probes: dict[Lane, int] = field(default_factory=dict)
    """How many waits of a lane's last batch on the way have ended since it fell silent."""
    events_in_a_row: int = 0

    def connected(self, now: float) -> None:
        """Begin anew on a fresh connection: nothing is out, everything unanswered is due."""
        self.out.clear()
        self.backlog_from = now
        self._end_silence()

    def plans(self, now: float, *, events: bool) -> Iterator[Plan]:
        """Return what may be sent; *events* says whether an event batch waits."""
        self.planned_at = now
        before_readings = max(0, EVENTS_PER_READINGS - self.events_in_a_row)
        if events and before_readings:
            yield Plan("events", min(before_readings, self.room("events")), 0)
        room = self.room("readings")
        backlog_out = sum(out.backlog for key, out in self.out.items() if key.lane == "readings")
        backlog = min(room, self.window // 2 - backlog_out)
        yield Plan("readings", room, max(0, backlog) if now >= self.backlog_from else 0)
        if events and self.room("events"):
            # Their turn is over when no readings wait, or none may be sent now.
            yield Plan("events", self.room("events"), 0)

    def room(self, lane: Lane) -> int:
        """Return how many more batches of *lane* may be out."""
        limit = 1 if lane in self.unanswered else self.window
        return max(0, limit - sum(key.lane == lane for key in self.out))

    def busy(self) -> Collection[BatchKey]:
        """Return the batches that are not to be chosen now: out, parked, or set aside."""
        return self.out.keys() | self.parked.keys() | self.aside

    def take_back(self, lane: Lane) -> bool:
        """Let those of *lane* that are aside be chosen again; return whether there were any."""
        found = {key for key in self.aside if key.lane == lane}
        self.aside -= found
        return bool(found)

    def sent(self, key: BatchKey, size: int, now: float, *, backlog: bool) -> None:
        """Note that *key* of *size* unpacked bytes goes out now."""
        waits = max(self.sends.get(key, 0), self.probes.get(key.lane, 0))
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(waits, 10))
        self.out[key] = Out(size, backlog, now, now + wait * self.rng.uniform(0.75, 1.25))
        self.events_in_a_row = self.events_in_a_row + 1 if key.lane == "events" else 0
        if backlog:
            self.backlog_from = max(now, self.backlog_from) + size / max(1, self.backfill_rate)

    def overdue(self, now: float) -> list[BatchKey]:
        """Take back what waited long enough: due to be sent again, or parked."""
        late = [key for key, out in self.out.items() if out.again_at <= now]
        for key in late:
            out = self.out.pop(key)
            self.sends[key] = self.sends.get(key, 0) + 1
            if self.last_receipt < out.sent_at:
                # While nobody answers at all, no batch is to blame.
                self.unanswered.add(key.lane)
                self.aside.add(key)
                if not any(other.lane == key.lane for other in self.out):
                    self.probes[key.lane] = self.probes.get(key.lane, 0) + 1
                continue
            self.blamed[key] = self.blamed.get(key, 0) + 1
            self.blamed_from.setdefault(key, out.sent_at)
            if self.blamed[key] >= PARK_AFTER:
                self.parked[key] = now + PARKED_WAIT
        for key in [key for key, at in self.parked.items() if at <= now]:
            del self.parked[key]
        return late

    def receipt(self, now: float, backfill_rate: int, lanes: Collection[Lane] = LANES) -> None:
        """Note that the collector answers for *lanes*, and the rate that it grants."""
        for lane in lanes:
            # What looked poisoned may only have been sent into silence: of everybody, or of its
            # lane alone, as where the rights at the broker withhold readings.
            self._forgive(lane, everything=lane in self.unanswered)
            self.answered[lane] = now
        self._end_silence()
        self.last_receipt = now
        if backfill_rate > 0:
            self.backfill_rate = backfill_rate

    def _end_silence(self) -> None:
        self.unanswered.clear()
        self.aside.clear()
        self.probes.clear()

    def _forgive(self, lane: Lane, *, everything: bool) -> None:
        before = self.answered.get(lane, float("-inf"))
        for key in {*self.parked, *self.sends, *self.blamed}:
            # Not parked yet, too: what is out at this moment may still be parked for old blame.
            alone = self.blamed_from.get(key, before) > before
            if key.lane == lane and (everything or alone):
                self._forget(key)

    def _forget(self, key: BatchKey) -> None:
        for counted in (self.parked, self.sends, self.blamed, self.blamed_from):
            counted.pop(key, None)

    def settled(self, key: BatchKey) -> None:
        """Forget *key*: the collector has it, or will never."""
        self.out.pop(key, None)
        self._forget(key)
        self.aside.discard(key)

    def next_moment(self, now: float) -> float:
        """Return when to look again at the latest."""
        moments = [out.again_at for out in self.out.values()]
        moments += self.parked.values()
        if self.backlog_from > self.planned_at:
            # It may have passed since, while a disk or the broker took its time.
            moments.append(self.backlog_from)
        return min(moments, default=now + LONGEST_WAIT)

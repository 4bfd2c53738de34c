"""How many series each publisher has of each measurement, and whose new ones are not taken.

A tag whose text changes all the time (a number, an address, a name with the time in it) makes a
series of each text. InfluxDB holds every series in memory, so one such publisher can bring the
database of a district down. Past a limit its new series are refused, and those that it has go on;
a series without a line for a day is forgotten and makes room.

Memory is bounded: past `MOST` series of all together everybody gets a tenth of the limit.

Lines are asked about while others are looked through: never more than `SLICE` publishers' at once.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from threading import Lock
from typing import Final, NamedTuple

from core.clock import SECOND
from core.types import Identity

SLOT: Final = 6 * 3_600 * SECOND
"""So often a series is noted again as being there; not with each line, which would cost."""
SLOTS_KEPT: Final = 4
"""A day, to which up to a slot is added."""
QUIET: Final = 3_600 * SECOND
"""A quarantine is over once nothing was refused for so long, and there is room again."""
ROOM: Final = 0.9
"""Of the limit; at the limit itself it would begin again with the next line."""
MOST: Final = 500_000
"""Series of all publishers together: about 70 MB."""
FEW: Final = 10
"""What part of the limit everybody has when there are so many."""
SLICE: Final = 1_000
"""Some milliseconds, for which a line may have to wait."""


class Key(NamedTuple):
    """One publisher and one measurement."""

    who: Identity
    measurement: str


@dataclass(slots=True)
class Kept:
    """What is known of one publisher's measurement; `slots` has the last slot of each series.

    `since` is when its quarantine began (ns), 0 without one; `refused` counts lines since then.
    """

    slots: dict[int, int] = field(default_factory=dict)
    since: int = 0
    refused: int = 0
    refused_at: int = 0


class Change(NamedTuple):
    """A quarantine that `began`, or is over."""

    key: Key
    began: bool
    since: int
    refused: int


class Look(NamedTuple):
    """What is new since the last time: what to keep, and what to tell."""

    kept: Mapping[Key, Kept]
    changes: tuple[Change, ...]
    there: int
    """Quarantines at this moment."""


def slices(keys: Collection[Key], size: int = SLICE) -> Iterator[list[Key]]:
    """Yield *keys* a few at a time."""
    rest = iter(keys)
    while some := list(islice(rest, size)):
        yield some


def series_of(head: bytes) -> int:
    """Return the number of a series: the same after a restart, and of 64 bits."""
    return int.from_bytes(blake2b(head, digest_size=8).digest(), "big", signed=True)


class Cardinality:
    """Asked for each head that is new, or new in its slot; for any thread.

    *kept* is what was known before, with its quarantines, which were told then.
    """

    def __init__(self, limit: int, kept: Mapping[Key, Kept], *, most: int = MOST) -> None:
        self.limit, self._most = limit, most
        self._kept = dict(kept)
        self._quarantined = {key for key, one in kept.items() if one.since}
        self._told = set(self._quarantined)
        self._changed: set[Key] = set()
        self._total = sum(len(one.slots) for one in kept.values())
        self._slot = 0
        self._lock = Lock()

    def takes(self, who: Identity, measurement: str, head: bytes, at: int) -> bool:
        """Tell whether a line of the series *head* at *at* is taken."""
        key, series, slot = Key(who, measurement), series_of(head), at // SLOT
        with self._lock:
            one = self._kept.get(key)
            if one is None:
                one = self._kept[key] = Kept()
            if series not in one.slots and self._is_full(one, slot):
                one.since, one.refused = one.since or at, one.refused + 1
                one.refused_at = at
                self._quarantined.add(key)
                self._changed.add(key)
                return False
            self._total += series not in one.slots
            if one.slots.get(series) != slot:
                one.slots[series] = slot
                self._changed.add(key)
            return True

    def look(self, now: int) -> Look:
        """Forget what is old, and return what is new: `done` or `failed` is to follow."""
        self._forget_all(now // SLOT)
        with self._lock:
            changes = tuple(self._changes(now))
            over = {change.key for change in changes if not change.began}
            changed, self._changed = self._changed, set()
            there = len(self._quarantined) - len(over)
        changed |= over
        kept: dict[Key, Kept] = {}
        for some in slices(changed):
            # What comes for one of these from here on is new the next time.
            with self._lock:
                kept |= {key: _copy(self._kept[key], over=key in over) for key in some}
        return Look(kept, changes, there)

    def done(self, look: Look) -> None:
        """Hear that *look* is kept and told."""
        with self._lock:
            for change in look.changes:
                if change.began:
                    self._told.add(change.key)
                else:
                    self._end(change)
        for some in slices(look.kept):
            with self._lock:
                for key in some:
                    one = self._kept[key]
                    if not one.slots and not one.since:
                        del self._kept[key]

    def failed(self, look: Look) -> None:
        """Hear that *look* could not be kept: all of it comes again."""
        with self._lock:
            self._changed |= look.kept.keys()

    def _is_full(self, one: Kept, slot: int) -> bool:
        limit = self.limit if self._total < self._most else self.limit // FEW
        if len(one.slots) < limit:
            return False
        self._forget(one, slot)
        return len(one.slots) >= limit

    def _forget(self, one: Kept, slot: int) -> bool:
        # Of the future: the clock was set back. Who still sends is noted anew at once.
        kept = range(slot - SLOTS_KEPT, slot + 2)
        old = [series for series, last in one.slots.items() if last not in kept]
        for series in old:
            del one.slots[series]
        self._total -= len(old)
        return bool(old)

    def _forget_all(self, slot: int) -> None:
        if slot == self._slot:
            return
        self._slot = slot
        with self._lock:
            everybody = list(self._kept)
        for some in slices(everybody):
            with self._lock:
                self._changed |= {key for key in some if self._forget(self._kept[key], slot)}

    def _changes(self, now: int) -> Iterator[Change]:
        for key in self._quarantined:
            one = self._kept[key]
            if key not in self._told:
                yield Change(key, True, one.since, one.refused)
            elif abs(now - one.refused_at) > QUIET and len(one.slots) <= ROOM * self.limit:
                yield Change(key, False, one.since, one.refused)

    def _end(self, change: Change) -> None:
        one = self._kept[change.key]
        self._told.discard(change.key)
        more = one.refused - change.refused
        # Something may have been refused while the end was kept: that is the next quarantine.
        if more:
            one.since, one.refused = one.refused_at, more
        else:
            one.since = one.refused = one.refused_at = 0
            self._quarantined.discard(change.key)


def _copy(one: Kept, *, over: bool) -> Kept:
    told = (0, 0, 0) if over else (one.since, one.refused, one.refused_at)
    return Kept(dict(one.slots), *told)

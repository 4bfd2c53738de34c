"""A group of readings messages, each judged: bad, unaccounted, new, repeated or a conflict.

Runs in worker threads and changes nothing: if the group has to be tried again, it is judged
again. A group ends early when it has grown large, so that memory stays bounded whatever the
messages unpack to. The lines are checked before anything is asked of the ledger, so that it can be
done while the group before is stored; of what turns out to have come before they are thrown away.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from collector.intake import Accounted, Arrival, Bad, Unaccounted, read_batch
from collector.lanerow import LaneRow, Standing
from collector.ledger import Entry, LaneKey
from collector.linecheck import Checked, LineCheck
from core.types import BatchKey, Identity

GROUP: Final = 200
"""Messages in a group at most."""
GROUP_BYTES: Final = 700_000
"""Unpacked; the message that passes it is the group's last. With the tags of the senders it mostly
goes to InfluxDB as one body."""

FIRST: Final = frozenset[Standing | None](("new", "forgotten"))
"""The standing of a batch whose lines are to be written."""

Rows = Callable[[Iterable[LaneKey]], Mapping[LaneKey, LaneRow]]


class Item(msgspec.Struct, frozen=True):
    """One message and what is to be done with it; `checked` where it has lines to store.

    `first_at` is when the first batch of its epoch and lane came, 0 where none did.
    """

    arrival: Arrival
    taken: Accounted | Unaccounted | Bad
    standing: Standing | None = None
    checked: Checked | None = None
    first_at: int = 0

    @property
    def key(self) -> BatchKey | None:
        """The batch's key, if it has one."""
        return None if isinstance(self.taken, Unaccounted) else self.taken.key

    def entry(self, refused_by_store: int) -> Entry | None:
        """Return what the ledger is to keep of it."""
        if not isinstance(self.taken, Accounted) or self.standing is None:
            return None
        refused = refused_by_store + (len(self.checked.refused) if self.checked else 0)
        taken, at = self.taken, self.arrival.at
        return Entry(taken.who, taken.key, taken.crc, self.standing, refused, at)


class Checkup(msgspec.Struct, frozen=True):
    """One message on its way to judgement; `checked` where it has lines."""

    arrival: Arrival
    taken: Accounted | Unaccounted | Bad
    checked: Checked | None


class Sorter:
    """Judges messages of *regions*; asks the ledger for what was received before."""

    def __init__(
        self, regions: Collection[str], rows: Rows, check: LineCheck | None = None
    ) -> None:
        self._regions, self._rows, self._check = regions, rows, check or LineCheck()

    def sort(self, arrivals: Sequence[Arrival]) -> list[Item]:
        """Return items for the first of *arrivals*, as many as make a group."""
        return self.judge(self.check(arrivals))

    def check(self, arrivals: Sequence[Arrival]) -> list[Checkup]:
        """Check the lines of the first of *arrivals*, as many as make a group.

        Not for two threads at a time.
        """
        done: list[Checkup] = []
        size = 0
        for arrival in arrivals[:GROUP]:
            taken = read_batch(arrival, self._regions)
            if isinstance(taken, Bad):
                done.append(Checkup(arrival, taken, None))
                continue
            accounted = isinstance(taken, Accounted)
            check = self._check.check(taken.lines, taken.who, arrival.at, accounted=accounted)
            done.append(Checkup(arrival, taken, check))
            size += len(taken.lines)
            if size > GROUP_BYTES:
                break
        return done

    def judge(self, group: Sequence[Checkup], after: Sequence[Item] = ()) -> list[Item]:
        """Return *group* as items, by what the ledger will know.

        That is what it knows at this moment, and *after*: what is on its way to it.
        """
        batches = [one.taken for one in group if isinstance(one.taken, Accounted)]
        rows = self._rows({_row(batch) for batch in batches})
        before = {
            (item.taken.who, item.taken.key): item.taken.crc
            for item in after
            if isinstance(item.taken, Accounted) and item.standing in FIRST
        }
        return [_judged(one, rows, before) for one in group]


def _judged(
    one: Checkup,
    rows: Mapping[LaneKey, LaneRow],
    before: dict[tuple[Identity, BatchKey], int],
) -> Item:
    taken = one.taken
    if not isinstance(taken, Accounted):
        return Item(one.arrival, taken, None, one.checked)
    row = rows[_row(taken)]
    standing = row.standing(taken.key.seq, taken.crc)
    name = (taken.who, taken.key)
    if standing in FIRST:
        # The same key may come twice before the ledger knows of it.
        if name in before:
            standing = "repeated" if before[name] == taken.crc else "conflict"
        before.setdefault(name, taken.crc)
    kept = one.checked if standing in FIRST else None
    return Item(one.arrival, taken, standing, kept, row.first_at)


def _row(batch: Accounted) -> LaneKey:
    return LaneKey(batch.who, batch.key.epoch, batch.key.lane)

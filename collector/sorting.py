"""A group of readings messages, each judged: bad, unaccounted, new, repeated or a conflict.

Runs in a worker thread and changes nothing: if the group has to be tried again, it is judged
again. A group ends early when it has grown large, so that memory stays bounded whatever the
messages unpack to.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from collector.intake import Accounted, Arrival, Bad, Unaccounted, read_batch
from collector.lanerow import LaneRow, Standing
from collector.ledger import Entry, LaneKey
from collector.linecheck import Checked, LineCheck
from core.types import BatchKey, Identity

GROUP_BYTES: Final = 1_000_000
"""Unpacked; the message that passes it is the group's last."""

Rows = Callable[[Iterable[LaneKey]], Mapping[LaneKey, LaneRow]]


@dataclass(frozen=True, slots=True)
class Item:
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


class Sorter:
    """Judges messages of *regions*; asks the ledger for what was received before."""

    def __init__(
        self, regions: Collection[str], rows: Rows, check: LineCheck | None = None
    ) -> None:
        self._regions, self._rows, self._check = regions, rows, check or LineCheck()

    def sort(self, arrivals: Sequence[Arrival]) -> list[Item]:
        """Return items for the first of *arrivals*, as many as make a group."""
        taken: list[Accounted | Unaccounted | Bad] = []
        size = 0
        for arrival in arrivals:
            taken.append(read_batch(arrival, self._regions))
            size += 0 if isinstance(taken[-1], Bad) else len(taken[-1].lines)
            if size > GROUP_BYTES:
                break
        batches = [batch for batch in taken if isinstance(batch, Accounted)]
        rows = self._rows({_row(batch) for batch in batches})
        before: dict[tuple[Identity, BatchKey], int] = {}
        return [self._judge(arrival, what, rows, before) for arrival, what in zip(arrivals, taken)]

    def _judge(
        self,
        arrival: Arrival,
        taken: Accounted | Unaccounted | Bad,
        rows: Mapping[LaneKey, LaneRow],
        before: dict[tuple[Identity, BatchKey], int],
    ) -> Item:
        if isinstance(taken, Bad):
            return Item(arrival, taken)
        if isinstance(taken, Unaccounted):
            checked = self._check.check(taken.lines, taken.who, arrival.at, accounted=False)
            return Item(arrival, taken, None, checked)
        row = rows[_row(taken)]
        standing = row.standing(taken.key.seq, taken.crc)
        name = (taken.who, taken.key)
        if standing in ("new", "forgotten"):
            # The same key may come twice in one group, before the ledger knows of it.
            if name in before:
                standing = "repeated" if before[name] == taken.crc else "conflict"
            before.setdefault(name, taken.crc)
        if standing in ("repeated", "conflict"):
            return Item(arrival, taken, standing, first_at=row.first_at)
        checked = self._check.check(taken.lines, taken.who, arrival.at, accounted=True)
        return Item(arrival, taken, standing, checked, row.first_at)


def _row(batch: Accounted) -> LaneKey:
    return LaneKey(batch.who, batch.key.epoch, batch.key.lane)

"""What readings and states both write into, beside the store."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from collector import births
from collector.asking import Asking
from collector.counters import Counters
from collector.deadletters import DeadLetters, Letter
from collector.door import Door
from collector.evidence.witnesses import Witnesses
from collector.journal import Journal, Note
from collector.ledger import Ledger
from collector.live import Live
from collector.patience import Patience
from collector.receipts import Receipts
from collector.replays import Replays
from collector.rollups.marks import Marks
from core.types import BatchKey, Identity

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Books:
    """`gate` is held from a ledger's commit until the picture knows of it, so that readings and
    states do not overwrite what the other has just learnt.
    """

    ledger: Ledger
    live: Live
    letters: DeadLetters
    journal: Journal
    receipts: Receipts
    asking: Asking
    counters: Counters
    door: Door
    marks: Marks
    witnesses: Witnesses | None = None
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    replays: Replays = field(default_factory=Replays)

    async def keep(self, letters: Sequence[Letter], patience: Patience) -> None:
        """Keep *letters* durably, and count them."""
        if letters:
            await patience.persist(lambda: self.letters.keep(letters))
            for letter in letters:
                self._count(letter)

    async def note(self, notes: Sequence[Note | None], patience: Patience) -> None:
        """Keep the collector's own *notes*; the audit log has them by its next sync."""
        wanted = [note for note in notes if note]
        if wanted:
            self.counters.add("notes", await patience.persist(lambda: self.journal.note(*wanted)))

    def again(self, who: Identity, key: BatchKey, first_at: int, at: int) -> Note | None:
        """Hear that a known key came again at *at*; return what there is to note of that.

        *first_at* is when the first batch of its epoch came.
        """
        state = self.live.state(who)
        if not births.is_closed(state, key.epoch, first_at):
            return None
        self.counters.add("replayed")
        return self.replays.heard(who, key, at, held=births.is_listed(state, key.epoch))

    def held_up(self, channel: str, reason: str) -> None:
        """Hear why messages of *channel* cannot be kept for now; empty once they can again."""
        self.door.troubled(channel, reason)
        self.counters.add("held_up", int(bool(reason)), channel)

    def _count(self, letter: Letter) -> None:
        if self.counters.add("dead_letters", reason=letter.kind) == 1:
            _log.warning(
                "dead letter, the first of kind %s since the start: %r: %s",
                letter.kind,
                letter.topic,
                letter.reason,
            )

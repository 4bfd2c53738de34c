"""What is done for the log by the clock: keys announced, alterations told, segments sealed."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from collector.eventrows import move_cursor
from collector.evidence.expiry import remove_old
from collector.evidence.notary import Standing
from collector.evidence.patrol import Patrol
from collector.evidence.sealing import seal_finished
from collector.journal import Journal, Note
from core import clock
from core.errors import LogDamaged

SEAL_EVERY_S: Final = 600
ALTERED: Final = "audit_altered"
"""A cursor too: 1 while the log is told to be altered, so that its end is told after a restart."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class EvidenceChores:
    """Everything here blocks in a worker thread, never in the event loop."""

    journal: Journal
    days: int = 400
    """For so many records are kept ([collector] audit_days)."""
    now: clock.Clock = clock.now
    _patrol: Patrol = field(init=False)

    def __post_init__(self) -> None:
        self._patrol = Patrol(self.journal.log)

    async def minute(self) -> None:
        """Announce the key, once, and tell where the log is not what was signed."""
        await asyncio.to_thread(self.tell)

    async def seal(self) -> None:
        """Seal the segments whose day is over, and let go those past their time."""
        await asyncio.to_thread(self.seal_now)

    def tell(self) -> None:
        """Record what is to be told; raises sqlite3.Error, StoreStopped."""
        notary = self.journal.log.notary
        if notary is None:
            return
        key = notary.signer.verifier_key
        self.journal.note(Note("audit_key", "audit", notary.signer.origin, {"key": key}, key))
        standing = notary.standing
        if rows := standing.anew:
            said = {"rows": rows, "aside": standing.aside, "differs": standing.differs}
            said = {name: value for name, value in said.items() if value}
            self.journal.note(Note("audit_made_anew", "audit", "", said, f"{rows} {key}"))
        self._altered(standing)
        self.journal.sync()

    def seal_now(self) -> None:
        """Seal, let go and look again; a segment that is not what was signed stays, and is told."""
        try:
            seal_finished(self.journal, self.now)
            remove_old(self.journal, self.days, self.now)
            self._patrol.walk()
        except LogDamaged as error:
            if notary := self.journal.log.notary:
                notary.stop(error)
            self.tell()

    def close(self) -> None:
        """Sign what there is, as far as that can be done."""
        if notary := self.journal.log.notary:
            with suppress(OSError, LogDamaged):
                notary.sign()

    def _altered(self, standing: Standing) -> None:
        rows = self.journal.rows
        told = bool(rows.cursor(ALTERED))
        if bool(standing.stopped) == told:
            return
        with rows.ledger.transaction() as db:
            active = bool(standing.stopped)
            self.journal.add(db, [Note(ALTERED, "audit", "", _details(standing), active=active)])
            move_cursor(db, ALTERED, int(active))


def _details(standing: Standing) -> dict[str, Any]:
    bad = standing.bad
    if not standing.stopped:
        return {}
    file, record = (bad.path.name, bad.record) if bad else ("", 0)
    return {"file": file, "record": record, "reason": standing.stopped}

"""Making and ending silences: each is done once its row is in the audit log.

Who may is the business of collector/people.py and of the pages.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from alerts import silences
from alerts.silences import Matchers, Silence
from collector import acting
from collector.acting import Transaction
from collector.auditrecord import SYSTEM, By
from collector.journal import Journal, Note
from core import clock


@dataclass(frozen=True, slots=True)
class Silencing:
    """Every method blocks, and raises sqlite3.Error; what acts raises AuditStopped, too.

    `changed` hears, in any thread, of what is to be looked at again.
    """

    transaction: Transaction
    journal: Journal
    changed: Callable[[], None]
    now: clock.Clock = clock.now

    def silences(self) -> Sequence[Silence]:
        """Return silences, the newest first, those that are over among them."""
        with self.transaction() as db:
            return silences.list_(db)

    def one(self, number: int) -> Silence | None:
        """Return the silence of that number, if there is one."""
        with self.transaction() as db:
            return silences.one(db, number)

    def silence(
        self,
        by: str,
        reason: str,
        matchers: Matchers,
        ends_at: int,
        begins_at: int = 0,
        *,
        who: By = SYSTEM,
    ) -> Silence:
        """Silence alerts until *ends_at* (ns), and record it; raises BadSilence."""
        at = self.now()

        def make(db: sqlite3.Connection) -> tuple[Silence, list[Note]]:
            made = silences.make(
                db,
                by=by,
                reason=reason,
                matchers=matchers,
                ends_at=ends_at,
                at=at,
                begins_at=begins_at,
            )
            return made, [_note("silence_made", made, by, who)]

        made = acting.act(self.transaction, self.journal, make)
        self.changed()
        return made

    def end_silence(self, number: int, by: str, *, who: By = SYSTEM) -> bool:
        """End a silence before its time, and record it; False where none of that number lasts."""

        def end(db: sqlite3.Connection) -> tuple[bool, list[Note]]:
            ended = silences.end(db, number, by, self.now())
            found = silences.one(db, number) if ended else None
            return ended, [_note("silence_ended", found, by, who)] if found else []

        ended = acting.act(self.transaction, self.journal, end)
        if ended:
            self.changed()
        return ended


def _note(kind: str, one: Silence, by: str, who: By) -> Note:
    matchers = {name: word for name, word in asdict(one.matchers).items() if word}
    until = clock.rfc3339(one.over_at)
    details = {"number": one.number, "by": by, "reason": one.reason, "until": until, **matchers}
    return Note(kind, f"silence/{one.number}", who.account, details, by=who)

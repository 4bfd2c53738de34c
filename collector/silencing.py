"""Making and ending silences: each is one transaction with its row of the audit log.

Who may is the business of collector/people.py and of the pages.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass

from alerts import silences
from alerts.silences import Matchers, Silence
from collector.journal import Journal, Note
from core import clock

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


@dataclass(frozen=True, slots=True)
class Silencing:
    """Every method blocks, and raises sqlite3.Error; `changed` hears, in any thread, of what is to
    be looked at again."""

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
        account: str = "",
    ) -> Silence:
        """Silence alerts until *ends_at* (ns), and record it; raises BadSilence."""
        with self.transaction() as db:
            made = silences.make(
                db,
                by=by,
                reason=reason,
                matchers=matchers,
                ends_at=ends_at,
                at=self.now(),
                begins_at=begins_at,
            )
            self.journal.add(db, [_note("silence_made", made, by, account)])
        self._done()
        return made

    def end_silence(self, number: int, by: str, *, account: str = "") -> bool:
        """End a silence before its time, and record it; False where none of that number lasts."""
        with self.transaction() as db:
            ended = silences.end(db, number, by, self.now())
            found = silences.one(db, number) if ended else None
            if found:
                self.journal.add(db, [_note("silence_ended", found, by, account)])
        if ended:
            self._done()
        return ended

    def _done(self) -> None:
        self.changed()
        self.journal.sync_or_later()


def _note(kind: str, one: Silence, by: str, account: str) -> Note:
    matchers = {name: word for name, word in asdict(one.matchers).items() if word}
    until = clock.rfc3339(one.over_at)
    details = {"number": one.number, "by": by, "reason": one.reason, "until": until, **matchers}
    return Note(kind, f"silence/{one.number}", account, details)

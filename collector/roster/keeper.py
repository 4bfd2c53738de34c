"""The roster while the collector runs: another one is taken without a restart, and recorded.

A new file is recorded first and shown second, so that a crash in between is a change that the next
start notices. What is recorded names the roster before and the new file's digest: the same change
is one row however often it is come upon, and going back to an earlier file is another change.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from collector.journal import Journal, Note
from collector.lastgood import LastGood
from collector.roster.changes import Change, changes, keyed
from collector.roster.kept import KeptRoster, Taken
from collector.roster.lastgood import NAME
from collector.roster.read import Roster
from collector.roster.watch import RosterFile, Unreadable
from core import clock
from core.types import Identity

LOOK_EVERY_S: Final = 3.0
MAX_SAID: Final = 20
"""Rows that are named one by one, in the log and in an event; `roster check` names all."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Keeper:
    """Everything here blocks, in a worker thread; one call at a time."""

    path: Path
    regions: Collection[str]
    journal: Journal
    now: clock.Clock = clock.now
    file: RosterFile = field(init=False)
    kept: KeptRoster = field(init=False)
    last_good: LastGood = field(init=False)
    _trouble: str = ""

    def __post_init__(self) -> None:
        self.file = RosterFile(self.path)
        ledger = self.journal.rows.ledger
        self.kept = KeptRoster(ledger)
        self.last_good = LastGood(ledger.path.with_name(NAME))

    def look(self, *, at_once: bool = False) -> Roster | None:
        """Return a roster that is to be shown from now on, recorded already; None for no news.

        Raises sqlite3.Error; the next look then finds the same again.
        """
        found = self.file.look(at_once=at_once)
        if found is None:
            return None
        try:
            return self._heard(found)
        except BaseException:
            self.file.again()
            raise

    def to_empty(self, closed: Collection[Identity]) -> list[Identity]:
        """Return those of the agents at *closed* schools whose retained state was not emptied yet.

        Raises sqlite3.Error. An agent is forgotten once its school opens again, so that the next
        closing counts anew.
        """
        before = self.kept.emptied()
        if before - set(closed):
            self.kept.keep_emptied(before & set(closed))
        return [who for who in closed if who not in before]

    def _heard(self, found: Roster | Unreadable) -> Roster | None:
        last = self.kept.last()
        if isinstance(found, Roster) and not found.schools and last.schools:
            reason = (
                f"{self.path}: has no row that can be taken, while {len(last.schools)} are known"
            )
            found = Unreadable("\n".join([reason, *found.said("refused")[:MAX_SAID]]), found.digest)
        if isinstance(found, Unreadable):
            self._refuse(found, last)
            return None
        if self._trouble:
            _log.info("%s: can be read again", self.path)
            self._trouble = ""
        self._take(found, last)
        self.last_good.keep(self.file.content)
        return found

    def _refuse(self, found: Unreadable, last: Taken) -> None:
        if found.reason == self._trouble:
            return
        details = {"file": self.path.name, "reason": found.reason[:2_000]}
        once = f"{last.at} {found.digest} {found.reason}"
        self.journal.note(Note("roster_unreadable", "roster", "", details, once))
        self._trouble = found.reason
        _log.error("the roster of before goes on, for the new one cannot be read: %s", found.reason)

    def _take(self, found: Roster, last: Taken) -> None:
        mine = [school for school in found.schools if school.region in self.regions]
        new = Taken(self.now(), found.digest, keyed(mine))
        # Of the first roster there is nothing to compare: it is one event, not a thousand.
        changed = list(changes(last.schools, new.schools)) if last.at else []
        if found.digest == last.digest and not changed:
            self._say(found, len(mine))
            return
        once = f"{last.at} {found.digest}"
        self.journal.note(*self._notes(found, len(mine), changed, once))
        self.kept.keep(new)
        self._say(found, len(mine))
        counted = Counter(change.kind for change in changed)
        if counted:
            words = ", ".join(f"{kind} {n}" for kind, n in sorted(counted.items()))
            _log.info("%s: changed since it was last taken: %s", self.path, words)

    def _notes(self, found: Roster, mine: int, changed: list[Change], once: str) -> Iterator[Note]:
        details = {
            "file": self.path.name,
            "digest": found.digest,
            "schools": mine,
            "elsewhere": len(found.schools) - mine,
            "flagged": found.flagged,
            "refused": found.refused,
            **Counter(change.kind for change in changed),
        }
        yield Note("roster_taken", "roster", "", details, once)
        if found.refused:
            rows = [text.removeprefix(f"{self.path}:") for text in found.said("refused")]
            details = {"refused": found.refused, "rows": rows[:MAX_SAID]}
            yield Note("roster_rows_refused", "roster", "", details, once)
        for change in changed:
            name = "/".join(change.key)
            yield Note(change.kind, name, "", change.fields, f"{once} {name}")

    def _say(self, found: Roster, mine: int) -> None:
        for sentence in found.said("refused", "value", "doubt")[:MAX_SAID]:
            _log.warning("%s", sentence)
        _log.info(
            "%s: %d schools of the regions served, %d of others; %d flagged, %d rows refused",
            *(self.path, mine, len(found.schools) - mine, found.flagged, found.refused),
        )

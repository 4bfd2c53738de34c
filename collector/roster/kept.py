"""The roster as it was last taken, in the collector's own database.

So that a file that changed while the collector was down is noticed, and one that did not is not
told of again. Names and contacts of people are not in it, only digests of them.
Look: sqlite3 var/collector/ledger.db 'SELECT * FROM roster_school'
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from collector.ledger import Ledger
from collector.roster.changes import Facts, Key
from core.types import Identity

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS roster_taken (
        at INTEGER NOT NULL, digest TEXT NOT NULL   -- ns; of the file's bytes
    )""",
    """CREATE TABLE IF NOT EXISTS roster_school (
        region TEXT NOT NULL, school TEXT NOT NULL,
        facts TEXT NOT NULL,                        -- collector/roster/changes.py
        PRIMARY KEY (region, school)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS roster_emptied (
        region TEXT NOT NULL, school TEXT NOT NULL, agent TEXT NOT NULL,
        PRIMARY KEY (region, school, agent)
    ) WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A roster that was taken; `at` is 0 where none ever was."""

    at: int = 0
    digest: str = ""
    schools: Mapping[Key, Facts] = field(default_factory=dict)


class KeptRoster:
    """Every method blocks, may be called from any thread, and may raise sqlite3.Error."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        with ledger.transaction() as db:
            for statement in _SCHEMA:
                db.execute(statement)

    def last(self) -> Taken:
        """Return the roster that was taken last."""
        with self._ledger.transaction() as db:
            taken = db.execute("SELECT at, digest FROM roster_taken").fetchone()
            rows = db.execute("SELECT region, school, facts FROM roster_school").fetchall()
        if not taken:
            return Taken()
        at, digest = taken
        facts = {(region, school): json.loads(text) for region, school, text in rows}
        return Taken(at, digest, facts)

    def keep(self, taken: Taken) -> None:
        """Keep what was taken now, in place of what was before."""
        rows = [
            (*key, json.dumps(facts, ensure_ascii=False)) for key, facts in taken.schools.items()
        ]
        with self._ledger.transaction() as db:
            db.execute("DELETE FROM roster_taken")
            db.execute("DELETE FROM roster_school")
            db.execute("INSERT INTO roster_taken VALUES (?, ?)", (taken.at, taken.digest))
            db.executemany("INSERT INTO roster_school VALUES (?, ?, ?)", rows)

    def emptied(self) -> set[Identity]:
        """Return the agents of closed schools whose retained state was emptied."""
        with self._ledger.transaction() as db:
            return {Identity(*row) for row in db.execute("SELECT * FROM roster_emptied")}

    def keep_emptied(self, agents: Iterable[Identity]) -> None:
        """Keep that the retained state of *agents* was emptied, and of no others."""
        rows = [(who.region, who.school, who.agent) for who in agents]
        with self._ledger.transaction() as db:
            db.execute("DELETE FROM roster_emptied")
            db.executemany("INSERT INTO roster_emptied VALUES (?, ?, ?)", rows)

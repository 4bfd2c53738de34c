"""What a person does: tried, taken back, recorded on the disk, and only then done (R-44).

    rehearsal in a transaction ─▶ rolled back ─▶ audit log synced ─▶ the same again, committed
          │ refused: nothing is recorded        │ stopped: nothing    │ not done: a row says so

A row that came first may tell of what a crash then kept from being done; the other way round there
could be acts of which no row tells.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final, TypeVar

from collector.journal import Journal, Note

T = TypeVar("T")
Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]
Perform = Callable[[sqlite3.Connection], tuple[T, Sequence[Note]]]
"""Does it in a transaction, twice; returns what came of it, and what there is to record, which is
nothing where nothing was changed."""


TOO_LATE: Final = "by then there was nothing left to do"


class _TakenBack(Exception):
    """Rolls a transaction back."""


def act(transaction: Transaction, journal: Journal, perform: Perform[T]) -> T:
    """Record what *perform* does, then do it; return what came of it.

    Raises AuditStopped, sqlite3.Error, and what *perform* raises.
    """
    with journal.acting:
        found, notes = _rehearsed(transaction, perform)
        if not notes:
            return found
        journal.act(*notes)
        try:
            with transaction() as db:
                found, done = perform(db)
        except Exception as error:
            journal.not_done(notes, str(error) or type(error).__name__)
            raise
        if not done:
            journal.not_done(notes, TOO_LATE)
    return found


def _rehearsed(transaction: Transaction, perform: Perform[T]) -> tuple[T, Sequence[Note]]:
    done: list[tuple[T, Sequence[Note]]] = []
    try:
        with transaction() as db:
            done.append(perform(db))
            raise _TakenBack
    except _TakenBack:
        return done[0]

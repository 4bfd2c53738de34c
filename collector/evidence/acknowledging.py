"""A person says that the log was restored: a row, and a statement that witnesses follow."""

import sqlite3
from contextlib import closing

from collector.config import CollectorTable
from collector.evidence.queried import note_about
from collector.evidence.signing import Signer, origin_of
from collector.evidence.statements import Statements
from collector.evidence.witnessrows import WitnessRows
from collector.ledger import Ledger
from core import clock
from core.errors import MonitorError, StartError
from core.merkle.note import NoteError
from core.merkle.statements import GivenUp, given_up_text


def acknowledge(
    table: CollectorTable, by: str, because: str, now: clock.Clock = clock.now
) -> GivenUp:
    """Give up what witnesses hold that does not agree; return what was said.

    The row comes first: without it nothing is signed. Raises StartError where there is no log or
    nothing to acknowledge, MonitorError where it could not be kept.
    """
    if not (table.ledger_file).is_file():
        raise StartError(f"{table.folder}: no collector has run with this configuration")
    origin = origin_of(table.id)
    try:
        with closing(Ledger(table.ledger_file)) as ledger:
            standings = WitnessRows(ledger).read(origin)
            wrong = [one for one in standings.values() if one.verdict in ("ahead", "differs")]
            if not wrong:
                raise StartError("every witness that was heard agrees: there is nothing to say")
        size = min(one.told.size for one in wrong) - 1
        said = GivenUp(origin, size, by, because, clock.rfc3339(now()))
        details = {"by": by, "because": because, "size": size, "witnesses": len(wrong)}
        note_about(table, "witness_acknowledged", "", details, target=origin, now=now)
        signer = Signer(origin, table.signing_key)
        Statements(table.audit_folder).add(signer.state(given_up_text(said)))
    except (sqlite3.Error, OSError, NoteError) as error:
        raise MonitorError(f"it could not be kept: {error}") from error
    return said

"""What people do by the command line, recorded before it is done (R-41, R-44).

Where the collector runs, its log is its own: the row goes into its database with a request, and
within a second it answers that the log has it. Where none runs, this process writes the log,
or leaves the row in the database for the next start.
"""

import os
import pwd
import sqlite3
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from collector.auditrecord import By
from collector.config import CollectorTable
from collector.eventrows import ANSWERED, ASKED, STOPPED, EventRows, cursor_of, insert, move_cursor
from collector.journal import MOST_REASON, Note, own_row, stopped
from collector.ledger import Ledger
from collector.parts import LOCK, open_journal
from core import clock, wire
from core.errors import MonitorError
from core.lock import InUse, hold, holder

PATIENCE_S: Final = 30.0
"""How long a running collector may take to have a row in its log; it looks each second."""
LOOK_S: Final = 0.1
ENOUGH_BYTES: Final = 1_000_000
"""Free on the disk of a log that only its owner may write to: else it could not take the row."""
NO_LOGIN: Final = 2**32 - 1
COMPOSE: Final = "compose.yaml"


def operator() -> By:
    """Return the user of the operating system who runs this."""
    return By(_user(os.getuid()), role="operator", of="operator")


def login() -> dict[str, str]:
    """Return who signed in to the machine, where that is another than who runs this (sudo)."""
    with suppress(OSError, ValueError):
        number = int(Path("/proc/self/loginuid").read_text("ascii"))
        if number not in (NO_LOGIN, os.getuid()):
            return {"login": _user(number)}
    return {}


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


@dataclass(frozen=True, slots=True)
class Whose:
    """The collector in whose log something belongs.

    *ours*: while it does not run this process may write the log as the collector would, with the
    same key. Else the row waits in the database.
    """

    table: CollectorTable
    ours: bool = True


def whose(path: Path) -> Whose | None:
    """Return whose log the file *path*, a collector.toml, leads to, as it is seen on this machine.

    None where it cannot be told. Secrets that it names need not be there.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))["collector"]
        name = str(table.get("id", "d1"))
        folder = Path(table.get("folder", CollectorTable(regions=()).folder))
        regions = tuple(map(str, table["regions"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    district, ours = path.absolute().parent.parent, "audit_key" not in table
    if (district / COMPOSE).is_file():  # in its container it goes by another name
        folder, ours = district / "data" / "collector", False
    return Whose(CollectorTable(regions=regions, folder=folder, id=name), ours)


@contextmanager
def recorded(
    place: Whose | None,
    what: str,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> Iterator[None]:
    """Have in the audit log that *what* is done, before the `with` does it; raises AuditStopped.

    Where it fails, a second row says so. Where no collector has run yet there is no log: the first
    one that runs records what it finds.
    """
    if place is None or not (place.table.ledger_file).is_file():
        yield
        return
    said = {**(details or {}), **login()}
    note = Note("command_run", what, subject, said, by=operator())
    record(place, note)
    try:
        yield
    except BaseException as error:
        reason = (str(error) or type(error).__name__)[:MOST_REASON]
        with suppress(MonitorError, sqlite3.Error, OSError):
            record(place, replace(note, success=False, reason=reason), wait=False)
        raise


def record(place: Whose, note: Note, now: clock.Clock = clock.now, *, wait: bool = True) -> None:
    """Have *note* in the audit log of the collector; raises AuditStopped, MonitorError.

    Without *wait* a running collector may take it a little later.
    """
    table = place.table
    try:
        with closing(Ledger(table.ledger_file)) as ledger:
            if place.ours and not _runs(table) and _is_own(table):
                with suppress(InUse), hold(table.folder / LOCK, "collector", "[collector] folder"):
                    open_journal(table, ledger, now).act(note)
                    return
            _leave(table, ledger, note, now, wait=wait)
    except (sqlite3.Error, OSError) as error:
        raise stopped(error) from error


def _runs(table: CollectorTable) -> bool:
    return bool(holder(table.folder / LOCK))


def _is_own(table: CollectorTable) -> bool:
    """Return whether files that we make there are ones that the collector may write to."""
    return table.folder.stat().st_uid == os.geteuid()


def _leave(
    table: CollectorTable, ledger: Ledger, note: Note, now: clock.Clock, *, wait: bool
) -> None:
    """Leave *note* in the database, for the collector to take into its log; see that it did."""
    EventRows(ledger)  # a database that has had no events yet
    audit = table.audit_folder
    disk = os.statvfs(audit)
    if disk.f_bavail * disk.f_frsize < ENOUGH_BYTES:
        raise stopped(f"the disk of {audit} is full")
    if not os.access(audit, os.W_OK):
        raise stopped(f"{audit} is read-only")
    row = own_row(table.id, note, wire.new_epoch(), 1, now())
    with ledger.transaction() as db:
        if cursor_of(db, STOPPED):
            raise stopped("the collector says that it stopped, see /readyz")
        insert(db, row)
        (number,) = db.execute("SELECT max(row) FROM event").fetchone()
        move_cursor(db, ASKED, number)
    reason = _refusal(ledger, number) if wait and _runs(table) else ""
    if not reason:
        return
    failed = replace(note, success=False, reason=reason)
    EventRows(ledger).note([own_row(table.id, failed, wire.new_epoch(), 1, now())])
    raise stopped(f"{reason}, see /readyz")


def _refusal(ledger: Ledger, number: int) -> str:
    """Return why row *number* is not in the collector's log, when it has said or time is up."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with ledger.transaction() as db:
            if (cursor_of(db, ANSWERED) or 0) >= number:
                return ""
            if cursor_of(db, STOPPED):
                return "the collector could not write it into its audit log"
        time.sleep(LOOK_S)
    return f"the collector did not say within {PATIENCE_S:.0f} s that its audit log has it"

"""Old sealed segments go, after the log says so, and the checkpoints over nothing but their rows.

The tree keeps their hashes. So proofs and checkpoints hold for what is left, and a copy of a
removed segment that somebody kept can still be proved. The database keeps its rows: an old batch
that comes again is still known.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from collector.evidence import segments
from collector.evidence.reader import LogReader
from collector.evidence.removed import Removed, note_removed
from collector.filedigest import digest_of
from collector.journal import Journal, Note
from core import clock
from core.disk import sync_folder
from core.errors import ConfigError
from core.law import LOG_DAYS

KIND: Final = "retention_removed"
_LEAST_OF_MONTH: Final = 28


def remove_old(
    journal: Journal, days: int, now: clock.Clock, least: int = LOG_DAYS
) -> list[Removed]:
    """Remove the sealed segments that ended over *days* ago, the oldest first; return them.

    One stays until the log itself shows *least* days after it, whatever the clock says: a clock
    that jumped ahead, as of a machine without a battery, would take everything away.

    Raises ConfigError for fewer days than the law asks for, LogDamaged where one is not what was
    signed: then it stays, as evidence. Raises OSError, StoreStopped, sqlite3.Error; what was left
    half is gone on with the next time.
    """
    if days < LOG_DAYS:
        raise ConfigError(f"audit records are kept for {LOG_DAYS} days at least (asked: {days})")
    folder = journal.log.folder
    keep = date.fromisoformat(clock.rfc3339(now())[:10]) - timedelta(days)
    *older, _newest = segments.segments(folder) or [folder]
    removed = []
    for at, path in enumerate(older, 1):
        # One that cannot go yet holds back those behind it: no gap amid the log.
        if path.suffix != segments.SEALED or _end(path) > keep or _shown(older[at:]) < least:
            break
        removed.append(_remove(journal, path))
    return removed


def _remove(journal: Journal, path: Path) -> Removed:
    name, reader = segments.plain_name(path), LogReader(path.parent)
    first, last = reader.check_segment(path, reader.size)
    sha256, size = digest_of(path, plain=True)
    notary = journal.log.notary
    # Those of rows that are gone: no row is left to hold them to, and later ones vouch for the
    # tiles. After a crash before they went they are counted again, with the next segment.
    gone = notary.before(last) if notary else 0
    details = {"file": name, "first": first, "last": last, "sha256": sha256, "checkpoints": gone}
    note = Note(KIND, "audit", name, {**details, "bytes": size}, f"{name} {sha256}")
    journal.note(note)
    journal.sync()
    if notary:
        notary.sign()  # Who checks the log believes no row that says so before it is signed.
    one = Removed(name, first, last, sha256, journal.number_of(note))
    note_removed(path.parent, one)
    path.unlink()
    sync_folder(path.parent)
    if notary:
        notary.forget(last)
    return one


def _shown(files: Sequence[Path]) -> int:
    """Return of how many days there are *files* at least; a collector writes some rows each day."""
    return sum(_LEAST_OF_MONTH if segments.order(path).endswith("-00") else 1 for path in files)


def _end(path: Path) -> date:
    """Return the day on which a segment was over."""
    day = segments.order(path)
    if day.endswith("-00"):
        return (date.fromisoformat(f"{day[:-1]}1") + timedelta(31)).replace(day=1)
    return date.fromisoformat(day) + timedelta(1)

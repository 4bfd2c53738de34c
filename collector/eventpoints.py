"""Events as points of the time-series store, for charts; they follow the rows behind a cursor.

The audit log is the record, and a point follows it: a row that is not in the log may get another
number yet. A point is for looking at, and is written again where that is in doubt: it overwrites
itself.
"""

from typing import Any, Final

import msgspec

from collector.auditrecord import EventRow
from collector.eventrows import PAGE
from collector.journal import Journal
from collector.store.base import Store
from core import kinds, lineprotocol
from core.alertkinds import OF_ALERTS
from core.errors import LineError
from core.shown import shown_name
from core.types import Reading

POINTS: Final = "points"
"""The name of the cursor."""
_DIGITS: Final = 10**6


def point(row: EventRow) -> bytes:
    """Return the line of *row*, without a newline; nothing where `alert` tells of it already.

    The last six digits of its time are those of its row, so that no two events of one series
    replace each other.
    """
    said: dict[str, Any] = msgspec.json.decode(row.body, type=dict[str, Any])
    word = said["kind"]
    if word in OF_ALERTS and row.who.startswith("collector/"):
        return b""
    tags = {"kind": word if word in kinds.KINDS else kinds.OTHER, "code": said["code"]}
    fields = {name: said[name] for name in ("active", "severity")}
    fields |= {name: shown_name(word, said[name]) for name in ("target", "subject")}
    time = said["at"] // _DIGITS * _DIGITS + row.row % _DIGITS
    what = {"word": word, **fields, "row": row.row}
    return lineprotocol.encode(
        Reading("event", what, time, {**tags, **_identity(row.who, said["target"])})
    )


def write(journal: Journal, store: Store) -> list[str]:
    """Write every row of the log beyond the cursor; return why the store will never take some.

    Blocks. Raises StoreError, sqlite3.Error; what was written before stays done.
    """
    rows = journal.rows
    refused, done = list[str](), rows.cursor(POINTS)
    while found := journal.synced_after(done, PAGE):
        lines = [line for line in (_point(row, refused) for row in found) if line]
        if lines:
            bad = store.write(b"".join(line + b"\n" for line in lines))
            refused += [f"{one.reason}: {one.line[:200]!r}" for one in bad]
        # Not where it was set back meanwhile: the store then lacks what was written before.
        done = rows.advance(POINTS, done, found[-1].row)
    return refused


def _point(row: EventRow, refused: list[str]) -> bytes:
    """Return the line of *row*; nothing where it has none, which must hold up no other."""
    try:
        return point(row)
    except (LineError, KeyError, ValueError, TypeError) as error:
        refused.append(f"row {row.row} of the events is no point: {error}")
        return b""


def _identity(who: str, target: str) -> dict[str, str]:
    """Return who told of it; of the collector's own events also whose school they are about."""
    names = who.split("/")
    if len(names) > 2:  # not a collector
        return dict(zip(("region", "school", "agent"), names))
    region, _, rest = target.partition("/")
    school = rest.partition("/")[0]
    about = {"region": region, "school": school} if region.isdigit() and school else {}
    return {"collector": names[-1], **about}

"""One row of a kept log as one line: when it came, a mark, and the bytes that came.

    2026-11-28T09:00:01.003000Z<tab>-<tab><188>Nov 28 09:00:01 fw …

A backslash, a newline and a carriage return in what came are written `\\\\`, `\\n` and `\\r`; all
else stands as it came, so that the SHA-256 in an event is found again (`came`).
"""

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

from agent.logs.line import MOST_BYTES
from core.clock import SECOND

PLAIN: Final = "-"
BACK: Final = "back"
"""The clock was set back: the row came after the one before it all the same."""
CUT: Final = "cut"
"""What came was longer than `MOST_BYTES`."""
GAP: Final = "gap"
"""No row but a note of the agent: a word why, and how many rows are not here."""

LINE: Final = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\t(-|back|cut|back,cut|gap)\t([^\n\r]*)\Z"
)
_NOTE: Final = re.compile(rb"([a-z_]{1,16}) (\d{1,18})\Z")
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_MEANT: Final = {b"n": b"\n", b"r": b"\r", b"\\": b"\\"}


class Row(NamedTuple):
    """A line that was read back; `at` is nanoseconds since 1970, to the microsecond."""

    at: int
    mark: str
    data: bytes

    @property
    def is_back(self) -> bool:
        """Return whether the row says that the clock was set back before it."""
        return BACK in self.mark


def written(at: int, data: bytes, *, back: bool = False) -> bytes:
    """Return the line, without its newline, of a row that came at *at*."""
    marks = [BACK] * back + [CUT] * (len(data) > MOST_BYTES)
    plain = data[:MOST_BYTES].replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return b"%s\t%s\t%s" % (_time(at), (",".join(marks) or PLAIN).encode(), plain)


def note(at: int, why: str, count: int) -> bytes:
    """Return the line that says that *count* rows are not here, and *why*."""
    return b"%s\tgap\t%s %d" % (_time(at), why.encode(), count)


def read(line: bytes) -> Row | None:
    """Return what *line*, without its newline, says; None where it is no line of ours."""
    found = LINE.match(line)
    if found is None:
        return None
    try:
        at = datetime.strptime(found[1].decode(), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    whole, part = int(at.timestamp()), at.microsecond
    return Row(whole * SECOND + part * 1_000, found[2].decode(), found[3])


def came(data: bytes) -> bytes:
    """Return the bytes that came, of those of a `Row`."""
    return _ESCAPED.sub(lambda one: _MEANT.get(one[1], one[0]), data)


def noted(row: Row) -> tuple[str, int]:
    """Return why and how many, of a row that is a note; ("", 0) of any other."""
    found = _NOTE.match(row.data) if row.mark == GAP else None
    return (found[1].decode(), int(found[2])) if found else ("", 0)


def _time(at: int) -> bytes:
    seconds, part = divmod(at, SECOND)
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime(f"%Y-%m-%dT%H:%M:%S.{part // 1_000:06d}Z").encode()

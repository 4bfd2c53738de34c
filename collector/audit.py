"""The audit log: `audit/YYYY-MM-DD.jsonl`, every event once, in one order, a canonical JSON a line.

Only ever appended to. Its last record says how far it has got, so it needs no number anywhere
else: what the database has beyond that is appended, and is the same however often it is written.
Files begin with the day in which the collector received their first event (UTC); finished ones are
sealed (evidence/sealing.py). What is on the disk goes into the tree that checkpoints sign.
Look: zcat -f var/collector/audit/*.jsonl* | jq -r '[.row, .agent, .kind, .subject, .active] | @tsv'
"""

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import Final

from collector.auditrecord import EventRow, line_of, row_of
from collector.evidence import segments
from collector.evidence.health import LogHealth, health_of
from collector.evidence.notary import Notary
from collector.evidence.removed import removal_of, removed_in
from core.clock import SECOND
from core.disk import sync_folder, write_all
from core.errors import LogDamaged, StartError, StoreStopped

TAIL_BYTES: Final = 2_000_000
"""Of a file, looked at for its last record; a record is at most as large as a message, 256 kB."""

TORN: Final = "torn"
"""The file, beside the log, with what was cut from its end."""

DAY: Final = 86_400 * SECOND
_log = logging.getLogger(__name__)


class AuditLog:
    """The files in *folder*, which *notary* signs. For any thread; every method blocks.

    Opening it cuts what a crash tore at the end; raises StartError where there is no reading it.
    """

    def __init__(self, folder: Path, notary: Notary | None = None) -> None:
        self.folder, self.notary, self._lock = folder, notary, Lock()
        self.last: EventRow | None = None
        """The last record that is on the disk."""
        self._path: Path | None = None
        self._size = 0
        self.errors = 0
        """How often it could not be written since the start."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._find_end()
            sync_folder(folder)
            if notary:
                notary.open(self.row)
        except OSError as error:
            raise StartError(f"the audit log {folder} cannot be read: {error}") from error

    @property
    def row(self) -> int:
        """The number of the last row that is on the disk, 0 where none is."""
        return self.last.row if self.last else 0

    def first(self) -> EventRow | None:
        """Return the oldest record that is there; raises StartError, OSError."""
        for path in segments.segments(self.folder):
            for number, line in segments.numbered_lines(path):
                return _record(path, number, line)
        return None

    def health(self) -> LogHealth:
        """Return what can be said of the log now; raises StartError, OSError."""
        first = self.first()
        oldest = (first.row, first.received) if first else (0, 0)
        standing = self.notary.standing if self.notary else None
        return health_of(self.folder, oldest, self.row, self.errors, standing)

    def append(self, rows: Sequence[EventRow]) -> None:
        """Append the records of *rows*, which follow the last one, synced to disk on return.

        Raises StoreStopped; what was not synced is taken back, so that it can be tried again.
        """
        with self._lock:
            for path, group in groupby(self._placed(rows), itemgetter(0)):
                found = [row for _, row in group]
                lines = list(map(line_of, found))
                try:
                    self._append(path, b"".join(lines))
                except OSError as error:
                    self.errors += 1
                    reason = error.strerror or str(error)
                    raise StoreStopped(
                        f"the audit log {path} cannot be written: {reason}"
                    ) from error
                self.last = found[-1]
                if self.notary:
                    self.notary.follow(found[0].row, lines)

    def rows(self, after: int) -> Iterator[EventRow]:
        """Return every row above *after*, in order; raises StartError for a damaged record.

        Of older files no more is read than tells that they can be left out. What retention removed
        is passed over.
        """
        before = 0
        for path in segments.segment_of(self.folder, after + 1):
            for number, line in segments.numbered_lines(path):
                row = _record(path, number, line)
                if before and row.row != before + 1:
                    what = f"row {row.row} in line {number} follows {before}"
                    raise LogDamaged(path, before + 1, what)
                if not before and after and row.row > after + 1 and not self._expired(after + 1):
                    what = f"it begins with row {row.row}; {after + 1} is gone"
                    raise LogDamaged(path, after + 1, what)
                before = row.row
                if row.row > after:
                    yield row

    def _expired(self, row: int) -> bool:
        return removal_of(removed_in(self.folder), row) is not None

    def _find_end(self) -> None:
        for path in reversed(segments.segments(self.folder)):
            if path.suffix == segments.SEALED:
                self.last, self._path = _last_of(path), segments.after(path)
                return
            size, last = _end(path)
            if last is not None:
                self.last, self._path, self._size = last, path, size
                return
            path.unlink()  # began in the moment of a crash, and holds nothing whole

    def _placed(self, rows: Sequence[EventRow]) -> Iterator[tuple[Path, EventRow]]:
        """Return each row with its file."""
        path, day = self._path, -1
        for row in rows:
            if row.received // DAY != day:
                day = row.received // DAY
                begun = self.folder / segments.day_name(row.received)
                # A clock that was set back must not put a record before those that came earlier.
                path = max(begun, path, key=segments.order) if path else begun
            assert path
            yield path, row

    def _append(self, path: Path, data: bytes) -> None:
        known = self._size if path == self._path else 0
        # Unbuffered: a buffer would be written once more, after what failed was taken back.
        with path.open("ab", buffering=0) as file:
            size = file.tell()
            if size < known:
                raise OSError(f"has {size} bytes and had {known}: somebody cut it; start anew")
            try:
                os.ftruncate(file.fileno(), known)  # what an earlier failure could not take back
                write_all(file, data)
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), known)
                raise
            if path != self._path or not known:
                sync_folder(self.folder)
            self._path, self._size = path, known + len(data)


def _end(path: Path) -> tuple[int, EventRow | None]:
    """Return size and last record of a file, after cutting what follows the last whole one."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        begin = max(0, size - TAIL_BYTES)
        file.seek(begin)
        tail = file.read()
        last, kept = _last_whole(tail)
        if last is None and begin:
            raise LogDamaged(path, 0, f"no record in its last {TAIL_BYTES} bytes")
        if kept < len(tail):
            _set_aside(path.with_name(TORN), tail[kept:])
            file.truncate(begin + kept)
            _log.warning(
                "audit log %s: %d bytes at its end were no record, as a crash leaves them; they "
                "are in %s now",
                *(path, len(tail) - kept, TORN),
            )
        # A process that was killed may have written what it had no time to sync.
        os.fsync(file.fileno())
    return begin + kept, last


def _last_whole(tail: bytes) -> tuple[EventRow | None, int]:
    """Return the last record in *tail*, and where it ends."""
    end = tail.rfind(b"\n") + 1
    while end:
        begin = tail.rfind(b"\n", 0, end - 1) + 1
        try:
            return row_of(tail[begin:end]), end
        except ValueError:
            end = begin  # blocks may reach the disk out of order; nothing rests on these
    return None, 0


def _record(path: Path, number: int, line: bytes) -> EventRow:
    try:
        return row_of(line)
    except ValueError as error:
        raise LogDamaged(path, number, f"line {number} is no record: {error}") from None


def _last_of(path: Path) -> EventRow | None:
    last = deque(segments.numbered_lines(path), 1)
    return _record(path, *last[0]) if last else None


def _set_aside(path: Path, torn: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        write_all(file, torn)
        os.fsync(file.fileno())

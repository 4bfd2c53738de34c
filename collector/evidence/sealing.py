"""A finished segment is packed, recorded and only then replaced: each step can be done again.

    2026-11-28.jsonl ──▶ checked against the tree, packed, read back ──▶ 2026-11-28.jsonl.gz
                         row `segment_sealed` in the log, synced ──▶ plain file removed

The newest segment is never sealed: rows still go there.
"""

import gzip
import os
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from collector.evidence import segments
from collector.evidence.reader import LogReader
from collector.filedigest import digest_of
from collector.journal import Journal, Note
from core import clock
from core.disk import sync_folder, write_all
from core.errors import LogDamaged

_CHUNK: Final = 1 << 20
_LEVEL: Final = 6


class Packed(NamedTuple):
    """A segment as its row `segment_sealed` tells it; the hashes are of plain and packed bytes."""

    file: str
    first: int
    last: int
    sha256: str
    gz_sha256: str
    bytes: int


def seal_finished(journal: Journal, now: clock.Clock) -> list[Packed]:
    """Seal every segment whose day is over; return those that were.

    Raises LogDamaged where one is not what was signed: then it stays as it is. Raises OSError,
    StoreStopped, sqlite3.Error; what was left half is gone on with the next time.
    """
    folder, today = journal.log.folder, clock.rfc3339(now())[:10]
    *older, _newest = segments.segments(folder) or [folder]
    sealed = []
    for path in older:
        if path.suffix != segments.SEALED and segments.order(path) < today:
            found = pack(path)
            once = f"{found.file} {found.sha256}"
            journal.note(Note("segment_sealed", "audit", found.file, found._asdict(), once))
            journal.sync()
            path.unlink()
            sync_folder(folder)
            sealed.append(found)
    return sealed


def pack(path: Path) -> Packed:
    """Have a checked segment packed beside itself, durably; raises LogDamaged, OSError."""
    reader = LogReader(path.parent)
    first, last = reader.check_segment(path, reader.size)
    to = path.with_name(path.name + segments.SEALED)
    new = to.with_name(to.name + ".new")
    digest, size = _pack(path, new)
    if digest_of(path)[0] != digest or digest_of(new, plain=True) != (digest, size):
        raise LogDamaged(new, first, "what was packed does not unpack to what it was")
    new.replace(to)
    sync_folder(path.parent)
    return Packed(path.name, first, last, digest, digest_of(to)[0], size)


def _pack(path: Path, new: Path) -> tuple[str, int]:
    digest, size = sha256(), 0
    with path.open("rb") as source, new.open("wb", buffering=0) as file:
        # Without name and time the same segment is always the same bytes.
        with gzip.GzipFile("", "wb", _LEVEL, _Whole(file), mtime=0) as packed:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                packed.write(chunk)
        os.fsync(file.fileno())
    return digest.hexdigest(), size


class _Whole:
    """A file without a buffer that takes all of what it is given."""

    def __init__(self, file: object) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        write_all(self._file, data)  # type: ignore[arg-type]
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

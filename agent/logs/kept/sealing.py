"""Seals a day's file: reads it once, compresses it, and says what it was. Raises OSError."""

import gzip
import hashlib
import os
from collections.abc import Iterator
from io import BufferedWriter
from pathlib import Path
from typing import Any, Final

from agent.logs.kept.names import OPEN, SEALED, TREE, Day
from agent.logs.kept.rows import read
from agent.logs.kept.seals import Seal
from agent.logs.kept.tally import Tally, lines_of, tally_of
from core.disk import replace, sync_folder

_LEVEL: Final = 6


class _Hashed:
    """A file that hashes and counts what is written to it."""

    def __init__(self, file: BufferedWriter) -> None:
        self._file, self.sha256, self.bytes = file, hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        """Write *data*."""
        self.sha256.update(data)
        self.bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Hand on what is not written yet."""
        self._file.flush()


def compress(folder: Path, day: Day) -> tuple[Tally, str, int]:
    """Write the compressed file beside the day's own; return what it holds, its hash, its size."""
    new = folder / f"{day}{SEALED}.new"
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        hashed = _Hashed(file)
        # Without name and time: the same rows give the same bytes.
        with gzip.GzipFile("", "wb", _LEVEL, hashed, mtime=0) as packed:
            tally = tally_of(_copied(folder / f"{day}{OPEN}", packed))
        file.flush()
        os.fsync(descriptor)
    replace(folder / f"{day}{TREE}", b"".join(tally.all_blocks()), 0o600)
    new.replace(folder / f"{day}{SEALED}")
    sync_folder(folder)
    return tally, hashed.sha256.hexdigest(), hashed.bytes


def seal_of(folder: Path, day: Day, written: Tally | None) -> Seal:
    """Return the seal of a day whose compressed file is then on the disk.

    *written* is what the agent itself wrote, where it wrote all of it. Its place among the seals is
    not known yet.
    """
    tally, gz_sha256, gz_size = compress(folder, day)
    return Seal(
        number=1,
        file=str(day),
        day=day.day.isoformat(),
        rows=tally.rows,
        lines=tally.lines,
        root=tally.root().hex(),
        sha256=tally.sha256(),
        size=tally.size,
        gz_sha256=gz_sha256,
        gz_size=gz_size,
        first=tally.first,
        last=tally.last,
        gaps={why: count for why, count in sorted(tally.gaps.items()) if count},
        altered_while_open=written is not None and written.sha256() != tally.sha256(),
        before="",
    )


def _copied(path: Path, packed: gzip.GzipFile) -> Iterator[tuple[bytes, bool]]:
    with path.open("rb") as file:
        for line, is_whole in lines_of(file):
            packed.write(line + b"\n" if is_whole else line)
            yield line, is_whole


def repair(path: Path) -> int:
    """Cut what a power cut left unfinished at the end of a file; return how many bytes those were.

    That is all after the last line that can be read: a line without an end, or the zeros that some
    file systems leave.
    """
    with path.open("r+b") as file:
        good = at = 0
        for line, is_whole in lines_of(file):
            at += len(line) + is_whole
            if is_whole and read(line) is not None:
                good = at
        if good < at:
            file.truncate(good)
            file.flush()
            os.fsync(file.fileno())
    return at - good

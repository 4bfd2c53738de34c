"""A copy of the log that is whole, made beside a running collector, and the drill that proves it.

A copy holds the log up to its newest checkpoint: lines, tiles, checkpoints, public keys, and
`SHA256SUMS`, which stock `sha256sum -c` checks. The private key is never in it. A copy into a
folder that holds an older one brings only what is new.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from collector.evidence import removed, segments
from collector.evidence.findings import Report
from collector.evidence.reader import LogReader
from collector.evidence.signing import CHECKPOINT, CHECKPOINTS, KEYS
from collector.evidence.tree import read_tile
from collector.evidence.verify import Check
from collector.filedigest import digest_of
from core.disk import sync_folder
from core.errors import LogDamaged, StartError
from core.merkle import note
from core.merkle.hashing import HASH_BYTES
from core.merkle.tiles import tile_name, tiles_of

SUMS: Final = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class LogCopy:
    """A copy of the first `rows` rows; `fresh` of its `files` were not there before."""

    path: Path
    rows: int
    root: bytes
    files: int
    fresh: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Drill:
    """What a restored copy was found to hold; `oldest` is its first row."""

    rows: int
    oldest: int
    root: bytes
    checkpoints: int
    files: int
    bytes: int
    seconds: float


def copy_log(folder: Path, to: Path) -> LogCopy:
    """Copy the log in *folder* up to its newest checkpoint; raises StartError, LogDamaged, OSError.

    *to* is empty, missing, or an older copy of this log.
    """
    reader = LogReader(folder)
    signed = reader.note()
    if signed is None:
        raise StartError(f"the audit log {folder} has no checkpoint yet, so nothing vouches for it")
    found = note.checkpoint_in(signed.text)
    to.mkdir(parents=True, exist_ok=True)
    before = LogReader(to).checkpoint()
    if before and (before.size > found.size or reader.root(before.size) != before.root):
        raise StartError(f"{to} holds a copy of another log, or a later one; it is left as it is")
    if before is None and any(to.iterdir()):
        raise StartError(f"{to} is not empty and holds no copy of this log; it is left as it is")
    sums = _sums(to)
    work = _Work(to, sums)
    for level, number, width in tiles_of(found.size):
        name = tile_name(level, number, width)
        if name not in sums:
            work.write(name, read_tile(folder, level, number, width)[: width * HASH_BYTES])
    for path in segments.segments(folder):
        _copy_segment(work, path, found.size)
    for name in (KEYS, removed.NAME):
        with suppress(FileNotFoundError):
            work.write(name, (folder / name).read_bytes())
    notes = _notes(LogReader(to), reader, found.size)
    work.lines(CHECKPOINTS, (one.encode() + b"\n" for one in notes))
    work.write(CHECKPOINT, signed.encode())
    return work.done(found.size, found.root)


def drill(copy: Path, into: Path, live: Path | None = None) -> Drill:
    """Restore a copy into the empty folder *into* and check all of it; return what it holds.

    With *live*, the log that goes on, its root over as many rows has to be the copy's.

    Raises StartError where a file is not what its sum says or *into* is not empty, LogDamaged where
    lines, tree and checkpoints do not agree, or it is no copy of *live*, OSError. Nothing
    is written beside *into*, whatever the names in the copy are.
    """
    began = time.monotonic()
    into.mkdir(parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise StartError(f"{into} is not empty: a drill needs a folder of its own")
    size, sums = 0, _sums(copy)
    if not sums:
        raise StartError(f"{copy / SUMS} is missing or empty: this is no copy of an audit log")
    for name, sha256 in sums.items():
        target = into / name
        if not target.resolve().is_relative_to(into.resolve()):
            raise StartError(f"{copy / SUMS} names {name!r}, which is no file of a copy")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(copy / name, target)
        found, length = digest_of(target)
        if found != sha256:
            raise StartError(f"{copy / name} is damaged: its SHA-256 is not that of {SUMS}")
        size += length
    report = _proved(into)
    if live is not None:
        _compare(into, report, live)
    return Drill(
        rows=report.last,
        oldest=report.first,
        root=bytes.fromhex(report.root),
        checkpoints=report.checkpoints,
        files=len(sums),
        bytes=size,
        seconds=time.monotonic() - began,
    )


def _compare(copy: Path, report: Report, live: Path) -> None:
    """Hold the signed root of a copy that is whole to the tiles of the log itself."""
    reader = LogReader(live)
    signed = reader.checkpoint()
    size, of_us = report.signed, signed.origin if signed else report.origin
    if report.origin != of_us:
        raise LogDamaged(copy, 0, f"it is a copy of another log, {report.origin}")
    if signed is None or signed.size < size:
        what = f"the log itself has no checkpoint over the {size} rows of the copy: it went back"
        raise LogDamaged(live, size, what)
    if reader.root(size).hex() != report.root:
        what = f"the copy is of another log, or one of the two was rewritten: over {size} rows"
        raise LogDamaged(copy, size, f"{what} their roots differ. Ask a witness which one is true")


def _proved(folder: Path) -> Report:
    """Return what a check of the log in *folder* found where it is whole; raises LogDamaged."""
    report = Check(folder).run()
    for one in report.findings:
        if one.bad:
            raise LogDamaged(folder / (one.file or CHECKPOINTS), one.row, one.what)
    return report


class _Work:
    """Writes the files of a copy, each whole or not at all, and its sums last."""

    def __init__(self, to: Path, sums: dict[str, str]) -> None:
        self.to, self.sums, self._fresh, self._folders = to, sums, 0, set[Path]()

    def write(self, name: str, data: bytes) -> None:
        self.lines(name, iter((data,)))

    def lines(self, name: str, parts: Iterator[bytes]) -> None:
        """Have *parts*, joined, in the file called *name*."""
        path = self.to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.new")
        with new.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        self.sums[name] = digest_of(path)[0]
        self._fresh += 1
        self._folders.add(path.parent)

    def done(self, rows: int, root: bytes) -> LogCopy:
        for name in [name for name in self.sums if not (self.to / name).exists()]:
            del self.sums[name]
        text = "".join(f"{sum256}  {name}\n" for name, sum256 in sorted(self.sums.items()))
        fresh = self._fresh
        self.write(SUMS, text.encode())
        del self.sums[SUMS]
        for folder in self._folders:
            sync_folder(folder)
        size = sum((self.to / name).stat().st_size for name in self.sums)
        return LogCopy(self.to, rows, root, len(self.sums), fresh, size)


def _copy_segment(work: _Work, path: Path, upto: int) -> None:
    """Copy a segment up to row *upto*; one that is sealed and there already is left alone."""
    sealed = path.name if path.suffix == segments.SEALED else path.name + segments.SEALED
    packed = path.with_name(sealed)
    if not path.exists() or path.suffix == segments.SEALED:
        if sealed not in work.sums:
            with packed.open("rb") as file:
                work.lines(sealed, iter(lambda: file.read(1 << 20), b""))
        (work.to / segments.plain_name(packed)).unlink(missing_ok=True)
        return
    first = segments.first_row(path)
    if 0 < first <= upto:
        lines = segments.numbered_lines(path)
        work.lines(path.name, (line for at, line in lines if first + at - 1 <= upto))


def _notes(copy: LogReader, log: LogReader, size: int) -> Iterator[note.Note]:
    """Return those that only the copy has still, as it has their rows, and those of the log."""
    until = (one for one in log.notes() if _size(one) <= size)
    first = next(until, None)
    if first is not None:
        yield from takewhile(lambda one: _size(one) < _size(first), copy.notes())
        yield first
    yield from until


def _size(one: note.Note) -> int:
    return note.checkpoint_in(one.text).size


def _sums(folder: Path) -> dict[str, str]:
    try:
        return sums_in(folder)
    except FileNotFoundError:
        return {}


def sums_in(copy: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a copy, by its name, as SUMS has it; raises OSError."""
    lines = (line.partition("  ") for line in (copy / SUMS).read_text("utf-8").splitlines())
    return {name: sha256 for sha256, _, name in lines}

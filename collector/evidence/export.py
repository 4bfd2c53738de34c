"""A part of the log in one ZIP that whoever has it can check alone, offline, with stock tools.

`hashes.txt` leads to the signed root, from row 1 on: `ROW HASH` for a row that is in the export,
`FIRST-LAST HASH` for a subtree of those that are not. One row, a day or what was chosen: the same.

The same rows under the same checkpoint give the same bytes. Records are written as they are read;
what is not what was signed is not exported.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, Final

from collector.evidence.heads import Head, heads_in, pem_of
from collector.evidence.page import page
from collector.evidence.prove import NotProved, head_of, line_of_row, public_of
from collector.evidence.reader import LogReader
from collector.evidence.search import Question, search
from collector.evidence.signing import CHECKPOINTS
from collector.evidence.standalone import verify
from collector.evidence.tree import leaf_of
from collector.filedigest import digest_of
from core import VERSION
from core.disk import sync_folder
from core.errors import ConfigError
from core.merkle import proofs
from core.merkle.notes import framed

README: Final = "README.txt"
_WHEN: Final = (1980, 1, 1, 0, 0, 0)
_VERIFIER: Final = Path(verify.__file__)


@dataclass(frozen=True, slots=True)
class Export:
    """What was written: so many rows between *first* and *last*, and the file's digest."""

    first: int
    last: int
    rows: int
    sha256: str


@dataclass(slots=True)
class _Archive:
    """A ZIP whose members have no time, and their digests."""

    zip: zipfile.ZipFile
    sums: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def member(self, name: str) -> Iterator["_Member"]:
        """Open a member for writing, however large it becomes."""
        told = zipfile.ZipInfo(name, _WHEN)
        told.compress_type = zipfile.ZIP_DEFLATED
        told.external_attr = 0o644 << 16
        with self.zip.open(told, "w", force_zip64=True) as file:
            made = _Member(file)
            yield made
        self.sums[name] = made.digest.hexdigest()

    def add(self, name: str, data: bytes) -> None:
        """Add a small member."""
        with self.member(name) as file:
            file.write(data)


@dataclass(slots=True)
class _Member:
    file: IO[bytes]
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> None:
        """Write *data*, and have it in the digest."""
        self.digest.update(data)
        self.file.write(data)


@contextmanager
def writing(out: Path) -> Iterator[Path]:
    """Give the file to write an export to; it becomes *out* when nothing was raised.

    Raises ConfigError where *out* is there already, or cannot be written.
    """
    part = out.with_name(f"{out.name}.part")
    if out.exists():
        raise ConfigError(f"{out} is there already, and is left as it is. Name another file.")
    try:
        yield part
        os.link(part, out)  # never over a file that is there
        sync_folder(out.parent)
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error}") from None
    finally:
        part.unlink(missing_ok=True)


def export(folder: Path, question: Question, to: Path, size: int = 0) -> Export:
    """Write what is asked for to the file *to*; raises NotProved, LogDamaged, OSError.

    A question that names only times gives every row between the first and the last that fit. It is
    under the checkpoint over *size* rows, the newest if 0.
    """
    head, asked = head_of(folder, size), question.as_dict()
    hits = takewhile(lambda hit: hit.row <= head.size, search(folder, question))
    if set(asked) <= {"since", "upto", "clock"}:
        return _written(folder, head, _range((hit.row for hit in hits), LogReader(folder)), to)
    chosen = json.dumps(asked, sort_keys=True, ensure_ascii=False)
    return _written(folder, head, ((hit.row, hit.line) for hit in hits), to, chosen)


def prove(folder: Path, row: int, to: Path, size: int = 0) -> Export:
    """Write the proof that *row* is among the first *size* rows, of the newest checkpoint if 0.

    It is an export of one row, to the file *to*. Reads tiles and one line. Raises NotProved,
    LogDamaged, OSError.
    """
    head = head_of(folder, size)
    if not 1 <= row <= head.size:
        raise NotProved(f"row {row} is not among the {head.size} that {head.name} covers")
    return _written(folder, head, [(row, line_of_row(folder, row))], to)


def _range(fitting: Iterable[int], reader: LogReader) -> Iterator[tuple[int, bytes]]:
    """Return every row with its line from the first to the last that fits."""
    first = last = 0
    for row in fitting:
        first, last = first or row, row
    return takewhile(lambda one: one[0] <= last, reader.lines(first)) if first else iter(())


def _written(
    folder: Path, head: Head, rows: Iterable[tuple[int, bytes]], to: Path, chosen: str = ""
) -> Export:
    assert head.checkpoint is not None
    with to.open("wb") as file:
        with zipfile.ZipFile(file, "w", compresslevel=6) as packed:
            archive = _Archive(packed)
            first, last, count = _add_rows(rows, head, LogReader(folder), archive)
            said = {
                "format": verify.FORMAT,
                "version": VERSION,
                "origin": head.checkpoint.origin,
                "size": head.size,
                "first": first,
                "last": last,
                "rows": count,
                **({"filter": chosen} if chosen else {}),
            }
            text = json.dumps(said, indent=1, ensure_ascii=False)
            archive.add("export.json", text.encode() + b"\n")
            archive.add(README, page(said, head.time).encode())
            _add_rest(folder, head, archive, (first, last))
        file.flush()
        os.fsync(file.fileno())
    return Export(first, last, count, digest_of(to)[0])


def _add_rows(
    rows: Iterable[tuple[int, bytes]], head: Head, reader: LogReader, archive: _Archive
) -> tuple[int, int, int]:
    """Add lines and hashes; return first and last row, and how many."""
    assert head.checkpoint is not None
    first = last = count = 0
    with NamedTemporaryFile() as kept:
        with archive.member("entries.jsonl") as entries:
            for row, line in rows:
                leaf = leaf_of(line)
                if leaf != reader.leaf(row - 1):
                    reader.check_line(row, line)
                kept.writelines(_others(last, row - 1, head.size, reader))
                kept.write(f"{row} {leaf.hex()}\n".encode())
                entries.write(line + b"\n")
                first, last, count = first or row, row, count + 1
        if not count:
            raise NotProved("no signed row of the log fits, or is from that time")
        kept.writelines(_others(last, head.size, head.size, reader))
        kept.flush()
        hashes = verify.hashes(kept.name)
        if verify.root_over(0, head.size, next(hashes), hashes)[0] != head.checkpoint.root:
            raise NotProved(
                "the rows do not lead to the signed root, or a tile is damaged: run schoolwatch "
                "audit verify"
            )
        kept.seek(0)
        with archive.member("hashes.txt") as file:
            while data := kept.read(1 << 20):
                file.write(data)
    return first, last, count


def _others(begin: int, end: int, size: int, reader: LogReader) -> Iterator[bytes]:
    """Return the lines of hashes.txt for rows behind *begin* up to *end*, of which none is told."""
    for first, last in proofs.nodes(begin, end, size):
        yield f"{first + 1}-{last} {proofs.subtree(first, last, reader.node).hex()}\n".encode()


def _add_rest(folder: Path, head: Head, archive: _Archive, rows: tuple[int, int]) -> None:
    """Add checkpoints, key and verifier, and at last the digests of everything."""
    assert head.note is not None
    archive.add("checkpoint.body", head.note.text.encode())
    archive.add("checkpoint.sig", head.note.signatures[0][2])
    archive.add("checkpoints", framed(_daily(folder, head, rows)))
    archive.add("key.pem", pem_of(public_of(folder, head)))
    archive.add("verify.py", _VERIFIER.read_bytes())
    sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(archive.sums.items()))
    archive.add("SHA256SUMS", sums.encode())


def _daily(folder: Path, own: Head, rows: tuple[int, int]) -> Iterator[bytes]:
    """Return the last checkpoint of each day over these rows, to find what a witness may hold.

    Of a single row there is only the one that it is proved by, which comes last.
    """
    before: Head | None = None
    for head in heads_in(folder / CHECKPOINTS) if rows[0] < rows[1] else ():
        if head.note is None or head.size < rows[0]:
            continue
        if head.size >= own.size:
            break
        if before is not None and before.note is not None and before.time[:10] != head.time[:10]:
            yield before.note.encode()
        before = head
        if head.size > rows[1]:
            break
    if before is not None and before.note is not None:
        yield before.note.encode()
    assert own.note is not None
    yield own.note.encode()

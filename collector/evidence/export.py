"""A part of the log in one ZIP that whoever has it can check alone, offline, with stock tools.

The same rows under the same checkpoint give the same bytes. Records are written as they are read;
what is not what was signed is not exported.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from collector.evidence.heads import Head, heads_in, pem_of
from collector.evidence.page import page
from collector.evidence.prove import NotProved, head_of, public_of, shown
from collector.evidence.reader import LogReader
from collector.evidence.search import Question, search
from collector.evidence.signing import CHECKPOINTS
from collector.evidence.tree import leaf_of
from collector.filedigest import digest_of
from core import VERSION
from core.disk import sync_folder
from core.merkle import proofs

FORMAT: Final = "schoolwatch-export/1"
README: Final = "README.txt"
_WHEN: Final = (1980, 1, 1, 0, 0, 0)
_VERIFIER: Final = Path(__file__).parent / "standalone" / "verify.py"


@dataclass(frozen=True, slots=True)
class Export:
    """What was written: so many rows between *first* and *last*, and the file's digest."""

    path: Path
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


def part_of(path: Path) -> Path:
    """Return where an export is until it is recorded."""
    return path.with_name(f"{path.name}.part")


def export(folder: Path, question: Question, to: Path) -> Export:
    """Write what is asked for to the file *to* with `.part`; raises NotProved, LogDamaged, OSError.

    A question that names only times gives every row between the first and the last that fit.
    """
    head = head_of(folder)
    assert head.checkpoint is not None
    part = part_of(to)
    with part.open("wb") as file:
        with zipfile.ZipFile(file, "w", compresslevel=6) as packed:
            archive = _Archive(packed)
            whole = set(question.as_dict()) <= {"since", "upto", "clock"}
            made = _range if whole else _chosen
            first, last, rows = made(folder, question, head, archive)
            _add_rest(folder, head, archive, (first, last))
        file.flush()
        os.fsync(file.fileno())
    return Export(to, first, last, rows, digest_of(part)[0])


def keep(made: Export) -> None:
    """Give an export its name; never over a file that is there. Raises OSError."""
    os.link(part_of(made.path), made.path)
    part_of(made.path).unlink()
    sync_folder(made.path.parent)


def _range(folder: Path, question: Question, head: Head, archive: _Archive) -> tuple[int, int, int]:
    """Write all rows from the first to the last that fit, and the hashes beside them."""
    assert head.checkpoint is not None
    size = head.checkpoint.size
    first = last = 0
    for hit in search(folder, question):
        if hit.row > size:
            break
        first, last = first or hit.row, hit.row
    if not first:
        raise NotProved("no signed row of the log is from that time")
    reader = LogReader(folder)
    with TemporaryFile() as hashes:
        with archive.member("entries.jsonl") as entries:
            for row, line in takewhile(lambda one: one[0] <= last, reader.lines(first)):
                leaf = leaf_of(line)
                if leaf != reader.leaf(row - 1):
                    reader.check_line(row, line)
                entries.write(line + b"\n")
                hashes.write(leaf)
        hashes.seek(0)
        with archive.member("hashes.bin") as file:
            while data := hashes.read(1 << 20):
                file.write(data)
    outside = [x.hex() for x in _outside(0, size, first - 1, last, reader)]
    said = _said(head, first, last) | {"outside": outside}
    _add_page(archive, said, head, last - first + 1, "hashes.bin")
    return first, last, last - first + 1


def _outside(begin: int, end: int, first: int, last: int, reader: LogReader) -> Iterator[bytes]:
    """Return the hashes of what lies left and right of the leaves from *first* up to *last*."""
    if end <= first or begin >= last:
        yield proofs.subtree(begin, end, reader.node)
    elif begin < first or end > last:
        middle = begin + (1 << ((end - begin - 1).bit_length() - 1))
        yield from _outside(begin, middle, first, last, reader)
        yield from _outside(middle, end, first, last, reader)


def _chosen(
    folder: Path, question: Question, head: Head, archive: _Archive
) -> tuple[int, int, int]:
    """Write the rows that fit, each with its proof."""
    assert head.checkpoint is not None
    size, root, reader = head.checkpoint.size, head.checkpoint.root, LogReader(folder)
    first = last = rows = 0
    with TemporaryFile() as kept:
        with archive.member("entries.jsonl") as entries:
            for hit in search(folder, question):
                if hit.row > size:
                    break
                path = reader.inclusion(hit.row - 1, size)
                if proofs.root_by(hit.row - 1, size, leaf_of(hit.line), path) != root:
                    reader.check_line(hit.row, hit.line)
                    raise NotProved(f"row {hit.row} does not lead to the signed root")
                entries.write(hit.line + b"\n")
                kept.write(_json({"row": hit.row, "proof": shown(path)}))
                first, last, rows = first or hit.row, hit.row, rows + 1
        if not rows:
            raise NotProved("no signed row of the log fits")
        kept.seek(0)
        with archive.member("proofs.jsonl") as file:
            while data := kept.read(1 << 20):
                file.write(data)
    chosen = json.dumps(question.as_dict(), sort_keys=True, ensure_ascii=False)
    said = _said(head, first, last) | {"filter": chosen}
    _add_page(archive, said, head, rows, "proofs.jsonl")
    return first, last, rows


def _said(head: Head, first: int, last: int) -> dict[str, Any]:
    assert head.checkpoint is not None
    signed = head.checkpoint
    said = {"format": FORMAT, "version": VERSION, "origin": signed.origin, "size": signed.size}
    return {**said, "first": first, "last": last}


def _add_page(archive: _Archive, said: dict[str, Any], head: Head, rows: int, proof: str) -> None:
    archive.add("export.json", json.dumps(said, indent=1, ensure_ascii=False).encode() + b"\n")
    archive.add(README, page(said, head.time, rows, proof).encode())


def _add_rest(folder: Path, head: Head, archive: _Archive, rows: tuple[int, int]) -> None:
    """Add checkpoints, key and verifier, and at last the digests of everything."""
    assert head.note is not None
    note = head.note
    archive.add("checkpoint", note.encode())
    archive.add("checkpoint.body", note.text.encode())
    archive.add("checkpoint.sig", note.signatures[0][2])
    archive.add("checkpoints", b"\n".join(_daily(folder, rows)))
    archive.add("key.pem", pem_of(public_of(folder, head)))
    archive.add("verify.py", _VERIFIER.read_bytes())
    sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(archive.sums.items()))
    archive.add("SHA256SUMS", sums.encode())


def _daily(folder: Path, rows: tuple[int, int]) -> Iterator[bytes]:
    """Return the last checkpoint of each day over these rows, for comparing with a witness's."""
    before: Head | None = None
    for head in heads_in(folder / CHECKPOINTS):
        if head.note is None or head.size < rows[0]:
            continue
        if before is not None and before.note is not None and before.time[:10] != head.time[:10]:
            yield before.note.encode()
        before = head
        if head.size > rows[1]:
            break
    if before is not None and before.note is not None:
        yield before.note.encode()


def _json(said: dict[str, Any]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"

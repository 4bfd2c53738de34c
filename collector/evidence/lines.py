"""The log's lines as a check reads them: by the piece, with what tells where each belongs."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from collector.evidence.segments import MOST_LINE_BYTES, SEALED, open_segment
from collector.filedigest import digest_of
from core.errors import LogDamaged

_CHUNK: Final = 1 << 20


class Line(msgspec.Struct):
    """What a check looks at in every line."""

    row: int
    received: int = 0
    kind: str = ""


class Said(msgspec.Struct):
    """What it looks at in some."""

    kind: str = ""
    agent: str = ""
    details: Any = None


_LINES: Final = msgspec.json.Decoder(Line)
_SAID: Final = msgspec.json.Decoder(Said)


@dataclass(slots=True)
class Piece:
    """Whole lines of a segment, without newlines; `begin` is the number of the first from 1 on."""

    path: Path
    begin: int
    lines: list[bytes]
    data: bytes
    torn: bytes = b""
    """What stands behind the last newline of the file."""


@dataclass(slots=True)
class Digest:
    """SHA-256 over a segment's plain bytes, and of its file where that is packed."""

    plain: str = ""
    packed: str = ""
    size: int = 0


def pieces(path: Path, digest: Digest) -> Iterator[Piece]:
    """Return a segment piece by piece, and have its digest when that is done.

    Raises LogDamaged where it cannot be unpacked, OSError.
    """
    packed, begin, rest = path.suffix == SEALED, 1, b""
    hashed = sha256()
    with open_segment(path) as file:
        try:
            while data := file.read(_CHUNK):
                if packed:
                    hashed.update(data)
                digest.size += len(data)
                data = rest + data
                end = data.rfind(b"\n") + 1
                if not end and len(data) > MOST_LINE_BYTES:
                    raise LogDamaged(path, begin, f"line {begin} is longer than any record")
                data, rest = data[:end], data[end:]
                if data:
                    lines = data[:-1].split(b"\n")
                    yield Piece(path, begin, lines, data)
                    begin += len(lines)
        except (EOFError, zlib.error, OSError) as error:
            if not packed:
                raise
            raise LogDamaged(path, begin, f"it cannot be unpacked: {error}") from None
    if rest:
        yield Piece(path, begin, [], b"", rest)
    if packed:
        digest.plain = hashed.hexdigest()
        digest.packed = digest_of(path)[0]


def decoded(piece: Piece) -> list[Line] | None:
    """Return what every line says; None where one is no record."""
    try:
        found = _LINES.decode_lines(piece.data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if len(found) == len(piece.lines) else None


def one(line: bytes) -> Line | None:
    """Return what a line says, None where it is no record."""
    try:
        return _LINES.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def said(line: bytes) -> Said:
    """Return more of what a line says, nothing where it is no record."""
    try:
        return _SAID.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Said()


def is_canonical(line: bytes) -> bool:
    """Return whether a line is the one way to write what it says."""
    try:
        return msgspec.json.encode(msgspec.json.decode(line), order="sorted") == line
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def leaves(lines: Sequence[bytes]) -> list[bytes]:
    """Return the hashes of lines."""
    return [sha256(b"\x00" + line).digest() for line in lines]

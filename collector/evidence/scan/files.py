"""Numbers of persons in files, whatever they are, a piece at a time."""

import gzip
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import zstandard

from collector.evidence.scan import databases, values
from collector.evidence.scan.found import Report
from core.personbytes import find_bytes

PIECE: Final = 1_000_000
MAX_CUT: Final = 4_096
"""Bytes without an end of line that are carried on to the next piece, so that a number that lies
across the border is seen whole."""
ZIP: Final = b"PK\x03\x04"


def scan_path(path: Path, report: Report, allowed: str = "") -> None:
    """Search the file *path*, or every file in the folder; what cannot be read is named.

    Links are followed, and each file is read once.
    """
    try:
        found = path.stat()
        name = found.st_dev, found.st_ino
        if name in report.seen:
            return
        report.seen.add(name)
        if stat.S_ISDIR(found.st_mode):
            for inner in sorted(path.iterdir()):
                if not _belongs_to_database(inner):
                    scan_path(inner, report, allowed or _allowed_in(inner))
        elif stat.S_ISREG(found.st_mode):
            report.begin(str(path))
            scan_file(path, report, allowed)
    except OSError as error:
        report.trouble(str(path), error.strerror or error)


def _belongs_to_database(path: Path) -> bool:
    for ending in (*databases.BESIDE, "-shm"):
        name = path.name.removesuffix(ending)
        if name != path.name and path.with_name(name).exists():
            return True
    return False


def _allowed_in(path: Path) -> str:
    if path.suffix == ".last":
        return "a copy of a list of staff (roster, routing), as it was last taken"
    return ""


def scan_file(path: Path, report: Report, allowed: str = "") -> None:
    """Search one file by what it begins with; raises OSError."""
    with path.open("rb") as file:
        begin = file.read(16)
        file.seek(0)
        if begin.startswith(databases.MAGIC):
            databases.scan_database(path, report)
            return
        try:
            _scan_open(path, file, begin, report, allowed)
        except (EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile) as error:
            report.trouble(str(path), f"cannot be unpacked to its end: {error}")


def _scan_open(path: Path, file: IO[bytes], begin: bytes, report: Report, allowed: str) -> None:
    name = str(path)
    if begin.startswith(values.GZIP):
        with gzip.open(file) as inner:
            scan_stream(inner, name, report, allowed)
    elif begin.startswith(values.ZSTD):
        with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(file) as packed:
            scan_stream(packed, name, report, allowed)
    elif begin.startswith(ZIP):
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                with archive.open(member) as inside:
                    scan_stream(inside, f"{name}!{member.filename}", report, allowed)
    else:
        scan_stream(file, name, report, allowed)


def scan_stream(file: Any, place: str, report: Report, allowed: str = "") -> None:
    """Search what *file* gives, in bounded memory."""
    first = 1
    for piece in pieces(file):
        report.read(place, len(piece))
        if find_bytes(piece) or b'"payload":"' in piece:
            for number, line in enumerate(piece.split(b"\n"), first):
                for where, found in values.in_line(line):
                    at = f"line {number}, {where}" if where else f"line {number}"
                    report.hit(place, at, found, allowed)
        first += piece.count(b"\n")


def pieces(file: Any) -> Iterator[bytes]:
    """Yield what *file* gives in pieces that end with a line where there are lines."""
    left = b""
    while data := file.read(PIECE):
        data = left + data
        end = data.rfind(b"\n") + 1
        if not end and len(data) < 4 * PIECE:
            left = data
            continue
        end = end or _gap(data)
        left = data[end:]
        yield data[:end]
    if left:
        yield left


def _gap(data: bytes) -> int:
    """Return where *data*, without any line, can be cut without cutting a number."""
    for at in range(len(data) - 1, len(data) - MAX_CUT, -1):
        if data[at] in b'",;:(){}<>' or data[at - 1 : at + 1] == b"\0\0":
            return at + 1
    return len(data)

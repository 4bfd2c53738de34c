"""The seals of a device's log: a line for each day, each with the hash of the one before.

The same is told to the district as `log_day_sealed` and stands in its audit log: whoever changes
files and seals at the school has still that against him.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from agent.logs.kept.names import SEALS, Day, named
from core.clock import rfc3339
from core.disk import sync_folder, write_all

Hex = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Count = Annotated[int, Meta(ge=0)]


class Seal(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="sealed"):
    """What a day's file was when it was sealed; times are nanoseconds since 1970."""

    number: Annotated[int, Meta(ge=1)]
    file: str
    """Its name without the ending."""
    day: str
    rows: Count
    lines: Count
    """Rows, and notes of the agent among them: the leaves of the tree."""
    root: Hex
    sha256: Hex
    """Of the file before it was compressed."""
    size: Count
    """Bytes of it."""
    gz_sha256: Hex
    gz_size: Count
    first: int
    last: int
    gaps: Mapping[str, int]
    altered_while_open: bool = False
    """What was read to be sealed is not what was written."""
    before: str
    """SHA-256 of the line before this one in the file of seals; "" of the first."""


class Dropped(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="dropped"):
    """A day that went to make room."""

    file: str
    at: int
    rows: Count
    before: str


Entry = Seal | Dropped
_ENTRY: Final = msgspec.json.Decoder(Entry)


class SealsDamaged(ValueError):
    """A line of the seals that is not what was written; says which."""


def day_named(file: str) -> Day:
    """Return the day of a seal's `file`; raises SealsDamaged."""
    found = named(f"{file}.log")
    if found is None:
        raise SealsDamaged(f"a seal is of {file!r}, which is no day")
    return found[0]


def read_seals(folder: Path) -> tuple[list[Entry], str, str]:
    """Return the entries, the hash of the last line, and what is wrong with them ("" for nothing).

    A last line without an end was being written when the power went: it is left out without a word,
    since its day is sealed again.
    """
    try:
        content = (folder / SEALS).read_bytes()
    except FileNotFoundError:
        return [], "", ""
    found, before, wrong, number = list[Entry](), "", "", 0
    for count, line in enumerate(content.split(b"\n")[:-1], 1):
        try:
            entry = _ENTRY.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            wrong = wrong or f"{SEALS}, line {count}: altered: it cannot be read"
            before = hashlib.sha256(line).hexdigest()
            continue
        if entry.before != before:
            wrong = wrong or f"{SEALS}, line {count}: a line before it was altered or dropped"
        if isinstance(entry, Seal):
            if entry.number != number + 1:
                wrong = wrong or f"{SEALS}, line {count}: seal {number + 1} is missing"
            number = entry.number
        if named(f"{entry.file}.log") is None:
            wrong = wrong or f"{SEALS}, line {count}: altered: no day has that name"
            continue
        found.append(entry)
        before = hashlib.sha256(line).hexdigest()
    return found, before, wrong


def append(folder: Path, entry: Entry) -> str:
    """Write *entry* and have it on the disk; return the hash of its line. Raises OSError."""
    line = msgspec.json.encode(entry)
    path = folder / SEALS
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with FileIO(descriptor, "r+") as file:
        size = _whole(file)
        try:
            file.seek(size)
            file.truncate()
            write_all(file, line + b"\n")
            os.fsync(descriptor)
        except OSError:
            file.truncate(size)
            raise
    if is_new:
        sync_folder(folder)
    return hashlib.sha256(line).hexdigest()


def _whole(file: FileIO) -> int:
    """Return where the last whole line ends."""
    content = file.readall()
    return content.rfind(b"\n") + 1 if content else 0


def standing(entries: Sequence[Entry]) -> dict[str, Seal]:
    """Return the seals whose files should be there, by file."""
    found = {one.file: one for one in entries if isinstance(one, Seal)}
    for one in entries:
        if isinstance(one, Dropped):
            found.pop(one.file, None)
    return found


def told(seal: Seal) -> dict[str, Any]:
    """Return what the district hears of a day."""
    return {
        "day": seal.day,
        "file": seal.file,
        "number": seal.number,
        "rows": seal.rows,
        "lines": seal.lines,
        "root": seal.root,
        "sha256": seal.sha256,
        "bytes": seal.size,
        "first_at": rfc3339(seal.first) if seal.first else "",
        "last_at": rfc3339(seal.last) if seal.last else "",
        "gaps": dict(seal.gaps),
        "altered_while_open": seal.altered_while_open,
        "before": seal.before,
    }

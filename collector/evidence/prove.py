"""What a proof is made of beside the tree: a line, the checkpoint over it, and the key."""

import os
from pathlib import Path

from collector.evidence.heads import Head, heads_in, keys_of, signer_in
from collector.evidence.lines import one
from collector.evidence.reader import LogReader
from collector.evidence.removed import removal_of
from collector.evidence.segments import MOST_LINE_BYTES, SEALED, numbered_lines, segment_of
from collector.evidence.signing import CHECKPOINT, CHECKPOINTS
from core.errors import MonitorError
from core.merkle.note import NoteError, read_verifier_key


class NotProved(MonitorError):
    """There is no such proof; the text says why."""


def head_of(folder: Path, size: int = 0) -> Head:
    """Return the newest checkpoint, or that over *size* rows; raises NotProved, OSError."""
    name = CHECKPOINTS if size else CHECKPOINT
    try:
        heads = heads_in(folder / name)
        return next(x for x in heads if x.checkpoint and size in (0, x.size))
    except (FileNotFoundError, StopIteration):
        what = f"over {size} rows (those over removed rows go with them)" if size else "yet"
        raise NotProved(f"{folder} has no checkpoint {what}") from None


def public_of(folder: Path, head: Head) -> bytes:
    """Return the key that signed *head*, of those that the folder names; raises NotProved."""
    assert head.note is not None
    assert head.checkpoint is not None
    origin = head.checkpoint.origin
    try:
        texts = LogReader(folder).keys()
        known = [read_verifier_key(text) for text in texts]
        mine = keys_of(origin, [public for name, public in known if name == origin])
        public = signer_in(head.note, origin, mine)
    except NoteError as error:
        raise NotProved(f"{head.name}: {error}") from None
    if public is None:
        raise NotProved(f"{head.name} is signed by a key that {folder} does not name")
    return public


def line_of_row(folder: Path, row: int) -> bytes:
    """Return the line of *row* without its newline; raises NotProved, LogDamaged, OSError."""
    for path in segment_of(folder, row)[:1]:
        if path.suffix != SEALED:
            found = _bisected(path, row)
            if found is not None:
                return found
        for _, line in numbered_lines(path):
            if (said := one(line)) and said.row == row:
                return line.rstrip(b"\n")
    by = removal_of(LogReader(folder).removed(), row)
    gone = (
        f": it was removed when it was old enough, as row {by.row} says; ask a copy" if by else ""
    )
    raise NotProved(f"row {row} is not in {folder}{gone}")


def _bisected(path: Path, row: int) -> bytes | None:
    """Return the line of *row* in a plain file, found by halves; None where rows do not rise."""
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while low < high:
            middle = (low + high) // 2
            file.seek(middle)
            if middle:
                file.seek(middle - 1)
                file.readline(MOST_LINE_BYTES)
            begin = file.tell()
            line = file.readline(MOST_LINE_BYTES)
            said = one(line) if line.endswith(b"\n") else None
            if said is None or said.row > row:
                high = middle
            elif said.row < row:
                low = begin + len(line)
            else:
                return line[:-1]
    return None

"""The small files beside the log's lines: which of them cannot be read, and what they vouch for."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from collector.evidence.removed import NAME, removed_in
from collector.evidence.signing import KEYS
from collector.evidence.statements import FILE, Statements
from core.errors import LogDamaged
from core.merkle.note import NoteError, read_verifier_key
from core.merkle.statements import statement_in
from core.merkle.trust import led_to


def unreadable(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Return file, line (0 where that is not known) and what is wrong with it; raises OSError."""
    path = folder / KEYS
    lines = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            read_verifier_key(line.split(" ")[0])
        except NoteError as error:
            yield KEYS, number, str(error)
            break
    try:
        for note in Statements(folder).notes():
            statement_in(note)
    except NoteError as error:
        yield FILE, 0, str(error)
    try:
        removed_in(folder)
    except LogDamaged as error:
        yield NAME, 0, error.what


def followed(folder: Path, origin: str, keys: Iterable[bytes]) -> set[bytes]:
    """Return *keys* and every key that `statements` leads to from one of them."""
    found = set(keys)
    try:
        notes = tuple(Statements(folder).notes())
    except (OSError, NoteError):
        return found
    for one in (*found,):
        found.update(led_to(origin, one, notes))
    return found

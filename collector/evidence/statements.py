"""What is said of the log itself to those who hold its checkpoints: `audit/statements`.

Signed notes (core/merkle/statements.py), an empty line between two. A key that follows another is
named there by the one before; that a log was restored only a person says (`audit acknowledge`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core import disk
from core.merkle.note import Note, NoteError
from core.merkle.notes import framed, read_framed
from core.merkle.statements import GivenUp, NewKey, statement_in

FILE: Final = "statements"
MOST_BYTES: Final = 1_000_000


class Statements:
    """The file in *folder*, `audit/`; read again where it has changed. Every method blocks."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._seen: tuple[int, int] | None = None
        self._notes: tuple[Note, ...] = ()

    def notes(self) -> Sequence[Note]:
        """Return every statement, the first first; raises OSError, NoteError."""
        try:
            state = self._path.stat()
        except FileNotFoundError:
            return ()
        seen = (state.st_mtime_ns, state.st_size)
        if seen != self._seen:
            if state.st_size > MOST_BYTES:
                raise NoteError(f"{self._path} has over {MOST_BYTES} bytes")
            self._notes = tuple(read_framed(self._path.read_bytes()))
            self._seen = seen
        return self._notes

    def add(self, note: Note) -> None:
        """Keep one more, synced to disk; raises OSError, NoteError."""
        notes = [one.encode() for one in (*self.notes(), note)]
        disk.replace(self._path, framed(notes), 0o644)


def keys_in(notes: Sequence[Note]) -> list[Note]:
    """Return the notes that name a next key."""
    return [note for note in notes if isinstance(_said(note), NewKey)]


def given_up_in(notes: Sequence[Note]) -> list[tuple[GivenUp, Note]]:
    """Return what persons gave up, with its note."""
    found = ((_said(note), note) for note in notes)
    return [(said, note) for said, note in found if isinstance(said, GivenUp)]


def _said(note: Note) -> NewKey | GivenUp | None:
    try:
        return statement_in(note)
    except NoteError:
        return None

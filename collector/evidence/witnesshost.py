"""The auditor's host: every checkpoint that it ever accepted, in a folder of its own.

    keys          verifier keys, the one that is trusted now last; the first came with the auditor
    checkpoints   every signed note that was accepted, an empty line between two; only appended to
    refused/      what was refused: the held note and the new one, in one file each
    unreachable   since when nobody answers, while that is so
    stamps/       RFC 3161 time stamps of checkpoints (timestamping.py)

The collector's administrator has no rights here: that is the point of it (docs/witnesses.md).
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from core import clock, disk
from core.errors import ConfigError
from core.merkle.note import (
    Checkpoint,
    Note,
    NoteError,
    checkpoint_in,
    read_verifier_key,
    verifier_key,
)
from core.merkle.notes import framed, read_framed
from core.merkle.trust import followed
from core.merkle.witnessing import INCONSISTENT, WENT_BACK, Refused, continues

CHECKPOINTS: Final = "checkpoints"
KEYS: Final = "keys"
REFUSED: Final = "refused"
UNREACHABLE: Final = "unreachable"
MOST_REFUSED: Final = 200
What = Literal["first", "newer", "same", "accepted", "forged", "untrusted", "shorter"]
BAD: Final = frozenset({"forged", "untrusted", "shorter"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a checkpoint; `held` is the one before, `why` for people."""

    what: What
    new: Checkpoint
    held: Checkpoint | None = None
    why: str = ""
    evidence: Path | None = None


class Keep:
    """The *folder*; raises ConfigError where it is of another log, or damaged."""

    def __init__(self, folder: Path, key: str, now: clock.Clock = clock.now) -> None:
        self.folder, self._now = folder, now
        (folder / REFUSED).mkdir(parents=True, exist_ok=True)
        self._keys = _lines(folder / KEYS)
        if not self._keys:
            self._add_key(key)
        elif key not in self._keys:
            raise ConfigError(
                f"{folder} was begun with another key: {self._keys[0]}. Give that one, or keep the "
                "checkpoints of the new key in another folder."
            )
        try:
            kept = [*self.notes()]
            self.held = checkpoint_in(kept[-1].text) if kept else None
        except NoteError as error:
            raise ConfigError(f"{folder / CHECKPOINTS} is damaged: {error}") from None
        self._held_note = kept[-1] if kept else None

    @property
    def origin(self) -> str:
        """The name of the log."""
        return read_verifier_key(self._keys[0])[0]

    def notes(self) -> Iterable[Note]:
        """Return every checkpoint that was accepted; raises NoteError."""
        path = self.folder / CHECKPOINTS
        return read_framed(path.read_bytes()) if path.exists() else ()

    def take(
        self,
        note: Note,
        proof: Callable[[int, int], Sequence[bytes]],
        statements: Sequence[Note] = (),
        accept: str = "",
    ) -> Outcome:
        """Judge a checkpoint, and keep it or keep what was wrong with it; raises NoteError.

        *proof* is asked for the consistency of two sizes. *accept* is why a person takes one that
        does not continue what is held.
        """
        new = checkpoint_in(note.text)
        known = read_verifier_key(self._keys[-1])[1]
        key = followed(note, self.origin, known, statements)
        try:
            if new.origin != self.origin:
                raise NoteError(f"it is of another log: {new.origin[:100]!r}")
            note.check(self.origin, key)
        except NoteError as error:
            return self._refuse("untrusted", note, new, str(error))
        held = self.held
        if held is None:
            self._accept(note, key)
            return Outcome("first", new)
        try:
            begin = held.size if new.size > held.size else 0
            hashes = proof(held.size, new.size) if begin else ()
            verdict = continues(held, new, held.size, hashes)
            if verdict == "stale":
                raise Refused(WENT_BACK, "fewer rows than before, and an older time")
        except Refused as refused:
            if accept:
                self._refuse("forged", note, new, refused.reason)
                self._accept(note, key, f"accepted by hand: {' '.join(accept.split())}")
                return Outcome("accepted", new, held, refused.reason)
            kind: What = "forged" if refused.kind == INCONSISTENT else "shorter"
            return self._refuse(kind, note, new, refused.reason)
        if verdict == "newer":
            self._accept(note, key)
            return Outcome("newer", new, held)
        return Outcome("same", new, held)

    def reached(self) -> None:
        """Hear that somebody answered."""
        (self.folder / UNREACHABLE).unlink(missing_ok=True)

    def not_reached(self) -> str:
        """Hear that nobody answered; return since when that is so."""
        path = self.folder / UNREACHABLE
        with suppress(FileNotFoundError):
            return path.read_text().strip()
        since = clock.rfc3339(self._now())
        disk.replace(path, f"{since}\n".encode())
        return since

    def _accept(self, note: Note, key: bytes, remark: str = "") -> None:
        word = verifier_key(self.origin, key)
        if word != self._keys[-1]:
            self._add_key(word)
        head = f"# {remark}\n".encode() if remark else b""
        path = self.folder / CHECKPOINTS
        with path.open("ab", buffering=0) as file:
            data = (b"\n" if file.tell() else b"") + head + note.encode()
            disk.write_all(file, data)
            os.fsync(file.fileno())
        disk.sync_folder(self.folder)
        self.held, self._held_note = checkpoint_in(note.text), note

    def _refuse(self, what: What, note: Note, new: Checkpoint, why: str) -> Outcome:
        folder = self.folder / REFUSED
        both = framed(one.encode() for one in (self._held_note, note) if one)
        evidence = next(
            (p for p in sorted(folder.iterdir()) if p.read_bytes().endswith(both)), None
        )
        if evidence is None and len(list(folder.iterdir())) < MOST_REFUSED:
            at = clock.rfc3339(self._now())
            name = f"{at.replace(':', '')}-{len(list(folder.iterdir())):03}.txt"
            disk.replace(folder / name, f"# {at}: {why}\n".encode() + both)
            evidence = folder / name
        return Outcome(what, new, self.held, why, evidence)

    def _add_key(self, key: str) -> None:
        self._keys.append(key)
        disk.replace(self.folder / KEYS, "".join(f"{one}\n" for one in self._keys).encode())


def _lines(path: Path) -> list[str]:
    with suppress(FileNotFoundError):
        return [line for line in path.read_text().splitlines() if line]
    return []

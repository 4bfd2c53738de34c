"""What the keeper of a log says of the log itself to those that hold its checkpoints: signed notes.

    schoolwatch/d1
    key schoolwatch/d1+0b1c2d3e+AbCd…       the next key; signed by the one before it

    schoolwatch/d1
    restored 1200                           what was held of more rows than that is given up
    by 王敏
    because 磁盘损坏，恢复到 11 月 20 日的备份
    time 2026-11-22T08:00:00Z

The first lets a witness follow a key that was changed. The second never comes by itself: a person
says it, and each witness keeps what it had as evidence before it follows.
"""

from dataclasses import dataclass
from typing import Final

from core.merkle.note import Note, NoteError, read_verifier_key

KEY: Final = "key"
RESTORED: Final = "restored"
MOST_KEYS: Final = 16
"""A witness follows at most so many keys at once."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """The key that follows the one which signed this."""

    origin: str
    public: bytes


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A person gives up what was held until `time` of more than `size` rows: the log was set back.

    `time` is RFC 3339, UTC, as in checkpoints.
    """

    origin: str
    size: int
    by: str
    because: str
    time: str

    def gives_up(self, size: int, made: str) -> bool:
        """Return whether that is so of a checkpoint of *size* rows, made at the time *made*."""
        return size > self.size and made <= self.time


def key_text(origin: str, verifier: str) -> str:
    """Return the text of a note that names the next key by its *verifier* key."""
    return f"{origin}\n{KEY} {verifier}\n"


def given_up_text(said: GivenUp) -> str:
    """Return the text of a note that gives up checkpoints."""
    lines = (
        *(said.origin, f"{RESTORED} {said.size}"),
        *(f"by {_line(said.by)}", f"because {_line(said.because)}", f"time {said.time}"),
    )
    return "".join(f"{line}\n" for line in lines)


def statement_in(note: Note) -> NewKey | GivenUp:
    """Return what *note* states, whoever signed it; raises NoteError."""
    origin, *lines = note.text.rstrip("\n").split("\n")
    said = {word: rest for word, _, rest in (line.partition(" ") for line in lines)}
    if KEY in said:
        name, public = read_verifier_key(said[KEY])
        if name != origin:
            raise NoteError(f"the key is for {name!r}, not for {origin!r}")
        return NewKey(origin, public)
    size = said.get(RESTORED, "")
    if not (size.isascii() and size.isdecimal() and len(size) < 20 and said.get("by")):
        raise NoteError("a statement about neither a key nor a restored log")
    return GivenUp(origin, int(size), said["by"], said.get("because", ""), said.get("time", ""))


def _line(text: str) -> str:
    """Return *text* as one line of a note."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())

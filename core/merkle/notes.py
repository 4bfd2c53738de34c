"""Files of signed notes, one after another with an empty line between, as witnesses keep them.

One reader for all of them, which says of an end that a crash tore that it is torn; what that means
is for whoever reads: our own file goes on with the next start, one that was handed over is refused.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Final

from core.merkle.note import MOST_BYTES, Note, NoteError, read_note

_DASH: Final = "\u2014".encode()
_EMPTY_LINES: Final = 2
"""Of a note: one behind its text, one behind its signatures."""


@dataclass(frozen=True, slots=True)
class Framed:
    """What stands in a file where a note should be, from `line` on; `trouble` says why it is none.

    `torn` where the file ends before the note does, so that it may be a write that never ended.
    """

    line: int
    note: Note | None = None
    trouble: str = ""
    torn: bool = False


def framed(notes: Iterable[bytes]) -> bytes:
    """Return *notes*, encoded ones, as one file."""
    return b"\n".join(notes)


def framed_note(data: bytes, line: int = 0) -> Framed:
    """Return the one note that *data* is."""
    try:
        return Framed(line, read_note(data))
    except NoteError as error:
        return Framed(line, trouble=str(error))


def notes_in(file: BinaryIO, upto: int | None = None) -> Iterator[Framed]:
    """Return what stands in *file*, or in its first *upto* bytes, one by one; raises OSError.

    Lines that begin with `#` are for people, and left out.
    """
    block, empty, length, number, begin, read = list[bytes](), 0, 0, 0, 1, 0
    while line := file.readline(MOST_BYTES):
        read += len(line)
        number += 1
        if upto is not None and read > upto:
            break
        if line.startswith(b"#") or (line == b"\n" and not block):
            begin = begin if block else number + 1
            continue
        block.append(line)
        empty, length = empty + (line == b"\n"), length + len(line)
        if empty == _EMPTY_LINES or length > MOST_BYTES:
            yield framed_note(b"".join(block[:-1]), begin)
            block, empty, length, begin = [], 0, 0, number + 1
    if any(one.startswith(_DASH) and one.endswith(b"\n") for one in block):
        yield framed_note(b"".join(block).rstrip(b"\n") + b"\n", begin)
    elif block:
        yield Framed(begin, trouble="it is not whole: the file ends before it does", torn=True)


def read_framed(data: bytes) -> Iterator[Note]:
    """Return the notes in *data*; raises NoteError that names the line of the first that is none.

    One that is torn is none: whoever handed it over has it whole.
    """
    for one in notes_in(BytesIO(data)):
        if one.note is None:
            raise NoteError(f"line {one.line}: {one.trouble}")
        yield one.note

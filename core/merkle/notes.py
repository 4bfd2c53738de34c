"""Files of signed notes, one after another with an empty line between, as witnesses keep them."""

from collections.abc import Iterable, Iterator

from core.merkle.note import Note, NoteError, read_note


def framed(notes: Iterable[bytes]) -> bytes:
    """Return *notes*, encoded ones, as one file."""
    return b"\n".join(notes)


def read_framed(data: bytes) -> Iterator[Note]:
    """Return the notes in *data*; raises NoteError that names the first that is none.

    A checkpoint's text has no empty line, so the empty lines tell text from signatures, and note
    from note. Lines that begin with `#` are for people, and left out.
    """
    lines = (line for line in data.split(b"\n") if not line.startswith(b"#"))
    parts = [part for part in b"\n".join(lines).split(b"\n\n") if part.strip(b"\n")]
    for number, at in enumerate(range(0, len(parts), 2), 1):
        text, signatures = parts[at].strip(b"\n"), b"".join(parts[at + 1 : at + 2]).strip(b"\n")
        try:
            yield read_note(text + b"\n\n" + signatures + b"\n")
        except NoteError as error:
            raise NoteError(f"note {number}: {error}") from None

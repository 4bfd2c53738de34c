"""Files of notes: read one by one, each place named, and a torn end told apart from a wrong one."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.merkle.note import MOST_BYTES, Note, NoteError
from core.merkle.notes import Framed, framed, notes_in, read_framed

NOTES = [Note(f"log\n{size}\n", (("log", b"k" * 4, b"s" * 64),)) for size in (1, 2, 3)]
FILE = framed(one.encode() for one in NOTES)
LINES = FILE.splitlines(keepends=True)
BEGINS = (1, 6, 11)


def found(data: bytes, upto: int | None = None) -> list[Framed]:
    return list(notes_in(BytesIO(data), upto))


def test_notes_are_found_with_the_line_that_they_begin_in() -> None:
    assert found(FILE) == [Framed(line, one) for line, one in zip(BEGINS, NOTES)]
    assert found(FILE + b"\n") == found(FILE), "an empty line behind the last one too"
    assert list(read_framed(FILE)) == NOTES
    assert found(b"") == found(b"\n\n") == []


def test_lines_for_people_are_left_out_wherever_they_stand() -> None:
    for at in range(len(LINES) + 1):
        said = b"".join([*LINES[:at], b"# kept by hand\n", *LINES[at:]])
        assert list(read_framed(said)) == NOTES


@given(st.integers(1, len(FILE) - 1))
def test_a_file_that_ends_anywhere_has_what_is_whole_and_says_that_the_rest_is_torn(
    end: int,
) -> None:
    whole = [one for one in (1, 2, 3) if end >= sum(map(len, LINES[: 5 * one - 1]))]
    for read in (found(FILE[:end]), found(FILE, end)):
        assert [one.note for one in read if one.note] == NOTES[: len(whole)]
        torn = [one for one in read if not one.note]
        assert len(torn) <= 1
        assert all(one.torn and one.trouble and one is read[-1] for one in torn)


def test_one_that_is_torn_is_refused_where_it_was_handed_over() -> None:
    with pytest.raises(NoteError, match="line 11: it is not whole"):
        list(read_framed(FILE[:-1]))


def test_a_wrong_one_amid_others_is_named_and_hides_none() -> None:
    wrong = b"".join([*LINES[:8], b"no signature\n", *LINES[9:]])
    first, second, third = found(wrong)
    assert (first.note, third.note) == (NOTES[0], NOTES[2])
    assert (second.line, second.note, second.torn) == (6, None, False)
    with pytest.raises(NoteError, match="line 6: a line of signatures is none"):
        list(read_framed(wrong))


def test_what_has_no_end_is_read_in_pieces() -> None:
    read = found(b"x" * (5 * MOST_BYTES) + b"\n")
    assert read
    assert all(one.trouble for one in read)

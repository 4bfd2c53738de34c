"""Messages in pieces: whole lines, whole characters, and never a byte too many."""

from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.pieces import CUT, MOST_PIECES, pieces, utf8

TEXTS = st.lists(st.text("网a\U0001f3eb é", max_size=400), max_size=12)


@given(TEXTS, st.integers(150, 900))
def test_nothing_is_lost_and_no_piece_is_too_long(lines: list[str], limit: int) -> None:
    groups = pieces(lines, limit)
    assert max(utf8("\n".join(group)) for group in groups) <= limit
    if groups[-1] == [CUT]:
        assert len(groups) == MOST_PIECES
        assert "".join(lines).startswith("".join("".join(group) for group in groups[:-1]))
    else:
        assert "".join("".join(group) for group in groups) == "".join(lines)
        # A line that fits into a piece stands in one.
        kept = [line for group in groups for line in group]
        assert all(line in kept for line in lines if utf8(line) <= limit)


def test_short_lines_fill_a_piece_before_the_next_begins() -> None:
    assert pieces(["网" * 20] * 4, 122) == [["网" * 20] * 2, ["网" * 20] * 2]
    assert [len(group) for group in pieces(["网" * 3_000, "end"], 4_000)] == [1, 1, 2]

"""Names in the codings that projectors were seen to use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.devices.pjlink.text import MOST, text_of


@pytest.mark.parametrize(
    ("name", "coding"),
    [
        ("三年级2班", "utf-8"),
        ("三年级2班投影机", "gb18030"),
        ("プロジェクター302", "shift_jis"),
        ("会議室A", "shift_jis"),
        ("Vidéo salle 3", "latin-1"),
        ("Übung", "latin-1"),
        ("EB-2250U", "ascii"),
    ],
)
def test_a_name_is_read_in_the_coding_it_was_given_in(name: str, coding: str) -> None:
    assert text_of(name.encode(coding)) == name


def test_a_coding_that_is_told_is_not_guessed() -> None:
    assert text_of("镕基堂".encode("gb18030"), "gb18030") == "镕基堂"


@given(st.binary(max_size=300))
def test_any_bytes_become_one_line_of_text(value: bytes) -> None:
    text = text_of(value)
    assert len(text) <= MOST
    assert text.isprintable() or not text.isascii()
    assert "\r" not in text
    assert "\n" not in text

"""Names of devices, as people wrote them."""

import pytest

from agent.devices.texts import decoded, name_of

NAMES = ["三年级2班", "楼道交换机", "一楼", "机房", "SW-1", "", "图书馆 AP①"]


@pytest.mark.parametrize("coding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("name", NAMES)
def test_chinese_names_are_read_however_they_are_coded(name: str, coding: str) -> None:
    assert name_of(name.encode(coding)) == name


@pytest.mark.parametrize("name", ["Café 2°C", "Привет", "ئۇيغۇر", "學校"])
def test_other_writing_in_utf_8_is_read(name: str) -> None:
    assert name_of(name.encode()) == name


@pytest.mark.parametrize(("coding", "each"), [("utf-8", 3), ("gb18030", 2)])
@pytest.mark.parametrize("cut", [1, 2])
def test_a_name_that_is_cut_off_loses_its_last_character(coding: str, each: int, cut: int) -> None:
    left = 6 * each - cut
    assert name_of("三年级多媒体".encode(coding)[:left]) == "三年级多媒体"[: left // each]


def test_what_is_no_text_stays_apart_and_has_no_control_characters() -> None:
    assert name_of(b"sw\0\0\0") == "sw"
    assert name_of(b" sw\r\n\x1b[2J1 ") == "sw   [2J1"
    assert name_of(b"\xff\x01") != name_of(b"\xfe\x01")


@pytest.mark.parametrize("coding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("name", NAMES)
def test_a_whole_answer_is_read_as_it_is(name: str, coding: str) -> None:
    assert decoded(f" {name}\r\n\0".encode(coding)) == f" {name}\r\n\0"


def test_no_byte_of_a_whole_answer_is_lost() -> None:
    assert len({decoded(b"PWR" + end) for end in (b"", b"\xb0", b"\xe1", b"\xff")}) == 4

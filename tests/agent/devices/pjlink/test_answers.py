"""From bytes to values: what is no value of the specification is nothing, and raises nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.devices.pjlink import answers
from agent.devices.pjlink.answers import Line


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"%1POWR=0", Line("1", "POWR", b"0")),
        (b"%1powr=OK", Line("1", "POWR", b"OK")),
        (b"%2LKUP=00:11:22:AA:BB:CC", Line("2", "LKUP", b"00:11:22:AA:BB:CC")),
        (b"%1NAME=", Line("1", "NAME", b"")),
        (b"%1INFO=a=b", Line("1", "INFO", b"a=b")),
        (b"%1ERR3", None),
        (b"PJLINK ERRA", None),
        (b"%3POWR=0", None),
        (b"", None),
    ],
)
def test_a_line_is_an_answer_or_nothing(line: bytes, expected: Line | None) -> None:
    assert answers.parsed(line) == expected


@pytest.mark.parametrize(
    ("value", "power"),
    [(b"0", "off"), (b"1", "on"), (b"2", "cooling"), (b"3", "warming"), (b"4", None), (b"", None)],
)
def test_power_is_one_of_four(value: bytes, power: str | None) -> None:
    assert answers.power_of(value) == power


@pytest.mark.parametrize(
    ("value", "muted"),
    [(b"11", True), (b"21", True), (b"31", True), (b"30", False), (b"10", False), (b"ERR3", None)],
)
def test_a_mute_is_of_picture_or_sound(value: bytes, muted: bool | None) -> None:
    assert answers.muted_of(value) is muted


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        (b"000000", {}),
        (b"100002", {"fan": 1, "other": 2}),
        (b"012012", {"lamp": 1, "temperature": 2, "filter": 1, "other": 2}),
        (b"00000", None),
        (b"000003", None),
        (b"ERR3", None),
    ],
)
def test_errors_have_a_part_and_a_level(value: bytes, errors: dict[str, int] | None) -> None:
    assert answers.errors_of(value) == errors


@pytest.mark.parametrize(
    ("value", "hours"),
    [
        (b"3131 0", 3131),
        (b"12345 1 99999 0", 99_999),
        (b"0 0", 0),
        (b"250", 250),
        (b"123456 1", None),
        (b"12 1 13", None),
        (b"100 3", None),
        (b"ERR1", None),
        (b"", None),
    ],
)
def test_lamp_hours_are_those_of_the_oldest(value: bytes, hours: int | None) -> None:
    assert answers.lamp_hours_of(value) == hours


@pytest.mark.parametrize(
    ("value", "version"), [(b"1", 1), (b"2", 2), (b"Class 1", 1), (b"3", None), (b"ERR1", None)]
)
def test_the_class_may_be_said_in_words(value: bytes, version: int | None) -> None:
    assert answers.class_of(value) == version


@given(st.binary(max_size=200))
def test_no_bytes_break_a_reader(value: bytes) -> None:
    answers.parsed(value)
    answers.random_of(value)
    answers.power_of(value)
    answers.muted_of(value)
    answers.errors_of(value)
    answers.hours_of(value)
    assert (answers.lamp_hours_of(value) or 0) < 100_000
    code = answers.input_of(value)
    assert not code or answers.input_words(code)

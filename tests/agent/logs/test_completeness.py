"""Rows that a device counted and that never came, and what rows say of themselves."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.logs.completeness import MOST_JUMP, WINDOW, Sequence, says
from agent.logs.family import families_of
from agent.logs.line import read_line
from agent.logs.record import Reader
from tests.chance import examples


def heard(*numbers: int) -> tuple[int, int]:
    made = Sequence()
    told = sum(made.hear(one) for one in numbers)
    assert told == made.lost
    return made.lost, made.restarts


@pytest.mark.parametrize(
    ("numbers", "lost", "restarts"),
    [
        (range(1, 500), 0, 0),
        ([1, 2, 5, *range(6, 6 + WINDOW + 2)], 2, 0),
        ([1, 2, 5, 3, 4, *range(6, 6 + WINDOW + 2)], 0, 0),
        ([1, 2, 2, 3], 0, 0),
        ([1, 2, 5], 0, 0),
        ([1, 10_000], 10_000 - 2 - WINDOW, 0),
        ([90_000, *range(1, 100)], 0, 1),
        ([1, 3, 1 + 2 * MOST_JUMP, 2 + 2 * MOST_JUMP], 1, 1),
        ([2_147_483_646, 2_147_483_647, 1, 2], 0, 1),
        ([0], 0, 0),
    ],
    ids=[
        *("whole", "two lost", "late", "twice", "may be late", "many", "device restarted"),
        *("jump", "wrap", "one"),
    ],
)
def test_what_never_came_is_counted_once_it_cannot_be_late(
    numbers: list[int], lost: int, restarts: int
) -> None:
    assert heard(*numbers) == (lost, restarts)


@settings(max_examples=examples(100))
@given(st.sets(st.integers(100, 2_000), max_size=400), st.integers(0, 10_000))
def test_rows_out_of_order_are_not_lost_and_lost_ones_are_all_found(
    lost: set[int], seed: int
) -> None:
    sent = [n for n in range(1, 2_200) if n not in lost]
    chance = random.Random(seed)
    order = sorted(sent, key=lambda n: n + chance.random() * 20)
    assert heard(*order, *range(2_200, 2_300))[0] == len(lost)


@settings(max_examples=examples(100))
@given(st.lists(st.integers(0, 10**18), max_size=200))
def test_no_number_breaks_it_and_memory_is_bounded(numbers: list[int]) -> None:
    made = Sequence()
    for one in numbers:
        made.hear(one)
    assert len(made._awaited) <= 2 * WINDOW


@pytest.mark.parametrize("word", ["", "-", "N/A", "null", "(null)", "unknown", " none ", "无"])
def test_a_word_for_nothing_says_nothing(word: str) -> None:
    assert not says(word)
    assert says(f"{word}x")


@pytest.mark.parametrize(
    ("family", "line", "present"),
    [
        (
            "sangfor-af",
            "<23>May 25 11:31:48 h fwlog: 日志类型:网站访问, 用户:张三, 动作:拒绝",
            "1111",
        ),
        ("sangfor-af", "<23>May 25 11:31:48 h fwlog: 日志类型:网站访问, 用户:(null)", "1010"),
        ("cef", "<1>CEF:0|V|P|1|9|Scan|5|suser=bob act=deny rt=1795374585", "1111"),
        ("cef", "<1>CEF:0|V|P|1|9|Scan|5|src=198.51.100.1", "0010"),
        ("fortinet", '<1>date=2018-12-27 time=11:28:07 logid="0419016384" type="utm"', "1010"),
        ("hillstone", "<188>2026-02-05 01:51:21, WARNING@LOGIN: x", "1000"),
        ("topsec", '<1>id=tos time="2020-07-10" type=ac user=N/A action=accept', "1011"),
    ],
)
def test_time_user_kind_and_result_are_looked_at_for_whether_they_are_there(
    family: str, line: str, present: str
) -> None:
    reader, read = Reader(families_of()[family]), read_line(line.encode())
    found = reader.present(read, reader.fields(read))
    assert "".join(str(int(one)) for one in found) == present


def test_the_number_of_a_line_is_that_of_the_standard_or_of_the_family() -> None:
    line = read_line(b'<13>1 2026-11-28T09:00:00Z h app - - [meta sequenceId="29" x="y"] hello')
    assert (line.sequence, line.text, line.has_time) == (29, "hello", True)
    assert read_line(b"<13>1 - h app - - - sequenceId").sequence is None
    assert not read_line(b"<13>1 - h app - - - hello").has_time

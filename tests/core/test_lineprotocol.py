"""Line protocol by our own rules; the same lines meet a real InfluxDB in the file beside this."""

import math
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from enum import IntEnum

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from core import lineprotocol
from core.catalog import type_of
from core.errors import LineError
from core.lineprotocol import MAX_TIME, MIN_TIME, Point
from core.types import Reading, Value
from core.wire import MAX_LINE_BYTES
from tests.chance import examples
from tests.core.lines_refused import REFUSED, Refused
from tests.core.lines_stricter import STRICTER, Stricter
from tests.core.lines_taken import TAKEN, Taken

HOSTILE = st.text(st.sampled_from("ab1i ,=\"\\#'\t\r\n\0\x7f学😀\ud800"), max_size=8)
NAMES = st.one_of(HOSTILE, st.text(max_size=8), st.sampled_from(["time", "_field", "cpu"]))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), FLOATS, NAMES
)
TIMES = st.integers(MIN_TIME, MAX_TIME)
READINGS = st.builds(
    Reading,
    NAMES,
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=4),
    TIMES,
    st.dictionaries(NAMES, NAMES, max_size=4),
)
EASY = st.text(st.sampled_from("abcxyz学 ,="), min_size=1, max_size=8)
EASY_READINGS = st.builds(
    Reading,
    EASY,
    st.dictionaries(EASY, st.one_of(st.booleans(), st.integers(-9, 9), EASY), min_size=1),
    TIMES,
    st.dictionaries(EASY, EASY),
)
NOT_TAKEN: list[Refused | Stricter] = [*REFUSED, *STRICTER]
LINES = st.one_of(
    st.binary(max_size=60),
    st.text(st.sampled_from('mab,,== \\"1.ietTF-+#\t\0\r\n学'), max_size=40).map(str.encode),
    st.sampled_from([*[case.line for case in TAKEN], *[case.line for case in NOT_TAKEN]]),
)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.sentence) for case in TAKEN])
def test_it_takes(case: Taken) -> None:
    assert_same(lineprotocol.parse(case.line), case.point)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.sentence) for case in NOT_TAKEN])
def test_it_refuses(case: Refused | Stricter) -> None:
    with pytest.raises(LineError) as refusal:
        lineprotocol.parse(case.line)
    assert case.reason in str(refusal.value)
    assert len(str(refusal.value)) < 200


@given(READINGS)
@settings(max_examples=examples(400))
def test_what_can_be_encoded_at_all_is_read_back_unchanged(reading: Reading) -> None:
    try:
        line = lineprotocol.encode(reading)
    except LineError:
        return
    assert_same(lineprotocol.parse(line), as_point(reading))
    assert b"\n" not in line


@given(EASY_READINGS)
def test_names_of_letters_spaces_commas_and_equals_signs_are_always_encoded(
    reading: Reading,
) -> None:
    assert_same(lineprotocol.parse(lineprotocol.encode(reading)), as_point(reading))


@given(TIMES, st.integers(-(2**63), 2**63 - 1), FLOATS, st.booleans(), st.text(max_size=20))
@example(MIN_TIME, -(2**63), -0.0, False, "")
@example(MAX_TIME, 2**63 - 1, 5e-324, True, '\\"\\\\')
def test_every_type_of_value_is_read_back_as_itself(
    at: int, whole: int, number: float, yes: bool, text: str
) -> None:
    assume("\n" not in text)
    fields: dict[str, Value] = {"whole": whole, "number": number, "yes": yes, "text": text}
    found = lineprotocol.parse(lineprotocol.encode(Reading("m", fields, at)))
    assert_same(found, Point("m", {}, fields, at))
    assert math.copysign(1, float(found.fields["number"])) == math.copysign(1, number)


@given(LINES)
@settings(max_examples=examples(1_000))
def test_a_line_gives_a_point_or_a_reason_and_nothing_else(line: bytes) -> None:
    point = outcome(line)
    if isinstance(point, Point):
        head = lineprotocol.encode_head(point.measurement, point.tags)
        again = head + b" " + lineprotocol.encode_fields(point.fields)
        assert_same(lineprotocol.parse(again), replace(point, at=None))


@given(LINES)
@settings(max_examples=examples(500))
def test_the_parts_of_a_line_say_what_the_line_says(line: bytes) -> None:
    point = outcome(line)
    if isinstance(point, Point):
        head, fields, time = lineprotocol.split_line(line)
        assert_same(lineprotocol.parse(b" ".join((head, fields, time))), point)
        assert lineprotocol.parse_head(head) == (point.measurement, point.tags)
        assert repr(lineprotocol.parse_fields(fields)) == repr(point.fields)


@given(st.text(st.sampled_from("ab=,=,01.eEi-tu"), max_size=30).map(str.encode))
@example(b"a=1,a=2")
@example(b"time=1")
@settings(max_examples=examples(1_000))
def test_fields_mean_the_same_beside_one_that_needs_a_closer_look(fields: bytes) -> None:
    alone, beside = outcome(b"m " + fields), outcome(b"m " + fields + b',look="closer"')
    if isinstance(alone, Point) and isinstance(beside, Point):
        assert repr(beside.fields) == repr({**alone.fields, "look": "closer"})
    else:
        assert isinstance(alone, str)
        assert isinstance(beside, str)


@given(
    st.sampled_from([b"", b"m", b"m,t=", b"m,t=v ", b'm a="', b"m a=", b"m a=1 ", b'm a="x",']),
    st.sampled_from([b"\\", b'"', b"=", b",", b" ", b"0", b"9", b"e", b'\\"', b"\\ ", b"\\\\ "])
    | st.sampled_from(
        [b"a=1,", b",a=b", b'a="",', b'",', "学".encode(), b"\xff", b"\n", b"-", b"."]
    ),
    st.sampled_from([b"", b" a=1 1", b'"', b'" 1', b"i", b"\\"]),
)
@settings(max_examples=examples(300), deadline=timedelta(seconds=1))
def test_no_line_of_64_kb_takes_long(before: bytes, piece: bytes, after: bytes) -> None:
    room = MAX_LINE_BYTES - len(before) - len(after)
    line = before + piece * (room // len(piece)) + after
    for read in (lineprotocol.parse, lineprotocol.parse_head, lineprotocol.parse_fields):
        with suppress(LineError):
            read(line)


@pytest.mark.parametrize("part", ["head", "fields", "time"])
def test_each_part_refuses_what_belongs_to_another(part: str) -> None:
    read = {
        "head": lineprotocol.parse_head,
        "fields": lineprotocol.parse_fields,
        "time": lineprotocol.parse_time,
    }[part]
    for wrong in (b"", b"m,t=v a=1", b"a=1 b=2", b'a="x" 1', b"1 2", b"\xff"):
        with pytest.raises(LineError):
            read(wrong)


class Colour(IntEnum):
    RED = 1


class Percent(float):
    def __repr__(self) -> str:
        return "Percent"


def test_a_reading_is_written_in_one_form() -> None:
    tags = {"b": "2", "a-b": "", "a": "1", "a,b": "4", "aZ": "3"}
    fields: dict[str, Value] = {"z": 1, "a": 1.0, "m": True, "k": "x", "e": 1e16, "c": Colour.RED}
    fields["p"] = Percent(0.5)
    line = lineprotocol.encode(Reading("m", fields, 5, tags))
    # Tags in the order in which InfluxDB keeps them, by their bytes on the wire: Z before \.
    head = rb"m,a=1,aZ=3,a\,b=4,b=2"
    assert line == head + b' z=1i,a=1.0,m=true,k="x",e=1e+16,c=1i,p=0.5 5'


ENCODES_NOT = {
    "a measurement without a name": (Reading("", {"a": 1}, 1), "missing measurement"),
    "a measurement that makes a comment": (Reading("#m", {"a": 1}, 1), "'#m' begins with '#'"),
    "a measurement that ends with a backslash": (Reading("m\\", {"a": 1}, 1), "a backslash at its"),
    "a measurement with a newline": (Reading("m\n", {"a": 1}, 1), "control character"),
    "half of a character": (Reading("m\ud800", {"a": 1}, 1), "half of a character"),
    "a tag without a name": (Reading("m", {"a": 1}, 1, {"": "v"}), "missing tag key"),
    "a tag called time": (Reading("m", {"a": 1}, 1, {"time": "v"}), "tag key 'time'"),
    "a tag value that ends with a backslash": (
        Reading("disk", {"a": 1}, 1, {"path": "C:\\"}),
        r"'disk': tag 'path': tag value 'C:\\' has a backslash at its end",
    ),
    "a backslash before a space in a tag value": (
        Reading("m", {"a": 1}, 1, {"t": "a\\ b"}),
        "or where it would read as an escape",
    ),
    "a tag that is no string": (
        Reading("m", {"a": 1}, 1, {"t": 1}),  # type: ignore[dict-item]
        "tag 't' is of type int",
    ),
    "no fields": (Reading("m", {}, 1), "missing fields"),
    "a field without a name": (Reading("m", {"": 1}, 1), "missing field key"),
    "a field called time": (Reading("m", {"time": 1}, 1), "field key 'time'"),
    "a field key that ends with a backslash": (Reading("m", {"a\\": 1}, 1), "a backslash at its"),
    "NaN": (Reading("m", {"a": math.nan}, 1), "'m': field 'a' is nan"),
    "infinity": (Reading("m", {"a": -math.inf}, 1), "field 'a' is -inf"),
    "an integer above the largest": (Reading("m", {"a": 2**63}, 1), "more than 64 bits"),
    "an integer below the smallest": (Reading("m", {"a": -(2**63) - 1}, 1), "more than 64 bits"),
    "an integer that Python refuses to print": (Reading("m", {"a": 10**5_000}, 1), "64 bits"),
    "a string with a newline": (Reading("m", {"a": "x\ny"}, 1), "field 'a' holds a newline"),
    "a string with half of a character": (Reading("m", {"a": "\udc00"}, 1), "half of a character"),
    "a field without a value": (
        Reading("m", {"a": None}, 1),  # type: ignore[dict-item]
        "field 'a' is of type NoneType",
    ),
    "a time before the earliest": (Reading("m", {"a": 1}, MIN_TIME - 1), "time is not"),
    "a time after the latest": (Reading("m", {"a": 1}, MAX_TIME + 1), "time is not"),
    "a time in seconds": (Reading("m", {"a": 1}, 1.5), "time is not"),  # type: ignore[arg-type]
    "a line of more than 64,000 bytes": (Reading("m", {"a": "x" * 64_000}, 1), "64008 bytes"),
}


@pytest.mark.parametrize(("reading", "words"), ENCODES_NOT.values(), ids=list(ENCODES_NOT))
def test_it_does_not_encode(reading: Reading, words: str) -> None:
    with pytest.raises(LineError) as refusal:
        lineprotocol.encode(reading)
    assert words in str(refusal.value)
    assert len(str(refusal.value)) < 200


def outcome(line: bytes) -> Point | str:
    """Return the point in *line*, or the reason why there is none."""
    try:
        return lineprotocol.parse(line)
    except LineError as error:
        return str(error)


def as_point(reading: Reading) -> Point:
    """Return what the line of *reading* says: all but the tags without a value."""
    tags = {key: value for key, value in reading.tags.items() if value}
    return Point(reading.measurement, tags, dict(reading.fields), reading.at)


def assert_same(found: Point, expected: Point) -> None:
    """Compare; here a boolean is no 1, and 1 no 1.0."""
    assert found == expected
    for key, value in expected.fields.items():
        assert type_of(found.fields[key]) == type_of(value)

"""Codes and numbers of devices, as a profile understands them: made-up objects, one at a time."""

from typing import Any

import pytest

from agent.devices.decode import Answers, decode
from agent.devices.profile import (
    Meaning,
    Profile,
    StateRow,
    ValueRow,
    Where,
)
from agent.devices.snmp.session import Value

S, C, D = "1.3.6.1.9.1.0", "1.3.6.1.9.2", "1.3.6.1.9.3"


def profile(*rows: ValueRow | StateRow, **more: Any) -> Profile:
    return Profile(
        title="made up",
        device="other",
        reference="none",
        cases=("none",),
        value=tuple(row for row in rows if isinstance(row, ValueRow)),
        state=tuple(row for row in rows if isinstance(row, StateRow)),
        **more,
    )


def fields(row: ValueRow, *scalar: Value, **columns: dict[str, Value]) -> dict[str, Any]:
    answers = Answers(
        {S: scalar[0]} if scalar else {},
        {C: columns.get("c", {}), D: columns.get("d", {})},
    )
    return dict(decode(profile(row), answers).sighting.fields)


def value(field: str, **more: Any) -> ValueRow:
    where: dict[str, Any] = {} if "column" in more else {"oids": (S,)}
    return ValueRow(field=field, object="X::x", **where, **more)


@pytest.mark.parametrize("answer", [-1, 255, b"\x05", b"", "1.3.6.1", "0.0"])
def test_a_code_or_another_type_in_place_of_a_number_is_no_number(answer: Value) -> None:
    assert fields(value("battery_percent", absent=(255,), most=100), answer) == {}


def test_what_the_device_does_not_have_is_absent() -> None:
    assert fields(value("battery_percent")) == {}
    assert fields(value("cpu_percent", column=C, take="max")) == {}
    assert fields(value("ports", column=C, take="count", codes=(1,))) == {}


@pytest.mark.parametrize(
    ("take", "expected"), [("max", 7.0), ("min", 2.0), ("sum", 9.0), ("first", 2.0)]
)
def test_a_column_becomes_one_number(take: Any, expected: float) -> None:
    row = value("cpu_percent", column=C, take=take, absent=(65535,))
    assert fields(row, c={"1": 2, "2": 65535, "3": 7}) == {"cpu_percent": expected}


def test_rows_are_kept_by_another_column_of_the_same_row() -> None:
    where = (Where(object="X::d", column=D, codes=(6,)),)
    row = value("ports_up", column=C, take="count", codes=(1,), where=where)
    assert fields(row, c={"1": 1, "2": 1, "3": 2}, d={"1": 6, "2": 24}) == {"ports_up": 1}


def test_a_share_of_codes_is_none() -> None:
    row = value("supply_percent", column=C, of=D, take="min")
    # -3 of -2 would be 150 %, and 5 of 0 nothing at all.
    assert fields(row, c={"1": -3, "2": 5, "3": 1}, d={"1": -2, "2": 0, "3": 4}) == {
        "supply_percent": 25.0
    }


@pytest.mark.parametrize(
    ("text", "expected"), [(b"52 PERCENT", 52.0), (b"n/a", None), (b"-", None), (b"900 %", None)]
)
def test_a_number_written_as_text_is_read_where_the_profile_says_so(
    text: bytes, expected: float | None
) -> None:
    row = value("cpu_percent", match=r"^\d+", most=100)
    assert fields(row, text).get("cpu_percent") == expected
    assert fields(value("cpu_percent"), b"52 PERCENT") == {}


def test_a_text_is_read_in_both_codings_of_china_and_an_empty_one_is_absent() -> None:
    assert fields(value("model"), "山特 C3K".encode("gb18030")) == {"model": "山特 C3K"}
    assert fields(value("model"), "山特 C3K".encode()) == {"model": "山特 C3K"}
    assert fields(value("model"), b"") == {}


@pytest.mark.parametrize(("code", "expected"), [(5, True), (3, False), (1, None)])
def test_a_boolean_is_absent_where_the_code_is_neither(code: int, expected: bool | None) -> None:
    row = value("on_battery", yes=(5,), no=(3,))
    assert fields(row, code).get("on_battery") is expected


def state(*means: Meaning, **more: Any) -> StateRow:
    where: dict[str, Any] = {} if "column" in more else {"oids": (S,)}
    return StateRow(object="X::s", means=means, **where, **more)


FAN = Meaning(codes=(2,), state="limited", cause="fan")
JAM = Meaning(codes=(9,), state="fault", cause="paper_jam")


def seen(row: StateRow, answers: Answers, **more: Any) -> tuple[str, str, int]:
    found = decode(profile(row, **more), answers)
    count = found.sighting.fields.get("codes_unknown", 0)
    assert isinstance(count, int)
    return found.sighting.state, found.sighting.cause, count


def test_a_code_outside_the_map_is_unknown_and_counted_and_no_fault() -> None:
    row = state(FAN, well=(1,))
    assert seen(row, Answers({S: 1})) == ("ready", "", 0)
    assert seen(row, Answers({S: 2})) == ("limited", "fan", 0)
    assert seen(row, Answers({S: 77})) == ("unknown", "unlisted", 1)
    # A device that answers another type, and one that answers nothing, says nothing.
    assert seen(row, Answers({S: b"broken"})) == ("ready", "", 0)
    assert seen(row, Answers({S: b"error 2"})) == ("ready", "", 0)
    assert seen(row, Answers({S: b"\x9f\x78\x04202C"})) == ("ready", "", 0)  # a float in Opaque
    assert seen(row, Answers({S: b"2"})) == ("limited", "fan", 0)
    assert seen(row, Answers({S: None})) == ("ready", "", 0)


def test_one_part_of_many_with_a_new_code_leaves_the_others_known() -> None:
    row = state(FAN, JAM, column=C, well=(1,))
    assert seen(row, Answers(columns={C: {"1": 1, "2": 77}})) == ("ready", "", 1)
    assert seen(row, Answers(columns={C: {"1": 77, "2": 2}})) == ("limited", "fan", 1)


def test_the_worst_of_several_parts_is_the_state_of_the_device() -> None:
    row = state(FAN, JAM, column=C, well=(1,))
    assert seen(row, Answers(columns={C: {"1": 2, "2": 1, "3": 9}})) == ("fault", "paper_jam", 0)


@pytest.mark.parametrize("answers", [Answers(), Answers({S: 6})], ids=["nothing", "says unknown"])
def test_a_device_that_does_not_tell_is_what_its_family_is_then(answers: Answers) -> None:
    row = state(FAN, well=(1,), ignore=(6,))
    assert seen(row, answers) == ("ready", "", 0)
    assert seen(row, answers, untold="unknown") == ("unknown", "untold", 0)


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (b"\x00", ("ready", "", 0)),
        (b"\x20", ("limited", "fan", 0)),
        (b"\x20\x40", ("fault", "paper_jam", 0)),
        (b"\x80", ("unknown", "unlisted", 1)),
        (b"", ("ready", "", 0)),
    ],
)
def test_bits_are_counted_from_the_left(bits: bytes, expected: tuple[str, str, int]) -> None:
    assert seen(state(FAN, JAM, bits=True), Answers({S: bits}), untold="unknown") == expected


@pytest.mark.parametrize(("load", "expected"), [(95, "ready"), (96, "limited")])
def test_a_number_beyond_a_limit_has_a_meaning(load: int, expected: str) -> None:
    row = state(Meaning(above=95, state="limited", cause="cpu_high"))
    assert seen(row, Answers({S: load}))[0] == expected


def status(said: str) -> tuple[str, str, int]:
    """Return what a projector is by the text of its status: state, cause, codes not known."""
    row = StateRow(
        object="made up",
        oids=(S,),
        match=r"^(\w\w) ",
        well=("03",),
        means=(Meaning(codes=("FF",), state="fault", cause="other"),),
    )
    seen = decode(profile(row, untold="unknown"), Answers({S: said.encode()}, {})).sighting
    return seen.state, seen.cause, int(seen.fields.get("codes_unknown", 0))


@pytest.mark.parametrize(
    ("said", "is_then"),
    [
        ("03 0000 0000 T1", ("ready", "", 0)),
        ("FF 0000 0004 T1", ("fault", "other", 0)),
        ("07 0000 0000 T1", ("unknown", "unlisted", 1)),
        ("", ("unknown", "untold", 0)),
        ("ERR", ("unknown", "untold", 0)),
    ],
)
def test_a_code_in_a_text_is_what_its_pattern_keeps(
    said: str, is_then: tuple[str, str, int]
) -> None:
    assert status(said) == is_then


def test_a_flag_in_a_text_is_neither_where_its_pattern_does_not_fit() -> None:
    row = value("on", match=r"^(\w\w) ", yes=("03",), no=("01",))
    assert fields(row, b"03 0000") == {"on": True}
    assert fields(row, b"01 0000") == {"on": False}
    assert fields(row, b"FF 0000") == fields(row, b"03") == {}

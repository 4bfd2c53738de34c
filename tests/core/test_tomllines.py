"""Where keys stand, held to what tomllib finds in the same text."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.tomllines import MAX_PARTS, KeyPath, lines

TRICKY = '''\
# [not.a.table]
kind = "agent" # x = 1
"a b".c = """
[no]
x = 1 """""

[x.y] # [z]
"q.\\u0041" = [ # ] , {
  1, 1979-05-27 07:32:00,
  { a = 1, b.c = """
[q]
""" },
  'it"', # "
]
last = \'\'\'#'\'\'\'

[[rule]]
n = 1
[[rule]]
n = { }
[rule.inner]
t = "\\""
[[rule.many]]
'''

WHERE = {
    ("kind",): 2,
    ("a b",): 3,
    ("a b", "c"): 3,
    ("x",): 7,
    ("x", "y"): 7,
    ("x", "y", "q.A"): 8,
    ("x", "y", "q.A", 0): 9,
    ("x", "y", "q.A", 1): 9,
    ("x", "y", "q.A", 2): 10,
    ("x", "y", "q.A", 2, "a"): 10,
    ("x", "y", "q.A", 2, "b"): 10,
    ("x", "y", "q.A", 2, "b", "c"): 10,
    ("x", "y", "q.A", 3): 13,
    ("x", "y", "last"): 15,
    ("rule",): 17,
    ("rule", 0): 17,
    ("rule", 0, "n"): 18,
    ("rule", 1): 19,
    ("rule", 1, "n"): 20,
    ("rule", 1, "inner"): 21,
    ("rule", 1, "inner", "t"): 22,
    ("rule", 1, "many"): 23,
    ("rule", 1, "many", 0): 23,
}

VALUES = (
    "1",
    "-0x0f",
    "inf",
    "1979-05-27 07:32:00.5-07:00",
    "true",
    '"# not [a] comment"',
    "'\\'",
    '"\\"\\\\"',
    '"""""a"""""',
    '"""\n[no]\nno = 1\n\\""""',
    "'''\n[[no]]'''''",
    "''''''",
    "[]",
    "[ [1, 2],\n [], # ]\n]",
    "{}",
    "{ a = 1, 'b' . c = [{}, { d = '}' }] }",
    "[{ a = 1 }, { a = '''\n,\n''' }]",
)
KEYS = ("key{}", "'key {}'", '"key\\t{}"', "key{} . deep", "'' . key{}", "-{}")
HEADS = ("[table{}]", "[ table{} . inner ] # [x]", "[same.table{}]", "[[many]]", "[[many.of{}]]")
BETWEEN = ("", "\n", "# key = 1\n", "\r\n", "  ")


@st.composite
def documents(draw: st.DrawFn) -> str:
    text = ""
    for number in range(draw(st.integers(1, 12))):
        if draw(st.booleans()):
            text += draw(st.sampled_from(HEADS)).format(number)
        else:
            text += draw(st.sampled_from(KEYS)).format(number) + draw(st.sampled_from((" = ", "=")))
            text += draw(st.sampled_from(VALUES))
        text += draw(st.sampled_from(("\n", " # [c]\n", "\r\n"))) + draw(st.sampled_from(BETWEEN))
    return text


def places(value: Any, at: KeyPath = ()) -> Iterator[KeyPath]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for part, inner in items:
        yield (*at, part)
        if isinstance(inner, dict | list):
            yield from places(inner, (*at, part))


def test_strings_comments_and_brackets_inside_values_mislead_nobody() -> None:
    assert set(WHERE) == set(places(tomllib.loads(TRICKY)))
    assert lines(TRICKY) == WHERE


@given(documents())
def test_every_place_that_tomllib_knows_has_a_line_and_the_key_stands_on_it(text: str) -> None:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
    found = lines(text)
    assert set(found) == set(places(data))
    rows = text.replace("\r\n", "\n").split("\n")
    for place, line in found.items():
        name = place[-1]
        if isinstance(name, str):
            assert name.replace("\t", "\\t") in rows[line - 1]


@given(st.text(alphabet="[]{}.,='\"\\#ab1 \n\t", max_size=60))
def test_whatever_is_not_toml_ends_in_a_value_error_or_in_any_lines(text: str) -> None:
    try:
        found = lines(text)
    except ValueError:
        with pytest.raises(tomllib.TOMLDecodeError):
            tomllib.loads(text)
    else:
        assert all(1 <= line <= text.count("\n") + 1 for line in found.values())


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a." * MAX_PARTS + "a = 1"])
def test_what_is_nested_too_deeply_is_refused_at_once(text: str) -> None:
    with pytest.raises(RecursionError):
        lines(text)

"""Events as bytes: what comes back, and what is refused with a reason, line by line."""

import json
from typing import Any

import pytest

from core import wire
from core.errors import HeaderError
from core.events import Header, parse_lines, seal, split_header
from core.types import Event, EventKey

EPOCH = "K3M6T0QX9V2ZB8DN"
AT = 1_795_374_585_000_000_000
LATE = AT + 600 * 10**9
DOWN = Event("link_down", "switch-2", "switch-2/port-5", True, AT, "P3", {"speed_mbps": 1000})

GOOD: dict[str, Any] = {
    "i": 0,
    "kind": "link_down",
    "target": "switch-2",
    "subject": "switch-2/port-5",
    "active": True,
    "severity": "P3",
    "at": AT,
    "details": {"speed_mbps": 1000},
}


def line(**words: Any) -> bytes:
    said = {name: value for name, value in {**GOOD, **words}.items() if value is not None}
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def head(**words: Any) -> bytes:
    return json.dumps({"schoolwatch": 1, "epoch": EPOCH, "seq": 7, "n": 0, **words}).encode()


def test_a_batch_comes_back_as_it_was_sealed() -> None:
    up = Event("link_down", "switch-2", "switch-2/port-5", False, AT + 1)
    odd = Event("dragon_seen", "学校 🐉", "", True, 0, None, {"路": ["a", {"b": [1.5, None]}]})
    body = seal(Header(EPOCH, 7, 0, clock_unchecked=True), [DOWN, up, odd])
    header, rest = split_header(body)
    assert header == Header(EPOCH, 7, 3, clock_unchecked=True)
    assert parse_lines(rest, LATE).events == [(0, DOWN), (1, up), (2, odd)]
    assert DOWN.key == up.key == EventKey("link_down", "switch-2", "switch-2/port-5")


def test_the_example_of_the_contract_is_read() -> None:
    body = (
        b'{"schoolwatch":1,"epoch":"K3M6T0QX9V2ZB8DN","seq":7,"n":1}\n'
        b'{"i":0,"kind":"link_down","target":"switch-2","subject":"switch-2/port-5","active":true,'
        b'"severity":"P3","at":1795374585000000000,"details":{"speed_mbps":1000}}\n'
    )
    header, rest = split_header(body)
    assert (header, parse_lines(rest, LATE).events) == (Header(EPOCH, 7, 1), [(0, DOWN)])
    assert seal(header, [DOWN]) == body


def test_a_full_batch_may_be_empty() -> None:
    body = seal(Header(EPOCH, 1, 0, full=True, at=AT), [])
    assert split_header(body) == (Header(EPOCH, 1, 0, full=True, at=AT), b"")


@pytest.mark.parametrize(
    "first",
    [
        *(b"", b"{}", b"[1]", b"no json", b"\xff\xfe", b"[" * 4000, b"9" * 4000, b" " * 5000),
        *(head(epoch="short"), head(epoch=EPOCH + "\n"), head(seq=0), head(seq="7")),
        *(head(seq=10**15), head(seq=-1), head(seq=10**60), head(schoolwatch=2)),
        b'{"schoolwatch":1,"epoch":"' + EPOCH.encode() + b'","seq":' + b"9" * 3900 + b',"n":0}',
        b'{"schoolwatch":' + b"9" * 3900 + b"}",
    ],
)
def test_a_first_line_without_a_readable_key_is_no_header(first: bytes) -> None:
    with pytest.raises(HeaderError) as caught:
        split_header(first + b"\n")
    assert not isinstance(caught.value, wire.KeyedHeaderError)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (head(n=1) + b"\n", "header says 1 lines, 0 came"),
        (head(n=0) + b"\n{}\n", "header says 0 lines, 1 came"),
        (head(n=1) + b"\n{}", "does not end with a newline"),
        (head(n=0), "does not end with a newline"),
        (head(n="1") + b"\n", "n"),
        (head(n=-1) + b"\n", "n"),
        (head(n=100_000) + b"\n", "n"),
        (head(full=True) + b"\n", "full"),
        (head(at=10**30) + b"\n", "at"),
    ],
)
def test_a_damaged_batch_whose_key_is_readable_can_be_refused(body: bytes, reason: str) -> None:
    with pytest.raises(wire.KeyedHeaderError, match=reason) as caught:
        split_header(body)
    assert (caught.value.epoch, caught.value.seq) == (EPOCH, 7)


def test_unknown_words_are_ignored() -> None:
    assert split_header(head(colour="red", deep=[[1]]) + b"\n")[0] == Header(EPOCH, 7, 0)
    assert parse_lines(line(colour={"a": 1}), LATE).events == [(0, DOWN)]


@pytest.mark.parametrize(
    "bad",
    [
        *(b"\n", b"{}\n", b"no json\n", b"\xff\n", b"[" * 50_000 + b"\n", b"9" * 50_000 + b"\n"),
        *(line(i=-1), line(i=100_000), line(i=1.5), line(i=10**40), line(i="1")),
        *(line(kind=""), line(kind="k" * 65), line(kind="a\nb"), line(kind=None)),
        *(line(target="t" * 201), line(target="a\u0000"), line(subject="\u0085"), line(target=7)),
        *(line(active="yes"), line(active=None), line(severity="P5")),
        *(line(at=-1), line(at=2**63), line(at=1.5), line(at=LATE + 1), line(at=None)),
        *(line(details=[1]), line(details={"a": 10**30}), line(details={"a": "x" * 64_000})),
        line(details={"a": [[[[[[[[1]]]]]]]]}),
        line(details={"a": -(2**63)}),
        line().replace(b"1000", b"1e999"),
        line().replace(b"1000", b"NaN"),
        line().replace(b"1000", b'"\\ud800"'),
        line().replace(b"1000", b"9" * 5000),
        line().replace(b"1000", b"[" * 30_000 + b"]" * 30_000),
    ],
)
def test_a_bad_line_is_named_and_harms_no_other(bad: bytes) -> None:
    parsed = parse_lines(bad + line(i=5), LATE)
    assert parsed.events == [(5, DOWN)]
    (found,) = parsed.bad
    assert (found.number, found.line) == (2, bad[:-1])
    assert 0 < len(found.reason) < 300


def test_of_two_lines_with_one_index_the_first_is_kept() -> None:
    parsed = parse_lines(line() + line(target="other"), LATE)
    assert parsed.events == [(0, DOWN)]
    assert [bad.reason for bad in parsed.bad] == ["a second line with i 0"]


def test_an_unknown_kind_is_an_event_like_any_other() -> None:
    ((_, event),) = parse_lines(line(kind="机器人 rebellion"), LATE).events
    assert event.kind == "机器人 rebellion"

"""Lines against the catalogue: what goes on, under whose name, and what does not."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.linecheck import Checked, LineCheck
from collector.lineheads import HeadCache, Spec
from core import lineprotocol
from core.catalog import CATALOG
from core.clock import SECOND
from core.types import Identity

WHO = Identity("330100", "school-1", "host")
OTHER = Identity("330100", "school-2", "host")
NOW = 1_795_374_585 * SECOND
TAGS = b"agent=host,region=330100,school=school-1"


def check(*lines: bytes, accounted: bool = True, checking: LineCheck | None = None) -> Checked:
    checking = checking or LineCheck()
    return checking.check(b"".join(line + b"\n" for line in lines), WHO, NOW, accounted=accounted)


def refusals(checked: Checked) -> list[tuple[int, str]]:
    return [(line.number, line.kind) for line in checked.refused]


def test_a_good_line_goes_on_under_the_identity_of_the_topic() -> None:
    checked = check(b"net,interface=eth0 bytes_recv=123i,bytes_sent=456i %d" % NOW)
    expected = b"net,%b bytes_recv=123i,bytes_sent=456i %d"
    tags = b"agent=host,interface=eth0,region=330100,school=school-1"
    assert checked.lines == [expected % (tags, NOW)]
    assert (checked.refused, checked.stripped) == ([], 0)


def test_a_payload_cannot_say_who_it_is() -> None:
    checked = check(b"mem,region=110000,school=x,agent=y,accounted=no used=1i %d" % NOW)
    assert checked.lines == [b"mem,%b used=1i %d" % (TAGS, NOW)]
    assert checked.stripped == 0


def test_one_publishers_heads_are_not_anothers() -> None:
    checking, line = LineCheck(), b"mem used=1i %d\n" % NOW
    ours = checking.check(line, WHO, NOW, accounted=True).lines
    theirs = checking.check(line, OTHER, NOW, accounted=True).lines
    assert b"school-1" in ours[0]
    assert b"school-2" in theirs[0]


def test_unknown_tags_and_fields_are_taken_off_and_counted() -> None:
    checked = check(b"mem,host=pc7 used=1i,commit_limit=5i,huge_page_size=2i %d" % NOW)
    assert checked.lines == [b"mem,%b used=1i %d" % (TAGS, NOW)]
    assert checked.stripped == 3


def test_an_integer_becomes_a_float_where_one_is_due() -> None:
    checked = check(b"mem used_percent=45i,used=7i %d" % NOW)
    assert checked.lines == [b"mem,%b used_percent=45.0,used=7i %d" % (TAGS, NOW)]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"kernel boot_time=1i %d" % NOW, "unknown_measurement"),
        (b"mem huge_page_size=1i %d" % NOW, "no_known_field"),
        (b"mem used=1.5 %d" % NOW, "field_type"),
        (b'mem used="1" %d' % NOW, "field_type"),
        (b"mem used=1i", "no_time"),
        (b"mem used=1i %d" % (NOW + 601 * SECOND), "future"),
        (b'agent version="%b" %d' % (b"v" * 65_000, NOW), "too_long"),
        (b"mem used=1i,used=2i %d" % NOW, "syntax"),
        (b"mem used=1u %d" % NOW, "syntax"),
        (b"mem used=NaN %d" % NOW, "syntax"),
        (b"mem\xff used=1i %d" % NOW, "syntax"),
        (b"mem used=99999999999999999999i %d" % NOW, "syntax"),
        (b"mem used=1i %b" % (b"9" * 5_000), "syntax"),
        (b"mem", "syntax"),
    ],
)
def test_a_line_that_cannot_be_kept_is_named_and_the_others_go_on(line: bytes, kind: str) -> None:
    good = b"mem used=1i %d" % (NOW - SECOND)
    checked = check(good, line, b"mem used=2i %d" % (NOW - 2 * SECOND))
    assert refusals(checked) == [(3, kind)]
    assert checked.refused[0].line == line
    assert checked.refused[0].reason
    assert len(checked.lines) == 2


def test_comments_and_empty_lines_are_nobodys() -> None:
    checked = check(b"", b"# a comment", b"  ", b"mem used=1i %d" % NOW)
    assert (len(checked.lines), checked.refused) == (1, [])


def test_lines_that_fall_together_once_a_tag_is_taken_off_are_both_refused() -> None:
    checked = check(
        b"mem,numa=0 used=1i %d" % NOW,
        b"mem,numa=1 used=2i %d" % NOW,
        b"mem used=3i %d" % (NOW - SECOND),
    )
    assert refusals(checked) == [(2, "same_series_and_time"), (3, "same_series_and_time")]
    assert checked.lines == [b"mem,%b used=3i %d" % (TAGS, NOW - SECOND)]


def test_lines_of_one_point_stay_where_none_overwrites_the_other() -> None:
    lines = [b"mem used=1i %d" % NOW, b"mem free=2i %d" % NOW]
    assert len(check(*lines).lines) == 2
    both = check(*lines, b"mem used=3i,free=4i %d" % NOW)
    assert refusals(both) == [(n, "same_series_and_time") for n in (2, 3, 4)]


def test_lines_of_one_point_stay_one_where_the_same_tag_is_taken_off_each() -> None:
    """Telegraf's swap and system come as several lines, all with the tag `host`."""
    free, used = b"swap,host=pc free=1i,x=1i %d" % NOW, b"swap,host=pc used=2i %d" % NOW
    checked = check(free, used)
    assert (len(checked.lines), checked.stripped) == (2, 3)
    again = check(free, used, b"swap,host=pc used=3i %d" % NOW)
    assert refusals(again) == [(n, "same_series_and_time") for n in (2, 3, 4)]
    elsewhere = check(free, b"swap,host=other used=2i %d" % NOW)
    assert refusals(elsewhere) == [(n, "same_series_and_time") for n in (2, 3)]


def test_the_same_series_with_its_tags_in_another_order_is_the_same() -> None:
    disk = b"disk,%b free=%di %d"
    one = disk % (b"path=/,fstype=ext4", 1, NOW)
    other = disk % (b"fstype=ext4,path=/", 2, NOW)
    assert [kind for _, kind in refusals(check(one, other))] == ["same_series_and_time"] * 2


def test_unaccounted_lines_are_marked_and_get_times_of_their_own() -> None:
    checked = check(b"mem used=1i", b"mem used=2i", accounted=False)
    tags = b"accounted=no," + TAGS
    assert checked.lines == [
        b"mem,%b used=1i %d" % (tags, NOW + 1),
        b"mem,%b used=2i %d" % (tags, NOW + 2),
    ]


def test_what_is_remembered_stays_bounded_and_right() -> None:
    checking = LineCheck(HeadCache(max_bytes=20_000))
    for number in range(500):
        line = b"disk,path=/%d free=%di %d" % (number % 60, number, NOW + number)
        checked = check(line, checking=checking)
        assert checked.lines[0].startswith(b"disk,agent=host,path=/%d," % (number % 60))


def test_every_selection_of_fields_in_the_catalogues_order_is_read_by_one_pattern(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checking, names = LineCheck(), list(CATALOG["mem"].fields)
    values = {name: b"1" if name.endswith("percent") else b"1i" for name in names}
    check(b"mem used=1i %d" % NOW, checking=checking)

    def other_way(*_: object) -> None:
        raise AssertionError("this line is taken apart, or needs a pattern of its own")

    monkeypatch.setattr(Spec, "layout", other_way)
    monkeypatch.setattr(lineprotocol, "split_line", other_way)
    for number in range(1, 2 ** len(names)):
        some = [name for bit, name in enumerate(names) if number >> bit & 1]
        fields = b",".join(name.encode() + b"=" + values[name] for name in some)
        line = b"mem %b %d" % (fields, NOW + number)
        assert check(line, checking=checking).lines == [
            b"mem,%b %b %d" % (TAGS, fields, NOW + number)
        ]


WORDS = st.sampled_from(
    [b"mem", b"cpu", b"disk", b"agent", b"ping", b"kernel", b"me\\ m", b"cpu\\", b"#mem", b""]
)
TAG = st.sampled_from(
    [b"cpu=cpu0", b"path=/", b"path=/a\\ b", b"path=\\", b"host=x", b"region=1", b"cpu=", b"x"]
)
NUMBERS = "1i -1i 0i 007i 9223372036854775807i 9223372036854775808i 1 1.5 -0.0 1. .5 1e3 1e999 1u"
WORDLIKE = "NaN t T true True TRUE tRUE f False"
STRINGS = ['""', '"a"', '"a=1,b 2"', '"\\""', '"\\\\"', '"é"', '"']
VALUE = st.sampled_from([*NUMBERS.split(), *WORDLIKE.split(), *STRINGS]).map(str.encode)
FIELD = st.builds(
    lambda name, value: name + b"=" + value,
    st.sampled_from(
        [b"used", b"used_percent", b"usage_idle", b"version", b"free", b"ttl", b"odd", b""]
    ),
    VALUE,
)
TIME = st.sampled_from(
    [
        b"",
        b" ",
        b" %d" % NOW,
        b" 0%d" % NOW,
        b" 007",
        b" 0",
        b" -5",
        b" 1.5",
        b" 9999999999999999999",
        b"  7",
        b" 7 ",
    ]
)
LINE = st.builds(
    lambda word, tags, space, before, fields, after, time: (
        b",".join([word, *tags]) + space + before + b",".join(fields) + after + time
    ),
    WORDS,
    st.lists(TAG, max_size=2),
    st.sampled_from([b" ", b" ", b"  ", b""]),
    st.sampled_from([b"", b"", b"", b","]),
    st.lists(FIELD, max_size=3),
    st.sampled_from([b"", b"", b"", b","]),
    TIME,
)


@given(st.lists(LINE, max_size=6))
@example([b"mem used=1i,used=1i %d" % NOW])
def test_the_short_way_gives_what_taking_apart_gives(lines: list[bytes]) -> None:
    quick, thorough = LineCheck(), LineCheck(HeadCache(max_bytes=0))
    check(*lines, checking=quick)
    assert check(*lines, checking=quick) == check(*lines, checking=thorough)


@given(st.lists(st.one_of(LINE, st.binary(max_size=60)), max_size=6))
def test_what_goes_on_can_be_read_and_nothing_is_lost(lines: list[bytes]) -> None:
    checked = check(*lines)
    for line in checked.lines:
        point = lineprotocol.parse(line)
        assert point.tags["school"] == "school-1"
        assert point.at is not None
    whole = b"".join(line + b"\n" for line in lines).split(b"\n")
    said = [line for line in whole if line.lstrip() and not line.lstrip().startswith(b"#")]
    assert len(checked.lines) + len(checked.refused) == len(said)

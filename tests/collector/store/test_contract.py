"""What every time-series store promises. To hold another one to it, add it to STORES.

The tests may share one server: each has a measurement of its own, its times lie within the last
hour, and nothing is deleted that is younger than half an hour.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import fmean
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.store.base import (
    Aggregate,
    Curves,
    CurvesQuery,
    LastValue,
    RangeQuery,
    Series,
    Store,
)
from collector.store.sqlite import SqliteStore
from core.clock import SECOND
from core.errors import QueryError
from core.lineprotocol import encode
from core.types import Reading, Value
from tests.chance import examples
from tests.real import named
from tests.real.influx import RealInflux

Open = Callable[[pytest.FixtureRequest], Callable[[], Store]]
"""What opens the same store each time it is called, new for each test."""


def sqlite(request: pytest.FixtureRequest) -> Callable[[], Store]:
    folder: Path = request.getfixturevalue("tmp_path")
    return lambda: SqliteStore(folder / "store.db")


def influx(part: str) -> Open:
    def of(request: pytest.FixtureRequest) -> Callable[[], Store]:
        server: RealInflux = request.getfixturevalue(part)
        bucket = f"contract_{uuid4().hex[:12]}"
        server.make_bucket(bucket)
        return lambda: server.store(bucket)

    return of


def user(request: pytest.FixtureRequest) -> Callable[[], Store]:
    """The same with a user and password, who writes by another way."""
    server: RealInflux = request.getfixturevalue("influxdb2")
    bucket = f"contract_{uuid4().hex[:12]}"
    server.make_bucket(bucket)
    token = server.make_user(bucket)
    return lambda: server.store(bucket, token)


def live(_request: pytest.FixtureRequest) -> Callable[[], Store]:
    """The server that the environment names, of any version: nothing of it is stopped or dropped.

    All tests of all runs share one database, which is made where it is missing.
    """
    return named.store


STORES: dict[str, Open] = {
    "sqlite": sqlite,
    "influxdb1": influx("influxdb1"),
    "influxdb2": influx("influxdb2"),
    "influxdb2 user": user,
}
if named.is_named():
    STORES["influxdb live"] = live
EXPIRE_BY_THEMSELVES = {one for one in STORES if one.startswith("influxdb")}

MINUTE = 60 * SECOND
T = (time.time_ns() // MINUTE - 20) * MINUTE
"""A whole minute, twenty minutes ago: nearly all tests write from here on."""


PARAMS = [
    pytest.param(one, marks=pytest.mark.real(one.split()[0]) if one != "sqlite" else ())
    for one in STORES
]


@pytest.fixture(params=PARAMS)
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[[], Store]]:
    """Opens the same store again each time that it is called."""
    stores: list[Store] = []
    open_it = STORES[request.param](request)

    def again() -> Store:
        stores.append(open_it())
        return stores[-1]

    yield again
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()


@pytest.fixture
def m(request: pytest.FixtureRequest) -> str:
    """The test's own measurement, new for each run."""
    return f"{request.function.__name__}_{uuid4().hex[:8]}"


def write(store: Store, *lines: str) -> None:
    assert list(store.write("".join(line + "\n" for line in lines).encode())) == []


def read(store: Store, measurement: str, field: str = "v", **options: Any) -> list[Series]:
    query = RangeQuery(measurement, field, T, T + 10 * MINUTE, **options)
    return [Series(dict(one.tags), list(one.points)) for one in store.range(query)]


def points(store: Store, measurement: str, field: str = "v", **options: Any) -> list[object]:
    return [point for one in read(store, measurement, field, **options) for point in one.points]


def lasts(store: Store, measurement: str, since: int = T, **tags: str) -> list[LastValue]:
    found = store.last(measurement, tags, since)
    return sorted(found, key=lambda last: (sorted(last.tags.items()), last.field))


# What is written


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.0,
        True,
        False,
        "1",
        "",
        'say "hi", \\o/',
        "教室 3",
        2**63 - 1,
        -(2**63),
        10**18,
        0.1,
        1e300,
    ],
)
def test_a_value_comes_back_as_it_was_with_its_type(store: Store, m: str, value: Value) -> None:
    store.write(encode(Reading(m, {"v": value}, T)) + b"\n")
    [(at, found)] = [point for one in read(store, m) for point in one.points]
    assert (at, found, type(found)) == (T, value, type(value))


def test_names_and_tags_come_back_unescaped(store: Store, m: str) -> None:
    tags = {"room 1": "a,b=c", "楼": "东 楼"}
    store.write(encode(Reading(m, {"a field": 1}, T, tags)) + b"\n")
    assert lasts(store, m) == [LastValue(m, tags, "a field", T, 1)]
    assert read(store, m, "a field", tags={"room 1": "a,b=c"}, group_by=("楼",)) == [
        Series({"楼": "东 楼"}, [(T, 1)])
    ]


def test_what_was_written_is_there_when_the_store_is_opened_again(
    opened: Callable[[], Store], m: str
) -> None:
    first = opened()
    write(first, f"{m},a=1 v=1i {T}")
    first.close()
    second = opened()
    write(second, f"{m},a=1 v=2i {T + 1}", f"{m},a=2 v=3i {T + 2}")
    assert read(second, m, group_by=("a",)) == [
        Series({"a": "1"}, [(T, 1), (T + 1, 2)]),
        Series({"a": "2"}, [(T + 2, 3)]),
    ]


def test_writing_a_point_again_replaces_its_fields_one_by_one(store: Store, m: str) -> None:
    write(store, f"{m} v=1.5,kept=7i {T}")
    write(store, f"{m} v=9.5,later=true {T}")
    assert [(last.field, last.value) for last in lasts(store, m)] == [
        ("kept", 7),
        ("later", True),
        ("v", 9.5),
    ]
    assert points(store, m) == [(T, 9.5)]


def test_within_one_write_the_later_line_replaces_the_earlier_one(store: Store, m: str) -> None:
    write(store, f"{m} v=1 {T}", f"{m} v=2 {T}")
    assert points(store, m) == [(T, 2.0)]


def test_the_order_of_tags_makes_no_other_series(store: Store, m: str) -> None:
    write(store, f"{m},a=1,b=2 v=1 {T}", f"{m},b=2,a=1 v=2 {T}")
    assert read(store, m, group_by=("a", "b")) == [Series({"a": "1", "b": "2"}, [(T, 2.0)])]


def test_points_differ_by_a_tag_and_by_a_nanosecond(store: Store, m: str) -> None:
    write(store, f"{m},a=1 v=1 {T}", f"{m},a=2 v=2 {T}", f"{m} v=3 {T}", f"{m} v=4 {T + 1}")
    found = sorted(points(store, m), key=str)
    assert found == [(T, 1.0), (T, 2.0), (T, 3.0), (T + 1, 4.0)]


def test_comments_and_empty_lines_are_passed_over(store: Store, m: str) -> None:
    write(store, "# schoolwatch/1 epoch=K3M6T0QX9V2ZB8DN seq=1 n=2", "", f"{m} v=1 {T}", "")
    write(store)
    write(store, "# only a comment")
    assert points(store, m) == [(T, 1.0)]


def test_several_threads_write_and_read_at_once(store: Store, m: str) -> None:
    def work(thread: int) -> None:
        for n in range(20):
            write(store, f"{m},t={thread} v={n}i {T + n}")
            assert len(points(store, m, tags={"t": str(thread)})) == n + 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert [len(one.points) for one in read(store, m, group_by=("t",))] == [20] * 4


# What is refused


def test_a_field_of_another_type_is_refused_and_all_other_lines_are_stored(
    store: Store, m: str
) -> None:
    write(store, f"{m} v=1i {T}")
    wrong = f"{m} other=1,v=2.5 {T + 1}".encode()
    good = f"{m} v=3i {T + 2}".encode()
    [refused] = store.write(wrong + b"\n" + good + b"\n")
    assert refused.line == wrong
    assert "field type conflict" in refused.reason
    assert f'input field "v" on measurement "{m}" is type float' in refused.reason
    assert "already exists as type integer" in refused.reason
    assert points(store, m) == [(T, 1), (T + 2, 3)]
    assert points(store, m, "other") == []


@pytest.mark.parametrize(
    "damaged",
    [
        b"no fields",
        b"m v= 1",
        b'm v="open 1',
        b"m v=1 soon",
        b"m,a v=1 1",
        b"m v=1x 1",
        b"\xff\xfe",
    ],
)
def test_a_damaged_line_is_given_back_and_all_other_lines_are_stored(
    store: Store, m: str, damaged: bytes
) -> None:
    lines = f"{m} v=1 {T}\n".encode(), damaged + b"\n", f"{m} v=2 {T + 1}\n".encode()
    [refused] = store.write(b"".join(lines))
    assert refused.line == damaged
    assert refused.reason
    assert points(store, m) == [(T, 1.0), (T + 1, 2.0)]


def test_a_line_without_a_time_is_refused(store: Store, m: str) -> None:
    [refused] = store.write(f"{m} v=1\n{m} v=2 {T}\n".encode())
    assert refused.line == f"{m} v=1".encode()
    assert "no time" in refused.reason
    assert points(store, m) == [(T, 2.0)]


def test_of_a_new_field_in_two_types_the_first_line_decides(store: Store, m: str) -> None:
    lines = f"{m} v=1 {T}", f"{m} v=2i {T + 1}", f"{m} v=3 {T + 2}", f'{m} v="4" {T + 3}'
    refused = store.write("".join(line + "\n" for line in lines).encode())
    assert {one.line.decode() for one in refused} == {lines[1], lines[3]}
    assert points(store, m) == [(T, 1.0), (T + 2, 3.0)]


def test_bad_lines_of_many_kinds_cost_no_good_line(store: Store, m: str) -> None:
    write(store, f'{m} i=1i,s="a" {T}')
    bad = [f"{m} i=1.5,n={n}i {T + n}" for n in range(10, 30)]
    bad += [f"{m} s=1 {T + 1}", f"{m} v=", f"{m} v=1x {T}", f'{m} v="open {T}', f"{m} v=1"]
    good = [f'{m} n={n}i,t="{n}" {T + n}' for n in range(50)]
    mixed = [line for pair in zip(good, bad) for line in pair] + good[len(bad) :]
    refused = store.write("".join(line + "\n" for line in mixed).encode())
    assert sorted(one.line.decode() for one in refused) == sorted(bad)
    assert all(one.reason for one in refused)
    assert points(store, m, "n") == [(T + n, n) for n in range(50)]


def test_beside_a_bad_line_the_later_of_two_lines_of_a_point_still_wins(
    store: Store, m: str
) -> None:
    write(store, f"{m} i=1i {T}")
    lines = [f"{m} v={n} {T}" for n in range(8)]
    lines.insert(3, f"{m} i=2.5 {T}")
    [refused] = store.write("".join(line + "\n" for line in lines).encode())
    assert refused.line.decode() == lines[3]
    assert points(store, m) == [(T, 7.0)]


# Ranged reads


def test_a_range_has_its_start_and_not_its_stop(store: Store, m: str) -> None:
    write(store, *(f"{m} v={n} {T + n}" for n in range(4)))
    query = RangeQuery(m, "v", T + 1, T + 3)
    assert [list(one.points) for one in store.range(query)] == [[(T + 1, 1.0), (T + 2, 2.0)]]


def test_a_range_that_ends_before_it_begins_is_empty(store: Store, m: str) -> None:
    write(store, f"{m} v=1 {T}")
    assert list(store.range(RangeQuery(m, "v", T + 1, T))) == []


def test_what_was_never_written_is_empty(store: Store, m: str) -> None:
    assert read(store, m) == []
    write(store, f"{m},a=1 v=1 {T}")
    assert read(store, m, "w", aggregate="mean") == []
    assert read(store, m, tags={"a": "2"}) == []
    assert read(store, m, tags={"b": "1"}) == []
    assert lasts(store, f"{m}_2") == []


@pytest.mark.parametrize(
    ("aggregate", "first_minute", "third_minute"),
    [
        ("mean", 4.0, 8.0),
        ("min", 1, 8),
        ("max", 9, 8),
        ("sum", 12, 8),
        ("count", 3, 1),
        ("first", 9, 8),
        ("last", 2, 8),
    ],
)
def test_windows_with_points_have_one_value_at_their_start(
    store: Store, m: str, aggregate: Aggregate, first_minute: Value, third_minute: Value
) -> None:
    at = (T + 1, T + 2, T + MINUTE - 1, T + 2 * MINUTE)
    write(store, *(f"{m} v={v}i {at}" for v, at in zip((9, 1, 2, 8), at)))
    found = points(store, m, aggregate=aggregate, window=MINUTE)
    assert found == [(T, first_minute), (T + 2 * MINUTE, third_minute)]


def test_windows_are_aligned_to_1970_wherever_the_range_begins(store: Store, m: str) -> None:
    write(store, f"{m} v=1 {T}", f"{m} v=2 {T + 50 * SECOND}", f"{m} v=3 {T + 70 * SECOND}")
    query = RangeQuery(m, "v", T + 30 * SECOND, T + 5 * MINUTE, "sum", MINUTE)
    [one] = store.range(query)
    assert list(one.points) == [(T, 2.0), (T + MINUTE, 3.0)]


def test_without_a_window_there_is_one_value_at_the_start(store: Store, m: str) -> None:
    write(store, f"{m} v=1 {T + 5}", f"{m} v=3 {T + 6}")
    assert points(store, m, aggregate="mean") == [(T, 2.0)]
    assert points(store, m, aggregate="last") == [(T, 3.0)]


def test_series_come_in_order_of_the_tags_that_they_are_grouped_by(store: Store, m: str) -> None:
    write(
        store,
        f"{m},school=s2,agent=a1 v=4 {T}",
        f"{m},school=s1,agent=a2 v=1 {T}",
        f"{m},school=s1,agent=a1 v=3 {T + 1}",
        f"{m} v=7 {T}",
    )
    assert read(store, m, group_by=("school",), aggregate="sum") == [
        Series({"school": ""}, [(T, 7.0)]),
        Series({"school": "s1"}, [(T, 4.0)]),
        Series({"school": "s2"}, [(T, 4.0)]),
    ]
    assert [one.tags for one in read(store, m, group_by=("school", "agent"))] == [
        {"school": "", "agent": ""},
        {"school": "s1", "agent": "a1"},
        {"school": "s1", "agent": "a2"},
        {"school": "s2", "agent": "a1"},
    ]


def test_without_grouping_all_series_are_one_in_order_of_time(store: Store, m: str) -> None:
    write(store, f"{m},a=1 v=1 {T}", f"{m},a=1 v=3 {T + 2}", f"{m},a=2 v=2 {T + 1}")
    assert read(store, m) == [Series({}, [(T, 1.0), (T + 1, 2.0), (T + 2, 3.0)])]
    assert read(store, m, aggregate="mean", window=MINUTE) == [Series({}, [(T, 2.0)])]


def test_tags_choose_series_and_an_empty_one_those_without_it(store: Store, m: str) -> None:
    write(store, f"{m},a=1,b=1 v=1 {T}", f"{m},a=1 v=2 {T + 1}", f"{m},a=2,b=1 v=3 {T + 2}")
    assert points(store, m, tags={"a": "1"}) == [(T, 1.0), (T + 1, 2.0)]
    assert points(store, m, tags={"a": "1", "b": "1"}) == [(T, 1.0)]
    assert points(store, m, tags={"b": ""}) == [(T + 1, 2.0)]


def test_the_limit_leaves_out_the_newest_points_of_all_series(store: Store, m: str) -> None:
    write(store, *(f"{m},a=1 v={n}i {T + n}" for n in range(6)))
    write(store, *(f"{m},a=2 v={n}i {T + n}" for n in range(3, 9)))
    assert points(store, m, limit=5) == [(T, 0), (T + 1, 1), (T + 2, 2), (T + 3, 3), (T + 3, 3)]
    assert read(store, m, limit=6, group_by=("a",)) == [
        Series({"a": "1"}, [(T + n, n) for n in range(5)]),
        Series({"a": "2"}, [(T + 3, 3)]),
    ]
    assert [len(one.points) for one in read(store, m, limit=2, group_by=("a",))] == [2]
    assert points(store, m, limit=3, aggregate="count", window=1) == [
        (T, 1),
        (T + 1, 1),
        (T + 2, 1),
    ]


def test_the_limit_holds_over_many_series(store: Store, m: str) -> None:
    write(store, *(f"{m},a={n % 20} v={n}i {T + n}" for n in range(200)))
    found = read(store, m, limit=30, group_by=("a",))
    assert sorted(at for one in found for at, _ in one.points) == list(range(T, T + 30))
    assert [one.tags["a"] for one in found] == sorted(str(n) for n in range(20))


@pytest.mark.parametrize("aggregate", ["mean", "min", "max", "sum"])
@pytest.mark.parametrize("value", ['"text"', "true"])
def test_texts_and_booleans_have_no_mean(
    store: Store, m: str, value: str, aggregate: Aggregate
) -> None:
    write(store, f"{m} v={value} {T}")
    with pytest.raises(QueryError):
        read(store, m, aggregate=aggregate)
    assert len(read(store, m)) == 1


def test_a_sum_that_does_not_fit_is_an_error_and_no_other_number(store: Store, m: str) -> None:
    write(store, f"{m} v={2**63 - 1}i {T}", f"{m} v=0i {T + 1}")
    assert points(store, m, aggregate="sum") == [(T, 2**63 - 1)]
    write(store, f"{m} v=9i {T + 2}")
    with pytest.raises(QueryError, match="does not fit"):
        read(store, m, aggregate="sum", window=MINUTE)


@pytest.mark.parametrize(
    "text", ['x" OR "a"=\'', "x' OR 'a'='a", "a\\' OR 1=1 --", 'a\\x"; DROP', "$1 ; % _ *", "/.*/"]
)
def test_what_looks_like_a_query_is_only_a_name(store: Store, m: str, text: str) -> None:
    tags, name = {text: text, "a": "1"}, m + text
    assert not store.write(encode(Reading(name, {text: 1}, T, tags)) + b"\n")
    assert not store.write(encode(Reading(name, {text: 2}, T, {"a": "2"})) + b"\n")
    assert list(store.last(name, {text: text}, T)) == [LastValue(name, tags, text, T, 1)]
    assert read(store, name, text, group_by=(text,), aggregate="sum") == [
        Series({text: ""}, [(T, 2)]),
        Series({text: text}, [(T, 1)]),
    ]
    assert read(store, name, "v", tags={"a": text}) == []


@pytest.mark.parametrize(
    ("first", "last"), [('"up"', '"down"'), ("true", "false")], ids=["text", "boolean"]
)
def test_texts_and_booleans_have_a_first_a_last_and_a_count(
    store: Store, m: str, first: str, last: str
) -> None:
    write(store, f"{m} v={first} {T}", f"{m} v={last} {T + 1}")
    [(_, one), (_, other)] = [point for one in read(store, m) for point in one.points]
    assert points(store, m, aggregate="first", window=MINUTE) == [(T, one)]
    assert points(store, m, aggregate="last") == [(T, other)]
    [(_, count)] = [point for s in read(store, m, aggregate="count") for point in s.points]
    assert (count, type(count)) == (2, int)
    assert type(one) is type(other) is (bool if first == "true" else str)


@pytest.mark.parametrize(
    "options",
    [
        {"window": MINUTE},
        {"aggregate": "mean", "window": 0},
        {"aggregate": "mean", "window": -1},
        {"aggregate": "mean", "window": 2**63},
        {"limit": 0},
    ],
    ids=str,
)
def test_a_query_without_sense_cannot_be_made(options: dict[str, Any]) -> None:
    with pytest.raises(QueryError):
        RangeQuery("m", "v", 0, 1, **options)


# Newest values


def test_last_gives_the_newest_value_of_every_field_and_series(store: Store, m: str) -> None:
    write(store, f"{m},a=1 v=1i,w=true {T}", f"{m},a=1 v=2i {T + 9}", f"{m},a=2 v=3i {T + 5}")
    assert lasts(store, m) == [
        LastValue(m, {"a": "1"}, "v", T + 9, 2),
        LastValue(m, {"a": "1"}, "w", T, True),
        LastValue(m, {"a": "2"}, "v", T + 5, 3),
    ]
    assert lasts(store, m, a="2") == [LastValue(m, {"a": "2"}, "v", T + 5, 3)]


def test_last_looks_no_further_back_than_asked(store: Store, m: str) -> None:
    write(store, f"{m},a=1 v=1,w=2 {T}", f"{m},a=1 v=3 {T + 9}", f"{m},a=2 v=4 {T + 8}")
    assert [last.value for last in lasts(store, m, since=T + 9)] == [3.0]
    assert lasts(store, m, since=T + 10) == []


def test_a_point_that_arrives_late_is_not_the_newest(store: Store, m: str) -> None:
    write(store, f"{m} v=2 {T + 9}")
    write(store, f"{m} v=1 {T}")
    assert lasts(store, m) == [LastValue(m, {}, "v", T + 9, 2.0)]


# Whole series


def curves(store: Store, spans: dict[str, tuple[int, int]], *whose: str) -> list[Curves]:
    query = CurvesQuery(spans, ("a", "b"), [(one[:1], one[1:]) for one in whose])
    found = [
        Curves(one.measurement, dict(one.tags), {k: list(v) for k, v in one.fields.items()})
        for one in store.curves(query)
    ]
    return sorted(found, key=lambda one: (one.measurement, sorted(one.tags.items())))


def test_whole_series_come_with_all_fields_tags_and_types(store: Store, m: str) -> None:
    write(
        store,
        f'{m},a=1,b=x,port=2 i=1i,f=2,flag=true,word="on, \\"1\\"" {T}',
        f"{m},a=1,b=x,port=2 i={2**63 - 1}i {T + 1}",
        f"{m},a=1,b=x,port=3 flag=false {T + 2}",
        f"{m},a=2,b=x i=4i {T}",
        f"{m}_other,a=1,b=x f=0.5 {T}",
    )
    spans = {m: (T, T + MINUTE), f"{m}_other": (T, T + MINUTE), f"{m}_never": (T, T + 1)}
    assert curves(store, spans, "1x") == [
        Curves(
            m,
            {"a": "1", "b": "x", "port": "2"},
            {
                "i": [(T, 1), (T + 1, 2**63 - 1)],
                "f": [(T, 2.0)],
                "flag": [(T, True)],
                "word": [(T, 'on, "1"')],
            },
        ),
        Curves(m, {"a": "1", "b": "x", "port": "3"}, {"flag": [(T + 2, False)]}),
        Curves(f"{m}_other", {"a": "1", "b": "x"}, {"f": [(T, 0.5)]}),
    ]
    [one] = curves(store, {m: (T, T + 1)}, "1x")
    assert {name: type(points[0][1]) for name, points in one.fields.items()} == {
        "i": int,
        "f": float,
        "flag": bool,
        "word": str,
    }


def test_whole_series_have_their_start_and_not_their_stop_each_measurement_its_own(
    store: Store, m: str
) -> None:
    lines = [f"{name},a=1 v={n}i {T + n}" for name in (m, f"{m}_2") for n in range(5)]
    write(store, *lines)
    spans = {m: (T + 1, T + 3), f"{m}_2": (T + 4, T + 5)}
    assert [list(one.fields["v"]) for one in curves(store, spans, "1")] == [
        [(T + 1, 1), (T + 2, 2)],
        [(T + 4, 4)],
    ]
    assert curves(store, {m: (T + 3, T + 3)}, "1") == []


def test_series_are_chosen_by_several_tags_and_an_empty_one_is_one_that_is_not_there(
    store: Store, m: str
) -> None:
    heads = ("a=1,b=x", "a=1,b=y", "a=2,b=x", "a=2,b=y", "a=1", "c=1")
    write(store, *(f"{m},{head} v=1i {T}" for head in heads), f"{m} v=1i {T}")
    spans = {m: (T, T + 1)}
    found = [dict(one.tags) for one in curves(store, spans, "1x", "2y", "1")]
    assert found == [{"a": "1"}, {"a": "1", "b": "x"}, {"a": "2", "b": "y"}]
    assert [dict(one.tags) for one in curves(store, spans, "")] == [{}, {"c": "1"}]
    assert curves(store, spans) == []
    assert curves(store, spans, "1'") == []


def test_a_long_series_comes_whole(store: Store, m: str) -> None:
    write(store, *(f"{m},a=1 v={n}i,w={n}i {T + n}" for n in range(25_000)))
    [one] = curves(store, {m: (T, T + MINUTE)}, "1")
    expected = [(T + n, n) for n in range(25_000)]
    assert one.fields == {"v": expected, "w": expected}


# Expiry and counter


def test_what_is_old_goes_and_what_is_younger_stays(
    store: Store, m: str, request: pytest.FixtureRequest
) -> None:
    old = T - 20 * MINUTE
    write(store, f"{m},a=1 v=1 {old}", f"{m},a=1 v=2 {T}", f"{m},a=2 v=3 {old}")
    if request.node.callspec.params["opened"] in EXPIRE_BY_THEMSELVES:
        assert store.expire(old + MINUTE) == 0
        assert len(lasts(store, m, since=old)) == 2
        return
    store.expire(old + MINUTE)
    assert lasts(store, m, since=old) == [LastValue(m, {"a": "1"}, "v", T, 2.0)]

    write(store, f"{m},a=2 v=4 {T}", f"{m},a=1 v=5 {T + 1}")
    assert read(store, m, group_by=("a",)) == [
        Series({"a": "1"}, [(T, 2.0), (T + 1, 5.0)]),
        Series({"a": "2"}, [(T, 4.0)]),
    ]


def test_the_commit_counter_is_there_when_the_store_is_opened_again(
    opened: Callable[[], Store],
) -> None:
    first = opened()
    first.set_counter(41)
    first.set_counter(42)
    assert first.counter() == 42
    first.close()
    assert opened().counter() == 42


# Against a model

_FIELDS: dict[str, st.SearchStrategy[Value]] = {
    "i": st.integers(-(10**12), 10**12),
    # Eighths add up exactly in whatever order.
    "f": st.integers(-(10**6), 10**6).map(lambda eighths: eighths / 8),
}
_POINTS = st.sampled_from(sorted(_FIELDS)).flatmap(
    lambda field: st.tuples(
        st.sampled_from("ab"), st.just(field), st.integers(0, 9), _FIELDS[field]
    )
)
_PYTHON: dict[Aggregate, Callable[[list[Any]], float]] = {
    "mean": fmean,
    "min": min,
    "max": max,
    "sum": sum,
    "count": len,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
}


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(writes=st.lists(st.lists(_POINTS, max_size=12), max_size=5), window=st.integers(1, 5))
def test_whatever_is_written_reads_as_a_plain_dict_says(
    store: Store, writes: list[list[tuple[str, str, int, Value]]], window: int
) -> None:
    m = f"model_{uuid4().hex[:8]}"
    model: dict[tuple[str, str, int], Value] = {}
    for batch in writes:
        readings = (Reading(m, {f: v}, T + at * SECOND, {"s": s}) for s, f, at, v in batch)
        assert list(store.write(b"".join(encode(one) + b"\n" for one in readings))) == []
        model |= {(s, f, at): v for s, f, at, v in batch}

    for field in _FIELDS:
        curves = {
            s: [(at, model[s, field, at]) for at in range(10) if (s, field, at) in model]
            for s in "ab"
        }
        assert read(store, m, field, group_by=("s",)) == [
            Series({"s": s}, [(T + at * SECOND, v) for at, v in curve])
            for s, curve in curves.items()
            if curve
        ]
        for aggregate, own in _PYTHON.items():
            found = read(
                store, m, field, group_by=("s",), aggregate=aggregate, window=window * SECOND
            )
            assert {one.tags["s"]: dict(one.points) for one in found} == {
                s: pytest.approx(windowed(curve, window, own))
                for s, curve in curves.items()
                if curve
            }


def windowed(
    curve: list[tuple[int, Value]], window: int, own: Callable[[list[Any]], float]
) -> dict[int, float]:
    whole = T // SECOND
    windows: dict[int, list[Value]] = {}
    for at, value in curve:
        windows.setdefault((whole + at) // window * window * SECOND, []).append(value)
    return {at: own(values) for at, values in windows.items()}

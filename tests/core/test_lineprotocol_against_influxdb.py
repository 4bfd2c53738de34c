"""Our line protocol beside a real InfluxDB 2: the same values, the same refusals."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.catalog import FieldType
from core.lineprotocol import Point, encode
from core.types import Reading, Value
from tests.core.lines_refused import REFUSED, Refused
from tests.core.lines_stricter import STRICTER, Stricter
from tests.core.lines_taken import TAKEN, Taken
from tests.real import influxdb2
from tests.real.influxdb2 import Influxdb2

pytestmark = pytest.mark.real("influxdb2")

BEFORE, AFTER = "before-it", "after-it"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxdb2]:
    try:
        with influxdb2.running(tmp_path_factory.mktemp("influxdb2")) as started:
            yield started
    except influxdb2.NoInfluxdb2 as reason:
        pytest.skip(str(reason))


@pytest.fixture
def bucket(server: Influxdb2, numbers: Iterator[int]) -> str:
    name = f"line-{next(numbers)}"
    server.make_bucket(name)
    return name


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.sentence) for case in TAKEN])
def test_it_takes_what_we_take_and_reads_the_same_in_it(
    server: Influxdb2, bucket: str, case: Taken
) -> None:
    body = b"%b v=1 1\n%b\n%b v=1 1\n" % (BEFORE.encode(), case.line, AFTER.encode())
    assert server.write(bucket, body) == (204, "")

    found = {point.measurement: point for point in points(server, bucket)}
    assert found.keys() == {BEFORE, AFTER, case.point.measurement}
    assert_same(found[case.point.measurement], case.point)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.sentence) for case in REFUSED])
def test_it_refuses_what_we_refuse(server: Influxdb2, bucket: str, case: Refused) -> None:
    status, words = server.write(bucket, case.line)
    assert status in (400, 422), words
    assert points(server, bucket) == []


@pytest.mark.parametrize("case", [pytest.param(case, id=case.sentence) for case in STRICTER])
def test_where_we_are_stricter_it_does_what_stands_there(
    server: Influxdb2, bucket: str, case: Stricter
) -> None:
    status, words = server.write(bucket, case.line)
    # It says 422 where it took a part of the point off and stored the rest.
    assert status == 204 or (status == 422 and case.gives_back), words

    found = points(server, bucket)
    assert len(found) == (1 if case.gives_back else 0)
    if case.gives_back:
        assert_same(found[0], case.gives_back)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.sentence) for case in STRICTER if case.loses_the_next]
)
def test_what_would_swallow_the_next_line_does_so(
    server: Influxdb2, bucket: str, case: Stricter
) -> None:
    server.write(bucket, b"%b\n%b v=1 1\n" % (case.line, AFTER.encode()))
    assert AFTER not in [point.measurement for point in points(server, bucket)]


def test_it_gives_back_what_we_encode(server: Influxdb2, bucket: str) -> None:
    tags = {"room, floor": 'a="3"', "path": r"\\nas\share", "empty": "", "座位": "前 排"}
    fields: dict[str, Value] = {
        "text": 'said "no", then\tleft by C:\\',
        "is = it": True,
        "large": 2**63 - 1,
        "small": -(2**63),
        "whole": 1e16,
        "tiny": 5e-324,
        "whole float": 3.0,
    }
    reading = Reading("multi media, 机房", fields, 1_795_374_585_123_456_789, tags)
    assert server.write(bucket, encode(reading)) == (204, "")

    del tags["empty"]
    [found] = points(server, bucket)
    assert_same(found, Point(reading.measurement, tags, fields, reading.at))


def assert_same(found: Point, expected: Point) -> None:
    """Compare all but a time that the server chose; a boolean is no 1, and 1 no 1.0."""
    if expected.at is None:
        found = replace(found, at=None)
    assert found == expected
    assert {k: type(v) for k, v in found.fields.items()} == {
        k: type(v) for k, v in expected.fields.items()
    }


def points(server: Influxdb2, bucket: str) -> list[Point]:
    """Return every point in *bucket*, as InfluxQL finds it."""
    names = server.query(bucket, "show measurements")
    found = [row[0] for series in names for row in series["values"]]
    return [point for name in found for point in _points_of(server, bucket, name)]


def _points_of(server: Influxdb2, bucket: str, measurement: str) -> Iterator[Point]:
    name = '"' + measurement.replace("\\", "\\\\").replace('"', '\\"') + '"'
    types = _types(server.query(bucket, f"show field keys from {name}"))
    for series in server.query(bucket, f"select * from {name} group by *"):
        for row in series["values"]:
            values = dict(zip(series["columns"], row))
            at = values.pop("time")
            fields = {key: _typed(types[key], value) for key, value in values.items()}
            yield Point(series["name"], series.get("tags", {}), fields, at)


def _types(field_keys: list[dict[str, list[list[FieldType]]]]) -> dict[str, FieldType]:
    return {str(key): kind for series in field_keys for key, kind in series["values"]}


def _typed(kind: FieldType, value: Value) -> Value:
    # JSON does not tell 1.0 from 1.
    return float(value) if kind == "float" else value

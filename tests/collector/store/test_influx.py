"""What only the InfluxDB store can show: two versions' words, lost servers, refused credentials."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from uuid import uuid4

import pytest

from collector.store import influx_write
from collector.store.base import LastValue, RangeQuery
from collector.store.influx import InfluxStore
from collector.store.influx_door import Door, Refusal
from collector.store.influx_errors import Place
from core.clock import SECOND
from core.errors import QueryError, StoreBusy, StoreStopped
from tests.collector.store.overloaded import Troubled, troubled
from tests.real.influx import RealInflux

NOW = time.time_ns() // SECOND * SECOND
HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
SECRET = "a-very-secret-token"


@pytest.fixture
def bucket(influx: RealInflux) -> str:
    return made(influx)


@pytest.fixture
def store(influx: RealInflux, bucket: str) -> Iterator[InfluxStore]:
    with closing(influx.store(bucket)) as store:
        yield store


def made(server: RealInflux, keep_hours: int = 0) -> str:
    name = f"store_{uuid4().hex[:12]}"
    server.make_bucket(name, keep_hours)
    return name


def values(store: InfluxStore, measurement: str = "m", field: str = "v") -> list[object]:
    query = RangeQuery(measurement, field, -(2**63), 2**63 - 1, limit=10**6)
    return [value for one in store.range(query) for _, value in one.points]


@contextmanager
def beside(fake: Troubled) -> Iterator[InfluxStore]:
    with closing(InfluxStore(fake.url, SECRET, bucket="b", org="o", timeout_s=5)) as store:
        yield store


class Counting:
    """Sends to a real server and counts."""

    def __init__(self, server: RealInflux, bucket: str) -> None:
        self.door = Door(Place(server.url, server.org, bucket), server.token, 10)
        self.requests = 0

    def send(self, lines: bytes) -> Refusal | None:
        self.requests += 1
        return self.door.write(lines)


# What InfluxDB refuses


def test_influxdb_stores_most_lines_of_a_body_that_it_answers_400_and_we_keep_them_all(
    influx: RealInflux, store: InfluxStore, bucket: str
) -> None:
    store.write(b"m v=0i 1\n")
    body = b"m v=1i 2\nm v=2.5 3\nm v=3i 4\n"
    status, words = influx.write(bucket, body)
    assert (status in (400, 422), "dropped=1" in words) == (True, True)
    assert values(store) == [0, 1, 3]

    [refused] = store.write(body)
    assert refused.line == b"m v=2.5 3"
    assert refused.reason == (
        'field type conflict: input field "v" on measurement "m" is type float, '
        "already exists as type integer"
    )
    assert values(store) == [0, 1, 3]


def test_a_version_that_keeps_nothing_of_a_damaged_body_loses_nothing_either(
    store: InfluxStore,
) -> None:
    [refused] = store.write(b"m v=1i 2\nm v=2x 3\nm v=3i 4\n")
    assert refused.line == b"m v=2x 3"
    assert refused.reason == "unable to parse 'm v=2x 3': invalid number"
    assert values(store) == [1, 3]


def test_what_is_older_than_the_retention_comes_back_with_the_databases_words(
    influx: RealInflux,
) -> None:
    with closing(influx.store(made(influx, keep_hours=24))) as store:
        lines = [b"m v=%d %d\n" % (n, NOW - n * 5 * HOUR) for n in range(10)]
        refused = store.write(b"".join(lines))
        old = [line[:-1] for line in lines[5:]]
        assert [one.line for one in refused] == old
        assert all("retention policy" in one.reason for one in refused)
        assert values(store) == [4.0, 3.0, 2.0, 1.0, 0.0]


@pytest.mark.parametrize("share", [2, 100])
def test_many_lines_at_fault_are_found_in_few_requests(
    influx: RealInflux, bucket: str, share: int
) -> None:
    counting = Counting(influx, bucket)
    influx_write.write(b"m v=1i %d\n" % NOW, counting.send)
    lines = [b"m v=%d%b %d\n" % (n, b"" if n % share == 0 else b"i", NOW + n) for n in range(5_000)]
    refused = influx_write.write(b"".join(lines), counting.send)
    assert len(refused) == 5_000 // share
    assert all(b"i " not in one.line for one in refused)
    assert counting.requests <= 4


def test_words_that_nobody_knows_are_traced_to_an_agent_first_and_then_to_its_line() -> None:
    bodies: list[bytes] = []

    def odd(body: bytes) -> Refusal | None:
        bodies.append(body)
        return Refusal(422, "the moon is full") if b" v=13i " in body else None

    agents = [b"m,agent=pc-%d,note=a\\,agent\\=x,region=1,school=s" % n for n in range(8)]
    # Mixed, as the batches of a group are.
    lines = [b"%b v=%di %d" % (agents[n % 8], n, n) for n in range(80)]
    (refused,) = influx_write.write(b"\n".join(lines) + b"\n", odd)
    assert refused.line == lines[13]
    cut = [body.splitlines() for body in bodies if body != influx_write.PROBE]
    several = [body for body in cut if len({line.split(b",note")[0] for line in body}) > 1]
    assert all(len(body) % 10 == 0 for body in several), "whole agents, until there is one"
    stored = {line for body in cut if lines[13] not in body for line in body}
    assert stored == {*lines} - {lines[13]}


def test_two_kinds_of_fault_and_old_lines_in_one_body_are_told_apart(influx: RealInflux) -> None:
    counting = Counting(influx, made(influx, keep_hours=24))
    influx_write.write(b"m v=1i,w=true %d\n" % NOW, counting.send)
    good = [b"m v=%di %d" % (n, NOW - n) for n in range(1, 1_000)]
    float_, text = b"m v=1.5 %d" % NOW, b'm w="x" %d' % NOW
    old, damaged = b"m v=1i %d" % (NOW - 3 * DAY), b"m v=1x %d" % NOW
    body = [*good[:300], float_, text, *good[300:600], old, *good[600:], damaged, float_]
    refused = influx_write.write(b"\n".join(body) + b"\n", counting.send)
    assert {one.line: one.reason.split("'")[0].split('"')[0] for one in refused}.keys() == {
        float_, text, old, damaged,
    }  # fmt: skip
    reasons = {one.line: one.reason for one in refused}
    assert "is type float" in reasons[float_]
    assert "is type string" in reasons[text]
    assert "retention policy" in reasons[old]
    assert "unable to parse" in reasons[damaged]
    with closing(influx.store(counting.door._place.bucket)) as store:
        assert len(values(store)) == 1_000


def test_an_open_quote_does_not_swallow_the_lines_behind_it(store: InfluxStore) -> None:
    refused = store.write(b'm v="open 1\nm v=2 2\n" 3\nm v=4 4\nm w="5" 5\n')
    assert [one.line for one in refused] == [b'm v="open 1', b'" 3']
    assert values(store) == [2.0, 4.0]
    assert values(store, field="w") == ["5"]


def test_a_wrong_organisation_is_nobodys_bad_line(influxdb2: RealInflux) -> None:
    name = made(influxdb2)
    for org in ("", "elsewhere"):
        store = InfluxStore(influxdb2.url, influxdb2.token, bucket=name, org=org)
        with closing(store), pytest.raises(StoreStopped, match="org"):
            store.write(b"m v=1 1\nm v=2 2\n")


# Servers in trouble


def test_a_killed_server_is_busy_and_has_everything_when_it_is_back(own_influx: RealInflux) -> None:
    with closing(own_influx.store(made(own_influx), timeout_s=2)) as store:
        store.write(b"m v=1 1\n")
        own_influx.kill()
        for _ in range(2):
            with pytest.raises(StoreBusy, match="refused") as first:
                store.write(b"m v=2 2\n")
            with pytest.raises(StoreBusy):
                values(store)
            with pytest.raises(StoreBusy) as again:
                store.write(b"m v=2 2\n")
            assert str(first.value) == str(again.value)

        own_influx.start()
        assert store.write(b"m v=2 2\n") == []
        assert values(store) == [1.0, 2.0]

        own_influx.suspend()
        hanging = closing(own_influx.store(store._door._place.bucket, timeout_s=0.3))
        with hanging as impatient:
            with pytest.raises(StoreBusy, match="timed out"):
                impatient.write(b"m v=3 3\n")
            with pytest.raises(StoreBusy, match="timed out"):
                values(impatient)
            own_influx.resume()
            assert impatient.write(b"m v=3 3\n") == []
            assert values(impatient) == [1.0, 2.0, 3.0]


def test_a_wrong_token_stops_and_says_what_to_do_but_not_the_token(
    influx: RealInflux, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = SECRET if influx.version == 2 else f"admin:{SECRET}"
    with closing(influx.store(bucket, token)) as store:
        asks: list[Callable[[], object]] = [
            lambda: store.write(b"m v=1 1\n"),
            lambda: values(store),
            lambda: store.last("m", {}, 0),
            store.counter,
            lambda: store.set_counter(1),
        ]
        for ask in asks:
            with pytest.raises(StoreStopped, match="token_file") as stopped:
                ask()
            assert SECRET not in f"{stopped.value} {stopped.value.__cause__!r}"
        assert SECRET not in f"{store!r} {vars(store)}"
    assert SECRET not in caplog.text


def test_a_missing_bucket_stops_until_somebody_makes_it(influx: RealInflux) -> None:
    name = f"later_{uuid4().hex[:8]}"
    with closing(influx.store(name)) as store:
        with pytest.raises(StoreStopped, match="create it"):
            store.write(b"m v=1 1\n")
        with pytest.raises(StoreStopped, match="create it"):
            values(store)
        influx.make_bucket(name)
        assert store.write(b"m v=1 1\n") == []
        assert values(store) == [1.0]


def test_nothing_is_written_in_batches_that_nobody_hears_of_again() -> None:
    """influxdb-client's batching gives None for each of these, and drops them."""
    overloaded = troubled(lambda _: (503, {}, b'{"message":"engine: cache maximum"}'))
    with overloaded as fake, beside(fake) as store:
        for number in range(5):
            with pytest.raises(StoreBusy, match="503: engine: cache maximum"):
                store.write(b"m v=1 1\n")
            assert len(fake.bodies) == number + 1

        fake.reply = lambda _: (204, {}, b"")
        assert store.write(b"m v=1 1\n") == []


def test_an_overloaded_server_says_for_how_long() -> None:
    with (
        troubled(lambda _: (429, {"Retry-After": "17"}, b"")) as fake,
        beside(fake) as store,
    ):
        with pytest.raises(StoreBusy, match="17 s"):
            store.write(b"m v=1 1\n")
        with pytest.raises(StoreBusy, match="17 s"):
            values(store)


def test_a_body_that_is_too_large_is_halved_until_it_fits() -> None:
    taken: list[bytes] = []

    def small(body: bytes) -> tuple[int, dict[str, str], bytes]:
        if len(body) > 100:
            return 413, {}, b'{"message":"Request Entity Too Large"}'
        taken.extend(body.splitlines())
        return 204, {}, b""

    lines = [b"m v=%d %d" % (n, n) for n in range(100)]
    large = b"m,t=%b v=1 1" % (b"x" * 100)
    with troubled(small) as fake, beside(fake) as store:
        [refused] = store.write(b"\n".join([*lines[:50], large, *lines[50:]]) + b"\n")
    assert (refused.line, refused.reason) == (large, "Request Entity Too Large")
    assert taken == lines


@pytest.mark.parametrize("status", [200, 202, 302, 403, 405])
def test_only_204_means_stored(status: int) -> None:
    headers = {"Location": "http://127.0.0.1:9/"}
    with (
        troubled(lambda _: (status, headers, b"<html>\xff")) as fake,
        beside(fake) as store,
        pytest.raises(StoreStopped),
    ):
        store.write(b"m v=1 1\n")


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"[]",
        b"",
        b'{"results":[]}\n',
        b'{"results":[{"statement_id":0}]}\n',
        b'{"results":[{"series":[{}]}]}\n',
        b'{"results":[{"statement_id":1,"error":"engine is closed"}]}\n',
        b'{"error":"timeout"}\n',
    ],
)
def test_an_answer_that_is_none_is_asked_for_again(answer: bytes) -> None:
    with (
        troubled(lambda _: (200, {}, answer)) as fake,
        beside(fake) as store,
        pytest.raises(StoreBusy),
    ):
        values(store)


def test_a_closed_store_says_so(influx: RealInflux, bucket: str) -> None:
    store = influx.store(bucket)
    store.close()
    with pytest.raises(StoreStopped, match="was closed"):
        store.write(b"m v=1 1\n")
    with pytest.raises(StoreStopped, match="was closed"):
        values(store)


# Reads


def test_more_points_than_come_in_one_piece_are_read_whole(store: InfluxStore) -> None:
    count = 25_000
    lines = [b"m,a=%d v=%di %d\n" % (n % 3, n, n) for n in range(count)]
    assert store.write(b"".join(lines)) == []
    assert values(store) == list(range(count))
    grouped = store.range(RangeQuery("m", "v", 0, count, group_by=("a",), limit=1_000))
    assert sorted(at for one in grouped for at, _ in one.points) == list(range(1_000))


def test_a_field_that_has_two_types_in_two_shards_reads_as_numbers(store: InfluxStore) -> None:
    assert store.write(b"m v=1i %d\nm v=2.5 %d\n" % (NOW - 60 * DAY, NOW)) == []
    assert [(value, type(value)) for value in values(store)] == [(1.0, float), (2.5, float)]


def test_a_tag_called_time_is_no_question(store: InfluxStore) -> None:
    with pytest.raises(QueryError, match="time"):
        store.range(RangeQuery("m", "v", 0, 1, group_by=("time",)))
    store.write(b"m v=1 1\n")
    with pytest.raises(QueryError, match="characters"):
        store.last("m", {"a": "\0"}, 0)


def test_newest_values_of_very_many_fields_come_in_several_questions(store: InfluxStore) -> None:
    fields = ",".join(f"f{n:03}={n}i" for n in range(120))
    assert store.write(f"m,a=1 {fields} 5\n".encode()) == []
    found = store.last("m", {}, 0)
    assert found == [LastValue("m", {"a": "1"}, f"f{n:03}", 5, n) for n in range(120)]


# The commit counter


def test_a_clock_that_went_back_does_not_bring_an_old_counter_back(
    influx: RealInflux, bucket: str
) -> None:
    times = iter([NOW, NOW - DAY, NOW - DAY])
    with closing(
        InfluxStore(
            influx.url, influx.token, bucket=bucket, org=influx.org, now=lambda: next(times)
        )
    ) as store:
        for value in (7, 8, 9):
            store.set_counter(value)
            assert store.counter() == value


def test_collectors_that_share_a_bucket_have_counters_of_their_own(
    influx: RealInflux, bucket: str
) -> None:
    stores = [
        InfluxStore(influx.url, influx.token, bucket=bucket, org=influx.org, name=name)
        for name in ("d1", "d2")
    ]
    stores[0].set_counter(41)
    assert [one.counter() for one in stores] == [41, 0]
    for one in stores:
        one.close()

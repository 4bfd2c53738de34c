"""InfluxDB 3 Core by exchanges written from its documentation; live: tests/real/named.py."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.store.base import LastValue, RangeQuery, Series
from collector.store.influx import InfluxStore
from collector.store.influx_admin import Admin
from core.clock import SECOND
from core.errors import QueryError, StoreStopped
from tests.collector.store.influxdb3 import Documented, documented
from tests.collector.store.provisioning import Place
from tests.real.influx import RealInflux

FIRST, SECOND_AT = 1_735_545_600 * SECOND, 1_735_549_200 * SECOND


@pytest.fixture
def server() -> Iterator[Documented]:
    with documented() as server:
        yield server


def store(
    server: Documented, token: str = "apiv3_token", bucket: str = "schoolwatch"
) -> InfluxStore:
    return InfluxStore(server.url, token, bucket=bucket, timeout_s=5)


def test_it_is_told_from_the_others_and_by_who_has_no_token_too(server: Documented) -> None:
    for token, called in (("apiv3_token", "3.8.0"), ("", ""), ("wrong", "")):
        with closing(Admin(server.url, token, 5)) as admin:
            found = admin.server()
        assert (found.version, found.called) == (3, called)


def test_lines_that_it_names_by_their_number_are_refused_and_the_others_are_stored(
    server: Documented,
) -> None:
    with closing(store(server)) as opened:
        good = b"home,room=Sunroom temp=96 %d\n" % FIRST
        bad = b'home,room=Sunroom temp="hi" %d\n' % SECOND_AT
        [refused] = opened.write(good + bad + good)
        assert refused.line == bad[:-1]
        assert refused.reason.startswith("invalid column type for column 'temp'")
        [refused] = opened.write(b"cpu,host=a val= 123\n" + good)
        assert (refused.line, refused.reason) == (b"cpu,host=a val= 123", "No fields were provided")
    assert server.asked[-1] == "lines are written"


def test_it_is_asked_one_statement_after_the_other_once_it_has_said_so(
    server: Documented,
) -> None:
    query = RangeQuery("home", "temp", FIRST, FIRST + 10_000 * SECOND)
    with closing(store(server)) as opened:
        for _ in range(2):
            assert list(opened.range(query)) == [Series({}, [(FIRST, 96.0), (SECOND_AT, 97.5)])]
        assert list(opened.last("home", {}, 0)) == [
            LastValue("home", {"room": "Sunroom"}, "temp", FIRST, 96.0)
        ]
    assert server.asked.count("more than one statement") == 1


def test_a_missing_database_and_a_wrong_token_say_what_to_do(server: Documented) -> None:
    with (
        closing(store(server, bucket="missing")) as opened,
        pytest.raises(StoreStopped, match="create it"),
    ):
        opened.last("home", {}, 0)
    with closing(store(server, "wrong")) as opened:
        with pytest.raises(StoreStopped, match="token_file"):
            opened.write(b"home temp=1 1\n")
        with pytest.raises(StoreStopped, match="token_file"):
            opened.last("home", {}, 0)


def test_a_question_that_it_refuses_is_the_question_s_fault(server: Documented) -> None:
    with closing(store(server)) as opened, pytest.raises(QueryError, match="only one"):
        list(opened._door._ask("SHOW MEASUREMENTS; SHOW TAG KEYS"))


def test_init_makes_the_databases_that_are_missing_and_check_finds_them(
    server: Documented, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path, RealInflux(3, server.url, "", "", (), tmp_path), "schoolwatch", capsys)
    place.configure()
    place.give(place.admin_file, "apiv3_token")
    code, said = place.init()
    states = {step["part"]: step["state"] for step in said["steps"]}
    assert states == {
        "database schoolwatch": "as it was",
        "database schoolwatch_1h": "made",
        "database schoolwatch_1d": "made",
        "collector's file": "made",
        "Grafana's file": "made",
        "rights": "look",
    }
    assert code == 1, "whoever has its token may drop everything, and somebody has to know"
    assert place.token_file.stat().st_mode & 0o777 == 0o600

    code, found = place.check()
    assert code == 0
    assert found["credentials"]["state"] == "look"
    assert found["database schoolwatch"]["text"].startswith("written and read")
    place.give(place.token_file, "wrong")
    code, found = place.check()
    assert (code, found["credentials"]["state"]) == (1, "broken")

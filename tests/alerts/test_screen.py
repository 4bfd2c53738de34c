"""What of the lines of readings reaches the rules: all that may matter, and little else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.match import Match
from alerts.screen import FRESH, Screen
from alerts.shipped import RULES
from core.lineprotocol import encode
from core.types import Reading, Value
from tests.collector.making import NOW

PLACE = "330100/school-1/host"
SCREEN, MATCH = Screen(RULES), Match(RULES)


def line(measurement: str, value: float, *, path: str = "/", at: int = NOW, **more: float) -> bytes:
    name = {"disk": "used_percent", "ping": "percent_packet_loss"}.get(measurement, "used_percent")
    tag = {"disk": "path", "ping": "url"}.get(measurement, "path")
    tags = {"region": "330100", "school": "school-1", "agent": "host", tag: path}
    return encode(Reading(measurement, {name: value, **more}, at, tags))


def answer(verdict: str, value: float, *, path: str = "/") -> bytes:
    identity = {"region": "330100", "school": "school-1", "agent": "host"}
    fields: dict[str, Value] = {"verdict": verdict} if verdict else {}
    reading = Reading(
        *("http_response", fields | {"result_code": int(value), "response_time": value}, NOW),
        identity | {"server": path},
    )
    return encode(reading)


def rules_hit(lines: list[bytes], *, watched: bool) -> list[tuple[str, str, str]]:
    facts = SCREEN.facts(PLACE, lines, NOW, watched=watched)
    return [
        (signal.key.rule, signal.key.target, signal.said)
        for fact in facts
        for signal in MATCH.reading(fact, NOW)
    ]


MEASUREMENTS = st.sampled_from(["disk", "ping", "diskio", "mem"])
PATHS = st.text(st.sampled_from('/a ,="é'), min_size=1, max_size=6)
VALUES = st.floats(0, 200) | st.sampled_from([5.0, 90.0, 1e300, 2.0])
LINES = st.lists(st.tuples(MEASUREMENTS, VALUES, PATHS), max_size=8)
WORDS = st.sampled_from(["", "ok", "slow", "tls_timeout", "certificate_weak", "okay", 'a"b\\'])
ANSWERS = st.lists(st.tuples(WORDS, st.sampled_from([0.0, 1.0, 2.5, 3.5]), PATHS), max_size=4)


@given(LINES, ANSWERS)
def test_nothing_that_begins_an_alert_is_screened_out(
    found: list[tuple[str, float, str]], answers: list[tuple[str, float, str]]
) -> None:
    lines = [line(name, value, path=f"{path}x") for name, value, path in found]
    lines += [answer(verdict, value, path=f"{path}x") for verdict, value, path in answers]
    everything = rules_hit(lines, watched=True)
    assert [hit for hit in rules_hit(lines, watched=False) if hit[2] == "on"] == [
        hit for hit in everything if hit[2] == "on"
    ]


def test_what_ends_an_alert_is_seen_where_one_is_open() -> None:
    assert rules_hit([line("disk", 10.0)], watched=False) == []
    assert rules_hit([line("disk", 10.0)], watched=True) == [("disk_full", "/", "off")]


def days(left: int) -> bytes:
    fields: dict[str, Value] = {"verdict": "ok", "days_left": left}
    return encode(Reading("x509_cert", fields, NOW, {"source": "a.cn"}))


def test_a_limit_to_fall_under_and_a_word_are_seen_where_nothing_is_open() -> None:
    assert rules_hit([days(14)], watched=False)[-1] == ("cert_expiring", "a.cn", "on")
    assert rules_hit([answer("tls_failed", 3.0)], watched=False) == [
        ("target_unreachable", "/", "on"),
        ("target_slow", "/", "between"),
    ]


@pytest.mark.parametrize("offset_ms", [-1_000.5, 1_000.5])
def test_a_number_that_is_large_either_way_is_seen(offset_ms: float) -> None:
    said = encode(Reading("agent", {"clock_offset_ms": offset_ms}, NOW, {}))
    assert rules_hit([said], watched=False) == [("clock_drifts", "", "on")]


def test_what_is_well_is_not_even_taken_apart() -> None:
    well = [answer("ok", 0.0), days(200), line("disk", 10.0)]
    assert list(SCREEN.facts(PLACE, well, NOW, watched=False)) == []


@pytest.mark.parametrize("age", [FRESH, -FRESH])
def test_a_reading_that_is_not_of_now_is_nobodys_concern(age: int) -> None:
    assert rules_hit([line("disk", 99.0, at=NOW - age)], watched=True) == []
    assert rules_hit([line("disk", 99.0, at=NOW - age + (1 if age > 0 else -1))], watched=True)


def test_identity_tags_do_not_make_another_series() -> None:
    (fact,) = SCREEN.facts(PLACE, [line("disk", 99.0)], NOW, watched=True)
    assert fact.tags == {"path": "/"}

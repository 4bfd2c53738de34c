"""From messages to rollups, through the collector's intake and with each of the real databases."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collector.rollups import rolling
from collector.rollups.marks import LATENESS, Touch
from collector.rollups.series import hour_point
from collector.rollups.times import HOUR, day_of, hour_of, next_day
from core.catalog import CATALOG
from core.clock import SECOND
from core.errors import StoreStopped
from core.types import Identity, Reading, Value
from tests.chance import examples
from tests.collector.making import NOW, REGION, WHO, readings
from tests.collector.rollups import slow
from tests.collector.rollups.place import DATABASES, Place, due, open_place

START = hour_of(NOW) - 5 * HOUR
"""The hour that most tests write into; it is long over."""


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    found = open_place(request, tmp_path)
    yield found
    for store in found.stores:
        store.close()


def mem(second: int, used: int = 0, hour: int = START, **more: Value) -> Reading:
    return Reading("mem", {"used": used, **more}, hour + second * SECOND)


def used(fields: Mapping[str, Value]) -> dict[str, Value]:
    return {k.removeprefix("used_"): v for k, v in fields.items() if k.startswith("used_")}


def later(place: Place) -> None:
    """Let enough time pass for everything to be due."""
    place.clock.at += LATENESS


def all_done(place: Place) -> None:
    """Roll up until nothing follows from it any more."""
    for _ in range(4):
        later(place)
        place.roll()


async def test_an_hour_is_rolled_up_under_the_same_measurement_and_tags(place: Place) -> None:
    await place.send(*(mem(at, 5 if at < 1_800 else 7) for at in range(0, 3_600, 300)))
    all_done(place)
    tags = (("agent", "host"), ("region", REGION), ("school", "school-1"))
    hours = place.hourly()
    assert list(hours) == [("mem", tags, START), ("mem", tags, START + HOUR)]
    assert hours["mem", tags, START] == {
        "used_min": 5,
        "used_max": 7,
        "used_mean": 6.0,
        "used_last": 7,
        "used_count": 12,
        "used_known": 3_600.0,
    }
    # The last value still held for five minutes of the next hour; then nothing is known.
    assert used(hours["mem", tags, START + HOUR]) == {
        "min": 7,
        "max": 7,
        "mean": 7.0,
        "last": 7,
        "count": 0,
        "known": 300.0,
    }


async def test_words_and_flags_have_what_they_can_have(place: Place) -> None:
    fields: dict[str, Value] = {"duplex": "full", "carrier": True}
    tags = {"interface": "eth0"}
    await place.send(
        Reading("net", fields, START, tags),
        Reading("net", {"duplex": "half", "carrier": False}, START + 450 * SECOND, tags),
    )
    later(place)
    place.roll()
    [(measurement, _, _)] = place.hourly()
    assert place.hour(measurement, START) == {
        "duplex_last": "half",
        "duplex_count": 2,
        "duplex_known": 1_050.0,
        "carrier_mean": pytest.approx(450 / 1_050),
        "carrier_last": False,
        "carrier_count": 2,
        "carrier_known": 1_050.0,
    }


async def test_late_data_rolls_its_hour_and_what_it_reaches_into_anew(place: Place) -> None:
    await place.send(mem(0, 4))
    later(place)
    place.roll()
    assert used(place.hour("mem", START)) | {"known": 600.0, "mean": 4.0} == used(
        place.hour("mem", START)
    )
    assert place.hour("mem", START + HOUR) == {}
    assert [row["width"] for row in due(place)] == ["day"]

    await place.send(mem(3_300, 10))
    assert [row["start"] for row in due(place) if row["width"] == "hour"] == [START]
    assert not place.roll(), "more of it may come at any moment"
    later(place)
    place.roll()
    assert used(place.hour("mem", START))["mean"] == 4.0 + 6.0 / 3
    assert [(row["start"], row["carried"]) for row in due(place) if row["width"] == "hour"] == [
        (START + HOUR, 1)
    ]
    all_done(place)
    assert used(place.hour("mem", START + HOUR))["known"] == 300.0
    assert due(place) == []
    [day] = place.daily().values()
    assert used(day)["known"] == 600.0 + 300.0 + 300.0


async def test_an_hour_that_is_not_over_is_left_alone(place: Place) -> None:
    await place.send(mem(0, 4, hour_of(NOW)))
    later(place)
    assert not place.roll()
    place.clock.at = hour_of(NOW) + HOUR + LATENESS - 1
    assert not place.roll()
    place.clock.at += 1
    assert [step.agents for step in place.roll()] == [1]


async def test_a_day_follows_its_hours_once_it_is_over_and_late_data_makes_it_anew(
    place: Place,
) -> None:
    day = day_of(NOW, place.zone)
    place.clock.at = next_day(day, place.zone) + 10 * HOUR
    hours = [day + n * HOUR for n in (0, 3, 23)]
    await place.send(*(mem(at, n, hour) for n, hour in enumerate(hours) for at in (0, 600)))
    later(place)
    place.roll()
    assert not place.daily(), "hours come first, and the day waits for what comes late"
    later(place)
    place.roll()
    [((_, _, at), fields)] = place.daily().items()
    assert at == day
    assert used(fields) == {"min": 0, "max": 2, "mean": 1.0, "last": 2, "count": 6, "known": 3600.0}
    assert due(place) == []

    await place.send(mem(1_200, 8, hours[2]))
    later(place)
    place.roll()
    later(place)
    place.roll()
    [(_, fields)] = place.daily().items()
    assert used(fields)["max"] == 8
    assert used(fields)["mean"] == pytest.approx(
        (0 * 1_200 + 1 * 1_200 + 2 * 1_200 + 8 * 600) / 4_200
    )


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", 1_774_738_800, 23),  # 2026-03-29
        ("Europe/Berlin", 1_792_879_200, 25),  # 2026-10-25
        ("Asia/Kolkata", 1_795_285_800, 24),  # 2026-11-22, at half past
    ],
)
async def test_a_day_has_all_of_its_hours_whatever_the_clocks_do(
    place: Place, zone: str, day: int, hours: int
) -> None:
    day *= SECOND
    place = replace(place, zone=ZoneInfo(zone))
    place.desk.books.marks._zone = place.zone
    place.clock.at = day + 30 * HOUR
    first = hour_of(day + HOUR - 1)
    spread = range(first - HOUR, first + (hours + 1) * HOUR, 600 * SECOND)
    await place.send(*(mem(0, 1, at) for at in spread))
    place.clock.at += 48 * HOUR
    place.roll()
    later(place)
    place.roll()
    found = {at: used(fields) for (_, _, at), fields in place.daily().items()}
    assert len(found) == 3
    assert found[day]["known"] == hours * 3_600.0
    assert found[day]["count"] == hours * 6


async def test_doing_it_all_again_changes_nothing(place: Place) -> None:
    day = day_of(NOW, place.zone)
    await place.send(*(mem(at, at, day) for at in range(0, 10_000, 37)))
    await place.send(Reading("ping", {"average_response_ms": 0.1}, day, {"url": "gw"}))
    place.clock.at = day + 30 * HOUR
    place.roll()
    later(place)
    place.roll()
    before = place.hourly(), place.daily()
    assert before[0]
    assert before[1]

    place.marks.again([Touch(WHO, day + n * HOUR) for n in range(24)])
    assert len(place.roll()) == 24
    later(place)
    assert len(place.roll()) == 1
    assert (place.hourly(), place.daily()) == before


async def test_of_a_series_that_ends_only_the_time_that_is_known_counts(place: Place) -> None:
    await place.send(*(mem(at, 9) for at in (0, 300, 600)))
    later(place)
    place.roll()
    assert used(place.hour("mem", START)) == {
        "min": 9,
        "max": 9,
        "mean": 9.0,
        "last": 9,
        "count": 3,
        "known": 1_200.0,
    }


async def test_no_answer_has_no_answer_time(place: Place) -> None:
    def ping(second: int, code: int, **fields: float) -> Reading:
        return Reading(
            "ping", {"result_code": code, **fields}, START + second * SECOND, {"url": "gw"}
        )

    await place.send(ping(0, 0, average_response_ms=8.0), ping(60, 2), ping(120, 2))
    later(place)
    place.roll()
    fields = place.hour("ping", START)
    assert (fields["average_response_ms_known"], fields["result_code_known"]) == (60.0, 720.0)


async def test_of_who_sends_without_a_header_hours_are_rolled_up_too(place: Place) -> None:
    line = b"mem used=3i %d" % (START + SECOND)
    await place.desk.take(readings(line, pack=False))
    later(place)
    place.roll()
    [((_, tags, _), fields)] = place.hourly().items()
    assert ("accounted", "no") in tags
    assert used(fields)["last"] == 3


async def test_a_value_that_holds_for_hours_reaches_into_all_of_them(place: Place) -> None:
    cert = Reading("x509_cert", {"days_left": 30}, START + 3_000 * SECOND, {"source": "a"})
    await place.send(cert)
    all_done(place)
    known = [place.hour("x509_cert", START + n * HOUR).get("days_left_known") for n in range(4)]
    assert known == [600.0, 3_600.0, 3_000.0, None]


async def test_a_hundred_agents_are_rolled_up_some_at_a_time(place: Place) -> None:
    agents = [Identity(REGION, f"s{n}", "host") for n in range(45)]
    for number, who in enumerate(agents):
        await place.send(mem(3, number), who=who)
    later(place)
    steps = place.roll()
    assert [(step.agents, step.points) for step in steps] == [(10, 10)] * 4 + [(5, 5)]
    assert used(place.hour("mem", START, agents[44]))["last"] == 44


class Away:
    """A store that is away until it is not."""

    def __init__(self, real: Any) -> None:
        self._real, self.away = real, True

    def write(self, lines: bytes) -> Any:
        if self.away:
            raise StoreStopped("no such bucket")
        return self._real.write(lines)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


async def test_what_cannot_be_written_waits_and_is_rolled_up_later(place: Place) -> None:
    await place.send(mem(3, 1))
    later(place)
    raw, hourly, daily = place.stores
    away = Away(hourly)
    place.stores = (raw, away, daily)
    for _ in range(2):
        with pytest.raises(StoreStopped):
            place.roll()
    place = place.restarted()
    waiting = place.marks.waiting()
    assert (waiting.hours, waiting.days) == (1, 0)
    assert waiting.oldest_s >= 0
    away.away = False
    place.roll()
    assert used(place.hour("mem", START))["last"] == 1
    assert place.marks.waiting().hours == 0


async def test_what_one_agent_sent_keeps_no_other_from_being_rolled_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = [Identity(REGION, f"s{n}", "host") for n in range(3)]
    for who in agents:
        await place.send(mem(3, 7), who=who)
    real = hour_point

    def faulty(of: Any, tags: Mapping[str, str], *more: Any) -> Reading | None:
        assert tags["school"] != "s1", "a defect of ours"
        return real(of, tags, *more)

    later(place)
    with monkeypatch.context() as patched:
        patched.setattr(rolling, "hour_point", faulty)
        [step] = place.roll()
    assert (step.agents, step.points) == (2, 2)
    assert len(step.refused) == 1
    assert "330100/s1/host" in step.refused[0]
    assert place.hour("mem", START, agents[1]) == {}
    assert not place.roll()
    place.clock.at += HOUR
    place.roll()
    assert [used(place.hour("mem", START, who))["last"] for who in agents] == [7, 7, 7]


# Against the model: three hours, in steps of twenty seconds.

UNIT = 20
STEPS = 3_600 // UNIT
SERIES: dict[str, dict[str, st.SearchStrategy[Value]]] = {
    "ping": {
        "result_code": st.integers(0, 2),
        "average_response_ms": st.floats(0, 1e6),
        "ttl": st.integers(0, 255),
    },
    "net": {
        "carrier": st.booleans(),
        "duplex": st.sampled_from(["full", "half"]),
        "bytes_recv": st.integers(0, 2**63 - 1),
    },
    "agent": {"version": st.sampled_from(["1", "2"]), "spool_bytes": st.integers(0, 9)},
}


@st.composite
def said_of(draw: Callable[..., Any]) -> tuple[str, list[tuple[int, dict[str, Value]]]]:
    name = draw(st.sampled_from(sorted(SERIES)))
    moments = draw(st.sets(st.integers(0, 3 * STEPS), min_size=1, max_size=25))
    lines = []
    for at in moments:
        some = draw(st.sets(st.sampled_from(sorted(SERIES[name])), min_size=1))
        lines.append((at, {field: draw(SERIES[name][field]) for field in sorted(some)}))
    return name, draw(st.permutations(lines))


@settings(
    max_examples=examples(15),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(said=said_of(), cut=st.integers(0, 25))
def test_what_is_rolled_up_is_what_somebody_who_looks_all_the_time_has_seen(
    place: Place, said: tuple[str, list[tuple[int, dict[str, Value]]]], cut: int
) -> None:
    name, lines = said
    who = Identity(REGION, f"s{uuid4().hex[:12]}", "host")
    sent = [Reading(name, fields, START + at * UNIT * SECOND) for at, fields in lines]

    async def play() -> None:
        for part in (sent[:cut], sent[cut:]):  # the second part comes after the first was rolled up
            if part:
                await place.send(*part, who=who)
            all_done(place)

    asyncio.run(play())
    states = [f for f in CATALOG[name].states if any(f in fields for _, fields in lines)]
    in_order = sorted(lines, key=lambda line: line[0])
    for number in range(5):
        found = dict(place.hour(name, START + number * HOUR, who))
        for field in SERIES[name]:
            told = slow.Told([(at, fields[field]) for at, fields in in_order if field in fields])
            told.states = [
                (at, fields[state])
                for state in states
                for at, fields in in_order
                if state in fields
            ]
            expected = slow.rolled(told, number * STEPS, (number + 1) * STEPS, 600 // UNIT)
            if expected:
                expected["known"] = float(expected["known"]) * UNIT
            mine = {suffix: found.pop(f"{field}_{suffix}", None) for suffix in MODEL}
            assert {k: v for k, v in mine.items() if v is not None} == {
                k: pytest.approx(float(v)) if isinstance(v, Fraction) else v
                for k, v in expected.items()
            }
        assert not found


MODEL = ("min", "max", "mean", "last", "count", "known")

"""I-20: outcomes hold, do not travel while they stay the same, and come late."""

import random
from datetime import date

import pytest

from alerts.targets.days import Day, day_of
from alerts.targets.probes import Held, Series, best, held
from tests.alerts.targets.making import HOUR, MINUTE, ZONE

MONDAY = day_of(date(2026, 11, 23), ZONE)
TUESDAY = day_of(date(2026, 11, 24), ZONE)
HOLD = 10 * MINUTE


def said(text: str, day: Day = MONDAY) -> list[tuple[int, bool]]:
    """Return `09:00 ok, 09:05 bad` as points."""
    found = []
    for part in text.split(", "):
        clock, word = part.split()
        hours, minutes = map(int, clock.split(":"))
        found.append((day.start + hours * HOUR + minutes * MINUTE, word == "ok"))
    return found


def minutes(one: Held) -> tuple[int, ...]:
    return tuple(value // MINUTE for value in one)


@pytest.mark.parametrize(
    ("text", "ok", "known", "in_lessons"),
    [
        ("09:00 ok", 10, 10, 10),
        ("09:00 ok, 09:05 ok, 09:10 ok", 20, 20, 20),
        ("09:00 ok, 09:03 bad, 09:07 ok", 13, 17, 17),
        ("09:00 bad, 09:05 bad", 0, 15, 15),
        ("09:00 ok, 10:00 ok", 20, 20, 20),
        ("07:55 ok", 10, 10, 5),
        ("17:25 bad", 0, 10, 5),
        ("23:55 ok", 5, 5, 0),
    ],
)
def test_an_outcome_holds_until_the_next_for_ten_minutes_at_most(
    text: str, ok: int, known: int, in_lessons: int
) -> None:
    assert minutes(held(said(text), MONDAY, MONDAY.stop, HOLD)) == (ok, known, in_lessons)


def test_an_hour_of_failures_weighs_as_an_hour_however_few_points_it_is() -> None:
    """Twelve points say an hour that is bad, and sixty changes say one that is half bad."""
    hour = ", ".join(f"09:{minute:02} bad" for minute in range(0, 60, 5))
    every = ", ".join(f"10:{m:02} {'ok' if m % 2 else 'bad'}" for m in range(60))
    found = held(said(f"{hour}, {every}, 11:00 ok"), MONDAY, MONDAY.start + 11 * HOUR, HOLD)
    assert minutes(found)[:2] == (30, 120)


def test_what_was_said_before_midnight_holds_into_the_day() -> None:
    late = said("23:56 ok")
    assert minutes(held(late, MONDAY, TUESDAY.stop, HOLD))[:2] == (4, 4)
    assert minutes(held(late, TUESDAY, TUESDAY.stop, HOLD))[:2] == (6, 6)


def test_a_day_that_is_not_over_has_what_was_held_so_far() -> None:
    at = MONDAY.start + 9 * HOUR + 4 * MINUTE
    assert minutes(held(said("09:00 ok"), MONDAY, at, HOLD))[:2] == (4, 4)


def some_points(chance: random.Random) -> list[tuple[int, bool]]:
    first, last = MONDAY.start - HOLD, MONDAY.stop
    times = {chance.randrange(first, last) for _ in range(chance.randrange(1, 60))}
    return [(at, chance.random() < 0.7) for at in sorted(times)]


@pytest.mark.parametrize("seed", range(40))
def test_in_whatever_order_points_come_and_however_often_the_day_is_the_same(seed: int) -> None:
    chance = random.Random(seed)
    points = some_points(chance)
    series = Series(MONDAY, HOLD)
    coming = [*points, *chance.choices(points, k=10)]
    chance.shuffle(coming)
    for number, (at, ok) in enumerate(coming):
        series.add(at, ok)
        if number % 7 == 0:  # asked in between, it must not remember an old answer
            so_far = sorted(set(coming[: number + 1]))
            assert series.until(MONDAY.stop) == held(so_far, MONDAY, MONDAY.stop, HOLD)
    for until in (MONDAY.start, points[-1][0] + MINUTE, MONDAY.stop):
        if until >= points[-1][0]:
            assert series.until(until) == held(points, MONDAY, until, HOLD)


def test_late_points_correct_what_was_taken_for_well() -> None:
    series = Series(MONDAY, HOLD)
    for at, ok in said("09:00 ok, 09:08 ok"):
        assert series.add(at, ok)
    assert minutes(series.until(MONDAY.stop))[:2] == (18, 18)
    ((late, bad),) = said("09:02 bad")
    assert series.add(late, bad)
    assert minutes(series.until(MONDAY.stop))[:2] == (12, 18)
    assert not series.add(late, bad)


def test_a_school_knows_what_its_best_known_series_knows() -> None:
    assert best([Held(10, 20, 5), Held(1, 2, 7)]) == Held(11, 22, 7)
    assert best([]) == Held()

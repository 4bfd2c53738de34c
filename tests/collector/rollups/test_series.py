"""Rollup points of whole series, with the rules of the catalogue."""

from collector.rollups.roll import SUFFIXES, Points
from collector.rollups.series import NOT_ROLLED, ROLLED, day_point, hour_point
from collector.rollups.times import HOUR
from core.catalog import CATALOG
from core.clock import SECOND
from core.measurements.base import Field, counts, measurement
from core.types import Reading

AT = 500_000 * HOUR
PING = CATALOG["ping"]
TAGS = {"region": "330100", "school": "s1", "agent": "host", "url": "gw"}


def later(seconds: int) -> int:
    return AT + seconds * SECOND


def test_an_hour_of_a_target_that_fell_silent_has_answer_times_only_of_while_it_answered() -> None:
    said: dict[str, Points] = {
        "result_code": [(later(0), 0), (later(300), 2), (later(600), 0)],
        "average_response_ms": [(later(0), 8.0), (later(600), 11.0)],
    }
    point = hour_point(PING, TAGS, said, AT)
    assert point == Reading(
        "ping",
        {
            "result_code_min": 0,
            "result_code_max": 2,
            "result_code_mean": 0.5,
            "result_code_last": 0,
            "result_code_count": 3,
            "result_code_known": 1_200.0,
            "average_response_ms_min": 8.0,
            "average_response_ms_max": 11.0,
            "average_response_ms_mean": 10.0,
            "average_response_ms_last": 11.0,
            "average_response_ms_count": 2,
            "average_response_ms_known": 900.0,
        },
        AT,
        TAGS,
    )


def test_an_hour_of_which_nothing_is_known_has_no_point() -> None:
    assert hour_point(PING, TAGS, {"ttl": [(later(-600), 64)]}, AT) is None
    assert hour_point(PING, TAGS, {}, AT) is None


def test_a_certificate_looked_at_once_an_hour_is_known_for_two() -> None:
    said = {"days_left": [(later(-3_600), 30)]}
    point = hour_point(CATALOG["x509_cert"], TAGS, said, AT)
    assert point
    assert (point.fields["days_left_known"], point.fields["days_left_count"]) == (3_600.0, 0)


def test_a_field_that_another_says_is_unknown_has_only_the_time_in_which_it_is_known() -> None:
    up = Field("up", "integer", "", "", known_by="known")
    one = measurement("line", "", {}, up, *counts(known=""))
    said = {"up": [(later(0), 1)], "known": [(later(0), 1), (later(60), 0)]}
    point = hour_point(one, {}, said, AT)
    assert point
    assert (point.fields["up_known"], point.fields["known_known"]) == (60.0, 660.0)
    assert point.fields["known_mean"] == 60 / 660


def test_a_day_is_made_of_the_points_of_its_hours() -> None:
    said = {"ttl": [(later(at), 64 if at < 1_800 else 60) for at in range(0, 7_200, 300)]}
    hours = [hour_point(PING, TAGS, said, at) for at in (AT, AT + HOUR)]
    point = day_point(PING, TAGS, [one.fields for one in hours if one], AT)
    assert point == Reading(
        *("ping", dict(zip([f"ttl_{s}" for s in SUFFIXES], (60, 64, 61.0, 60, 24, 7_200.0)))),
        *(AT, TAGS),
    )
    assert day_point(PING, TAGS, [], AT) is None


def test_all_of_the_catalogue_is_rolled_up_but_events_and_what_is_a_share_already() -> None:
    assert set(ROLLED) == CATALOG.keys() - NOT_ROLLED

"""Numbers and times as people read them."""

from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from collector.web import words
from collector.web.pages.frame import zone_name
from collector.web.texts import Texts
from core.clock import SECOND
from tests.collector.web.fakes import NOW

ZH, EN = Texts("zh"), Texts("en")
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0%"), (0.004, "<0.1%"), (1.25, "1.2%"), (43.4, "43%"), (99.96, "99.9%"), (100, "100%")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: float, shown: str) -> None:
    assert str(words.percent(share)) == shown


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (0, "0 bit/s"),
        (999.4, "999 bit/s"),
        (999.7, "1.00 kbit/s"),
        (23_940_000, "23.9 Mbit/s"),
        (1e10, "10.0 Gbit/s"),
        (2e16, "20000 Tbit/s"),
    ],
)
def test_traffic_is_shown_in_three_figures_and_steps_of_1000(rate: float, shown: str) -> None:
    assert str(words.bits(rate, "bit/s")).replace("\xa0", " ") == shown


def test_memory_is_shown_in_steps_of_1024() -> None:
    assert words.size(16_662_224_896) == ("15.5", "GiB")


def test_a_slow_answer_is_shown_in_seconds() -> None:
    assert words.milliseconds(0.31) == ("0.31", "ms")
    assert words.milliseconds(2_400) == ("2.40", "s")


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (-4, "0 秒", "0 s"),
        (59, "59 秒", "59 s"),
        (3_600, "1 小时", "1 h"),
        (3_661, "1 小时 1 分钟", "1 h 1 min"),
        (86_400 * 3 + 5, "3 天", "3 d"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: int, zh: str, en: str) -> None:
    assert words.lasting(seconds * SECOND, ZH) == zh
    assert words.lasting(seconds * SECOND, EN) == en


def test_what_never_was_is_not_long_ago() -> None:
    assert words.ago(0, NOW, EN) == "never"
    assert words.ago(NOW + 5 * SECOND, NOW, EN) == "just now"
    assert words.ago(NOW - 9 * SECOND, NOW, EN) == "9 s ago"


def test_a_moment_is_told_in_the_zone_of_the_district_and_with_its_date_if_not_today() -> None:
    assert words.moment(NOW, NOW, SHANGHAI) == "15:23:05"
    assert words.moment(NOW, NOW, UTC) == "07:23:05"
    assert words.moment(NOW - 86_400 * SECOND, NOW, SHANGHAI) == "2026-11-21 15:23"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("2026-11-22T07:00:00Z", "15:00:00"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("yesterday <b>", "yesterday <b>"),
        ("x" * 1000, "x" * 40),
        ("", ""),
    ],
)
def test_a_start_that_an_agent_made_up_is_shown_as_it_came(said: str, shown: str) -> None:
    assert words.started(said, NOW, SHANGHAI) == shown


def test_a_zone_is_called_what_a_browser_calls_it() -> None:
    assert zone_name(SHANGHAI, NOW) == "Asia/Shanghai"
    assert zone_name(timezone(timedelta(hours=-9, minutes=-30)), NOW) == "-09:30"

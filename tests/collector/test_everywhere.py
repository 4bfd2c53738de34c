"""One platform that is away is one alert, with the schools that see it: as timelines."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alerts.facts import Wrong
from alerts.match import small
from collector.everywhere import COVERS, SCHOOLS, everywhere_of
from core.types import Identity
from tests.alerts.stage import Stage
from tests.collector.making import NOW, REGION

URL = "https://a.cn/"


def school(number: int) -> Identity:
    return Identity(REGION, f"school-{number}", "host")


@dataclass
class District:
    """A stage whose open cases are looked at each five seconds, as in the collector."""

    stage: Stage
    heard: list[int] = field(default_factory=list)

    def say(self, number: int, verdict: str, url: str = URL) -> None:
        self.stage.read("http_response", {"server": url}, school(number), verdict=verdict)

    def wait(self, seconds: int) -> None:
        for _ in range(seconds // 5):
            for number in self.heard:
                self.stage.engine.heard(str(school(number)))
            engine, at = self.stage.engine, self.stage.clock()
            cases = list(engine.open_cases())
            engine.see(everywhere_of(cases, engine.is_heard, lambda place: place, at))
            self.stage.wait(5, step=5)


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(Stage(tmp_path / "d1"))


def test_a_platform_that_is_away_from_forty_schools_is_one_message_and_so_is_its_end(
    district: District,
) -> None:
    district.heard = list(range(40))
    for number in range(40):
        district.say(number, "connect_timeout")
        district.wait(5 if number % 2 else 0)
    district.wait(300)
    assert district.stage.told() == ["140s begins target_away"]
    (message,) = district.stage.messages_made()
    assert message.title.zh == f"多所学校打不开同一个平台：{URL}（40 所学校）"
    assert f"{REGION}/school-35 … (+10)\n" in message.alerts[0].text.zh

    for number in range(40):
        district.say(number, "ok")
    district.wait(600)
    assert district.stage.told()[1:] == ["520s ends target_away"]
    assert list(district.stage.engine.open_cases()) == []


def test_fewer_schools_are_told_one_by_one(district: District) -> None:
    district.heard = list(range(SCHOOLS - 1))
    for number in district.heard:
        district.say(number, "connect_timeout")
    district.wait(200)
    assert district.stage.told() == ["120s begins target_unreachable"] * (SCHOOLS - 1)


def test_other_pages_and_other_agents_of_one_school_are_no_further_schools(
    district: District,
) -> None:
    district.heard = [0, 1]
    for number in (0, 1):
        district.say(number, "connect_timeout")
        district.say(number, "connect_timeout", "https://b.cn/")
    second = Identity(REGION, "school-0", "office")
    district.stage.read("http_response", {"server": URL}, second, verdict="connect_timeout")
    district.wait(200)
    assert "target_away" not in " ".join(district.stage.told())


def test_the_school_for_which_it_stays_away_is_told_once_it_is_back_for_the_others(
    district: District,
) -> None:
    district.heard = [0, 1, 2]
    for number in district.heard:
        district.say(number, "tls_failed")
    district.wait(200)
    for number in (0, 1):
        district.say(number, "ok")
    district.wait(300)
    away, back, alone = district.stage.messages_made()
    assert (away.counts, back.counts) == ({"target_away": 1}, {"target_away": 1})
    assert alone.counts == {"target_unreachable": 1}
    assert "school-2" in alone.title.zh


def test_what_agents_said_before_they_fell_silent_is_no_outage_of_a_platform(
    district: District,
) -> None:
    for number in range(5):
        district.say(number, "connect_timeout")
    district.wait(60)
    assert [case.alert.key.rule for case in district.stage.engine.open_cases()].count(
        "target_away"
    ) == 1
    district.stage.wait(80, step=80)
    assert district.stage.told() == ["140s begins target_away"], "heard until two minutes ago"

    silent = everywhere_of(
        district.stage.engine.open_cases(), lambda _: False, str, district.stage.clock()
    )
    assert [wrong.details["count"] for wrong in silent.wrong] == [5], "they had begun to alert"


def test_lines_that_are_down_are_no_outage_of_a_platform(district: District) -> None:
    district.heard = [0, 1, 2]
    lines = [Wrong("line_down", f"{REGION}/school-{number}", NOW) for number in district.heard]
    district.stage.see(*lines, covers=["line_down"])
    district.wait(10)
    for number in district.heard:
        district.say(number, "connect_timeout")
    district.wait(400)
    rules = {message.alerts[0].alert.key.rule for message in district.stage.messages_made()}
    assert rules == {"line_down"}


def test_after_a_restart_it_is_still_one(district: District) -> None:
    district.heard = [0, 1, 2]
    for number in district.heard:
        district.say(number, "tls_failed")
    district.wait(200)
    district.stage.restart()
    district.wait(100)
    assert district.stage.told() == ["135s begins target_away"]
    for number in district.heard:
        district.say(number, "ok")
    district.wait(300)
    assert district.stage.told()[1:] == ["420s ends target_away"]


def test_long_names_do_not_cost_the_count(district: District) -> None:
    for number in range(40):
        district.say(number, "tls_failed")
    cases, long = list(district.stage.engine.open_cases()), "实验学校" * 10
    sight = everywhere_of(cases, lambda _: True, lambda place: f"{long} ({place})", NOW)
    (wrong,) = sight.wrong
    assert small(wrong.details) == wrong.details
    assert wrong.details["count"] == 40
    assert 0 < len(wrong.details["schools"]) < 40


def test_nothing_seen_covers_all_that_could_be() -> None:
    sight = everywhere_of([], lambda _: True, str, NOW)
    assert (sight.wrong, sight.covers) == ([], COVERS)

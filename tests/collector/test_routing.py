"""The routes of a running collector: taken over, refused, recorded; and what its commands say."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from collector.cli import main
from collector.config import read_collector
from collector.roster.school import Person, School
from collector.routingfile import RoutingFile, contacts_of
from core.alerts import AlertKey
from core.errors import ConfigError
from tests.alerts.routing.play import at
from tests.alerts.stage import SHANGHAI
from tests.collector.desk import Desk, open_desk

ROUTES = """
kind = "routing"
[[receiver]]
name = "centre"
owner = "operator"
channels = ["duty"]
contacts = ["0571-1"]
"""
CONFIG = """
kind = "collector"
[collector]
regions = ["330102"]
[roster]
file = "roster.csv"
[alerts]
routing_file = "routing.toml"
[[alerts.webhook]]
name = "duty"
url = "https://alerts.example.org/x"
"""
ROSTER = "region,school,name,status\n330102,s1,一小,open\n330102,s2,二小,open\n"
LINE = AlertKey("line_down", "330102/s1")


def said(routes: RoutingFile) -> list[str]:
    routing = routes.new() or routes.at_start
    assert routing
    return [hop.receiver for hop in routing.decide(LINE, "P2", "operator", 0).hops]


def watched(folder: Path, desk: Desk) -> RoutingFile:
    path, journal = folder / "routing.toml", desk.books.journal
    return RoutingFile(path, ("console", "duty"), {}, SHANGHAI, journal, folder=folder)


def test_a_changed_file_is_taken_over_and_a_broken_one_refused(tmp_path: Path) -> None:
    desk, path = open_desk(tmp_path), tmp_path / "routing.toml"
    path.write_text(ROUTES)
    routes = watched(tmp_path, desk)
    (watch,) = routes.watches
    watch.look()
    assert said(routes) == ["centre"]

    for text, expected in (
        (ROUTES.replace('"centre"', '"office"'), ["office"]),
        (ROUTES.replace('"duty"', '"dutty"'), None),
        (ROUTES + "oops", None),
        (ROUTES.replace('"centre"', '"school"'), ["school"]),
    ):
        path.write_text(text)
        watch.look()
        watch.look()
        assert (said(routes) if expected else routes.new()) == expected
    desk.books.journal.sync()
    kinds = [one["kind"] for one in desk.audited("config_taken", "config_unreadable")]
    assert kinds == [
        *("config_taken", "config_taken", "config_unreadable", "config_unreadable"),
        "config_taken",
    ]


def test_a_file_that_names_a_channel_of_nobody_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "routing.toml").write_text(ROUTES.replace('"duty"', '"dutty"'))
    with pytest.raises(ConfigError, match="did you mean 'duty'"):
        watched(tmp_path, open_desk(tmp_path))


def test_a_collector_file_whose_routes_do_not_fit_its_channels_is_refused(tmp_path: Path) -> None:
    for routes, text in (
        (ROUTES.replace('"duty"', '"dutty"'), "did you mean 'duty'?"),
        (ROUTES + "oops", "cannot be used: schoolwatch check-config"),
    ):
        (tmp_path / "routing.toml").write_text(routes)
        (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
        (tmp_path / "collector.toml").write_text(CONFIG)
        with pytest.raises(ConfigError, match=r"collector.toml:\d+: ") as refused:
            read_collector(tmp_path / "collector.toml")
        assert text in str(refused.value)


def test_without_a_file_there_are_no_routes(tmp_path: Path) -> None:
    journal = open_desk(tmp_path).books.journal
    routes = RoutingFile(None, ("console",), {}, SHANGHAI, journal, folder=tmp_path)
    assert (routes.at_start, routes.watches, routes.new()) == (None, [], None)


def test_contacts_are_those_of_the_roster_by_role() -> None:
    people = (Person("authority", "王", "0571-1"), Person("user", "李"))
    assert contacts_of(School("330102", "s1", people=people)) == {"authority": "0571-1"}
    assert contacts_of(None) == {}


def run(folder: Path, words: Sequence[str], routes: str = ROUTES, config: str = CONFIG) -> int:
    for name, text in (
        ("collector.toml", config),
        ("routing.toml", routes),
        ("roster.csv", ROSTER),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    return main(["routes", words[0], "--config", str(folder / "collector.toml"), *words[1:]])


def test_routes_show_says_who_hears_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["show", "--rule", "broker_away", "--at", "2026-11-23 22:00"]
    assert run(tmp_path, words) == 0
    assert capsys.readouterr().out.splitlines() == [
        "broker_away (P1, operator, no code) at the whole district, 2026-11-23 22:00",
        "  centre (duty): owner:operator of route 'default'",
        "  again every 1 d, until somebody acknowledges",
        "  after 15 min without acknowledgement: centre",
        "  due by 2026-11-24 02:00, then on the supervision list",
    ]
    assert run(tmp_path, [*words, "--json", "--severity", "P4"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["now"], found["digest"], found["unrouted"]) == ([], ["duty"], False)


def test_routes_show_knows_the_rules_of_the_operators_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = (Path(__file__).parents[2] / "configs/rules.toml").read_text("utf-8")
    rules = rules.replace("off = []", 'off = ["room_limited"]')
    changed = f'{rules}\n[override.broker_away]\nseverity = "P2"\nowner = "authority"\n'
    (tmp_path / "rules.toml").write_text(changed, encoding="utf-8")
    config = CONFIG.replace("[alerts]\n", '[alerts]\nrules_file = "rules.toml"\n')
    for rule, first in (
        ("recorder_disk_fills", "recorder_disk_fills (P4, user, no code) at"),
        ("broker_away", "broker_away (P2, authority, no code) at"),
    ):
        assert run(tmp_path, ["show", "--rule", rule], config=config) == 0
        assert capsys.readouterr().out.startswith(first)
    assert run(tmp_path, ["show", "--rule", "room_limited"], config=config) == 2
    assert "'room_limited' is switched off by" in capsys.readouterr().err
    (tmp_path / "rules.toml").write_text('kind = "rules"\noof = []\n', encoding="utf-8")
    assert run(tmp_path, ["show", "--rule", "broker_away"], config=config) == 2
    assert "did you mean 'off'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["show", "--rule", "line_dwon"], "did you mean 'line_down'?"),
        (["show", "--at", "noon"], "is no time; expected one as"),
    ],
)
def test_routes_show_says_what_it_was_asked_wrongly(
    words: list[str], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, words) == 2
    assert text in capsys.readouterr().err


def test_routes_check_names_the_schools_of_which_nobody_would_hear(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, ["check"]) == 0
    assert "2 schools, 0 of them without anybody for P1" in capsys.readouterr().out
    only = ROUTES.replace("[[receiver]]", '[[receiver]]\nschool = "330102/s2"')
    assert run(tmp_path, ["check"], only) == 1
    assert "330102/s1: nobody hears of what is P1 there" in capsys.readouterr().out
    digest = '[[route]]\nname = "a"\ndigest = true\n'
    assert run(tmp_path, ["check"], ROUTES + digest) == 1
    assert at("2026-11-23 22:00")

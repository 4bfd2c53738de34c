"""Messages by routes: who is told of beginning and end, storms of one channel, groups."""

from pathlib import Path

import pytest

from core.clock import SECOND
from tests.alerts.routing.play import (
    HOUR,
    OWNERS,
    begin,
    routing,
    school,
    staged,
    told,
)
from tests.collector.making import NOW

BY_SCHOOL = (
    OWNERS
    + """
[[route]]
name = "one"
school = ["330100/school-1"]
to = ["owner:user"]
"""
)


def test_without_a_file_every_channel_is_told_everything(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", "", channels=("duty", "user"))
    begin(stage, "P2")
    stage.wait(60)
    begin(stage, "P2", active=False)
    said = ["0m FIRST 1 spool_set_aside", "1m ALL_RESOLVED 1 spool_set_aside"]
    assert told(stage) == {"duty": said, "user": said}
    assert stage.engine.counts["alerts_unrouted", "spool_set_aside"] == 0


def test_the_end_goes_to_those_who_were_told_of_the_beginning_also_by_another_file(
    tmp_path: Path,
) -> None:
    stage = staged(tmp_path / "d", BY_SCHOOL)
    begin(stage, "P2")
    begin(stage, "P2", school(2))
    stage.wait(60)
    stage.engine.reroute(routing(OWNERS + '[default]\nto = ["owner:authority"]'))
    stage.wait(1)
    begin(stage, "P1")
    stage.restart()
    stage.engine.reroute(None)
    begin(stage, "P2", active=False)
    begin(stage, "P2", school(2), active=False)
    assert told(stage) == {
        "user": ["0m FIRST 1 spool_set_aside", "1m ALL_RESOLVED 1 spool_set_aside"],
        "operator": ["0m FIRST 1 spool_set_aside", "1m ALL_RESOLVED 1 spool_set_aside"],
        "authority": ["1m FIRST 1 spool_dropping"],
    }


def test_what_was_told_to_everybody_before_there_were_routes_ends_for_everybody(
    tmp_path: Path,
) -> None:
    stage = staged(tmp_path / "d", "")
    begin(stage, "P2")
    stage.routing = routing(OWNERS)
    stage.restart()
    stage.wait(1)
    begin(stage, "P2", active=False)
    assert {channel: len(said) for channel, said in told(stage).items()} == dict.fromkeys(
        ("authority", "operator", "user", "duty"), 2
    )


def test_a_channel_that_is_full_makes_no_other_wait(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", BY_SCHOOL, messages=8)
    for number in range(2, 42):
        begin(stage, "P3", school(number))
    begin(stage, "P3", school(1))
    assert told(stage)["user"] == ["0m FIRST 1 address_lost"]
    assert len(told(stage)["operator"]) == 5
    stage.wait(31)
    assert told(stage)["operator"][5:] == ["0m NEW_ALERTS 35 address_lost"]
    assert len(told(stage)["user"]) == 1

    for number in range(1, 42):
        begin(stage, "P3", school(number), active=False)
    stage.wait(700, step=5)
    ends = [one for one in told(stage)["operator"] if "RESOLVED" in one]
    assert sum(int(one.split(" ")[2]) for one in ends) == 40
    assert told(stage)["user"][1:] == ["0m ALL_RESOLVED 1 address_lost"]


@pytest.mark.parametrize("restarts", [False, True])
def test_no_channel_gets_more_than_agreed_and_p1_has_its_share(
    tmp_path: Path, restarts: bool
) -> None:
    text = OWNERS + '[default]\nto = ["owner:operator", "owner:user"]'
    stage = staged(tmp_path / "d", text, messages=8)
    for number in range(60):
        begin(stage, "P3", school(number))
        stage.wait(15, step=15)
        if restarts and number % 7 == 0:
            stage.restart()
    begin(stage, "P1", school(100))
    stage.wait(HOUR, step=10)
    with stage.ledger.transaction() as db:
        query = """SELECT channel, at FROM alert_outbox JOIN alert_message ON number = message"""
        made = db.execute(query).fetchall()
    for channel in ("operator", "user", "console"):
        times = [when for name, when in made if name == channel]
        for first in times:
            assert sum(first <= one < first + 600 * SECOND for one in times) <= 8
    said = told(stage)["operator"]
    assert "15m FIRST 1 spool_dropping" in said
    assert sum(int(one.split(" ")[2]) for one in said if one.split(" ")[1] != "ESCALATED") == 61


def test_a_route_may_wait_for_others_to_come(tmp_path: Path) -> None:
    """As `group_wait` of Alertmanager, with the difference that what is over by then is told."""
    text = OWNERS + '[default]\ngroup_wait = "20s"'
    stage = staged(tmp_path / "d", text)
    begin(stage, "P2", school(1))
    stage.wait(10)
    begin(stage, "P2", school(2))
    begin(stage, "P3", school(2))
    assert told(stage) == {}
    stage.wait(11)
    assert told(stage) == {"operator": ["0m NEW_ALERTS 1 address_lost 2 spool_set_aside"]}
    begin(stage, "P2", school(1), active=False)
    assert told(stage)["operator"][1:] == ["0m ALL_RESOLVED 1 spool_set_aside"]

    begin(stage, "P2", school(3))
    begin(stage, "P2", school(3), active=False)
    stage.restart()
    stage.wait(60)
    assert told(stage)["operator"][2:] == ["0m SOME_RESOLVED 1 spool_set_aside"]


def test_a_route_waits_for_as_long_as_it_says_and_keeps_nobody_else_waiting(
    tmp_path: Path,
) -> None:
    text = OWNERS + '[default]\ngroup_wait = "10m"\n'
    text += '[[route]]\nname = "p2"\nseverity = ["P2"]\ngroup_wait = "20s"\n'
    stage = staged(tmp_path / "d", text)
    begin(stage, "P3", school(1))
    stage.wait(599)
    assert told(stage) == {}
    stage.wait(2)
    assert told(stage) == {"operator": ["10m NEW_ALERTS 1 address_lost"]}
    begin(stage, "P3", school(2))
    stage.wait(30)
    begin(stage, "P2", school(2))
    stage.wait(21)
    assert told(stage)["operator"][1:] == ["10m NEW_ALERTS 1 address_lost 1 spool_set_aside"]


def test_what_lasts_reaches_somebody_or_is_counted_as_unrouted(tmp_path: Path) -> None:
    text = OWNERS.replace('owner = "operator"', 'owner = "operator"\nregion = "330100"')
    stage = staged(tmp_path / "d", text)
    for number in range(3):
        begin(stage, "P2", school(number))
    stage.note("store_went_back", "store")
    stage.engine.reroute(routing('kind = "routing"'))
    for number in range(3, 5):
        begin(stage, "P1", school(number))
    stage.wait(60)
    with stage.ledger.transaction() as db:
        query = "SELECT count(DISTINCT alert) FROM alert_told"
        (logged,) = db.execute(query).fetchone()
    assert len(told(stage)["operator"]) == 3
    unrouted = {
        rule: count
        for (name, rule), count in stage.engine.counts.items()
        if name == "alerts_unrouted"
    }
    assert unrouted == {"spool_dropping": 2}
    assert logged == 5, "the log has them all the same"
    assert stage.clock.at > NOW

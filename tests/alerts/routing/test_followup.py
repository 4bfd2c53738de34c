"""What follows of what lasts: repeats, escalation, reminders, the supervision list (R-26)."""

import sqlite3
from pathlib import Path

import pytest

from alerts import tables
from core.clock import SECOND
from core.types import Identity
from tests.alerts.routing.play import (
    DAY,
    HOUR,
    MINUTE,
    OWNERS,
    at,
    begin,
    recorded,
    routing,
    school,
    staged,
    told,
)
from tests.alerts.stage import Stage
from tests.collector.making import NOW, WHO

NEVER = '[due]\nP1 = "never"\nP2 = "never"\nP3 = "never"\n'
QUIET = OWNERS + NEVER + '[default]\nrepeat = "never"\n'


def ack(stage: Stage, number: int = 1, *, undone: bool = False) -> None:
    with stage.ledger.transaction() as db:
        if undone:
            db.execute("UPDATE alert_ack SET undone = 1")
            return
        row = (number, stage.clock.at, "wang", "district", "page", "", 0)
        db.execute("INSERT INTO alert_ack VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def follows(stage: Stage) -> list[tuple[int, int, int, str]]:
    with stage.ledger.transaction() as db:
        query = "SELECT number, supervised_at, closed_at, closed_by FROM alert_follow"
        return db.execute(query).fetchall()


def test_what_nobody_acknowledges_is_told_to_more_and_more(tmp_path: Path) -> None:
    steps = """
[[escalation]]
severity = ["P1", "P2"]
after = "15m"
to = ["owner:operator", "owner:authority"]
[[escalation]]
severity = ["P1"]
after = "1h"
to = ["owner:user"]
"""
    stage = staged(tmp_path / "d", QUIET + steps)
    begin(stage, "P1")
    stage.wait(2 * HOUR, step=30)
    assert told(stage) == {
        "operator": [
            "0m FIRST 1 spool_dropping",
            "15m ESCALATED 1 spool_dropping",
            "60m ESCALATED 1 spool_dropping",
        ],
        "authority": ["15m ESCALATED 1 spool_dropping", "60m ESCALATED 1 spool_dropping"],
        "user": ["60m ESCALATED 1 spool_dropping"],
    }
    begin(stage, "P1", active=False)
    ends = {channel: said[-1] for channel, said in told(stage).items()}
    assert set(ends.values()) == {"120m ALL_RESOLVED 1 spool_dropping"}
    assert set(ends) == {"operator", "authority", "user"}
    assert recorded(stage) == ["escalated", "escalated", "follow_up_closed"]


def test_without_a_word_in_the_file_only_p1_is_escalated(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", QUIET)
    begin(stage, "P2")
    begin(stage, "P1", school(2))
    stage.wait(HOUR, step=30)
    assert told(stage)["authority"] == ["15m ESCALATED 1 spool_dropping"]


def test_an_acknowledgement_ends_repeats_and_escalation_until_it_is_undone(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", OWNERS + NEVER + '[default]\nrepeat = "1h"\n')
    begin(stage, "P1")
    stage.wait(10 * MINUTE, step=30)
    ack(stage)
    stage.wait(3 * HOUR, step=30)
    assert told(stage) == {"operator": ["0m FIRST 1 spool_dropping"]}
    ack(stage, undone=True)
    stage.wait(5 * HOUR + 20 * MINUTE, step=30)
    assert "authority" in told(stage)
    assert [one.split(" ")[1] for one in told(stage)["operator"]] == [
        *("FIRST", "ESCALATED", "REPEAT", "REPEAT", "REPEAT", "REPEAT", "REPEAT"),
    ]


def test_a_route_may_leave_its_alerts_where_they_are(tmp_path: Path) -> None:
    text = QUIET + '[[route]]\nname = "nights"\nduring = "off"\nescalate = false\n'
    stage = staged(tmp_path / "d", text, now=at("2026-11-23 07:00"))
    begin(stage, "P1")
    stage.wait(55 * MINUTE, step=30)
    assert "authority" not in told(stage)
    stage.wait(15 * MINUTE, step=30)
    assert told(stage)["authority"] != [], "school has begun"


def test_it_is_told_again_after_the_interval_of_its_route_while_it_lasts(tmp_path: Path) -> None:
    """As `repeat_interval` of Alertmanager: counted from the last message about it."""
    text = OWNERS + NEVER + '[default]\nrepeat = "2h"\n[[route]]\nname = "p3"\nseverity = ["P3"]\n'
    stage = staged(tmp_path / "d", text + 'repeat = "never"\nto = ["owner:user"]\n')
    begin(stage, "P2")
    begin(stage, "P3")
    stage.wait(5 * HOUR, step=60)
    begin(stage, "P2", active=False)
    stage.wait(3 * HOUR, step=60)
    assert told(stage) == {
        "operator": [
            *(f"{n}m {word} 1 spool_set_aside" for n, word in ((0, "FIRST"), (120, "REPEAT"))),
            *("240m REPEAT 1 spool_set_aside", "300m ALL_RESOLVED 1 spool_set_aside"),
        ],
        "user": ["0m FIRST 1 address_lost"],
    }


def test_what_is_due_is_reminded_of_and_then_supervised_until_it_is_over(tmp_path: Path) -> None:
    """R-26, by a clock that the test moves: P1 is due after four hours, at night too."""
    stage = staged(tmp_path / "d", OWNERS + '[default]\nrepeat = "never"\n')
    begin(stage, "P1")
    ack(stage)
    stage.wait(3 * HOUR + MINUTE, step=30)
    assert told(stage) == {"operator": ["0m FIRST 1 spool_dropping"]}, "acknowledged: no reminder"
    ack(stage, undone=True)
    stage.wait(HOUR, step=30)
    assert told(stage)["operator"][1:] == [
        "185m ESCALATED 1 spool_dropping",
        "240m REMINDER 1 spool_dropping",
    ]
    ((number, supervised_at, closed_at, _),) = follows(stage)
    assert (number, closed_at) == (1, 0)
    assert (supervised_at - NOW) // SECOND // MINUTE == 240
    stage.wait(30 * DAY, step=HOUR)
    begin(stage, "P1", active=False)
    ((_, _, closed_at, closed_by),) = follows(stage)
    assert (closed_at, closed_by) == (stage.clock.at, "ended")
    assert recorded(stage) == ["escalated", "reminded", "supervised", "follow_up_closed"]


def test_a_reminder_comes_before_the_due_date(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", QUIET.replace('P2 = "never"', 'P2 = "4h"'))
    begin(stage, "P2")
    stage.wait(5 * HOUR, step=60)
    assert told(stage) == {
        "operator": [
            *("0m FIRST 1 spool_set_aside", "180m REMINDER 1 spool_set_aside"),
            "240m REMINDER 1 spool_set_aside",
        ],
        "authority": ["240m REMINDER 1 spool_set_aside"],
    }
    titles = [message.title.zh for message in stage.messages_made()]
    assert titles[1].startswith("催办（应于 2026-11-23 07:0"), titles
    assert titles[-1].startswith("已逾期，列入督办："), titles


def test_school_days_go_over_a_weekend(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", OWNERS, now=at("2026-11-27 16:00"))
    begin(stage, "P2")
    begin(stage, "P3", school(2))
    with stage.ledger.transaction() as db:
        due = [at for (at,) in db.execute("SELECT due_at FROM alert_follow ORDER BY number")]
    expected = [at("2026-11-30 16:00"), at("2026-12-02 16:00")]
    assert [round((one - when) / SECOND / 60) for one, when in zip(due, expected)] == [0, 0]


@pytest.mark.parametrize("step", [60, 7 * MINUTE])
def test_a_kill_at_any_step_loses_nothing_and_repeats_nothing(tmp_path: Path, step: float) -> None:
    text = OWNERS + '[default]\nrepeat = "90m"\n'
    whole, broken = staged(tmp_path / "a", text), staged(tmp_path / "b", text)
    for stage in (whole, broken):
        begin(stage, "P1")
        begin(stage, "P2", school(2))
    for number in range(int(6 * HOUR / step)):
        whole.wait(step, step=step)
        broken.wait(step, step=step)
        if number % 3 == 0:
            broken.restart()
    assert told(broken) == told(whole)
    assert recorded(broken) == recorded(whole) != []


def test_what_came_due_while_the_collector_stood_is_told_once_when_it_is_back(
    tmp_path: Path,
) -> None:
    stage = staged(tmp_path / "d", OWNERS)
    begin(stage, "P1")
    stage.clock.at += 10 * HOUR * SECOND
    stage.restart()
    stage.wait(MINUTE)
    assert told(stage)["operator"][1:] == ["600m REMINDER 1 spool_dropping"]
    assert recorded(stage) == ["escalated", "reminded", "supervised"]


def test_a_clock_that_is_set_back_does_no_harm(tmp_path: Path) -> None:
    text = OWNERS + NEVER + '[default]\nrepeat = "1h"\n'
    stage = staged(tmp_path / "d", text)
    stage.clock.at += 400 * DAY * SECOND
    begin(stage, "P2")
    stage.wait(MINUTE)
    before = len(told(stage)["operator"])
    stage.clock.at = NOW
    stage.wait(30 * MINUTE, step=60)
    assert len(told(stage)["operator"]) == before
    stage.wait(45 * MINUTE, step=60)
    assert len(told(stage)["operator"]) == before + 1, "as if it had begun when the clock was set"
    stage.wait(12 * HOUR, step=60)
    assert len(told(stage)["operator"]) in (before + 12, before + 13)


def test_many_at_once_are_one_message_and_a_full_channel_waits(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", QUIET.replace('repeat = "never"', 'repeat = "1h"'), messages=4)
    for number in range(300):
        begin(stage, "P2", Identity(WHO.region, f"school-{number}", "host"))
    stage.wait(HOUR + 20 * MINUTE, step=20)
    said = [one for one in told(stage)["operator"] if "REPEAT" in one]
    assert sum(int(one.split(" ")[2]) for one in said) == 300
    assert len(said) <= 4


def test_other_routes_hold_for_what_follows_of_what_is_open(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", QUIET)
    begin(stage, "P2")
    stage.wait(HOUR, step=60)
    stage.engine.reroute(routing(QUIET.replace('repeat = "never"', 'repeat = "30m"')))
    stage.wait(HOUR, step=60)
    said = [one.split(" ")[1] for one in told(stage)["operator"]]
    assert said[:2] == ["FIRST", "REPEAT"]
    assert len(said) in (2, 3)


def test_twenty_thousand_open_alerts_are_not_looked_at_each_tick(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", OWNERS)
    begin(stage, "P3")
    stage.wait(10)
    with stage.ledger.transaction() as db:
        db.execute(
            """WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
            INSERT INTO alert_follow (number, since, remind_at, due_at, repeat_at, escalated,
            reminded, reminders, supervised_at, next_at)
            SELECT i, since, remind_at, due_at, repeat_at, 0, 0, 0, 0, next_at
            FROM n, alert_follow WHERE number = 1"""
        )
        query = """EXPLAIN QUERY PLAN SELECT number FROM alert_follow AS f
            WHERE closed_at = 0 AND next_at > 0 AND next_at <= 5 ORDER BY next_at LIMIT 1000"""
        plan = " ".join(row[3] for row in db.execute(query))
        lowest = """EXPLAIN QUERY PLAN SELECT min(next_at) FROM alert_follow
            WHERE closed_at = 0 AND next_at > 0"""
        plan += " ".join(row[3] for row in db.execute(lowest))
    assert plan.count("alert_follow_next") == 2, plan
    assert "SCAN f" not in plan


def test_who_hears_only_by_escalation_hears_of_the_end_too(tmp_path: Path) -> None:
    text = QUIET + '[[route]]\nname = "all"\ndigest = true\nto = ["owner:user"]\n'
    stage = staged(tmp_path / "d", text)
    begin(stage, "P1")
    stage.wait(20 * MINUTE, step=30)
    begin(stage, "P1", active=False)
    assert told(stage)["authority"] == [
        *("15m ESCALATED 1 spool_dropping", "20m ALL_RESOLVED 1 spool_dropping"),
    ]
    assert "user" not in told(stage)


def test_a_database_that_refuses_has_everything_told_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged(tmp_path / "d", QUIET)
    begin(stage, "P1")
    stage.wait(14 * MINUTE, step=30)
    with monkeypatch.context() as broken:
        broken.setattr(tables, "write", _refuse)
        stage.clock.at += 5 * MINUTE * SECOND
        for _ in range(3):
            with pytest.raises(sqlite3.OperationalError):
                stage.engine.tick()
    assert "authority" not in told(stage)
    stage.wait(MINUTE)
    assert told(stage)["authority"] == ["19m ESCALATED 1 spool_dropping"]
    assert recorded(stage) == ["escalated"]


def _refuse(*_: object) -> None:
    raise sqlite3.OperationalError("disk I/O error")


def test_what_was_told_before_there_were_routes_is_followed_from_then_on(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", "")
    begin(stage, "P1")
    stage.wait(HOUR, step=60)
    stage.routing = routing(QUIET)
    stage.restart()
    stage.wait(20 * MINUTE, step=30)
    assert told(stage)["authority"][1:] == ["75m ESCALATED 1 spool_dropping"]

"""How the open alerts of a school are counted."""

from pathlib import Path

from alerts import acks
from alerts.attended import Attended
from alerts.history import History
from alerts.step import Case
from alerts.texts import Words
from collector.district.alertcounts import alert_counts, elsewhere
from core.alerts import Alert, AlertKey
from core.types import Event
from tests.alerts.stage import SHANGHAI, Stage
from tests.collector.making import NOW

HERE = ("330105", "s1")


def case(number: int, place: str = "330105/s1/pc", **words: str) -> Case:
    alert = Alert(AlertKey("disk_full", place), "P3", "firing", NOW, NOW, 0, number, **words)  # type: ignore[arg-type]
    return Case(alert)


CASES = (
    case(1),
    case(2),
    case(3, muted_by="silence:1"),
    case(4, hidden_by="line_down", muted_by="calendar"),
    case(5, "330105"),
    case(6, "collector/d1"),
)


def test_each_alert_is_counted_once_by_how_it_stands() -> None:
    attended = Attended(acked=frozenset({2}), overdue=frozenset({2, 3}))
    counted = {"p3": 2, "muted": 1, "hidden": 1, "unacked": 1, "overdue": 2}
    assert alert_counts(CASES, attended) == {HERE: counted}
    assert elsewhere(CASES) == 2


def test_where_nobody_can_tell_who_takes_care_that_is_not_counted() -> None:
    assert alert_counts(CASES) == {HERE: {"p3": 2, "muted": 1, "hidden": 1}}


def test_what_is_taken_care_of_is_what_people_acknowledged_and_did_not_take_back(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    history = History(stage.folder / "ledger.db", Words(str, SHANGHAI))
    stage.say(Event("spool_dropping", "host", "spool", True, NOW))
    assert history.attended() == Attended(frozenset(), frozenset())
    with stage.ledger.transaction() as db:
        acks.acknowledge(db, 1, "张三", "district", "page", "", NOW)
    assert history.attended().acked == {1}
    with stage.ledger.transaction() as db:
        acks.undo(db, 1, "district", NOW)
        db.execute(
            """INSERT INTO alert_follow (number, since, remind_at, due_at, repeat_at, escalated,
            reminded, reminders, supervised_at, next_at) VALUES (1, 1, 1, 1, 1, 0, 2, 1, 9, 0)"""
        )
    assert history.attended() == Attended(frozenset(), frozenset({1}))

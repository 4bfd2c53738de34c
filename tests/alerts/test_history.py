"""What is open, what was, whom it was told, and for how long that is kept."""

from pathlib import Path

from alerts.facts import Wrong
from alerts.history import History, Wanted, tidy
from alerts.texts import Words
from core.clock import SECOND
from core.types import Event, Identity
from tests.alerts.stage import SHANGHAI, Stage
from tests.collector.making import NOW, OTHER, REGION, WHO

HOUR = 3600 * SECOND


def dropping(*, active: bool = True, at: int = NOW, subject: str = "spool") -> Event:
    return Event("spool_dropping", "host", subject, active, at)


def history(stage: Stage) -> History:
    return History(stage.folder / "ledger.db", Words(lambda place: place, SHANGHAI))


def test_alerts_are_found_by_region_school_agent_and_rule(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(dropping())
    stage.say(dropping(), who=OTHER)
    stage.say(dropping(), who=Identity(REGION, "school-10", "host"))
    asked = history(stage)
    found = asked.stories(Wanted(region=REGION))
    assert (len(found.open), found.open_total, found.before) == (3, 3, 0)
    found = asked.stories(Wanted(region=REGION, school="school-1"))
    assert [story.telling.alert.key.place for story in found.open] == [str(WHO)], "not school-10"
    assert asked.stories(Wanted(rule="disk_full")).open == []


def test_what_is_open_comes_worst_first_and_what_is_over_in_pages(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.read("disk", {"path": "/"}, used_percent=99.0)
    stage.say(dropping())
    found = history(stage).stories(Wanted())
    assert [story.telling.alert.severity for story in found.open] == ["P2", "P3"]

    stage.say(*(dropping(subject=f"{n}") for n in range(3)))
    stage.say(*(dropping(active=False, at=NOW + 1, subject=f"{n}") for n in range(3)))
    first = history(stage).stories(Wanted(limit=2))
    second = history(stage).stories(Wanted(limit=2, before=first.before))
    numbers = [story.telling.alert.number for page in (first, second) for story in page.over]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(numbers), second.before) == (3, 0)


def test_one_alert_is_found_by_its_number_open_or_over(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(dropping(), dropping(subject="other"))
    stage.say(dropping(active=False, at=NOW + 1, subject="other"))
    for number, where in ((1, "open"), (2, "over")):
        found = history(stage).stories(Wanted(number=number))
        assert [one.telling.alert.number for one in getattr(found, where)] == [number]
        assert len(found.open) + len(found.over) == 1
    assert not history(stage).stories(Wanted(number=9)).open


def test_what_another_alert_hides_comes_last_and_is_in_no_count(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    silent = Wrong("agent_silent", str(WHO), NOW)
    cut = Wrong("line_down", f"{REGION}/{WHO.school}", NOW)
    for _ in range(37):
        stage.see(silent, cut, covers=["line_down", "agent_silent"])
        stage.wait(5)
    stage.read("disk", {"path": "/"}, used_percent=99.0)
    found = history(stage).stories(Wanted())
    rules = [story.telling.alert.key.rule for story in found.open]
    assert rules == ["line_down", "disk_full", "agent_silent"]
    assert (found.open_total, sum(found.severities.values())) == (3, 2)
    assert (found.muted, found.hidden, found.unacked, found.over_total) == (0, 1, 2, 0)
    first, _, hidden = found.open
    assert (hidden.group, hidden.telling.alert.hider) == ("hidden", first.telling.alert.number)
    assert hidden.hider == first.telling.title
    one = history(stage).stories(Wanted(limit=1))
    assert [story.group for story in one.open] == ["open", "hidden"], "each group has its own limit"


def test_a_condition_that_has_not_lasted_long_enough_is_nobodys_concern(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(Event("link_down", "switch", "1", True, NOW))
    assert history(stage).stories(Wanted()).open == []
    stage.wait(31)
    assert len(history(stage).stories(Wanted()).open) == 1


def test_old_history_goes_with_its_messages_and_what_is_open_stays(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(dropping())
    stage.say(dropping(subject="other"))
    stage.say(dropping(active=False, at=NOW + 1))
    with stage.ledger.transaction() as db:
        db.execute("UPDATE alert_outbox SET state = 'delivered'")
        assert tidy(db, NOW) == 0
        assert tidy(db, NOW + HOUR) == 1
        counts = [
            db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("alert", "alert_told", "alert_message", "alert_outbox", "alert_subject")
        ]
    assert counts == [1, 1, 1, 1, 1]
    stage.restart()
    stage.say(dropping(subject="new"))
    numbers = [case.alert.number for case in stage.engine.open_cases()]
    assert numbers == [2, 3], "a number is never given twice"

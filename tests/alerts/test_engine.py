"""What holds of the engine beside its timelines: storms, bounds, restores, new rules, defects."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alerts import engine, memory, subjects, tables
from alerts.facts import Wrong
from alerts.match import LONGEST_TARGET, EventFact
from alerts.rowfacts import RowFacts
from alerts.rules import OfReading
from alerts.shipped import RULES
from alerts.texts import LONGEST
from core.alerts import Text
from core.clock import SECOND
from core.kinds import KINDS
from core.types import Event, Identity
from tests.alerts.stage import SHANGHAI, Stage
from tests.collector.making import NOW, REGION, WHO, A, B, Clock

HOUR = 3600 * SECOND
LINK_DOWN = next(rule for rule in RULES if rule.name == "link_down")


OF_ONE_PLACE = 5


def dropping(subject: str = "spool", *, active: bool = True, at: int = NOW) -> Event:
    return Event("spool_dropping", "host", subject, active, at)


def agent(number: int) -> Identity:
    return Identity(REGION, f"school-{number}", "host")


@pytest.mark.parametrize("most", [4, 20])
def test_a_storm_of_a_thousand_events_ends_in_no_more_messages_than_agreed(
    tmp_path: Path, most: int
) -> None:
    stage = Stage(tmp_path / "d1", messages=most)
    storm = (stage.batch([dropping()], agent(n % 500), "AB"[n % 2] * 16) for n in range(1_000))
    stage.arrive(*storm)
    stage.wait(700, step=10)
    assert len(stage.told()) <= most
    assert stage.messages_made()[-1].total + len(stage.told()) - 1 == 500, "nobody is left out"
    assert stage.engine.counts["alerts_fired", "spool_dropping"] == 500

    stage.wait(1200, step=10)
    before = len(stage.told())
    ends = dropping(active=False, at=stage.clock.at)
    stage.arrive(*(stage.batch([ends], agent(n), "C" * 16) for n in range(500)))
    stage.wait(1200, step=10)
    told = stage.messages_made()[before:]
    assert sum(message.total for message in told) == 500
    assert told[-1].reason == "ALL_RESOLVED"
    assert len(told) <= 2 * most


def test_in_no_ten_minutes_are_there_more_messages_than_agreed(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1", messages=6)
    for number in range(300):
        stage.say(dropping(at=stage.clock.at), who=agent(number))
        stage.wait(20, step=20)
    stage.wait(1200, step=10)
    times = [message.at for message in stage.messages_made()]
    for begin in times:
        assert sum(begin <= at < begin + 600 * SECOND for at in times) <= 6
    assert sum(message.total for message in stage.messages_made()) == 300


def test_a_storm_leaves_room_for_what_is_urgent(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1", messages=20)
    stage.arrive(*(stage.batch([dropping()], agent(n)) for n in range(100)))
    stage.see(Wrong("audit_stopped", "collector/d1", NOW), covers=["audit_stopped"])
    (urgent,) = [m for m in stage.messages_made() if m.severity == "P1"]
    assert urgent.total == 1


def test_one_place_cannot_use_up_the_messages_of_all(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(*(dropping(f"spool-{n}") for n in range(100)))
    assert len(stage.told()) == OF_ONE_PLACE
    stage.say(dropping(), who=agent(2))
    assert len(stage.told()) == OF_ONE_PLACE + 1


def test_what_begins_and_ends_while_it_waits_for_a_summary_is_told_there_once(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(*(dropping(f"spool-{n}") for n in range(10)))
    stage.say(dropping("spool-9", active=False, at=NOW + 5))
    stage.restart()
    stage.rows()
    stage.wait(60)
    summary = stage.messages_made()[-1]
    assert (summary.reason, summary.total) == ("NEW_ALERTS", 5)
    ended = [t.alert.key.subject for t in summary.alerts if t.alert.state == "ended"]
    assert ended == ["spool-9"]
    stage.wait(1200, step=10)
    assert len(stage.told()) == OF_ONE_PLACE + 1


def test_open_cases_are_bounded_and_what_is_too_many_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOST_OF_ONE_PLACE", 10)
    monkeypatch.setattr(memory, "MOST_OPEN", 15)
    stage = Stage(tmp_path / "d1")
    stage.say(*(dropping(f"spool-{n}") for n in range(12)))
    stage.say(*(dropping(f"spool-{n}") for n in range(12)), who=agent(2))
    assert len(list(stage.engine.open_cases())) == 15
    assert stage.engine.counts["alerts_refused", ""] == 9


def test_subjects_of_one_agent_are_bounded_and_those_that_ended_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "MOST_SUBJECTS", 3)
    stage = Stage(tmp_path / "d1")
    stage.say(*(dropping(f"spool-{n}") for n in range(4)))
    assert stage.engine.counts["alert_words_ignored", ""] == 1
    stage.say(dropping("spool-0", active=False, at=NOW + 1))
    stage.say(dropping("spool-3", at=NOW + 2))
    open_ones = sorted(case.alert.key.subject for case in stage.engine.open_cases())
    assert open_ones == ["spool-1", "spool-2", "spool-3"]


def test_a_lane_has_caught_up_only_when_its_rows_were_read_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of what began in an outage may be in the audit log, and not read yet."""
    monkeypatch.setattr(engine, "PAGE", 1)
    stage = Stage(tmp_path / "d1", clock=Clock(NOW + HOUR))
    stage.born()
    with monkeypatch.context() as held:
        held.setattr(stage, "rows", lambda: None)
        stage.say(dropping(at=NOW))
        stage.say(dropping(active=False, at=NOW + SECOND))
    stage.engine.rows()
    stage.engine.tick()
    assert stage.told() == []
    stage.rows()
    stage.wait(700)
    assert stage.told() == []


def test_a_rule_that_is_new_sees_the_present_once(tmp_path: Path) -> None:
    others = tuple(rule for rule in RULES if rule is not LINK_DOWN)
    stage = Stage(tmp_path / "d1", rules=others)
    stage.say(Event("link_down", "switch", "1", True, NOW), Event("link_down", "x", "", True, NOW))
    stage.say(Event("link_down", "x", "", False, NOW + 1))
    stage.rules = RULES
    stage.restart()
    stage.born()
    stage.wait(40)
    assert stage.told() == ["30s begins link_down late"]
    stage.restart()
    stage.wait(40)
    assert stage.told() == ["30s begins link_down late"]


def test_an_alert_of_a_rule_that_is_no_more_ends_and_who_was_told_of_it_is_told_that(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(Event("link_down", "switch", "1", True, NOW), *(dropping(f"{n}") for n in range(9)))
    stage.wait(31)
    told = stage.told()
    stage.rules = (replace(LINK_DOWN, name="link_is_down"),)
    stage.restart()
    assert [case.alert.key.rule for case in stage.engine.open_cases()] == ["link_is_down"]
    stage.wait(1200, step=10)
    assert stage.told()[: len(told)] == told
    gone, begun = stage.messages_made()[len(told) :]
    assert (gone.reason, gone.total) == ("ALL_RESOLVED", 10)
    assert "不再跟踪" in gone.title.zh
    assert (begun.reason, begun.counts) == ("FIRST", {"link_is_down": 1})


def test_rows_that_were_there_before_the_first_rule_tell_only_what_still_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path / "d1")
    with monkeypatch.context() as old:
        old.setattr(Stage, "rows", lambda _: None)  # as a release without alerts left it
        stage.note("forged_batch", f"{REGION}/school-7/host")
        stage.say(dropping())
        stage.say(dropping("other"), dropping("other", active=False, at=NOW + 1))
    with stage.ledger.transaction() as db:
        db.execute("DELETE FROM event_cursor")
    stage.clock.at = NOW + 2 * HOUR
    stage.restart()
    stage.rows()
    stage.born()
    stage.wait(30)
    assert [words.split(" ", 1)[1] for words in stage.told()] == ["begins spool_dropping late"]


def test_rows_made_again_after_a_restore_are_told_as_repeats(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    backup = copy_of(stage)
    stage.say(dropping(), who=agent(1))
    stage.note("forged_batch", f"{REGION}/school-2/host")
    assert [repeat for *_, repeat in stage.outbox()] == [0, 0]

    stage.ledger.close()
    for path in (stage.folder / f"ledger.db{end}" for end in ("-wal", "-shm")):
        path.unlink(missing_ok=True)
    (stage.folder / "ledger.db").write_bytes(backup)
    stage.restored()
    stage.born(agent(1))
    stage.wait(5)
    rules = sorted(m.alerts[0].alert.key.rule for m in stage.messages_made())
    assert rules == ["forged_batch", "spool_dropping"]
    assert [repeat for *_, repeat in stage.outbox()] == [1, 1]

    stage.say(dropping(active=False, at=stage.clock.at), who=agent(1))
    stage.say(dropping(at=stage.clock.at), who=agent(3))
    assert [repeat for *_, repeat in stage.outbox()] == [1, 1, 0, 0], "these are news"


def copy_of(stage: Stage) -> bytes:
    """Return the database as a backup would have it."""
    with closing(sqlite3.connect(stage.folder / "ledger.db")) as source:
        return source.serialize()


def test_a_defect_in_one_row_harms_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path / "d1")
    judge = RowFacts._event

    def stumble(self: RowFacts, row: Any, body: Any, listed_at: int) -> Iterator[EventFact]:
        if body.subject == "poison":
            raise RuntimeError("a defect that one row meets")
        return judge(self, row, body, listed_at)

    monkeypatch.setattr(RowFacts, "_event", stumble)
    stage.say(dropping("1"), dropping("poison"), dropping("2"))
    open_ones = sorted(case.alert.key.subject for case in stage.engine.open_cases())
    assert open_ones == ["1", "2"]
    assert stage.engine.counts["alert_rows_failed", ""] == 1


def test_a_database_that_refuses_changes_nothing_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(Event("link_down", "switch", "1", True, NOW))
    stage.clock.at += 40 * SECOND

    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(tables, "write", refuse)
        for _ in range(3):
            with pytest.raises(sqlite3.OperationalError):
                stage.engine.tick()
        with pytest.raises(sqlite3.OperationalError):
            stage.say(dropping())
    assert stage.told() == []
    stage.engine.tick()
    stage.rows()
    assert stage.told() == ["40s begins link_down", "40s begins spool_dropping"]


def test_what_an_agent_writes_stays_one_plain_word_in_our_sentence(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    target = "{where}{0}\u202e" + "x" * 180
    details = {"why": "{what}", "is": [1] * 999}
    stage.say(Event("link_down", target, "", True, NOW, details=details))
    stage.wait(31)
    (message,) = stage.messages_made()
    assert message.title.en.startswith("Link down: {where}{0} x")
    assert len(message.title.en) < LONGEST + 80
    assert message.alerts[0].alert.details == {"details_left_out": True}


def test_a_message_says_what_since_when_what_it_means_and_what_to_try(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.read("disk", {"path": "/data"}, used_percent=97.31)
    stage.clock.at += 600 * SECOND
    stage.read("disk", {"path": "/data"}, used_percent=50.0)
    begins, ends = stage.messages_made()
    assert begins.title.zh == f"磁盘空间不足：{WHO} /data 已用 97.3%"
    assert begins.title.en == f"Disk nearly full: /data at {WHO}, 97.3 % used"
    zh = begins.alerts[0].text.zh.split("\n")
    assert [line.split("：")[0] for line in zh] == ["开始", "影响", "请先"]
    assert zh[0] == "开始：2026-11-23 03:09:45"
    assert ends.title.en == f"Disk has room again: /data at {WHO}"
    assert ends.alerts[0].text.en.split("\n")[1] == "Ended: 2026-11-23 03:19:45"


def test_what_an_agent_says_of_its_own_machine_does_not_name_it_twice(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(Event("link_down", WHO.agent, "eth0", True, NOW))
    stage.wait(31)
    (message,) = stage.messages_made()
    assert message.title == Text(f"链路断开：{WHO} eth0", f"Link down: eth0 at {WHO}")


@pytest.mark.parametrize(
    ("day", "hour", "severity"),
    [(22, 10, "P2"), (23, 7, "P2"), (23, 8, "P1"), (23, 17, "P1"), (23, 18, "P2"), (28, 10, "P2")],
)
def test_a_line_that_is_down_is_urgent_in_school_time(
    tmp_path: Path, day: int, hour: int, severity: str
) -> None:
    """November 22 of 2026 is a Sunday; hours are those of Shanghai."""
    clock = Clock(int(datetime(2026, 11, day, hour, tzinfo=SHANGHAI).timestamp()) * SECOND)
    stage = Stage(tmp_path / "d1", clock=clock)
    held = clock.at - 90 * SECOND
    stage.see(Wrong("line_down", f"{REGION}/school-1", held), covers=["line_down"])
    assert [message.severity for message in stage.messages_made()] == [severity]


@pytest.mark.parametrize(("hour", "severity"), [(7, "P3"), (10, "P2"), (18, "P3")])
def test_a_platform_that_is_away_is_more_urgent_in_school_time(
    tmp_path: Path, hour: int, severity: str
) -> None:
    clock = Clock(int(datetime(2026, 11, 23, hour, tzinfo=SHANGHAI).timestamp()) * SECOND)
    stage = Stage(tmp_path / "d1", clock=clock)
    stage.read("http_response", {"server": "https://a.cn/"}, verdict="tls_timeout")
    stage.wait(121)
    assert [message.severity for message in stage.messages_made()] == [severity]


def test_an_uplink_that_is_full_at_busy_hours_is_told_after_a_day_and_when_it_has_room(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")

    def spend(hours: float, percent: float) -> None:
        for _ in range(int(hours * 12)):
            stage.read("bandwidth", {"uplink": "main"}, p95_of_contract_percent=percent)
            stage.wait(300, step=100)

    spend(23.9, 70.0)
    assert stage.told() == []
    spend(1, 81.26)
    spend(1, 66.0)
    spend(1, 64.9)
    assert stage.told() == ["86400s begins bandwidth_high", "93000s ends bandwidth_high"]
    assert "（P95）用到合同带宽的 81.3%" in stage.messages_made()[0].title.zh


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_speaks_both_languages_and_in_full(rule: Any) -> None:
    texts = rule.texts
    for both in (texts.title, texts.meaning, texts.first):
        assert all(both), rule.name
        zh = both.zh.replace("{try}", "试")  # what a cause says, in the language of the message
        assert any("\u4e00" <= char <= "\u9fff" for char in zh)
        assert both.en.isascii()
    assert bool(texts.ended.zh) is bool(texts.ended.en) is not rule.momentary
    assert not rule.momentary or rule.keep_s > 0


def test_every_rule_about_readings_has_a_kind_that_is_as_bad_as_the_rule_at_its_worst() -> None:
    rules = [rule for rule in RULES if isinstance(rule.of, OfReading)]
    worst = {rule.name: rule.in_school_time or rule.severity for rule in rules}
    assert {name: KINDS[name].severity for name in worst} == worst


def test_an_event_of_another_epoch_at_the_same_time_is_taken_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(dropping(), epoch=A)
    stage.say(dropping(), epoch=B)
    assert stage.told() == ["0s begins spool_dropping"]


def test_the_documentation_lists_every_rule_with_its_severity() -> None:
    text = (Path(__file__).parents[2] / "docs/alerts.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.split("\n") if line.startswith("| `")]
    listed = {row[1].strip(" `"): row[3].strip() for row in rows if len(row) == 5}
    severities = {
        rule.name: [rule.severity, *filter(None, [rule.in_school_time])] for rule in RULES
    }
    assert {name: re.findall(r"P\d", said) for name, said in listed.items()} == severities


def test_what_goes_on_and_on_does_not_fill_the_memory(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    for _ in range(50):
        stage.clock.at += SECOND
        stage.note("forged_batch", f"{REGION}/school-1/host")
        stage.read("ping", {"url": "gw"}, percent_packet_loss=float(stage.clock.at % 97 + 6))
    for number in range(300):
        stage.read("disk", {"path": f"/{number}" + "x" * 60_000}, used_percent=99.0)
    assert len(stage.engine._memory.due) <= 3
    assert len(stage.engine._fresh._seen) <= memory.MOST_OF_ONE_PLACE
    longest = max(len(case.alert.key.target) for case in stage.engine.open_cases())
    assert longest == LONGEST_TARGET
    assert stage.told()[0] == "1s begins forged_batch"
    stage.wait(4000, step=20)
    rules = {case.alert.key.rule for case in stage.engine.open_cases()}
    assert rules == {"disk_full", "packet_loss"}, "a quiet hour ended it"

"""Who takes care of an alert, and how far that has got: timelines on the real engine."""

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from alerts import acks
from alerts.acks import STAGES, Handled, Stage
from alerts.history import History, Wanted, tidy
from alerts.texts import Words
from collector.people import Doer, People
from core.clock import SECOND
from core.errors import ActRefused
from core.types import Event
from tests.alerts.stage import SHANGHAI
from tests.alerts.stage import Stage as Engine
from tests.collector.making import NOW

DAY = 86_400


def begun(folder: Path) -> Engine:
    stage = Engine(folder)
    stage.say(said(0))
    return stage


def said(seconds: int, *, active: bool = True) -> Event:
    return Event("spool_dropping", "host", "host", active, NOW + seconds * SECOND)


def do(stage: Engine, what: Callable[[sqlite3.Connection], object]) -> object:
    with stage.ledger.transaction() as db:
        return what(db)


def ack(stage: Engine, by: str = "张三", role: str = "district", number: int = 1) -> object:
    at = stage.clock()
    return do(stage, lambda db: acks.acknowledge(db, number, by, role, "page", "去看看", at))


def step(stage: Engine, word: str, by: str = "张三") -> object:
    done = Handled(cast(Stage, word), stage.clock(), by, "district", "")
    return do(stage, lambda db: acks.advance(db, 1, done))


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(ActRefused) as error:
        work()
    return error.value.why


def test_the_first_who_acknowledges_is_kept_and_a_second_changes_nothing(tmp_path: Path) -> None:
    stage = begun(tmp_path)
    assert ack(stage) is True
    stage.wait(5)
    assert ack(stage, "李四", "school:1/s") is False
    found = do(stage, lambda db: acks.acked(db, 1))
    assert found == acks.Ack(NOW, "张三", "district", "page", "去看看")
    stage.restart()
    assert do(stage, lambda db: acks.acked(db, 1)) == found


def test_what_ended_was_never_there_or_nobody_knows_yet_cannot_be_acknowledged(
    tmp_path: Path,
) -> None:
    stage = begun(tmp_path)
    stage.say(Event("link_down", "sw", "sw/1", True, NOW))  # held for 30 s
    assert refused(lambda: ack(stage, number=2)) == "unknown"
    assert refused(lambda: ack(stage, number=7)) == "unknown"
    stage.wait(31)
    assert ack(stage, number=2) is True
    stage.say(said(40, active=False))
    assert refused(lambda: ack(stage)) == "ended"


def test_only_the_role_that_acknowledged_takes_it_back_and_then_anybody_may_again(
    tmp_path: Path,
) -> None:
    stage = begun(tmp_path)
    assert refused(lambda: do(stage, lambda db: acks.undo(db, 1, "district", NOW))) == "not_acked"
    ack(stage)
    other = lambda: do(stage, lambda db: acks.undo(db, 1, "school:1/s", NOW))  # noqa: E731
    assert refused(other) == "other_role"
    stage.wait(60)
    do(stage, lambda db: acks.undo(db, 1, "district", stage.clock()))
    assert do(stage, lambda db: acks.acked(db, 1)) is None
    assert ack(stage, "李四", "school:1/s") is True
    ((was, undone),) = cast(
        list[tuple[acks.Ack, int]], do(stage, lambda db: [*acks.taken_back(db, 1)])
    )
    assert (was.by, undone) == ("张三", NOW + 60 * SECOND)


def test_the_chain_goes_step_by_step_and_no_other_way(tmp_path: Path) -> None:
    stage = begun(tmp_path)
    for word in STAGES:
        assert refused(lambda word=word: step(stage, word)) == "not_acked"  # type: ignore[misc]
    ack(stage)
    for word in ("fix", "verify", "close"):
        assert refused(lambda word=word: step(stage, word)) == "order"  # type: ignore[misc]
    assert step(stage, "contain") is True
    assert step(stage, "contain", "李四") is False
    assert refused(lambda: do(stage, lambda db: acks.undo(db, 1, "district", NOW))) == "begun"
    assert step(stage, "fix") is True
    assert refused(lambda: step(stage, "verify")) == "lasts"
    stage.say(said(9, active=False))
    assert refused(lambda: step(stage, "close")) == "order"
    assert step(stage, "verify") is True
    assert step(stage, "close") is True
    done = cast(list[Handled], do(stage, lambda db: acks.handled(db, 1)))
    assert [(one.stage, one.by) for one in done] == [(word, "张三") for word in STAGES]
    assert acks.next_stage(done) is None


def test_the_story_has_all_of_it_and_goes_with_its_alert(tmp_path: Path) -> None:
    stage = begun(tmp_path)
    ack(stage)
    step(stage, "contain")
    history = History(tmp_path / "ledger.db", Words(lambda place: place, SHANGHAI))
    (story,) = history.stories(Wanted(number=1)).open
    assert story.ack
    assert (story.ack.by, [one.stage for one in story.handled]) == ("张三", ["contain"])
    stage.say(said(9, active=False))
    do(stage, lambda db: tidy(db, NOW + DAY * SECOND))
    counts = [
        do(stage, lambda db, t=table: db.execute(f"SELECT count(*) FROM {t}").fetchone())  # type: ignore[misc]
        for table in ("alert", "alert_ack", "alert_stage")
    ]
    assert counts == [(0,), (0,), (0,)]


def test_an_alert_that_begins_anew_is_nobodys(tmp_path: Path) -> None:
    stage = begun(tmp_path)
    ack(stage)
    stage.say(said(9, active=False))
    stage.wait(3_600, 60)
    stage.say(said(3_600))
    assert do(stage, lambda db: acks.acked(db, 1)) is not None
    assert do(stage, lambda db: acks.acked(db, 2)) is None


def test_a_kill_between_the_act_and_its_answer_leaves_the_act_and_its_record_once(
    tmp_path: Path,
) -> None:
    stage = begun(tmp_path)
    stage.ledger.close()
    child = os.fork()
    if not child:
        try:
            acknowledge(Engine(tmp_path))
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    stage.start()
    found, new = acknowledge(stage)
    assert (found.by, new) == ("张三", False), "saying it again is harmless"
    bodies = [row.body for row in stage.journal.rows.after(0, 999)]
    assert sum(b'"alert_acknowledged"' in body for body in bodies) == 1


def acknowledge(stage: Engine) -> tuple[acks.Ack, bool]:
    people = People(stage.ledger.transaction, stage.journal, now=stage.clock)
    return people.acknowledge(1, Doer("张三", "district", "page", "zhang", "127.0.0.1"), "")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" a\n\tb\x00 ", "a b"), ("字" * 600, "字" * 500), ("\u202e\u2066x", "x"), ("", "")],
)
def test_what_people_type_is_kept_in_one_line(typed: str, kept: str) -> None:
    assert acks.plain(typed) == kept

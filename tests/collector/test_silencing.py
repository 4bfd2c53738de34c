"""Silences and their rows of the audit log, over the real engine and its database."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from alerts.silences import MOST, Matchers
from collector.journal import Note
from collector.silencing import Silencing
from core.clock import SECOND
from core.errors import AuditStopped, StoreStopped
from tests.alerts.stage import Stage

HOUR = 3_600 * SECOND


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.ledger.close()


def silencing(stage: Stage) -> Silencing:
    transaction, changed = stage.ledger.transaction, stage.engine.silences_changed
    return Silencing(transaction, stage.journal, changed, stage.clock)


def test_one_that_lasts_ends_by_hand_however_many_came_after_it(stage: Stage) -> None:
    quiet = silencing(stage)
    matchers, ends_at = Matchers(rule="line_down"), stage.clock() + HOUR
    lasting = quiet.silence("zhang", "work", matchers, ends_at)
    columns = "made_at, by, reason, begins_at, ends_at, matchers"
    with stage.ledger.transaction() as db:
        for _ in range(MOST):
            db.execute(
                f"INSERT INTO alert_silence ({columns}, ended_at, ended_by) "
                f"SELECT {columns}, 1, 'li' FROM alert_silence WHERE number = ?",
                (lasting.number,),
            )
    assert lasting.number not in {one.number for one in quiet.silences()}
    assert quiet.one(lasting.number) == lasting
    assert quiet.end_silence(lasting.number, "li")
    assert not quiet.end_silence(lasting.number, "li"), "it is over"


def test_none_is_made_or_ended_while_the_audit_log_stands_still(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = silencing(stage)
    lasting = quiet.silence("zhang", "work", Matchers(rule="line_down"), stage.clock() + HOUR)

    def full(_rows: object) -> None:
        raise StoreStopped("no space left")

    with monkeypatch.context() as disk:
        disk.setattr(stage.journal.log, "append", full)
        for _ in range(2):
            with pytest.raises(AuditStopped, match="审计日志无法写入"):
                quiet.silence("zhang", "more", Matchers(rule="disk_full"), stage.clock() + HOUR)
        with pytest.raises(AuditStopped, match="no space left"):
            quiet.end_silence(lasting.number, "zhang")
    assert quiet.silences() == [lasting]
    assert quiet.end_silence(lasting.number, "zhang"), "once it goes on"
    rows = list(stage.journal.log.rows(0))
    said = [msgspec.json.decode(row.body) for row in rows]
    told = [(one["kind"], one["success"], one["reason"]) for one in said]
    assert [one for one in told if one[0].startswith("silence")] == [
        ("silence_made", True, ""),
        ("silence_made", True, ""),
        ("silence_made", False, "no space left"),
        ("silence_ended", True, ""),
    ], "one try that the database had taken, and what became of it; then it knew"
    assert stage.journal.rows.last() == rows[-1].row


def test_one_that_is_over_by_the_time_its_end_is_recorded_is_told_not_to_have_been_ended(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = silencing(stage)
    lasting = quiet.silence("zhang", "work", Matchers(rule="line_down"), stage.clock() + HOUR)
    record = stage.journal.act

    def slow(*notes: Note) -> None:
        record(*notes)
        stage.clock.at += 2 * HOUR

    monkeypatch.setattr(stage.journal, "act", slow)
    assert not quiet.end_silence(lasting.number, "zhang")
    said = [msgspec.json.decode(row.body) for row in stage.journal.log.rows(0)]
    ended = [one for one in said if one["kind"] == "silence_ended"]
    assert [one["success"] for one in ended] == [True, False]
    assert ended[-1]["reason"]

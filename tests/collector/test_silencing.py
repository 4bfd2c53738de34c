"""Silences and their rows of the audit log, over the real engine and its database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.silences import MOST, Matchers
from collector.silencing import Silencing
from core.clock import SECOND
from core.errors import StoreStopped
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


def test_one_is_made_once_where_the_audit_log_stands_still(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = silencing(stage)

    def full(_rows: object) -> None:
        raise StoreStopped("no space left")

    with monkeypatch.context() as disk:
        disk.setattr(stage.journal.log, "append", full)
        made = quiet.silence("zhang", "work", Matchers(rule="line_down"), stage.clock() + HOUR)
    assert quiet.one(made.number) == made
    stage.journal.sync()
    kept = [bytes(row.body) for row in stage.journal.rows.after(0, 100)]
    assert sum(b"silence_made" in body for body in kept) == 1
    assert stage.journal.log.row == stage.journal.rows.after(0, 100)[-1].row

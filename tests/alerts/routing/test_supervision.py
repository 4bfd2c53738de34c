"""The supervision list: who is on it, for how long, and when half a year is over (R-27)."""

from pathlib import Path

import pytest

from alerts.routing.supervision import Supervision, Supervisor, half_a_year_before
from alerts.texts import Words
from core.clock import SECOND
from tests.alerts.routing.play import (
    DAY,
    HOUR,
    MINUTE,
    OWNERS,
    TEST_RULES,
    at,
    begin,
    school,
    staged,
)
from tests.alerts.routing.test_followup import ack
from tests.alerts.stage import SHANGHAI, Stage


def listed(stage: Stage) -> Supervision:
    words = Words(lambda place: place, SHANGHAI)
    return Supervisor(stage.ledger.path, words, TEST_RULES).listed(stage.clock.at)


def test_what_is_overdue_is_listed_until_it_is_over(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", OWNERS)
    begin(stage, "P1", school(1))
    begin(stage, "P1", school(2))
    begin(stage, "P4", school(3))
    stage.wait(HOUR, step=60)
    ack(stage, 1)
    stage.wait(2 * HOUR, step=60)
    begin(stage, "P1", school(2), active=False)
    assert listed(stage).open == []
    stage.wait(2 * HOUR, step=60)
    (entry,) = listed(stage).open
    assert (entry.school, entry.reminders, entry.owner) == ("330100/school-1", 1, "operator")
    assert (entry.acked_at > 0, entry.long) == (True, False)

    found = listed(stage).figures
    assert (found.due, found.in_time) == (2, 1)
    assert (found.to_ack, found.to_end // MINUTE // SECOND) == (HOUR * SECOND, 180)

    stage.wait(HOUR, step=60)
    begin(stage, "P1", school(1), active=False)
    after = listed(stage)
    assert (after.open, after.open_total, len(after.over)) == ([], 0, 1)
    assert after.over[0].closed_at == stage.clock.at


def test_what_is_open_for_more_than_half_a_year_is_flagged(tmp_path: Path) -> None:
    stage = staged(tmp_path / "d", OWNERS, now=at("2026-03-02 10:00"))
    begin(stage, "P1")
    stage.wait(DAY, step=HOUR)
    stage.clock.at = at("2026-09-02 09:59")
    assert (listed(stage).open[0].long, listed(stage).long_total) == (False, 0)
    stage.clock.at = at("2026-09-02 10:01")
    assert (listed(stage).open[0].long, listed(stage).long_total) == (True, 1)


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ("2026-08-31 12:00", "2026-02-28 12:00"),
        ("2027-01-15 00:00", "2026-07-15 00:00"),
        ("2024-08-31 12:00", "2024-02-29 12:00"),
    ],
)
def test_half_a_year_is_six_months_of_the_calendar(now: str, before: str) -> None:
    assert half_a_year_before(at(now), SHANGHAI) == at(before)

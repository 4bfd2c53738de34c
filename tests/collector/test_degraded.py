"""A line is degraded where the loss rule says so: as a timeline, and in the real collector."""

import sqlite3
from pathlib import Path

from alerts import tables
from alerts.step import Case
from collector.degraded import degraded
from collector.verdicts import Verdict
from core import clock
from core.alerts import Alert, AlertKey
from core.clock import SECOND
from core.types import Identity
from tests.alerts.stage import Stage
from tests.collector.making import NOW, OTHER, WHO, A, batch, birth, readings, state
from tests.collector.played import Played, config, playing, running
from tests.real.brokers import RealBroker
from tests.waiting import until


def lose(stage: Stage, percent: float, url: str = "gateway", who: Identity = WHO) -> None:
    stage.read("ping", {"url": url}, who, percent_packet_loss=percent)


def seen(stage: Stage) -> dict[Identity, Verdict]:
    return degraded(stage.engine.open_cases())


def last(stage: Stage, percent: float, seconds: int, url: str = "gateway") -> None:
    """Let the loss be *percent* for *seconds*, measured each ten seconds."""
    for _ in range(seconds // 10):
        lose(stage, percent, url)
        stage.wait(10, step=10)


def test_a_line_is_degraded_from_the_first_loss_once_it_has_lasted_until_it_is_over(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    last(stage, 12, 290)
    assert seen(stage) == {}
    last(stage, 12, 20)
    assert seen(stage) == {WHO: Verdict("degraded", "loss", NOW)}
    last(stage, 3, 60)
    assert WHO in seen(stage), "3 % is not over yet"
    last(stage, 1, 10)
    assert seen(stage) == {}


def test_of_two_targets_the_first_loss_counts_and_the_last_one_ends_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    last(stage, 12, 100)
    for _ in range(40):
        lose(stage, 12, "gateway")
        last(stage, 12, 10, "223.5.5.5")
    assert seen(stage) == {WHO: Verdict("degraded", "loss", NOW)}
    lose(stage, 0, "gateway")
    assert seen(stage) == {WHO: Verdict("degraded", "loss", NOW + 100 * SECOND)}
    lose(stage, 0, "223.5.5.5")
    assert seen(stage) == {}


def test_loss_that_ends_too_soon_and_alerts_of_other_rules_degrade_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.read("disk", {"path": "/"}, OTHER, used_percent=99.0)
    last(stage, 12, 200)
    last(stage, 0, 200)
    assert len(list(stage.engine.open_cases())) == 1
    assert seen(stage) == {}


def test_a_change_of_what_is_open_can_be_told_from_none(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    before = stage.engine.revision
    lose(stage, 0)
    stage.wait(5)
    assert stage.engine.revision == before
    last(stage, 12, 310)
    changed = stage.engine.revision
    assert changed != before
    last(stage, 0, 10)
    assert stage.engine.revision != changed


async def test_the_picture_of_a_collector_that_was_restarted_is_degraded_until_the_loss_ends(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    where, began = config(tmp_path / "c", mosquitto.port), clock.now() - 900 * SECOND
    async with running(where) as collector:
        path = collector.books.ledger.path
    key = AlertKey("packet_loss", str(WHO), "gateway")
    with sqlite3.connect(path) as db:
        tables.write_case(db, Case(Alert(key, "P3", "firing", began, began + 1, number=1)))
    db.close()
    async with running(where) as collector, playing(Played(mosquitto.port)) as agent:

        def line() -> Verdict | None:
            lines = [view.line for view in collector.picture().schools]
            return lines[0] if lines else None

        agent.publish(state(birth(), retain=True))
        agent.publish(readings(loss(20, 1)))
        await until(lambda: line() == Verdict("degraded", "loss", began), 20)
        agent.publish(readings(loss(0, 2)))
        await until(lambda: (found := line()) is not None and found.state == "up", 20)


def loss(percent: float, seq: int) -> bytes:
    line = b"ping,url=gateway percent_packet_loss=%g %d" % (percent, clock.now())
    return batch(A, seq, [line])

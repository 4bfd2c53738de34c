"""The operator's file of rules: taken over while the collector runs, and at the next start."""

from pathlib import Path

import msgspec
import pytest

from alerts.history import Wanted
from alerts.language.file import Rules
from collector.alertrules import NAME, AlertRules
from collector.alertsconfig import AlertsConfig
from collector.channelsconfig import WebhookConfig
from collector.config import CollectorConfig
from collector.filewatch import FileWatch
from core import clock
from core.errors import ConfigError
from tests.alerts.receiver import Receiver, receiving
from tests.alerts.stage import Stage
from tests.collector.making import A, batch, readings
from tests.collector.played import Played, config, playing, running
from tests.real.brokers import RealBroker
from tests.waiting import until

LESS = 'kind = "rules"\n[override.disk_full]\nabove = 50\nrecover = 40\n'
BROKEN = 'kind = "rules"\n[override.disk_full]\nabov = 50\n'


def disk(percent: float, seq: int) -> bytes:
    return batch(A, seq, [b"disk,path=/ used_percent=%g %d" % (percent, clock.now())])


def changed(config: CollectorConfig, receiver: Receiver, file: Path) -> CollectorConfig:
    webhook = WebhookConfig(name="duty", url=receiver.url)
    return msgspec.structs.replace(config, alerts=AlertsConfig(webhook=(webhook,), rules_file=file))


def limit_of(rules: AlertRules) -> float:
    (rule,) = [rule for rule in rules.now.rules if rule.name == "disk_full"]
    return float(rule.of.limit)  # type: ignore[union-attr]


def test_a_file_that_is_half_saved_at_a_start_does_not_undo_what_was_taken(tmp_path: Path) -> None:
    stage, file, kept = Stage(tmp_path / "d1"), tmp_path / "rules.toml", tmp_path / "kept"
    kept.mkdir()
    file.write_text(BROKEN)
    with pytest.raises(ConfigError, match="did you mean 'above'"):
        AlertRules(file, kept, stage.journal, lambda rules: None)

    file.write_text(LESS)
    assert limit_of(AlertRules(file, kept, stage.journal, lambda rules: None)) == 50
    file.write_text(BROKEN)
    assert limit_of(AlertRules(file, kept, stage.journal, lambda rules: None)) == 50
    assert (kept / NAME).read_text() == LESS


def test_a_changed_file_is_taken_and_recorded_and_a_broken_one_is_not(tmp_path: Path) -> None:
    stage, file = Stage(tmp_path / "d1"), tmp_path / "rules.toml"
    file.write_text('kind = "rules"\n')
    taken: list[Rules] = []
    rules = AlertRules(file, tmp_path, stage.journal, taken.append)
    (watch,) = rules.watches
    assert isinstance(watch, FileWatch)
    watch.look(at_once=True)
    for text, figure in ((LESS, 50), (BROKEN, 50), (LESS.replace("50", "60"), 60)):
        file.write_text(text)
        watch.look(at_once=True)
        assert limit_of(rules) == figure
    assert len(taken) == 2
    with stage.ledger.transaction() as db:
        bodies = [row[0] for row in db.execute("SELECT body FROM event ORDER BY row")]
    kinds = [msgspec.json.decode(body)["kind"] for body in bodies]
    assert kinds == ["config_taken", "config_taken", "config_unreadable", "config_taken"]


async def test_a_running_collector_goes_by_the_new_figures_within_seconds(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('kind = "rules"\noff = ["disk_full"]\n')
    async with receiving() as receiver:
        settings = changed(config(tmp_path, mosquitto.port), receiver, file)
        async with running(settings) as collector, playing(Played(mosquitto.port)) as agent:
            agent.publish(readings(disk(95, 1)))
            await until(lambda: collector.counts().get(("lines_stored", "")) == 1, 20)
            assert [*collector.alerts(Wanted()).rules_off] == ["disk_full"]
            file.write_text(LESS)
            await until(lambda: len(collector.alerting.rules.now.changed) == 1, 30)
            agent.publish(readings(disk(60, 2)))
            await until(lambda: receiver.posts, 30)
            assert [*collector.alerts(Wanted()).rules_off] == []
        assert receiver.posts[0].body["alerts"][0]["details"] == {"value": 60.0}

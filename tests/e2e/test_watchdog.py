"""The canary goes the whole way, and a collector that hangs is told of by another process."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.canary import SCHOOL
from collector.terminal import fetch
from collector.trial.ready import came_round
from tests.alerts.receiver import Receiver, receiving
from tests.e2e.programs import Program, collector_toml, wait_until_served
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until


@dataclass
class Pair:
    """A collector and its watchdog."""

    port: int
    toml: Path
    collector: Program
    watchdog: Program

    def tells(self, receiver: Receiver) -> None:
        webhook = f'[[alerts.webhook]]\nname = "duty"\nurl = "{receiver.url}"\n'
        self.toml.write_text(f"{self.toml.read_text()}\n{webhook}")

    def start(self) -> None:
        self.collector.start()
        wait_until_served(self.port)
        self.watchdog.start()


def pair(folder: Path, broker: RealBroker) -> Pair:
    port = free_port()
    toml = collector_toml(folder, broker, port)
    words = ["--config", str(toml)]
    return Pair(
        *(port, toml),
        Program(["collector", "run", *words], folder / "collector.log"),
        Program(["collector", "watch", *words], folder / "watchdog.log"),
    )


@pytest.fixture
def here(tmp_path: Path, broker: RealBroker) -> Iterator[Pair]:
    made = pair(tmp_path, broker)
    yield made
    _end(made)


@pytest.fixture
def on_mosquitto(tmp_path: Path, mosquitto: RealBroker) -> Iterator[Pair]:
    made = pair(tmp_path, mosquitto)
    yield made
    _end(made)


def _end(made: Pair) -> None:
    for program in (made.watchdog, made.collector):
        if program.process is not None and program.process.poll() is None:
            program.kill()


async def test_a_canary_comes_round_and_is_in_no_picture(here: Pair) -> None:
    here.start()
    await until(lambda: came_round(here.port, 1), 30)
    assert SCHOOL not in fetch(f"http://127.0.0.1:{here.port}", "live").decode()
    assert here.watchdog.stop() == 0
    assert here.collector.stop() == 0


@pytest.mark.slow
async def test_a_collector_that_hangs_is_told_of_by_the_watchdog_within_three_minutes(
    on_mosquitto: Pair,
) -> None:
    async with receiving() as receiver:

        def reasons() -> list[str]:
            said = [post.body for post in receiver.posts]
            return [body["reason"] for body in said if body["collector"] == "d1-watchdog"]

        on_mosquitto.tells(receiver)
        on_mosquitto.start()
        await until(lambda: came_round(on_mosquitto.port, 1), 30)
        on_mosquitto.collector.suspend()
        stopped = time.monotonic()
        await until(lambda: reasons() == ["FIRST"], 200)
        assert time.monotonic() - stopped < 180
        (alert,) = receiver.posts[-1].body["alerts"]
        assert "监测中心的服务器是否开机" in alert["annotations"]["description_zh"]

        on_mosquitto.collector.resume()
        await until(lambda: reasons() == ["FIRST", "ALL_RESOLVED"], 120)


@pytest.mark.slow
async def test_an_audit_log_that_cannot_be_written_is_told_of_by_the_watchdog(
    on_mosquitto: Pair,
) -> None:
    async with receiving() as receiver:

        def said() -> list[tuple[str, str]]:
            bodies = [post.body for post in receiver.posts]
            watchdog = [body for body in bodies if body["collector"] == "d1-watchdog"]
            return [(b["reason"], b["alerts"][0]["labels"]["alertname"]) for b in watchdog]

        on_mosquitto.tells(receiver)
        on_mosquitto.start()
        await until(lambda: came_round(on_mosquitto.port, 1), 30)
        log = on_mosquitto.toml.parent / "collector" / "audit"
        away = log.rename(log.with_name("away"))
        log.write_text("no folder")
        await until(lambda: said() == [("FIRST", "audit_log_stopped")], 300)
        text = receiver.posts[-1].body["alerts"][0]["annotations"]["description_zh"]
        assert "磁盘" in text
        assert "cannot be written" in text

        log.unlink()
        away.rename(log)
        await until(lambda: said()[-1] == ("ALL_RESOLVED", "audit_log_stopped"), 200)
        assert len(said()) == 2

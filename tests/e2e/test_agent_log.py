"""The whole log of an agent through a bad day: few lines, and each says what is so or what to do.

Times are left out, and what differs from run to run is written as a word.
"""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import witness
from tests.e2e.district import ALL_TRAVELS
from tests.e2e.programs import Program, agent_toml
from tests.real.brokers import RealBroker
from tests.waiting import until_sync

PROBES = f"""{ALL_TRAVELS}
[probes.mem]
interval_s = 0.1
[probes.disk]
interval_s = 1
mount_points = ["{{mount}}"]
"""
EXPECTED = """\
INFO agent.app: agent 000000/trial/pc-1 runs mem, disk
INFO core.mqtt.session: broker BROKER: connected by MQTT 5 as 000000/trial/pc-1
WARNING agent.schedule: disk: nothing is mounted at MOUNT
WARNING core.mqtt.session: broker BROKER: connection over: LOST
WARNING core.mqtt.session: broker BROKER: nothing listens there (connection refused); trying again
INFO core.mqtt.session: broker BROKER: connected by MQTT 5 as 000000/trial/pc-1
INFO agent.app: reloaded: [probes.disk]; runs mem, disk
ERROR agent.app: not reloaded: FILE:LINE: unknown probe 'mme'; did you mean 'mem'?
ERROR agent.app: the agent goes on with the configuration that it has
INFO core.mqtt.session: broker BROKER: connection over: closed
INFO agent.app: agent stopped
"""


@pytest.fixture
def agent(tmp_path: Path, mosquitto: RealBroker) -> Iterator[Program]:
    file = agent_toml(tmp_path, mosquitto, PROBES.format(mount=tmp_path / "away"))
    program = Program(["agent", "run", "--config", str(file)], tmp_path / "agent.log")
    yield program
    if program.alive:
        program.kill()


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def hang_up(agent: Program) -> None:
    assert agent.process is not None
    agent.process.send_signal(signal.SIGHUP)


@pytest.mark.slow
def test_a_bad_day_takes_eleven_lines(
    agent: Program, mosquitto: RealBroker, tmp_path: Path
) -> None:
    file, spool = tmp_path / "agent.toml", tmp_path / "spool/spool.db"
    agent.start()
    until_sync(lambda: agent.said("connected by MQTT 5"), 60)
    until_sync(lambda: agent.said("nothing is mounted at"), 60)
    mosquitto.stop()
    until_sync(lambda: agent.said("nothing listens there"), 60)
    sealed = witness.count_held(spool)
    until_sync(lambda: witness.count_held(spool) > sealed + 5, 60)  # many rounds of everything
    mosquitto.start()
    until_sync(lambda: agent.count("connected by MQTT 5") == 2, 60)

    rewrite(file, f'["{tmp_path / "away"}"]', "[]")
    hang_up(agent)
    until_sync(lambda: agent.said("reloaded"), 60)
    rewrite(file, "[probes.mem]", "[probes.mme]")
    hang_up(agent)
    until_sync(lambda: agent.said("the agent goes on"), 60)
    sealed = witness.count_held(spool)
    until_sync(lambda: witness.count_held(spool) > sealed + 2, 60)
    assert agent.stop() == 0
    assert said(agent, mosquitto, tmp_path) == EXPECTED.splitlines()


def said(agent: Program, broker: RealBroker, folder: Path) -> list[str]:
    """Return the lines without their times, and with words for what only this run has.

    In which order the first round and the first connection come is nobody's promise, and how a
    connection is lost is the broker's choice.
    """
    text = agent.log.read_text().replace(f"127.0.0.1:{broker.port}", "BROKER")
    text = text.replace(str(folder / "away"), "MOUNT").replace(str(folder / "agent.toml"), "FILE")
    text = re.sub("(?m)(WARNING.* connection over: ).*", r"\1LOST", text)
    text = re.sub(r"FILE:\d+:", "FILE:LINE:", text)
    lines = [line.split(" ", 2)[2] for line in text.splitlines()]
    return [lines[0], *sorted(lines[1:3]), *lines[3:]]

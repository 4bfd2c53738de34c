"""A running agent is told a new configuration: real signals to real processes, under load."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.lineprotocol import parse
from tests.e2e.district import ALL_TRAVELS, LOAD, District, make
from tests.e2e.witness import Witnessed
from tests.real import brokers
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until_sync

RELOADS = 20
OTHER = f"""{ALL_TRAVELS}
[probes.mem]
interval_s = 0.1
[probes.disk]
interval_s = 0.1
[watchers.link]
"""
ONLY_MEM = f"""{ALL_TRAVELS}
[probes.mem]
interval_s = 0.1
"""
BROKEN = """
[probes.memm]
[probes.cpu]
interval_s = "often"
"""


@pytest.fixture
def district(tmp_path: Path, mosquitto: RealBroker) -> Iterator[District]:
    made = make(tmp_path, mosquitto, LOAD)
    try:
        made.start()
        until_sync(lambda: made.agent.taken() > 50, 60)
        yield made
    finally:
        made.end()


def configure(district: District, change: tuple[str, str], times: int = 1) -> None:
    """Write the file anew with *change*, tell the agent, and wait until it said what it made of it.

    It is replaced as an editor does it, so that no signal finds half of it.
    """
    file = district.agent.folder / "agent.toml"
    text = file.read_text()
    assert change[0] in text
    new = file.with_suffix(".new")
    new.write_text(text.replace(*change))
    new.replace(file)
    before = verdicts(district)
    hang_up(district, times)
    until_sync(lambda: verdicts(district) > before, 60)


def hang_up(district: District, times: int = 1) -> None:
    assert district.agent.program.process is not None
    for _ in range(times):
        district.agent.program.process.send_signal(signal.SIGHUP)


def verdicts(district: District) -> int:
    program = district.agent.program
    return program.count("INFO agent.app: reloaded: ") + program.count("the agent goes on with")


def taken_of(seen: Witnessed, measurement: str) -> int:
    return sum(parse(line).measurement == measurement for line in seen.taken)


def size_of(process: psutil.Process) -> tuple[int, int]:
    return process.num_fds(), process.num_threads()


@pytest.mark.slow
def test_an_agent_that_is_told_again_and_again_loses_nothing_and_does_not_grow(
    district: District,
) -> None:
    agent = district.agent
    assert agent.program.process is not None
    process = psutil.Process(agent.program.process.pid)
    sizes = []
    for number in range(RELOADS):
        configure(district, (LOAD, OTHER) if number % 2 == 0 else (OTHER, LOAD))
        before = agent.taken()
        until_sync(lambda: agent.taken() > before + 30, 60)  # noqa: B023 — called here only
        if number % 2:
            sizes.append(size_of(process))
    most = [max(one) for one in zip(*sizes[:3])]
    # A probe has a file open at times, and a thread of its own for each file system.
    until_sync(lambda: all(now <= then for now, then in zip(size_of(process), most)), 30)
    assert agent.program.count("reloaded: ") == RELOADS
    assert agent.program.count("[probes.disk] is off") == RELOADS // 2

    (seen,) = district.prove()
    assert len({one.key.epoch for one in seen.sealed}) == 1
    assert agent.program.count(": connected by MQTT") == 1
    assert all(taken_of(seen, one) for one in ("cpu", "mem", "net", "disk"))


def test_signals_faster_than_the_agent_can_read_end_with_what_stands_in_the_file(
    district: District,
) -> None:
    configure(district, (LOAD, OTHER), times=RELOADS)
    until_sync(lambda: district.agent.program.said("runs mem, disk, watch link"), 60)
    (seen,) = district.prove()
    assert taken_of(seen, "disk")


def test_a_file_with_mistakes_changes_nothing_and_every_mistake_is_said(district: District) -> None:
    agent = district.agent
    configure(district, (LOAD, BROKEN))
    text = agent.program.log.read_text()
    assert re.findall(r"ERROR agent\.app: (?:.*agent\.toml:\d+: )?(.*)", text) == [
        "unknown probe 'memm'; did you mean 'mem'?",
        '[probes.cpu] interval_s is "often"; expected a number from 0.1 to 86400',
        "the agent goes on with the configuration that it has",
    ]
    before = agent.taken()
    until_sync(lambda: agent.taken() > before + 100, 60)

    configure(district, (BROKEN, OTHER))
    assert agent.program.said("runs mem, disk, watch link")
    district.prove()


def test_another_identity_takes_a_restart_and_until_then_the_old_file_holds(
    district: District,
) -> None:
    configure(district, ('agent = "pc-1"', 'agent = "pc-2"'))
    assert district.agent.program.said(
        "not reloaded: [identity] changed, which takes a restart of the agent"
    )
    configure(district, ('agent = "pc-2"', 'agent = "pc-1"'))
    assert district.agent.program.said("reloaded: nothing changed; runs cpu, mem, net")
    district.prove()


def test_limits_that_are_new_hold_at_once(district: District) -> None:
    """Of batches that are a kilobyte each there were many a second; now there are none.

    Only of memory: what the other probes tell may be urgent, and then waits for no limit.
    """
    agent = district.agent
    configure(district, (LOAD, ONLY_MEM))
    configure(district, ("seal_after_s = 1\nseal_kb = 1", "seal_after_s = 3600\nseal_kb = 128"))
    assert agent.program.said("reloaded: [batch]; runs mem")
    before, sealed = agent.taken(), agent.sealed()
    until_sync(lambda: agent.taken() > before + 100, 60)
    assert agent.sealed() <= sealed + 1
    configure(district, ("seal_after_s = 3600\nseal_kb = 128", "seal_after_s = 1\nseal_kb = 1"))
    district.prove()


@pytest.mark.slow
def test_a_broker_that_moved_is_followed_without_a_new_epoch(
    district: District, tmp_path: Path
) -> None:
    """The old one goes on for a while, and nobody listens there: what was sent in vain comes."""
    agent = district.agent
    with brokers.running(brokers.mosquitto(tmp_path / "second")) as second:
        old, new = f"port = {district.broker.port}", f"port = {second.port}"
        configure(district, (old, f"port = {free_port()}"))
        until_sync(lambda: agent.program.said("nothing listens there"), 60)
        time.sleep(1)
        configure(district, (f"port = {port_in(agent.folder / 'agent.toml')}", new))
        until_sync(lambda: agent.program.said(f":{second.port}: connected by MQTT"), 60)

        assert district.collector.stop() == 0
        file = tmp_path / "collector.toml"
        file.write_text(file.read_text().replace(old, new))
        district.start_collector()
        (seen,) = district.prove()
    assert len({one.key.epoch for one in seen.sealed}) == 1
    assert agent.program.count("reloaded: [broker]; runs cpu, mem, net") == 2


def port_in(file: Path) -> int:
    found = re.search(r"^port = (\d+)$", file.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])

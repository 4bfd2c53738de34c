"""What this machine says of itself, and what a locked one says instead."""

import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.probes import processes, swap
from agent.probes.processes import ProcessesProbe
from agent.probes.swap import SwapProbe
from agent.probes.system import SystemProbe
from agent.probes.temp import TempProbe, believable
from core import clock
from core.errors import NotPermitted, TargetUnreachable
from tests.waiting import until

ROOT = Path(__file__).parents[3]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


async def fields(probe: Any) -> dict[str, Any]:
    (reading,) = await probe.measure()
    return dict(reading.fields)


async def test_the_machine_started_when_its_uptime_began() -> None:
    found = await fields(SystemProbe())
    assert abs(found["boot_time"] + found["uptime"] - clock.now() // clock.SECOND) <= 2
    assert found["n_cpus"] >= 1


async def test_a_clock_that_was_lost_makes_up_no_start_of_the_machine() -> None:
    found = await fields(SystemProbe(now=lambda: 90 * clock.SECOND, boottime=lambda: clock.SECOND))
    assert "boot_time" not in found
    assert found["uptime"] == 1


async def test_nobody_who_is_logged_in_is_counted_or_named() -> None:
    assert [name for name in await fields(SystemProbe()) if "user" in name] == []


async def test_swap_that_psutil_does_not_know_in_and_out_of_has_neither(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = psutil.swap_memory()

    def guessing() -> Any:
        warnings.warn("were set to 0", RuntimeWarning, stacklevel=2)
        return real

    monkeypatch.setattr(psutil, "swap_memory", guessing)
    assert {"in", "out"} & set(await fields(SwapProbe(swap=swap._swap))) == set()

    monkeypatch.undo()
    assert {"in", "out"} <= set(await fields(SwapProbe()))


WINDOWS = """
import asyncio, importlib, os, psutil, socket, sys, time
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
for name in [name for name in vars(socket) if name.startswith(("AF_NETLINK", "AF_PACKET"))]:
    delattr(socket, name)
del os.getloadavg, os.statvfs, time.CLOCK_BOOTTIME, psutil.sensors_temperatures
psutil.WINDOWS = True
def nowhere(name):
    raise OSError(name)
socket.if_nametoindex = nowhere

from agent.probes import probes
for word in sys.argv[1:]:
    importlib.import_module(f"agent.probes.{word}")
    for reading in asyncio.run(probes.build(word, {}).measure()):
        print(word, *reading.fields)
"""
"""A Python that lacks what Windows lacks; psutil itself cannot be had as it is there."""


def test_a_system_that_lacks_what_only_unix_has_tells_the_rest() -> None:
    command = [sys.executable, "-c", WINDOWS, "bandwidth", "net", "swap", "system", "temp"]
    said = subprocess.check_output(command, text=True, cwd=ROOT).splitlines()
    told = {line.split()[0]: set(line.split()[1:]) for line in said}
    assert told["system"] == {"n_cpus", "uptime", "boot_time"}
    assert told["swap"].isdisjoint({"in", "out"})
    assert "bytes_recv" in told["net"]
    assert told.keys().isdisjoint({"temp", "bandwidth"})


@LINUX
async def test_the_states_are_those_of_all_processes_together() -> None:
    found = await fields(ProcessesProbe())
    states = [count for name, count in found.items() if not name.startswith("total")]
    assert sum(states) == found["total"] > 1
    assert found["unknown"] == 0
    assert found["total_threads"] > 1


@LINUX
async def test_a_program_that_is_stopped_and_then_forgotten_is_counted_as_that() -> None:
    with subprocess.Popen(["sleep", "600"]) as child:
        stat = Path("/proc", str(child.pid), "stat")

        def state() -> str:
            return stat.read_text().rpartition(")")[2].split()[0]

        child.send_signal(signal.SIGSTOP)
        await until(lambda: state() == "T")
        assert (await fields(ProcessesProbe()))["stopped"] >= 1
        child.kill()
        await until(lambda: state() == "Z")
        assert (await fields(ProcessesProbe()))["zombies"] >= 1


@LINUX
@pytest.mark.real("netns")
def test_who_may_see_only_his_own_processes_gets_a_sentence_and_no_numbers(
    tmp_path: Path,
) -> None:
    """In a mount namespace whose /proc hides what others run, as nobody; then one that does not."""
    ask = (
        "import os, sys; from agent.probes import processes; from core.errors import NotPermitted\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: print(len(processes._stats()))\n"
        "except NotPermitted as error: print(error)"
    )

    def said(options: str) -> str:
        script = f'mount -t proc -o {options} proc /proc && exec "$0" -c "$1"'
        command = ["unshare", "--mount", "sh", "-c", script, sys.executable, ask]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        if done.returncode:
            pytest.skip(f"nobody may mount /proc here: {done.stderr}")
        return done.stdout.strip()

    assert said("hidepid=2") == processes.HIDDEN
    assert said("hidepid=1") == processes.HIDDEN
    assert int(said("hidepid=0")) > 1


async def test_a_system_without_proc_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path / "proc")
    with pytest.raises(TargetUnreachable, match=r"processes are counted in .*, which this system"):
        await ProcessesProbe().measure()


async def test_what_the_system_hides_is_an_expected_failure() -> None:
    def hidden() -> Any:
        raise NotPermitted(processes.HIDDEN)

    with pytest.raises(NotPermitted, match="hidepid"):
        await ProcessesProbe(stats=hidden).measure()


async def test_a_sensor_that_hangs_is_said_and_asked_again_later() -> None:
    answers = threading.Event()

    def slow() -> Any:
        answers.wait(60)
        return {}

    probe = TempProbe(timeout_s=0.1, sensors=slow)
    with pytest.raises(TargetUnreachable, match="temperatures: no answer within"):
        await probe.measure()
    answers.set()
    await until(lambda: not probe.threads.hangs("temperatures"))
    assert list(await probe.measure()) == []


@pytest.mark.parametrize("celsius", [-273.15, -128.0, 0.0, 126.0, 127.0, 127.5, 128.0, 255.0, 1e6])
def test_codes_of_vendors_are_no_temperatures(celsius: float) -> None:
    assert not believable(celsius)


@pytest.mark.parametrize("celsius", [-40.0, -0.5, 0.125, 21.0, 105.0, 125.0])
def test_frost_and_a_hot_processor_are_temperatures(celsius: float) -> None:
    assert believable(celsius)

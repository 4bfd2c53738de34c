"""The simulated projector by itself: as a person plays with it, and as a command."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ConfigError
from simulator.projector import Machine, Projector
from simulator.projector.script import play, read_script
from tests.waiting import until

ROOT = Path(__file__).parents[3]


async def talk(port: int, *lines: str) -> list[str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = [(await reader.readuntil(b"\r")).decode()]
    for line in lines:
        writer.write(f"{line}\r".encode())
        said.append((await reader.readuntil(b"\r")).decode())
    writer.close()
    return [one[:-1] for one in said]


async def test_a_controller_switches_it_on_and_off_again() -> None:
    machine = Machine(warm_s=0.2, cool_s=0.2)
    async with Projector(machine) as projector:
        said = await talk(projector.port, "%1POWR 1", "%1POWR ?", "%1POWR 0", "%1POWR 7")
        assert said == ["PJLINK 0", "%1POWR=OK", "%1POWR=3", "%1POWR=ERR3", "%1POWR=ERR2"]
        await until(lambda: machine.power == "on")
        said = await talk(projector.port, "%1INPT 11", "%2INPT ?", "%1AVMT 31", "%1AVMT ?")
        assert said[1:] == ["%1INPT=OK", "%2INPT=11", "%1AVMT=OK", "%1AVMT=31"]
        assert (await talk(projector.port, "%1POWR 0", "%1POWR ?"))[2] == "%1POWR=2"
        await until(lambda: machine.power == "off")


async def test_a_script_makes_it_ill_and_well_again(tmp_path: Path) -> None:
    file = tmp_path / "script.toml"
    file.write_text(
        '[[at]]\ns = 0.1\nerrors = "000000"\nfaults = []\n'
        '[[at]]\ns = 0\npower = "on"\nerrors = "001000"\nfaults = ["err3"]\n'
    )
    async with Projector(Machine()) as projector:
        task = asyncio.create_task(play(read_script(file), projector))
        await until(lambda: projector.machine.errors == "001000")
        assert projector.faults == {"err3"}
        await task
        assert (projector.machine.power, projector.machine.errors) == ("on", "000000")
        assert projector.faults == set()


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[[at]]\ns = 1\nfaults = ["err33"]\n', "unknown fault 'err33'"),
        ('[[at]]\ns = 1\npower = "maybe"\n', "maybe"),
        ("[[at]]\npower = 1\n", "power"),
        ("at = 1\n[[at]]\n", "script.toml"),
    ],
)
def test_a_script_with_a_mistake_is_refused_by_name(
    tmp_path: Path, text: str, mistake: str
) -> None:
    file = tmp_path / "script.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(mistake)) as refused:
        read_script(file)
    assert "script.toml" in str(refused.value)


async def test_the_command_says_what_it_is_asked_and_never_a_password(tmp_path: Path) -> None:
    from agent.devices.drivers.pjlink import PjlinkDriver

    secret = tmp_path / "password"
    secret.write_text("JBMIAProjectorLink")
    secret.chmod(0o600)
    words = ["--port", "0", "--power", "on", "--class", "1", "--auth", "md5"]
    words = ["schoolwatch.py", "simulate", "projector", *words, "--password-file", str(secret)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *words),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    try:
        first = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
        found = re.search(r"port (\d+)", first)
        assert found
        driver = PjlinkDriver("127.0.0.1", int(found[1]), password_file=secret)
        assert (await driver.look()).state == "ready"
    finally:
        process.send_signal(signal.SIGINT)
    said = (await asyncio.wait_for(process.stdout.read(), 60)).decode()
    assert await process.wait() == 130
    assert "%1POWR ?  ->  1" in said
    assert not re.search("[0-9a-f]{32}", said)


def test_an_unknown_fault_is_refused_with_those_that_there_are() -> None:
    words = [sys.executable, "schoolwatch.py", "simulate", "projector", "--fault", "on_fire"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 2
    assert "on_fire" in done.stderr
    assert "nul_padding" in done.stderr

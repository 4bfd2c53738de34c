"""Devices played from their templates, and asked by the agent's own driver."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.devices.base import Sighting
from agent.devices.bytetemplate import template_of
from agent.devices.drivers.bytes import BytesDriver
from agent.devices.templates import find_template, shipped
from core.errors import ConfigError, TargetUnreachable
from simulator.device.server import Fault, PlayedDevice

ROOT = Path(__file__).parents[2]


async def seen(word: str, *, timeout_s: float = 2.0, **how: Any) -> Sighting:
    played = PlayedDevice(template_of(find_template(word), {}), **how)
    async with played.serving("127.0.0.1", 0) as port:
        return await BytesDriver("127.0.0.1", word, port, timeout_s=timeout_s).look()


@pytest.mark.parametrize("word", shipped())
async def test_a_played_device_is_well(word: str) -> None:
    found = await seen(word)
    assert (found.state, found.cause) == ("ready", "")


async def test_a_played_device_says_what_it_is_set_to() -> None:
    assert (await seen("nec-multisync", values={"power": "0004"})).state == "standby"
    assert (await seen("rotel-rkb", values={"amp": "protection"})).cause == "protection"


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("garbage", "garbage"), ("slow", "garbage"), ("silent", ""), ("closes", "")],
)
async def test_a_fault_is_seen_by_the_agent(fault: Fault, cause: str) -> None:
    if cause:
        assert (await seen("aver-document-camera", fault=fault)).cause == cause
    else:
        with pytest.raises(TargetUnreachable):
            await seen("aver-document-camera", fault=fault)


async def test_a_played_controller_wants_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLWATCH_DEVICE_PASSWORD", "wrong")
    assert (await seen("extron-mlc", password="right")).cause == "credentials"
    monkeypatch.setenv("SCHOOLWATCH_DEVICE_PASSWORD", "right")
    assert (await seen("extron-mlc", password="right")).state == "ready"


def test_a_value_that_does_not_fit_is_refused() -> None:
    for word, values in (("nec-multisync", {"power": "00011"}), ("extron-mlc", {"power": "7"})):
        with pytest.raises(ConfigError):
            PlayedDevice(template_of(find_template(word), {}), values)


def test_the_command_plays_for_so_long_as_it_is_told() -> None:
    command = [sys.executable, "schoolwatch.py", "simulate", "device", "rotel-rkb", "--for", "0.1"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout.startswith("Rotel RKB: amp=normal\na device listens on 127.0.0.1 port ")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["nec-multisink"], "did you mean 'nec-multisync'?"),
        (["nec-multisync", "--set", "pwr=1"], "there are power"),
        (["nec-multisync", "--host", "192.0.2.1"], "cannot listen on 192.0.2.1"),
    ],
)
def test_the_command_says_what_is_wrong(words: list[str], text: str) -> None:
    command = [sys.executable, "schoolwatch.py", "simulate", "device", *words]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert (done.returncode, text in done.stderr) == (2, True), done.stderr

"""`schoolwatch agent device`: one look at one device, and what it would report."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from agent.config import AgentConfig, read_agent
from agent.devices.base import drivers
from agent.devices.device import Device, told
from agent.devices.looks import once
from agent.parts import parts_of
from agent.probecli import listed, print_readings
from core import clock
from core.errors import ConfigError, MonitorError
from core.hints import hint, quoted
from core.types import Reading

DESCRIPTION: Final = """\
Look once at one device of agent.toml and print what it would report, as line protocol. Without an
ID: list the devices of the file; without a file too: the drivers, and what each can be told.

  schoolwatch agent device
  schoolwatch agent device --config agent.toml
  schoolwatch agent device projector-302 --config agent.toml
"""


def main(words: Sequence[str]) -> int:
    """Run `agent device` with *words*; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="schoolwatch agent device",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("id", nargs="?", help="the device, as in [[devices.list]] of the file")
    parser.add_argument("--config", type=Path, help="the agent.toml that describes it")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    given = parser.parse_args(words)
    if given.id and not given.config:
        parser.error("the following arguments are required: --config")
    try:
        file = read_agent(given.config) if given.config else None
        if file is None or not given.id:
            sys.stdout.write("\n".join(_devices(file) if file else _drivers()) + "\n")
            return 0
        readings = asyncio.run(_look(device_of(file, given.id, given.config)))
    except (MonitorError, OSError) as error:
        sys.stderr.write(f"{str(error) or type(error).__name__}\n")
        return 2 if isinstance(error, ConfigError) else 1
    return print_readings(given.id, readings, as_json=given.json)


def device_of(file: AgentConfig, name: str, path: Path) -> Device:
    """Return the device that the file at *path* calls *name*; raises ConfigError."""
    for device in parts_of(file, {}).devices:
        if device.id == name:
            return device
    known = [one.id for one in file.devices.list]
    near = hint(name, known) or (f"; there are {', '.join(known)}" if known else "")
    raise ConfigError(f"{path} has no device {quoted(name)}{near}")


async def _look(device: Device) -> list[Reading]:
    seen, wrong = await once(device)
    for reason in wrong:
        sys.stderr.write(f"left out: {reason}\n")
    return told(device, seen, clock.now())


def _devices(file: AgentConfig) -> Iterator[str]:
    for one in file.devices.list:
        where = f"room {one.room}" if one.room else ""
        yield f"{one.id:32} {one.kind:16} {one.driver:14} {where:16} {one.name}".rstrip()
    if not file.devices.list:
        yield "the file has no devices: docs/devices.md says how to describe them"


def _drivers() -> Iterator[str]:
    for word in drivers.words():
        yield from listed(drivers, word, "agent.devices.drivers")

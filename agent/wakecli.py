"""`schoolwatch agent wake`: switches a computer of a classroom on, where its configuration lets."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.config import read_agent
from agent.devicecli import device_of
from agent.devices.wake import TIMES, wake
from core.errors import ConfigError, MonitorError

DESCRIPTION: Final = """\
Send the magic packet of Wake-on-LAN to one device of agent.toml, in its network. Only a device
whose configuration has `wake_mac` can be woken. Nobody answers such a packet: whether the device
starts, the next look at it shows.

  schoolwatch agent wake pc-302 --config agent.toml
"""


def main(words: Sequence[str]) -> int:
    """Run `agent wake` with *words*; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="schoolwatch agent wake",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("id", help="the device, as in [[devices.list]] of the file")
    parser.add_argument("--config", type=Path, required=True, help="the agent.toml")
    given = parser.parse_args(words)
    try:
        device = device_of(read_agent(given.config), given.id, given.config)
        sent = asyncio.run(wake(device))
    except (MonitorError, OSError) as error:
        sys.stderr.write(f"not sent: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    secured = " with its SecureOn password" if device.config.wake_secureon_file else ""
    sys.stdout.write(
        f"sent {TIMES} magic packets of {len(sent.packet)} bytes for {device.config.wake_mac}"
        f"{secured} to {sent.address} port {sent.port} (UDP)\n"
    )
    return 0

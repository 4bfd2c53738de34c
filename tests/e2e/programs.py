"""The real programs as child processes, to be killed and started again by a test."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.real.brokers import RealBroker
from tests.waiting import until_sync

REGION, SCHOOL, AGENT = "000000", "trial", "pc-1"


@dataclass
class Program:
    """One `schoolwatch …` command; ended by its own pid only."""

    words: list[str]
    log: Path
    module: str = "schoolwatch"
    env: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    _files: list[IO[bytes]] = field(default_factory=list)

    def start(self) -> None:
        file = self.log.open("ab")
        self._files.append(file)
        self.process = subprocess.Popen(
            [sys.executable, "-m", self.module, *self.words],
            env=os.environ | self.env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )

    def kill(self) -> None:
        """kill -9: nothing is said, nothing is flushed."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """Ask for a clean stop, as a service manager does; return the exit code."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.terminate()
        code = self.process.wait(20)
        for file in self._files:
            file.close()
        return code

    def said(self, text: str) -> bool:
        return self.log.exists() and text in self.log.read_text(errors="replace")


def wait_until_served(port: int, seconds: float = 20) -> None:
    """Return once something takes connections on *port*."""

    def open_port() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    until_sync(open_port, seconds)


def broker_table(broker: RealBroker) -> str:
    """Return [broker] as the trial writes it."""
    return f"""
[broker]
port = {broker.port}
embedded = {str(broker.name == "embedded").lower()}
reconnect_within_s = 0.5
"""


def agent_toml(folder: Path, broker: RealBroker, probes: str, seal_after_s: float = 1) -> Path:
    path = folder / "agent.toml"
    path.write_text(f"""
kind = "agent"
[identity]
region = "{REGION}"
school = "{SCHOOL}"
agent = "{AGENT}"
{broker_table(broker)}
[spool]
folder = "{folder / "spool"}"
[batch]
seal_after_s = {seal_after_s}
{probes}
""")
    return path


def collector_toml(folder: Path, broker: RealBroker, http_port: int, store: str = "") -> Path:
    path = folder / "collector.toml"
    path.write_text(f"""
kind = "collector"
[collector]
id = "d1"
regions = ["{REGION}"]
folder = "{folder / "collector"}"
{broker_table(broker)}
[http]
port = {http_port}
{store}
""")
    return path

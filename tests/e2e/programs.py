"""The real programs as child processes, to be killed and started again by a test."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.real.brokers import RealBroker
from tests.waiting import until_sync

REGION, SCHOOL, AGENT = "000000", "trial", "pc-1"


@dataclass
class Program:
    """One `schoolwatch …` command; ended by its own pid only.

    With a `namespace` it runs at the end of a line of its own (tests/real/school_line.py). `waits`
    is how long it waits for what else takes minutes (tests/e2e/shortened.py), and `enter` what
    stands before the command where it runs with less memory (tests/real/memorygroup.py).
    """

    words: list[str]
    log: Path
    module: str = "schoolwatch"
    env: dict[str, str] = field(default_factory=dict)
    namespace: str = ""
    waits: Mapping[str, float] = field(default_factory=dict)
    enter: Sequence[str] = ()
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [*self.enter, *inside, sys.executable, "-m", *self._launcher(), *self.words],
                env=os.environ | self.env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def _launcher(self) -> list[str]:
        if not self.waits:
            return [self.module]
        waits = (f"{name}={seconds}" for name, seconds in self.waits.items())
        return ["tests.e2e.shortened", *waits, "--"]

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
        return self.process.wait(20)

    def suspend(self) -> None:
        """Let it hang: its files and connections stay, and nothing moves."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def moves(self) -> bool:
        """Whether it is alive and does not hang."""
        return self.alive and not (
            self.process is not None
            and psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED
        )

    def said(self, text: str) -> bool:
        return self.count(text) > 0

    def count(self, text: str) -> int:
        """Return how often it has said *text*, over all its starts."""
        return self.log.read_text(errors="replace").count(text) if self.log.exists() else 0


def wait_until_served(port: int, seconds: float = 20) -> None:
    """Return once something takes connections on *port*."""

    def open_port() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    until_sync(open_port, seconds)


def broker_table(broker: RealBroker, reconnect_within_s: float) -> str:
    """Return [broker] as the trial writes it."""
    return f"""
[broker]
port = {broker.port}
embedded = {str(broker.name == "embedded").lower()}
reconnect_within_s = {reconnect_within_s}
"""


# What an agent sends before the collector has subscribed again may be lost, and is sent again
# after 15 s. So the agents mostly come second here, as they do where they have a minute.
AGENT_WITHIN_S = 1.5
COLLECTOR_WITHIN_S = 0.3


def agent_toml(
    folder: Path,
    broker: RealBroker,
    probes: str,
    seal_after_s: float = 1,
    *,
    agent: str = AGENT,
    seal_kb: int = 32,
    compress: bool = True,
) -> Path:
    path = folder / "agent.toml"
    path.write_text(f"""
kind = "agent"
[identity]
region = "{REGION}"
school = "{SCHOOL}"
agent = "{agent}"
{broker_table(broker, AGENT_WITHIN_S)}
[spool]
folder = "{folder / "spool"}"
[batch]
seal_after_s = {seal_after_s}
seal_kb = {seal_kb}
compress = {str(compress).lower()}
# What happens to the links of this machine is no part of a test.
[watchers]
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
{broker_table(broker, COLLECTOR_WITHIN_S)}
[http]
port = {http_port}
{store}
""")
    return path

"""Real brokers as child processes, to be stopped, killed and suspended by a test.

They are ended by their pid. Every method blocks until the change has happened.
"""

import importlib.util
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collector.trial import brokers
from core.mqtt import Broker
from tests.processes import end
from tests.waiting import until_sync

LOOPBACK = "127.0.0.1"
# Below the range from which the system takes ports for outgoing connections, so that a broker
# finds its port free again after it was killed.
PORTS = range(12_000, 32_000)


def free_port() -> int:
    """Return a port of loopback that nobody uses at this moment."""
    with held_port() as held:
        port: int = held.getsockname()[1]
        return port


def held_port() -> socket.socket:
    """Return a socket that keeps a free port for us while a broker comes and goes on it.

    Tests that run beside this one will not get the port, but a server that reuses addresses, as
    servers do, can listen on it.
    """
    held = socket.socket()
    while True:
        with suppress(OSError):
            held.bind((LOOPBACK, random.SystemRandom().choice(PORTS)))
            # Only now: before, the port of another test would have been good enough.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return held


def listens(port: int) -> bool:
    """Tell whether something takes connections on *port*."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), 1):
        return True
    return False


@dataclass
class RealBroker:
    """One broker; `port` speaks MQTT 5, `port_v3` 3.1.1. `log` holds what it printed."""

    name: str
    command: Sequence[str]
    port: int
    port_v3: int
    log: Path
    held: Sequence[socket.socket] = field(repr=False)
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def at(self, *, keepalive_s: int = 60, port: int | None = None) -> Broker:
        """Return how a session gets there."""
        embedded = self.name == "embedded"
        return Broker(LOOPBACK, port or self.port, keepalive_s=keepalive_s, embedded=embedded)

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        until_sync(self._ready, 20)

    def _ready(self) -> bool:
        assert self.process is not None
        code = self.process.poll()
        assert code is None, f"{self.name} ended with {code}: {self.log.read_text()}"
        return all(listens(port) for port in {self.port, self.port_v3})

    def stop(self) -> None:
        """Ask it to end; mosquitto then writes down what it holds."""
        end(self.process, signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        end(self.process, signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def save(self) -> None:
        """Let mosquitto write down now what it holds, so that it comes back with just that."""
        if self.name == "mosquitto":
            before = self._saved()
            self._signal(signal.SIGUSR1)
            until_sync(lambda: self._saved() > before, 10)

    def forget(self) -> None:
        """Delete what a broker that is not running wrote down."""
        self._store.unlink(missing_ok=True)

    @property
    def _store(self) -> Path:
        return self.log.parent / "mosquitto.db"

    def _saved(self) -> int:
        return self._store.stat().st_mtime_ns if self._store.exists() else 0

    def reload(self) -> None:
        """Ask mosquitto to read its access list again; it does so when it next looks."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def suspend(self) -> None:
        """Let it hang: its connections stay, and nothing moves."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, what: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(what)


def need(part: str) -> None:
    """Skip the test, with the command that helps, where *part* cannot be had."""
    if part == "mosquitto" and brokers.find_mosquitto() is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    if part == "embedded" and importlib.util.find_spec("iotcore") is None:
        pytest.skip("the wheel iotcore is not installed: pip install 'iotcore>=0.4,<0.5'")


@contextmanager
def running(broker: RealBroker) -> Iterator[RealBroker]:
    """Run *broker* for the length of the block."""
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
        for port in broker.held:
            port.close()


def mosquitto(folder: Path, *, also: Sequence[str] = (), without: Sequence[str] = ()) -> RealBroker:
    """Return a mosquitto, not started: the trial's, *without* some options, and *also* others."""
    held = held_port()
    port = held.getsockname()[1]
    command = brokers.mosquitto_command(folder, port)
    _rewrite(folder / "mosquitto.conf", lambda line: line.split()[0] not in without, also)
    return RealBroker("mosquitto", command, port, port, folder / "broker.log", [held])


def embedded(folder: Path) -> RealBroker:
    """Return the embedded broker, not started."""
    held = [held_port(), held_port()]
    port, port_v3 = (one.getsockname()[1] for one in held)
    command = brokers.embedded_command(folder, port, port_v3)
    return RealBroker("embedded", command, port, port_v3, folder / "broker.log", held)


def _rewrite(file: Path, kept: Callable[[str], bool], also: Sequence[str]) -> None:
    lines = [line for line in file.read_text().splitlines() if kept(line)]
    file.write_text("\n".join([*lines, *also, ""]))

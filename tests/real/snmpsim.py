"""The SNMP simulator of snmpsim: recorded devices on loopback addresses, one for each community."""

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.devices.snmp.message import Question, asked
from tests.waiting import until_sync

CASES = Path(__file__).parents[1] / "cases" / "snmp"
RESPONDER = "import sys; from snmpsim.commands.responder import main; sys.exit(main())"


def need() -> None:
    """Skip the test where snmpsim is not installed."""
    if any(importlib.util.find_spec(one) is None for one in ("snmpsim", "pysmi")):
        pytest.skip("no snmpsim: pip install 'schoolwatch[test]'")


def community(case: str) -> str:
    """Return the community by which the device of *case* answers."""
    return f"{case}/device"


def free_udp_port(addresses: Sequence[str]) -> int:
    """Return a port that is free at each of *addresses*."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            port: int = sock.getsockname()[1]
        if not any(_taken(address, port) for address in addresses):
            return port
    raise AssertionError("no UDP port is free")


def _answers(address: str, port: int, question: bytes) -> bool:
    """Tell whether it answers there; its log says that it listens before it does.

    Not by trying to bind: that would take the port from it at the wrong moment.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.5)
        try:
            sock.sendto(question, (address, port))
            return bool(sock.recv(2_000))
        except OSError:
            return False


def _taken(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((address, port))
        except OSError:
            return True
    return False


@contextmanager
def responder(
    folder: Path, addresses: Sequence[str] = ("127.0.0.1",), data: Path = CASES
) -> Iterator[int]:
    """Yield the UDP port at which all devices in *data* answer; keeps its files in *folder*."""
    need()
    port = free_udp_port(addresses)
    log = folder / "snmpsim.log"
    command = [sys.executable, "-c", RESPONDER, f"--data-dir={data}"]
    # Where it is started by root it insists on a user; another could not read this Python.
    command += ["--process-user=root", "--process-group=root"] if _is_root() else []
    command += [f"--cache-dir={folder / 'index'}", "--logging-method=stdout"]
    command += [f"--agent-udpv4-endpoint={address}:{port}" for address in addresses]

    some = next(data.rglob("*.snmprec")).relative_to(data).with_suffix("").as_posix()
    question = asked(1, some.encode(), 1, Question("get", ("1.3.6.1.2.1.1.1.0",)))

    def ready() -> bool:
        return all(_answers(address, port, question) for address in addresses)

    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            until_sync(lambda: process.poll() is not None or ready(), 60)
            if process.poll() is not None:
                raise AssertionError(log.read_text("utf-8")[-2_000:])
            yield port
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0

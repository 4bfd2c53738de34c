"""Interfaces of a test's own network namespaces, and frames put onto them by hand."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from agent.sensor.tap import Tap
from tests.real.namespaces import Namespace


@contextmanager
def sender(where: Namespace, interface: str) -> Iterator[socket.socket]:
    """A socket that sends frames as they are."""
    made = where.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
    with made:
        made.bind((interface, 0))
        yield made


@contextmanager
def tapped(where: Namespace, interface: str, *, promiscuous: bool = False) -> Iterator[Tap]:
    """A tap that lives in *where*, whoever reads it."""
    tap = where.inside(lambda: Tap(interface, promiscuous=promiscuous))
    try:
        yield tap
    finally:
        tap.close()


def promiscuity(where: Namespace, interface: str) -> int:
    """How often the interface is asked for what is for others, by ip(8)."""
    words = ["ip", "-n", where.name, "-json", "-details", "link", "show", interface]
    (found,) = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    return int(found["promiscuity"])


def mirror(where: Namespace, port: str, to: str) -> None:
    """Copy what comes in at *port* of a bridge to another one, as a switch with a mirror does."""
    for words in (
        f"qdisc add dev {port} ingress",
        f"filter add dev {port} ingress protocol all u32 match u32 0 0 "
        f"action mirred egress mirror dev {to}",
    ):
        command = ["tc", "-n", where.name, *words.split()]
        subprocess.run(command, capture_output=True, check=True, timeout=20)

"""Network namespaces of a test: made, filled by ip(8), entered for as long as one call takes.

Needs root and iproute2. Addresses are of TEST-NET-1 … -3 (RFC 5737) and 2001:db8::/32 (RFC 3849).
"""

import ctypes
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from agent.netsnapshots import open_socket
from tests.real.school_line import ip

T = TypeVar("T")

CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class Namespace:
    """One network of its own, called `name` by ip(8)."""

    name: str

    def ip(self, words: str) -> None:
        """Run `ip` inside."""
        ip("-n", self.name, *words.split())

    def open_socket(self, groups: int) -> socket.socket:
        """Return a netlink socket of this namespace: it stays there, whoever reads it."""
        return self.inside(lambda: open_socket(groups))

    def inside(self, function: Callable[[], T]) -> T:
        """Return what *function* returns, called in a thread that lives in this namespace."""

        def enter() -> T:
            file = os.open(Path("/run/netns") / self.name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(file, CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), f"no way into namespace {self.name}")
            finally:
                os.close(file)
            return function()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(enter).result()


@contextmanager
def namespace() -> Iterator[Namespace]:
    """Make a namespace whose loopback is up, and take it away again with all that is in it."""
    made = Namespace(f"sw-{secrets.token_hex(3)}")
    ip("netns", "add", made.name)
    try:
        made.ip("link set lo up")
        yield made
    finally:
        ip("netns", "del", made.name)


@contextmanager
def cabled(*cables: str) -> Iterator[tuple[Namespace, Namespace]]:
    """Yield two namespaces with a pair of veths for each of *cables*, called so at both ends.

    Both ends are up; IPv6 addresses count at once, without a search for duplicates.
    """
    with namespace() as near, namespace() as far:
        for cable in cables:
            near.ip(f"link add {cable} type veth peer name {cable} netns {far.name}")
            for side in (near, far):
                side.ip(f"link set {cable} addrgenmode none up")
        yield near, far

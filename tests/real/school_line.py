"""A school at the end of a line that can be cut: a network namespace behind a pair of veths.

Needs root and iproute2. The addresses are of 198.51.100.0/24 (TEST-NET-2, RFC 5737).
"""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


def why_not() -> str:
    """Return why there can be no line here, an empty string where there can."""
    if os.geteuid():
        return "network namespaces need root"
    name = f"sw-{secrets.token_hex(3)}"
    try:
        ip("netns", "add", name)
    except (OSError, subprocess.SubprocessError) as error:
        return f"no network namespace can be made here: {error}"
    ip("netns", "del", name)
    return ""


@dataclass(frozen=True, slots=True)
class Line:
    """`address` is the school's, `ours` that of this end; its namespace is called `school`."""

    school: str
    address: str
    ours: str

    def cut(self) -> None:
        """Pull the plug at our end: nothing comes back, not even a refusal."""
        ip("netns", "exec", self.school, "ip", "link", "set", "inside", "down")

    def mend(self) -> None:
        ip("netns", "exec", self.school, "ip", "link", "set", "inside", "up")


@contextmanager
def line(number: int = 1) -> Iterator[Line]:
    """Lay a line to a school of its own /30, and take it away again."""
    name = f"sw-{secrets.token_hex(3)}"
    ours, theirs = f"198.51.100.{4 * number + 1}", f"198.51.100.{4 * number + 2}"
    ip("netns", "add", name)
    try:
        ip("link", "add", name, "type", "veth", "peer", "name", "inside", "netns", name)
        ip("addr", "add", f"{ours}/30", "dev", name)
        ip("link", "set", name, "up")
        inside = ("netns", "exec", name, "ip")
        ip(*inside, "addr", "add", f"{theirs}/30", "dev", "inside")
        ip(*inside, "link", "set", "inside", "up")
        ip(*inside, "link", "set", "lo", "up")
        yield Line(name, theirs, ours)
    finally:
        # A connection that still tries to end would hold the namespace, and this end of the line.
        with suppress(subprocess.CalledProcessError):
            ip("link", "del", name)
        ip("netns", "del", name)

"""Where a sensor hears that `agent discover` runs on its machine (agent/discovering.py).

A datagram socket in the abstract namespace (unix(7)), so nothing off this machine reaches it. The
kernel tells who speaks: root, and whoever the agent runs as, are believed, so that a program that
somebody else runs here cannot pass for the agent.
"""

import os
import secrets
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

PREFIX: Final = "schoolwatch-sensor-"
"""How its name begins; what follows is made up, so that no two clash."""
SAYS: Final = b"discover"
MOST: Final = 64
"""Datagrams that are read at a time; of a flood the others wait, or are thrown away."""

_UCRED: Final = struct.Struct("=3i")
"""struct ucred: process, user, group."""


class Ear:
    """Where a sensor hears that the agent's machine discovers; nowhere but on Linux.

    Made before the process gives up its rights; believes root, and the user that it is then.
    """

    def __init__(self) -> None:
        self._believed = {0, os.geteuid()}
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.name = f"\0{PREFIX}{secrets.token_hex(8)}"
        self._sock.bind(self.name)

    def fileno(self) -> int:
        """Return what becomes readable when somebody speaks."""
        return self._sock.fileno()

    def heard(self) -> bool:
        """Return whether somebody who is believed has spoken since the last call."""
        found = False
        with suppress(BlockingIOError):
            for _ in range(MOST):
                data, more, _, _ = self._sock.recvmsg(len(SAYS) + 1, socket.CMSG_SPACE(12))
                found = (data == SAYS and self._is_believed(more)) or found
        return found

    def close(self) -> None:
        """Give it back."""
        self._sock.close()

    def _is_believed(self, more: Iterable[tuple[int, int, bytes]]) -> bool:
        return any(
            (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
            and len(data) == _UCRED.size
            and _UCRED.unpack(data)[1] in self._believed
            for level, kind, data in more
        )


def opened() -> Ear | None:
    """Return an ear, or None where the system refuses: then `discover` looks like what it is."""
    try:
        return Ear()
    except OSError:
        return None

"""Whether a port of the trial is free, and who has it if not."""

import errno
import os
import socket
from collections.abc import Mapping
from typing import Final

import psutil

from core.errors import StartError

LOOPBACK: Final = "127.0.0.1"


def check(ports: Mapping[str, int]) -> None:
    """Raise StartError unless every port can be listened on; keys are the options that set them."""
    taken: dict[int, str] = {}
    for option, port in ports.items():
        if port in taken:
            raise StartError(f"{taken[port]} and {option} are both {port}; give each its own port")
        taken[port] = option
        mistake = _mistake(port)
        if mistake:
            raise StartError(f"{mistake}. Free it, or choose another port with {option}")


def _mistake(port: int) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do, so that connections that ended a moment ago do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"port {port} is taken{_by_whom(port)}"
            return f"port {port} cannot be used: {os.strerror(error.errno or 0)}"
    return ""


def _by_whom(port: int) -> str:
    try:
        holders = {
            entry.pid
            for entry in psutil.net_connections(kind="tcp")
            if entry.status == psutil.CONN_LISTEN and entry.laddr[1:] == (port,) and entry.pid
        }
        names = [f"{psutil.Process(pid).name()} (process {pid})" for pid in sorted(holders)]
    except (psutil.Error, OSError):
        # Only root sees other people's processes. The port is taken all the same.
        return ""
    return f" by {', '.join(names)}" if names else ""

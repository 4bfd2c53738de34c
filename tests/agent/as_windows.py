"""Makes this interpreter look like one on Windows to what is imported after it.

The standard library and the packages are loaded first, as themselves: what is looked at is our own
code. What only Linux has is then gone, by import and by name.
"""

# ruff: noqa: F401
import argparse
import asyncio
import concurrent.futures
import difflib
import ipaddress
import json
import logging
import os
import random
import select
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import textwrap
import time
import tomllib
import urllib.parse
from importlib.machinery import ModuleSpec
from types import ModuleType

import msgspec
import paho.mqtt.client
import psutil
import zstandard

MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
NAMES: dict[ModuleType, tuple[str, ...]] = {
    os: ("fork", "geteuid", "getgid", "getloadavg", "getuid", "killpg", "setsid", "statvfs"),
    select: ("epoll", "poll"),
    signal: ("SIGALRM", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2"),
    # Not AF_UNIX: the event loop that we have here wakes itself through it.
    socket: ("AF_NETLINK", "AF_PACKET", "CMSG_LEN", "CMSG_SPACE", "SOCK_CLOEXEC", "SOCK_NONBLOCK"),
    time: ("CLOCK_BOOTTIME", "clock_gettime", "clock_gettime_ns"),
}


class NotHere:
    """Finds none of `MODULES`."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def locking(descriptor: int, _mode: int, _count: int) -> None:
    """Stand in for msvcrt.locking, by what this machine has."""
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        raise PermissionError(13, "Permission denied") from None  # as Windows says it


from fcntl import LOCK_EX, LOCK_NB, flock  # noqa: E402

# The standard library on Windows needs none of it; the one that we have here does.
kept = ModuleType("os")
kept.__dict__.update(os.__dict__)
shutil.os = kept  # type: ignore[attr-defined]
for module in MODULES:
    sys.modules.pop(module, None)
sys.meta_path.insert(0, NotHere())
for there, names in NAMES.items():
    for one in names:
        if hasattr(there, one):
            delattr(there, one)
msvcrt = ModuleType("msvcrt")
msvcrt.LK_NBLCK, msvcrt.locking = 2, locking  # type: ignore[attr-defined]
sys.modules["msvcrt"] = msvcrt
sys.platform = "win32"

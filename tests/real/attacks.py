"""A small school network in namespaces, in which real tools attack and tcpdump watches.

     198.51.100.0/24, 2001:db8:a::/64          192.0.2.0/24, 2001:db8:9::/64
    outside (.80, ::50) ────────── router (.1, ::1) ─┬─ attacker (.66, ::42)
                                                     ├─ watcher (.2, ::2)
                                                     └─ victims (.10, ::a; .11, ::b; …)
Every machine has one interface `eth0` (the router `eth1` to the outside too), a known MAC, both
families, and the router as its default route. The bridge is a switch; with *hub* it forgets every
MAC at once and so floods, as a hub or a mirror port would: then the watcher sees everything.
Needs root and iproute2; addresses are of RFC 5737 and RFC 3849, and nothing leaves the machine.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.real import school_line
from tests.real.namespaces import Namespace, namespace
from tests.waiting import until_sync

PACKAGES = {
    "arpspoof": "dsniff",
    "busybox": "busybox-static",
    "atk6-fake_advertise6": "thc-ipv6",
    "atk6-fake_router6": "thc-ipv6",
    "atk6-flood_router26": "thc-ipv6",
    "dnsmasq": "dnsmasq-base",
    "iodined": "iodine",
    "sshd": "openssh-server",
}
"""Debian's packages where they are not called as the tool."""

PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"

ATTACKER, WATCHER, ROUTER, FIRST_VICTIM, OUTSIDE = 66, 2, 1, 10, 80


def need(*tools: str) -> None:
    """Skip the test, with the command that helps, where namespaces or one of *tools* are missing.

    Name the same tools to `pytest.mark.real`, and `netns`.
    """
    if reason := school_line.why_not():
        pytest.skip(reason)
    missing = [tool for tool in tools if found(tool) is None]
    if missing:
        packages = " ".join(sorted({PACKAGES.get(tool, tool) for tool in missing}))
        pytest.skip(f"{', '.join(missing)} not installed: apt-get install {packages}")


def found(tool: str) -> str | None:
    """Return where *tool* is; also where an ordinary PATH does not look."""
    return shutil.which(tool, path=PATH)


@dataclass(frozen=True, slots=True)
class Host:
    """A machine of the lab: a namespace with `eth0`. What was started in it ends with the lab."""

    namespace: Namespace
    address: str
    address6: str
    mac: str
    running: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start(self, *command: str, log: Path | None = None) -> "subprocess.Popen[bytes]":
        """Start *command* inside, in a process group of its own; it and its children are ended.

        What it says goes to the file *log*, or nowhere.
        """
        with (log or Path(os.devnull)).open("wb") as out:
            process = subprocess.Popen(
                self._command(command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=tempfile.gettempdir(),  # where yersinia and hydra leave what nobody asked for
                env={**os.environ, "PATH": PATH},
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def run(self, *command: str, seconds: float = 60, check: bool = True) -> str:
        """Run *command* inside to its end, and return what it says; nobody waits *seconds*."""
        process = subprocess.Popen(
            self._command(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=tempfile.gettempdir(),
            env={**os.environ, "PATH": PATH},
            start_new_session=True,
        )
        self.running.append(process)
        try:
            said, _ = process.communicate(timeout=seconds)
        finally:
            stop(process)
            self.running.remove(process)
        text = said.decode(errors="replace")
        assert not check or process.returncode == 0, f"{command}: {process.returncode}\n{text}"
        return text

    def stop(self) -> None:
        """End everything that was started inside."""
        while self.running:
            stop(self.running.pop())

    def _command(self, command: tuple[str, ...]) -> list[str]:
        tool = found(command[0]) or command[0]
        return ["ip", "netns", "exec", self.namespace.name, tool, *command[1:]]


def stop(process: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGTERM) -> None:
    """End *process* and its children, which `Host` has put into a group of their own."""
    for what in (how, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, what)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
            if not _group_alive(process.pid):
                return


def _group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Lab:
    """The network of this module's head. `switch` holds the bridge `br0` and its ports."""

    switch: Host
    router: Host
    outside: Host
    watcher: Host
    attacker: Host
    victims: tuple[Host, ...]

    @property
    def victim(self) -> Host:
        """The first of the victims."""
        return self.victims[0]

    @contextmanager
    def capture(self, path: Path, at: Host | None = None) -> Iterator[Path]:
        """Let tcpdump write what passes the bridge, or `eth0` of *at*, to *path* (pcap).

        Each frame stands there once. When the block ends, everything sent before it is in the file.
        """
        where, interface = (at, "eth0") if at else (self.switch, "br0")
        log = path.with_suffix(".log")
        # Its buffer holds 32,000 frames; immediate: else the last ones may wait for a second in it.
        words = ("-i", interface, "--immediate-mode", "-s", "2048", "-B", "65536")
        process = where.start(*("tcpdump", *words, "-U", "-Z", "root", "-w", str(path)), log=log)
        try:
            until_sync(lambda: b"listening on" in log.read_bytes() or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield path
            _until_still(lambda: path.stat().st_size)
        finally:
            stop(process, signal.SIGINT)
            where.running.remove(process)
        said = log.read_text()
        dropped = re.search(r"(\d+) packets dropped by kernel", said)
        assert dropped is not None, said
        assert dropped[1] == "0", said


def _until_still(size: Callable[[], int]) -> None:
    """Return once *size* has stayed the same for half a second."""
    state = {"size": -1, "times": 0}

    def still() -> bool:
        now = size()
        state["times"] = state["times"] + 1 if now == state["size"] else 0
        state["size"] = now
        return state["times"] >= 25  # of 0.02 s

    until_sync(still, 20)


@contextmanager
def lab(victims: int = 1, *, hub: bool = False) -> Iterator[Lab]:
    """Build the network with so many victims, and take it away with all that runs in it."""
    with ExitStack() as stack:

        def host(number: int) -> Host:
            made = Host(
                stack.enter_context(namespace()),
                f"192.0.2.{number}",
                f"2001:db8:9::{number:x}",
                f"02:00:00:00:00:{number:02x}",
            )
            stack.callback(made.stop)
            return made

        switch = host(254)
        switch.namespace.ip("link add br0 address 02:00:00:00:00:fe type bridge")
        if hub:
            switch.namespace.ip("link set br0 type bridge ageing_time 0")
        switch.namespace.ip("link set br0 addrgenmode none up")
        router = host(ROUTER)
        numbers = (WATCHER, ATTACKER, *range(FIRST_VICTIM, FIRST_VICTIM + victims))
        watcher, attacker, *others = (host(number) for number in numbers)
        for number, one in enumerate((router, watcher, attacker, *others)):
            _plug(switch, one, f"port{number}")
        outside = _outside(stack, router)
        for one in (watcher, attacker, *others):
            one.namespace.ip(f"route add default via {router.address}")
            one.namespace.ip(f"-6 route add default via {router.address6}")
        yield Lab(switch, router, outside, watcher, attacker, tuple(others))


def _plug(switch: Host, host: Host, port: str) -> None:
    """Lay a cable from `eth0` of *host* to the bridge."""
    inside = host.namespace
    inside.ip(
        f"link add eth0 address {host.mac} type veth peer name {port} netns {switch.namespace.name}"
    )
    switch.namespace.ip(f"link set {port} addrgenmode none master br0 up")
    _address(host, "eth0", host.address, host.address6, host.mac)


def _outside(stack: ExitStack, router: Host) -> Host:
    """Build a machine of the Internet behind *router*."""
    made = Host(
        stack.enter_context(namespace()),
        f"198.51.100.{OUTSIDE}",
        f"2001:db8:a::{OUTSIDE:x}",
        f"02:00:00:00:01:{OUTSIDE:02x}",
    )
    stack.callback(made.stop)
    router.namespace.ip(
        "link add eth1 address 02:00:00:00:01:01 type veth peer name eth0 address "
        f"{made.mac} netns {made.namespace.name}"
    )
    _address(router, "eth1", "198.51.100.1", "2001:db8:a::1", "02:00:00:00:01:01")
    _address(made, "eth0", made.address, made.address6, made.mac)
    router.namespace.inside(_forward)
    made.namespace.ip("route add default via 198.51.100.1")
    made.namespace.ip("-6 route add default via 2001:db8:a::1")
    return made


def _address(host: Host, interface: str, address: str, address6: str, mac: str) -> None:
    inside = host.namespace
    inside.ip(f"link set {interface} addrgenmode none up")
    inside.ip(f"addr add {address}/24 dev {interface}")
    inside.ip(f"-6 addr add {address6}/64 dev {interface} nodad")
    inside.ip(f"-6 addr add fe80::{int(mac[-5:-3], 16) + 1:x}:{mac[-2:]}/64 dev {interface} nodad")


def _forward() -> None:
    for path in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        Path("/proc/sys/net", path).write_text("1")

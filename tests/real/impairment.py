"""A line that is bad in a known way: two network namespaces with a small program between them.

    with impaired_line(up=Impairment(delay_ms=20, loss=0.1), seed=7) as line:
        with inside(line.far):
            ...  # sockets opened here are those of the far end: a server
        with inside(line.near):
            ...  # and here those of the school: the probe
        line.impair(down=Impairment(delay_ms=50))  # from now on
        for fate in line.fates():  # the truth: what became of each packet since the last call
            ...

The near end is 10.66.0.1 and fd66::1, the far end 10.66.0.2 and fd66::2; `up` is from near to far.
Whole IP packets pass through a TUN device at each end and a child process between them, so any
protocol over IPv4 and IPv6 can be tried. A busy test machine adds delay of its own: compare
readings with the times in `fates`, not with what was asked for. The child runs before everything
else (SCHED_FIFO), so that it sees packets when they come.
Needs root, iproute2 and /dev/net/tun.
"""

import ctypes
import fcntl
import heapq
import itertools
import json
import os
import random
import secrets
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.real.school_line import ip
from tests.real.school_line import why_not as why_no_namespaces

ROOT: Final = Path(__file__).parents[2]
NEAR, FAR = "10.66.0.1", "10.66.0.2"
NEAR_V6, FAR_V6 = "fd66::1", "fd66::2"
MTU: Final = 1500

TUN: Final = "/dev/net/tun"
# <linux/if_tun.h>, <sched.h>
TUNSETIFF: Final = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET: Final = 0x40000000

UP, DOWN = "up", "down"


@dataclass(frozen=True, slots=True)
class Impairment:
    """What one direction does to its packets; shares are from 0 to 1."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """Up to so much more delay, evenly spread; it changes no order."""
    loss: float = 0.0
    duplicate: float = 0.0
    duplicate_ms: float = 0.0
    """By how much the copy comes later."""
    reorder: float = 0.0
    """The share that is held back by `reorder_ms`, so that others overtake it."""
    reorder_ms: float = 0.0
    rate_kbps: float = 0.0
    """Kilobits a second of IP packets; 0 for no limit."""
    queue_ms: float = 1000.0
    """What would wait longer than this for its turn at `rate_kbps` is lost."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one packet; times are seconds of `time.monotonic`, the same in every process.

    `left` is empty where it was lost; a duplicate left twice. `packet` is the IP packet.
    """

    direction: str
    came: float
    left: tuple[float, ...]
    packet: bytes

    @property
    def protocol(self) -> int:
        """The transport protocol (1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6), without extension headers."""
        return self.packet[9] if self.packet[0] >> 4 == 4 else self.packet[6]

    @property
    def message(self) -> bytes:
        """What follows the IP header."""
        head = 4 * (self.packet[0] & 0x0F) if self.packet[0] >> 4 == 4 else 40
        return self.packet[head:]


@dataclass(slots=True)
class Lane:
    """One direction; given its packets at the same times it decides the same each time."""

    impairment: Impairment
    dice: random.Random
    free_at: float = 0.0
    last: float = 0.0

    def leaving(self, now: float, size: int) -> list[float]:
        """Return when a packet of *size* bytes that comes *now* leaves: never, once or twice."""
        bad = self.impairment
        # Always as many throws a packet: what one option does changes the luck of no other.
        lost, twice, held, more = (self.dice.random() for _ in range(4))
        if lost < bad.loss:
            return []
        start = now
        if bad.rate_kbps:
            start = max(now, self.free_at)
            if 1000 * (start - now) > bad.queue_ms:
                return []
            start = self.free_at = start + 8 * size / (1000 * bad.rate_kbps)
        at = start + (bad.delay_ms + more * bad.jitter_ms) / 1000
        if held < bad.reorder:
            at += bad.reorder_ms / 1000
        else:
            at = self.last = max(at, self.last)
        return [at, at + bad.duplicate_ms / 1000] if twice < bad.duplicate else [at]


@dataclass(slots=True)
class Proxy:
    """The child process: carries packets between two TUN devices, and remembers what it did."""

    ends: dict[str, int]
    seed: int
    lanes: dict[str, Lane] = field(default_factory=dict)
    fates: list[tuple[str, float, list[float], bytes]] = field(default_factory=list)
    _queue: list[tuple[float, int, str, list[float], bytes]] = field(default_factory=list)
    _ties: Iterator[int] = field(default_factory=itertools.count)
    _asked: bool = False

    def impair(self, impairments: dict[str, dict[str, float]]) -> None:
        for direction, options in impairments.items():
            dice = random.Random(f"{self.seed} {direction}")
            self.lanes[direction] = Lane(Impairment(**options), dice)

    def run(self) -> None:
        while True:
            wait = max(0.0, self._queue[0][0] - time.monotonic()) if self._queue else None
            if self._asked and not self._queue:
                wait = 0.0  # only what has come already is still waited for
            readable, _, _ = select.select([0, *self.ends.values()], [], [], wait)
            self._send_due()
            for direction, end in self.ends.items():
                if end in readable:
                    self._take(direction, end)
            self._send_due()
            if 0 in readable and not self._obey(sys.stdin.readline()):
                return
            if self._asked and not self._queue and readable in ([], [0]):
                self._tell()

    def _take(self, direction: str, end: int) -> None:
        packet = os.read(end, 65_536)
        now = time.monotonic()
        left: list[float] = []
        self.fates.append((direction, now, left, packet))
        for at in self.lanes[direction].leaving(now, len(packet)):
            heapq.heappush(self._queue, (at, next(self._ties), direction, left, packet))

    def _send_due(self) -> None:
        while self._queue and self._queue[0][0] <= time.monotonic():
            _, _, direction, left, packet = heapq.heappop(self._queue)
            left.append(time.monotonic())
            with suppress(OSError):  # the device is down
                os.write(self.ends[DOWN if direction == UP else UP], packet)

    def _obey(self, line: str) -> bool:
        if not line:
            return False
        command = json.loads(line)
        self._asked = "fates" in command
        if not self._asked:
            self.impair(command["impair"])
            self._answer("done")
        return True

    def _tell(self) -> None:
        self._asked = False
        self._answer([(d, came, left, packet.hex()) for d, came, left, packet in self.fates])
        self.fates.clear()

    def _answer(self, answer: object) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class ImpairedLine:
    """`near` and `far` are the names of the two namespaces."""

    near: str
    far: str
    process: "subprocess.Popen[str]"

    def impair(self, *, up: Impairment | None = None, down: Impairment | None = None) -> None:
        """Change one direction or both; what is under way is left to its fate."""
        given = {UP: up, DOWN: down}
        self._ask({"impair": {name: asdict(one) for name, one in given.items() if one}})

    def fates(self) -> list[Fate]:
        """Return what came since the last call, in this order, once all that leaves has left."""
        rows = self._ask({"fates": True})
        return [Fate(row[0], row[1], tuple(row[2]), bytes.fromhex(row[3])) for row in rows]

    def _ask(self, command: dict[str, Any]) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def why_not() -> str:
    """Return why there can be no impaired line here, an empty string where there can."""
    if not Path(TUN).exists():
        return f"{TUN} is not there: modprobe tun"
    return why_no_namespaces()


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Let this thread open its sockets in *namespace*; they stay there when the block ends.

    Threads begun within stay too. Tasks of asyncio share their thread: let only one be within.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(handle: int) -> None:
        if libc.setns(handle, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace {namespace}")

    home = os.open(f"/proc/self/task/{_thread_id()}/ns/net", os.O_RDONLY)
    try:
        there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
        try:
            enter(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            enter(home)
    finally:
        os.close(home)


@contextmanager
def impaired_line(
    *, up: Impairment | None = None, down: Impairment | None = None, seed: int = 1
) -> Iterator[ImpairedLine]:
    """Lay a line between two new namespaces, and take it away again."""
    name = f"sw-{secrets.token_hex(3)}"
    near, far = f"{name}n", f"{name}f"
    with ExitStack() as stack:
        handles = [
            _end(stack, near, f"{NEAR}/24", f"{NEAR_V6}/64"),
            _end(stack, far, f"{FAR}/24", f"{FAR_V6}/64"),
        ]
        command = [sys.executable, "-m", "tests.real.impairment", str(seed), *map(str, handles)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, pass_fds=handles
        )
        stack.callback(_end_process, process)
        line = ImpairedLine(near, far, process)
        line.impair(up=up or Impairment(), down=down or Impairment())
        yield line


def _end(stack: ExitStack, namespace: str, *addresses: str) -> int:
    """Make a namespace with a TUN device in it; return what the other side of that is read from."""
    ip("netns", "add", namespace)
    stack.callback(ip, "netns", "del", namespace)
    handle = os.open(TUN, os.O_RDWR)
    stack.callback(os.close, handle)
    request = struct.pack("16sH22x", namespace.encode(), IFF_TUN | IFF_NO_PI)
    fcntl.ioctl(handle, TUNSETIFF, request)
    ip("link", "set", namespace, "netns", namespace)
    within = ("-n", namespace)
    ip(*within, "link", "set", namespace, "name", "line", "mtu", str(MTU))
    for address in addresses:
        # nodad: an address is ready at once, nobody else can have it here
        ip(*within, "addr", "add", address, "dev", "line", "nodad")
    ip(*within, "link", "set", "lo", "up")
    ip(*within, "link", "set", "line", "up")
    return handle


def _end_process(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def _thread_id() -> int:
    return int(Path("/proc/thread-self").readlink().name)


def main(words: Sequence[str]) -> None:
    seed, near, far = map(int, words)
    proxy = Proxy({UP: near, DOWN: far}, seed)
    proxy.impair({UP: {}, DOWN: {}})
    with suppress(OSError):  # else packets wait for us on a busy machine, and nobody knows how long
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    with suppress(KeyboardInterrupt):
        proxy.run()


if __name__ == "__main__":
    main(sys.argv[1:])

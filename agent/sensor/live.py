"""`schoolwatch sensor run`: the process that reads frames; the agent starts it and reads its lines.

    ring of each interface ─▶ facts ─▶ detectors ─▶ lines on standard output
                              Options on standard input, whose end ends the process

Once its sockets are open it can open nothing more (`agent.sensor.rights`): what a forged frame
could make of it can neither write, send, nor ask the system for anything.
"""

import gc
import os
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import BinaryIO, Final

import msgspec

from agent.sensor import ear, rights
from agent.sensor.lines import Line, Options, Refused, encoded, options_of
from agent.sensor.own import LINGERS_S, macs_of
from agent.sensor.post import Post
from agent.sensor.settings import chosen, network_of, owners_of
from agent.sensor.tap import Tap
from core.errors import MonitorError, NotPermitted

TICK_S: Final = 1.0
AT_ONCE: Final = 2048
"""Frames of one interface before another has its turn."""
REST_S: Final = 0.02
"""Waited where fewer frames were there: to be woken for each one costs more than to read it."""
STEP_S: Final = 30.0
"""A wall clock that went this far from the other one was set: what was seen lies elsewhere now."""
OPTIONS_BYTES: Final = 1 << 22
NO_RIGHT: Final = 3
"""The exit code where the process may not listen."""


def main(words: Sequence[str]) -> int:
    """Run until standard input ends; returns the exit code."""
    if words:
        sys.stderr.write("schoolwatch sensor run takes its options from the agent, on its input.\n")
        return 2
    sys.excepthook = _quietly
    try:
        options = options_of(sys.stdin.buffer.readline(OPTIONS_BYTES))
        live = Live(options)
    except msgspec.MsgspecError as error:
        return _refused("options", f"what came on standard input are no options: {error}", 2)
    except NotPermitted as error:
        return _refused("no_right", str(error), NO_RIGHT)
    except (MonitorError, OSError, ValueError) as error:
        return _refused("no_start", str(error) or type(error).__name__, 1)
    rights.give_up(promiscuous=options.promiscuous)
    if options.parent:
        rights.die_with_parent(options.parent)
    live.run()
    return 0


def say(line: Line) -> None:
    """Write *line* at once; where the agent does not read, this waits, and frames are lost."""
    data = encoded(line)
    while data:
        data = data[os.write(1, data) :]


class Live:
    """The interfaces of one process; everything that it will ever open is open once it is made."""

    def __init__(self, options: Options) -> None:
        network = network_of(
            subnets=options.subnets,
            gateways=options.gateways,
            resolvers=options.resolvers,
            devices=options.devices,
            allow=options.allow,
        )
        self._own = network.own
        self._interfaces = tuple(name for _, name in socket.if_nameindex())
        tables = chosen(options.detectors, options.block_lists)
        self._memory: BinaryIO = open("/proc/self/statm", "rb", buffering=0)  # noqa: SIM115, PTH123
        self._figures_s = options.figures_s
        self._poll = select.epoll()
        self._poll.register(0, select.EPOLLIN | select.EPOLLHUP)
        self._ear = ear.opened()
        if self._ear is not None:
            self._poll.register(self._ear.fileno(), select.EPOLLIN)
        key = bytes.fromhex(options.key)
        handed = owners_of(options.owners)
        self._posts: list[Post] = []
        for name in options.interfaces:
            tap = Tap(name, promiscuous=options.promiscuous)
            self._posts.append(Post(tap, network, tables, key, say, handed=handed.get(name, ())))
            # A socket whose interface is down is an error that stays: it is asked with the others.
            self._poll.register(tap.fileno(), select.EPOLLIN)
        self._look_at_own()
        self._cpu, self._cpu_at = _cpu_s(), time.monotonic()
        self._step = time.time() - time.monotonic()

    def run(self) -> None:
        """Read frames until standard input ends."""
        gc.collect()
        gc.freeze()  # what is there stays, and need not be looked through again
        tick_at = figures_at = 0.0
        while True:
            ready = self._poll.poll(TICK_S)
            if any(number == 0 for number, _ in ready) and not os.read(0, 4096):
                return
            if self._ear is not None and self._ear.heard():
                self._own.until = time.time() + LINGERS_S
            most = max((post.read(AT_ONCE) for post in self._posts), default=0)
            now = time.monotonic()
            if now >= tick_at:
                tick_at = now + TICK_S
                changed = self._tick()
                if changed or now >= figures_at:
                    figures_at = now + self._figures_s
                    self._tell(now)
            if most < AT_ONCE:
                time.sleep(REST_S)

    def _tick(self) -> bool:
        """Return whether an interface came, went, or was found to see something else."""
        self._look_at_own()
        now = time.time()
        step = now - time.monotonic()
        was_set, self._step = abs(step - self._step) > STEP_S, step
        for post in self._posts:
            if was_set:
                post.begin_anew()
        changed = [post.tick(now) for post in self._posts]  # each of them, also after a change
        return any(changed)

    def _look_at_own(self) -> None:
        for post in self._posts[:1]:
            self._own.macs = macs_of(post.tap.fileno(), self._interfaces)

    def _tell(self, now: float) -> None:
        cpu = _cpu_s()
        percent = 100 * (cpu - self._cpu) / max(now - self._cpu_at, 0.001)
        self._cpu, self._cpu_at = cpu, now
        self._memory.seek(0)
        pages = int(self._memory.read(100).split()[1])
        mem_mb = round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
        # Of all interfaces together: they are about the school, and have no interface as a tag.
        verdicts = sum((Counter(post.verdicts()) for post in self._posts), Counter[str]())
        for post in self._posts:
            say(post.figures(round(percent, 1), mem_mb, verdicts))


def _cpu_s() -> float:
    user, system, *_ = os.times()
    return user + system


def _refused(why: str, text: str, code: int) -> int:
    say(Refused(why, text[:300]))
    return code


def _quietly(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """Say what broke and where, and not with which values: they may be a frame's."""
    del error
    place = ""
    while trace is not None:
        frame = getattr(trace, "tb_frame").f_code  # noqa: B009 — types.TracebackType of any kind
        place = f"{os.path.basename(frame.co_filename)}:{getattr(trace, 'tb_lineno')}"  # noqa: B009, PTH119
        trace = getattr(trace, "tb_next")  # noqa: B009
    sys.stderr.write(f"the sensor ends: {kind.__name__} at {place}\n")

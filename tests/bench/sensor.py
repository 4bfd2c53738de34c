"""The sensor's process on a busy line, beside scapy's AsyncSniffer on the same one.

    python -m tests.bench.sensor                    10 s at 100,000 frames/s, and a million spoofed
    python -m tests.bench.sensor --seconds 3 --rate 50000

95 % of the frames carry data, as a mirror port brings them; the rest is control traffic of an
ordinary morning. tcpreplay sends them from one network namespace to another (root, iproute2,
`apt-get install tcpreplay`). Then the same is read from a file, also by Suricata where it is.
Printed: control frames that came to Python, processor time, memory.
A machine with two processors shares them with the sender: look at ratios, not at numbers.
"""

import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from agent.sensor.filters import expression
from agent.sensor.keeper import COMMAND
from agent.sensor.lines import Figures, Options, encoded, line_of
from tests.packets import dns, frames
from tests.packets.captures import write_pcap
from tests.packets.frames import ACK, FIN, PSH, SYN, over, tcp, udp
from tests.real.namespaces import Namespace, cabled

PART: Final = 20
"""One frame in so many is of control traffic."""
FRAMES: Final = 20_000
"""In the capture, which is sent again and again."""
OFFLINE: Final = 10
"""Times the capture, where it is read from a file."""
SMALL: Final = 400
"""Bytes: control frames of the capture are shorter, data are longer."""
MACHINES: Final = 300
ROUTER, RESOLVER = "02:00:5e:00:53:fe", "192.0.2.254"
NOBODY: Final = "00:00:00:00:00:00"

SNIFFER = """
import sys, time
from scapy.layers import inet, inet6, l2, dns
from scapy.sendrecv import AsyncSniffer
seen = [0, 0]
def take(packet):
    seen[0] += 1
    seen[1] += len(packet.original) < {small}
sniffer = AsyncSniffer(iface="eth0", prn=take, store=False{more})
sniffer.start()
time.sleep(2)
print("ready", flush=True)
sys.stdin.readline()
time.sleep(1)
print(seen[1], flush=True)
sys.stdin.readline()
"""


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    sent: int
    """Control frames."""
    got: int
    cpu_s: float
    seconds: float
    mb: float

    def line(self) -> str:
        lost = 100 * (self.sent - self.got) / self.sent
        share = 100 * self.cpu_s / self.seconds
        return (
            f"{self.name:34} control frames {self.got:8,} of {self.sent:,} ({lost:5.1f} % lost)  "
            f"CPU {self.cpu_s:6.2f} s = {share:5.1f} % of a core  {self.mb:6.1f} MB"
        )


def morning(seed: int = 7) -> Iterator[bytes]:
    """Control frames of machines that start, ask for names and open pages."""
    dice = random.Random(seed)
    while True:
        number = dice.randrange(MACHINES)
        mac = f"02:00:5e:10:{number >> 8:02x}:{number & 255:02x}"
        address = f"192.0.{2 + (number >> 7)}.{1 + (number & 127)}"
        port, server = dice.randrange(20_000, 60_000), f"198.51.100.{dice.randrange(1, 255)}"
        kind = dice.random()
        if kind < 0.15:
            yield frames.arp(1, mac, address, NOBODY, RESOLVER)
        elif kind < 0.45:
            name = f"host{dice.randrange(500)}.example"
            yield over(mac, ROUTER, udp(address, port, RESOLVER, 53, dns.question(name)))
        elif kind < 0.7:
            yield over(mac, ROUTER, tcp(address, port, server, 443, SYN, sequence=port))
        elif kind < 0.85:
            yield over(ROUTER, mac, tcp(server, 443, address, port, SYN | ACK))
        else:
            yield over(mac, ROUTER, tcp(address, port, server, 443, FIN | ACK))


def mixed() -> list[tuple[float, bytes]]:
    """The capture: one control frame after nineteen with data."""
    control, found = morning(), []
    data = over(
        *("02:00:5e:10:00:01", ROUTER),
        tcp("192.0.2.1", 50_000, "198.51.100.1", 443, PSH | ACK, payload=b"x" * 900),
    )
    for number in range(FRAMES):
        found.append((number / 1e5, next(control) if number % PART == 0 else data))
    return found


def replay(where: Namespace, file: Path, rate: int, count: int) -> float:
    """Send *count* frames from the file; return how long that took (s)."""
    words = ["ip", "netns", "exec", where.name, "tcpreplay", "-i", "eth0", "--preload-pcap"]
    words += [f"--pps={rate}", f"--loop={count // FRAMES}", str(file)]
    began = time.monotonic()
    subprocess.run(words, check=True, capture_output=True)
    return time.monotonic() - began


@contextmanager
def started(words: list[str]) -> "Iterator[subprocess.Popen[bytes]]":
    popen = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield popen
    finally:
        popen.kill()
        popen.wait()


def used(popen: "subprocess.Popen[bytes]") -> float:
    times = psutil.Process(popen.pid).cpu_times()
    return float(times.user + times.system)


def sensor(near: Namespace, send: Callable[[], float], sent: int) -> tuple[Result, int]:
    """Measure our process; return also how many it says that it lost."""
    with started(["ip", "netns", "exec", near.name, *COMMAND]) as popen:
        assert popen.stdin is not None
        assert popen.stdout is not None
        options = Options(key="00" * 16, parent=0, interfaces=("eth0",), promiscuous=True)
        popen.stdin.write(encoded(options))
        popen.stdin.flush()
        popen.stdout.readline()
        before = used(popen)
        seconds = send()
        while True:
            line = line_of(popen.stdout.readline())
            if isinstance(line, Figures) and line.frames + line.dropped >= sent:
                break
        cpu = used(popen) - before
        mb = psutil.Process(popen.pid).memory_info().rss / 1e6
        return Result("the sensor", sent, line.frames, cpu, seconds, mb), line.dropped


def sniffer(
    near: Namespace, send: Callable[[], float], sent: int, name: str, more: str = ""
) -> Result:
    """Measure AsyncSniffer, which counts and does nothing else."""
    program = SNIFFER.format(small=SMALL, more=more)
    with started(["ip", "netns", "exec", near.name, sys.executable, "-c", program]) as popen:
        assert popen.stdin is not None
        assert popen.stdout is not None
        assert popen.stdout.readline() == b"ready\n"
        before = used(popen)
        seconds = send()
        popen.stdin.write(b"\n")
        popen.stdin.flush()
        got = int(popen.stdout.readline())
        mb = psutil.Process(popen.pid).memory_info().rss / 1e6
        return Result(name, sent, got, used(popen) - before, seconds, mb)


def spoofed(count: int) -> Iterator[tuple[float, bytes]]:
    """Each frame from another made-up machine: ARP, DHCP-less SYNs, names."""
    dice = random.Random(11)
    syn = bytearray(over("02:00:00:00:00:00", ROUTER, tcp("10.0.0.1", 1, "192.0.2.9", 80, SYN)))
    arp = bytearray(frames.arp(2, "02:00:00:00:00:00", "10.0.0.1", ROUTER, "192.0.2.254"))
    for number in range(count):
        mac, address = b"\x02" + dice.randbytes(5), b"\x0a" + dice.randbytes(3)
        frame, at = (syn, 26) if number % 2 else (arp, 28)
        frame[6:12], frame[at : at + 4] = mac, address
        if number % 2:
            frame[34:36] = struct.pack("!H", dice.randrange(1024, 65_536))
        else:
            frame[22:28] = mac
        yield number / 1e5, bytes(frame)


def flooded(folder: Path, count: int) -> str:
    """Return the memory that reading *count* spoofed sources takes, beside that of reading few."""
    said = []
    for some in (1_000, count):
        file = write_pcap(folder / f"{some}.pcap", spoofed(some))
        words = ["/usr/bin/time", "-f", "%M %U", sys.executable, "-m", "schoolwatch"]
        done = subprocess.run(
            [*words, "sensor", "read", str(file)], capture_output=True, text=True, check=False
        )
        kb, user = done.stderr.split()[-2:]
        said.append(f"{some:,} sources: {int(kb) / 1000:.1f} MB, {float(user):.1f} CPU s")
    return "; ".join(said)


def offline(folder: Path) -> Iterator[str]:
    """Yield what reading the same capture costs us, and Suricata with the rules that it has."""
    file = write_pcap(folder / "whole.pcap", mixed() * OFFLINE)
    ours = [sys.executable, "-m", "schoolwatch", "sensor", "read", str(file)]
    programs = {"sensor read": ours}
    suricata = os.environ.get("SCHOOLWATCH_BENCH_SURICATA") or shutil.which("suricata")
    if suricata:
        programs["suricata -r"] = [suricata, "-r", str(file), "-k", "none", "-l", str(folder)]
    else:
        yield "no Suricata here: name one in SCHOOLWATCH_BENCH_SURICATA (Debian's backports)"
    for name, words in programs.items():
        began = time.monotonic()
        timed = ["/usr/bin/time", "-f", "%M %U %S", *words]
        done = subprocess.run(timed, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        kb, user, system = map(float, done.stderr.split()[-3:])
        yield (
            f"{name}: {OFFLINE * FRAMES / seconds:,.0f} frames/s, {user + system:.1f} CPU s, "
            f"{kb / 1000:.0f} MB (exit code {done.returncode})"
        )


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--spoofed", type=int, default=1_000_000)
    given = parser.parse_args()
    count = given.seconds * given.rate // FRAMES * FRAMES
    sent = count // PART
    with tempfile.TemporaryDirectory() as name, cabled("eth0") as (near, far):
        folder = Path(name)
        file = write_pcap(folder / "mixed.pcap", mixed())

        def send() -> float:
            return replay(far, file, given.rate, count)

        ours, dropped = sensor(near, send, sent)
        say(f"{count:,} frames in {ours.seconds:.1f} s: {count / ours.seconds:,.0f} frames/s")
        say(f"{ours.line()}  (says that it lost {dropped:,})")
        filtered = f", filter={expression()!r}"
        for words, more in (("AsyncSniffer", ""), ("AsyncSniffer with our filter", filtered)):
            theirs = sniffer(near, send, sent, words, more)
            ratio = ours.cpu_s / ours.got / (theirs.cpu_s / max(1, theirs.got))
            say(f"{theirs.line()}  (a frame costs us {ratio:.2f} times as much)")
        for text in offline(folder):
            say(text)
        if given.spoofed:
            say(f"spoofed: {flooded(folder, given.spoofed)}")


if __name__ == "__main__":
    main()

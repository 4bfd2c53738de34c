"""Plays back what was recorded of a machine and of a network: tests/cases/<probe>/<case>/.

`input.json` gives the answers of what the probe asks, by the name of its collaborator:

    {"memory": {"returns": …}}               the same answer each time
    {"total": {"in_turn": [first, second]}}  one after the other
    {"look": {"awaited_in_turn": [first]}}   the same, of what is awaited
    {"statvfs": {"for": {"/": …}}}           by what is asked about

`packets.json` is a network: addresses by name (null: no such host; a list for several), requests
and replies as hex.

`replies.json` is time servers by name (null: no such host), each with what it sends as hex and how
long that takes; `asked_at` is what the machine's clock says when it asks, `nonce` what it sends.

`hops.json` is the way to addresses, each by its name: for every hop what the kernel says of the
error that came (level, kind and data of the control message, as hex), null where nothing came.

`datagrams.json`, `web.json` and `shown.json` are name servers, web servers and certificates: see
tests/agent/probes/recordedservers.py.

`netlink.bin` is what the kernel answered about its own network, `uplinks.toml` the lines as
configured.
"""

import itertools
import json
import os
import socket
import struct
import tomllib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock

import msgspec

from agent.lines import UplinkConfig
from agent.netlink import messages
from agent.nettables import Net, net_of, row_of
from core import echo, icmp
from core.clock import SECOND
from core.datagram import Exchange
from core.hops import Heard
from core.names import NoSuchHost
from tests.agent.probes.recordedservers import SERVERS

AT = 1_795_374_585_000_000_000
BOOT = 100 * SECOND


class Record(dict[str, Any]):
    """Values by name, read as the records of psutil and of the system are: as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def collaborators(case: Path) -> dict[str, Any]:
    """Return what takes the place of the machine in the probe of *case*."""
    replaced: dict[str, Any] = {"now": lambda: AT}
    if (case / "input.json").exists():
        recorded = json.loads((case / "input.json").read_text(), object_hook=Record)
        replaced |= {name: answering(answers) for name, answers in recorded.items()}
    if (case / "packets.json").exists():
        network = RecordedNetwork(json.loads((case / "packets.json").read_text()))
        replaced |= {"resolve": network.resolve, "open_echo": network.open_echo}
    if (case / "replies.json").exists():
        servers = RecordedServers(json.loads((case / "replies.json").read_text()))
        replaced |= {name: getattr(servers, name) for name in ("resolve", "ask", "nonce")}
        replaced |= {"boot": lambda: BOOT, "wall": lambda: servers.asked_at}
    if (case / "hops.json").exists():
        way = RecordedWay(json.loads((case / "hops.json").read_text()))
        replaced |= {"resolve": way.resolve, "ask": way.ask}
    for file, played in SERVERS.items():
        if (case / file).exists():
            replaced |= played(json.loads((case / file).read_text()))
    if (case / "netlink.bin").exists():
        replaced["look"] = AsyncMock(return_value=net_of_recorded(case / "netlink.bin"))
    if (case / "uplinks.toml").exists():
        found = tomllib.loads((case / "uplinks.toml").read_text(encoding="utf-8"))
        replaced["uplinks"] = msgspec.convert(found["uplinks"], tuple[UplinkConfig, ...])
    return replaced


def net_of_recorded(path: Path) -> Net:
    """Return what the kernel's answers in the file at *path* say."""
    rows = (row_of(message) for message in messages(path.read_bytes()))
    return net_of(row for row in rows if row is not None)


def answering(recorded: dict[str, Any]) -> Callable[..., Any]:
    """Return a function that answers as *recorded*."""
    match recorded:
        case {"returns": answer}:
            return lambda *_: answer
        case {"in_turn": answers}:
            left = iter(answers)
            return lambda *_: next(left)
        case {"awaited_in_turn": answers}:
            coming = iter(answers)

            async def answer(*_: object) -> Any:
                return next(coming)

            return answer
        case {"for": answers}:
            return lambda asked: answers[asked if isinstance(asked, str) else json.dumps(asked)]
    raise AssertionError(f"{list(recorded)} is not returns, in_turn or for")


class RecordedServers:
    """Time servers that answer as recorded, whatever they are asked."""

    def __init__(self, recording: dict[str, Any]) -> None:
        self.asked_at: int = recording["asked_at"]
        self._nonce = bytes.fromhex(recording["nonce"])
        self._servers = recording["servers"]

    def nonce(self, size: int) -> bytes:
        assert len(self._nonce) == size
        return self._nonce

    async def resolve(self, host: str, _: float) -> echo.Address:
        if self._servers[host] is None:
            raise NoSuchHost(f"{host}: Name or service not known")
        return socket.AF_INET, (host, 0)

    async def ask(
        self, address: echo.Address, _: bytes, __: float, is_meant: Callable[[bytes], bool]
    ) -> Exchange | None:
        server = self._servers[address[1][0]]
        for packet in map(bytes.fromhex, server["packets"]):
            if is_meant(packet):
                return Exchange(packet, BOOT, BOOT + round(server["after_ms"] * 1_000_000))
        return None


class RecordedWay:
    """Says of each hop what was recorded of it; beyond the last one nothing comes."""

    def __init__(self, recording: dict[str, Any]) -> None:
        self._addresses = {name: one["address"] for name, one in recording["targets"].items()}
        self._hops = {one["address"]: one["hops"] for one in recording["targets"].values()}

    async def resolve(self, host: str, _: float) -> echo.Address:
        address = self._addresses[host]
        return socket.AF_INET6 if ":" in address else socket.AF_INET, (address, 0)

    async def ask(self, address: echo.Address, number: int, _: float) -> Heard | None:
        hops = self._hops[address[1][0]]
        hop = hops[number - 1] if number <= len(hops) else None
        if hop is None:
            return None
        level, kind, data = hop["said"] or (0, 0, "")
        return Heard(hop["after_ms"] / 1000, {(level, kind): bytes.fromhex(data)})


class RecordedNetwork:
    """Resolves and answers as recorded; a request that differs from the recorded one fails."""

    def __init__(self, recording: dict[str, Any]) -> None:
        self._addresses = recording["addresses"]
        self._packets = recording["packets"]

    async def resolve(
        self, host: str, _: float, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> echo.Address:
        addresses = self._addresses[host]
        for address in [addresses] if isinstance(addresses, str) else addresses or []:
            kind = socket.AF_INET6 if ":" in address else socket.AF_INET
            if family in (kind, socket.AF_UNSPEC):
                return kind, (address, 0)
        raise NoSuchHost(host)

    def open_echo(self, family: socket.AddressFamily) -> echo.EchoSocket:
        packets = [p for p in self._packets if (":" in p["to"]) == (family == socket.AF_INET6)]
        requests = [bytes.fromhex(packet["request"]) for packet in packets]
        tokens = iter([request[8:24] for request in requests])
        sock = cast(socket.socket, RecordedSocket(packets, family))
        ident = int.from_bytes(requests[0][4:6])
        opened = icmp.IcmpSocket(sock, family, ident, with_ip_header=family == socket.AF_INET)
        long_ago = itertools.count(0.0, 10.0).__next__
        return echo.EchoSocket(opened, long_ago, lambda: AT, lambda _: next(tokens))


class RecordedSocket:
    """A socket whose replies wait as soon as their request is sent."""

    def __init__(self, packets: list[dict[str, Any]], family: socket.AddressFamily) -> None:
        self._by_request = {packet["request"]: packet for packet in packets}
        self._hops = echo.HOPS_V6 if family == socket.AF_INET6 else echo.HOPS_V4
        self._waiting: deque[dict[str, Any]] = deque()
        self._readable, self._write = os.pipe()

    def fileno(self) -> int:
        return self._readable

    def setsockopt(self, *_: object) -> None:
        """Take any option: what they ask for is recorded."""

    def sendto(self, packet: bytes, address: tuple[str, int]) -> None:
        recorded = self._by_request[packet.hex()]
        assert recorded["to"] == address[0]
        if recorded["reply"]:
            self._waiting.append(recorded)
            os.write(self._write, b"!")

    def recvmsg(self, *_: object) -> tuple[bytes, list[tuple[int, int, bytes]], int, None]:
        if not self._waiting:
            raise BlockingIOError
        os.read(self._readable, 1)
        recorded = self._waiting.popleft()
        arrival = divmod(AT + round(recorded["after_ms"] * 1_000_000), SECOND)
        stamp = (socket.SOL_SOCKET, echo.SO_TIMESTAMPNS, echo.TIMESPEC.pack(*arrival))
        hops = (*self._hops, struct.pack("=i", recorded["ttl"]))
        return bytes.fromhex(recorded["reply"]), [stamp, hops], 0, None

    def close(self) -> None:
        os.close(self._readable)
        os.close(self._write)

"""Follows what the Linux kernel knows of the network: told of a change, it asks for all anew.

    a change ─▶ every table ─▶ Net      at once; the next change 50 ms later at the earliest
    0.2 s after the last one ─▶ Net     the kernel tells of an address that goes before it takes
                                        the routes away, and of those it says nothing (IPv4)
    10 s after it ─▶ Net                then what flapped may be told of again (agent/calm.py)
    each 60 s ─▶ Net                    whatever else nobody told

A message only says "look"; what is so, the tables say. So it does not matter whether messages
were lost (ENOBUFS), or what `ip route replace` means.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Final, NamedTuple

from agent import netlink, nettables
from agent.calm import CALM_EVERY
from agent.nettables import Neighbour, Net, Row, net_of, row_of
from core.clock import SECOND
from core.errors import NotPermitted

BUFFER: Final = 1 << 20
"""Bytes of messages that the kernel holds for us; beyond it says so, and we ask for all again."""
DATAGRAM: Final = 1 << 16

PAUSE_S: Final = 0.05
LOOK_AGAIN_S: Final = (0.2, CALM_EVERY / SECOND, 60.0)
"""After a change, and then after each look without one; the last goes on."""
ANSWER_S: Final = 10.0
BUSY: Final = frozenset({errno.ENOBUFS, errno.EBUSY, errno.EINTR, errno.EAGAIN})
"""Refusals that mean: not now."""
TRIES: Final = 20
"""A table that changes while it is read is read anew, at most so often."""


class Table(NamedTuple):
    """What can be asked for: the request, the size of its header, and who tells of changes."""

    ask: int
    size: int
    groups: int


LINKS: Final = Table(netlink.RTM_GETLINK, 16, netlink.RTMGRP_LINK)
ADDRESSES: Final = Table(
    nettables.RTM_GETADDR, 8, nettables.RTMGRP_IPV4_IFADDR | nettables.RTMGRP_IPV6_IFADDR
)
ROUTES: Final = Table(
    nettables.RTM_GETROUTE, 12, nettables.RTMGRP_IPV4_ROUTE | nettables.RTMGRP_IPV6_ROUTE
)
NEIGHBOURS: Final = Table(nettables.RTM_GETNEIGH, 12, nettables.RTMGRP_NEIGH)


Open = Callable[[int], socket.socket]
"""Returns a socket that hears of what the groups, a sum of RTMGRP_…, tell."""


def open_socket(groups: int) -> socket.socket:
    """Return a socket that hears of what *groups* tell; raises NotPermitted elsewhere."""
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        raise NotPermitted("links, addresses and routes can be watched on Linux only")
    sock = socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        sock.bind((0, groups))
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


async def receive(sock: socket.socket) -> bytes | None:
    """Return one datagram, None where the kernel had no room for some; raises OSError."""
    try:
        return await asyncio.get_running_loop().sock_recv(sock, DATAGRAM)
    except OSError as error:
        if error.errno != errno.ENOBUFS:
            raise
        return None


async def look(*tables: Table, opened: Open = open_socket) -> Net:
    """Return what there is at this moment; raises NotPermitted or OSError."""
    with closing(opened(0)) as sock:
        return await Snapshots(sock, tables).look()


async def follow(*tables: Table, opened: Open = open_socket) -> AsyncIterator[Net]:
    """Yield what there is, now and after each change; raises NotPermitted or OSError."""
    with closing(opened(reduce(or_, (table.groups for table in tables)))) as sock:
        async for net in Snapshots(sock, tables).follow():
            yield net


@dataclass(slots=True)
class Snapshots:
    """Reads *tables* from a socket that hears of their changes."""

    sock: socket.socket
    tables: Sequence[Table]
    overruns: int = 0
    _net: Net = field(default_factory=Net)
    _sequence: int = 0
    _stale: bool = False

    async def follow(self) -> AsyncIterator[Net]:
        """Yield the net, now and after each change, and now and then without one."""
        looks = len(LOOK_AGAIN_S)
        while True:
            yield await self.look()
            await asyncio.sleep(PAUSE_S)
            told = await self._told(LOOK_AGAIN_S[min(looks, len(LOOK_AGAIN_S) - 1)])
            looks = 0 if told else looks + 1

    async def look(self) -> Net:
        """Return what all tables say; raises OSError, Refused among them."""
        self._stale = False
        try:
            async with asyncio.timeout(ANSWER_S):
                rows = [row for table in self.tables for row in await self._read(table)]
        except TimeoutError:
            raise OSError(f"the kernel does not answer within {ANSWER_S:g} s") from None
        self._net = net_of(rows)
        return self._net

    async def _told(self, within_s: float) -> bool:
        """Wait until there is something new; False where nothing came in that time."""
        try:
            async with asyncio.timeout(within_s):
                while not self._stale:
                    await self._receive()
        except TimeoutError:
            return False
        return True

    async def _read(self, table: Table) -> list[Row]:
        for number in range(TRIES):
            if number:
                await asyncio.sleep(PAUSE_S)
            try:
                rows, whole = await self._ask(table)
            except netlink.Refused as refusal:
                if refusal.errno not in BUSY:
                    raise
                self._drain()
            else:
                if whole:
                    return rows
        raise OSError(f"the kernel's tables change too fast to be read, {TRIES} times in a row")

    def _drain(self) -> None:
        """Throw away what the kernel holds for us: it leaves no room for an answer."""
        self._stale = True
        while True:
            try:
                self.sock.recv(DATAGRAM)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise

    async def _ask(self, table: Table) -> tuple[list[Row], bool]:
        """Return the rows of *table*, and whether nothing changed while they were read."""
        self._sequence += 1
        message = netlink.request(self._sequence, table.ask, table.size)
        await asyncio.get_running_loop().sock_sendall(self.sock, message)
        rows, whole = list[Row](), True
        while True:
            for answer in await self._receive():
                netlink.refused(answer)
                whole = whole and not answer.flags & netlink.NLM_F_DUMP_INTR
                if answer.kind == netlink.NLMSG_DONE:
                    return rows, whole
                row = row_of(answer)
                if row is not None:
                    rows.append(row)

    async def _receive(self) -> list[netlink.Message]:
        """Return the answers to our last question in one datagram; hear what else it tells."""
        data = await receive(self.sock)
        if data is None:
            self.overruns += 1
            self._stale = True
            return []
        ours = (self.sock.getsockname()[0], self._sequence)
        answers = []
        for message in netlink.messages(data):
            if (message.port, message.sequence) == ours:
                answers.append(message)
            elif not self._stale:
                self._stale = self._matters(message)
        return answers

    def _matters(self, message: netlink.Message) -> bool:
        """Tell whether to look: much is told again that is known, and of machines beside us."""
        row, net = row_of(message), self._net
        if isinstance(row, Neighbour):
            is_gateway = any(row.hop in route.hops for route in net.routes)
            return is_gateway and row not in net.neighbours
        if message.kind & 1:  # it went
            return row is not None
        known = (*net.links.values(), *net.addresses, *net.routes)
        return row is not None and row not in known

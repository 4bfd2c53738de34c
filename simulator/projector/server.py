"""A simulated projector on TCP and UDP: its port, its clients, what it tells by itself."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self

from simulator.projector.machine import DIGITS, Machine
from simulator.projector.session import Auth, Session, gone

STEP_S: Final = 0.05
"""From one look at what changed to the next."""

MAC: Final = "d0:d9:4f:e5:bb:67"

SOON_S: Final = 5.0
MOST_SOON: Final = 8
"""Connections within SOON_S: one more, and what `locks_up` says nothing more."""


class Projector(asyncio.DatagramProtocol):
    """`async with` it; `port` is free where 0 was asked for. `faults` may change at any time."""

    def __init__(
        self,
        machine: Machine | None = None,
        *,
        faults: Iterable[str] = (),
        password: str = "",
        auth: Auth | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        notify: tuple[str, int] | None = None,
        told: Callable[[str, str], object] = lambda _question, _answer: None,
    ) -> None:
        self.machine = machine or Machine()
        self.faults = set(faults)
        self.password, self.host, self.port = password, host, port
        self.auth: Auth = auth or ("sha256" if password else "none")
        self.notify = notify
        self.asked: list[str] = []
        self.connections = 0
        self.most_at_once = 0
        self.locked = False
        self._told = told
        self._clients: set[asyncio.Task[None]] = set()
        self._recent: list[float] = []
        self._server: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._loops: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._open()
        if self.machine.version == 2:
            loop = asyncio.get_running_loop()
            # Taken ports are no reason not to play: then nobody finds it by a search.
            with contextlib.suppress(OSError):
                self._udp, _ = await loop.create_datagram_endpoint(
                    lambda: self, local_addr=(self.host, self.port)
                )
        self._loops = [asyncio.create_task(self._follow())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.close()
        if self._udp:
            self._udp.close()

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Close the port and all connections."""
        if self._server:
            self._server.close()
            self._server = None
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    @property
    def listens(self) -> bool:
        """Return whether its port is open."""
        return self._server is not None

    @property
    def clients(self) -> int:
        """Return how many are connected."""
        return len(self._clients)

    def restart(self) -> None:
        """Do what pulling the plug does: a projector that was locked up answers again."""
        self.locked = False
        self._recent.clear()

    def tell(self, body: str, value: str) -> None:
        """Send a notice to the controller."""
        if self._udp and self.notify:
            self._udp.sendto(f"%2{body}={value}\r".encode(), self.notify)

    async def _follow(self) -> None:
        """Open and close the port by the power, and tell the controller what changes."""
        last = self._state()
        while True:
            await asyncio.sleep(STEP_S)
            asleep = "eco" in self.faults and self.machine.power == "off"
            if asleep and self._server:
                await self.close()
            elif not asleep and not self._server:
                await self._open()
                self.tell("LKUP", MAC)
            now = self._state()
            for body in now if not asleep else ():
                if now[body] != last[body]:
                    self.tell(body, now[body])
            last = now

    def _state(self) -> dict[str, str]:
        machine = self.machine
        power = DIGITS[machine.power]
        return {"POWR": power, "ERST": machine.errors, "INPT": machine.input}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._clients.add(task)
        self.connections += 1
        self.most_at_once = max(self.most_at_once, len(self._clients))
        try:
            if "one_client" in self.faults and len(self._clients) > 1:
                return None
            if self._locks_up():
                return await gone(reader)
            await Session(
                self.machine,
                self.faults,
                self.password,
                self.auth,
                self._hear,
                reader,
                writer,
            ).serve()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._clients.discard(task)
            writer.close()

    def _locks_up(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._recent = [one for one in self._recent if now - one < SOON_S] + [now]
        if "locks_up" in self.faults:
            self.locked |= len(self._clients) > 1 or len(self._recent) > MOST_SOON
        return self.locked

    def _hear(self, question: str, answer: str) -> None:
        self.asked.append(question)
        self._told(question, answer)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Answer a search: where it came from, and at the port of the specification."""
        if data.strip(b"\0").strip().upper() == b"%2SRCH" and self._udp:
            self._udp.sendto(f"%2ACKN={MAC}\r".encode(), addr)
            if addr[1] != self.port:
                self._udp.sendto(f"%2ACKN={MAC}\r".encode(), (addr[0], self.port))

"""Plays a device on a TCP port: as its template says, or with a fault."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from agent.devices.bytetemplate import Template
from simulator.device.answers import answer_of, usual

Fault = Literal["none", "silent", "garbage", "slow", "closes"]
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)
SLOW_S: Final = 1.0
"""From one byte to the next."""


@dataclass(frozen=True, slots=True)
class PlayedDevice:
    """A device with its values; `told` hears of each question and answer."""

    template: Template
    values: Mapping[str, str] = field(default_factory=dict)
    fault: Fault = "none"
    password: str = ""
    told: Callable[[bytes, bytes], None] = lambda asked, answered: None
    exchanges: Mapping[bytes, bytes] = field(init=False)

    def __post_init__(self) -> None:
        """Raise ConfigError for a value that does not fit."""
        values = usual(self.template) | dict(self.values)
        object.__setattr__(
            self,
            "exchanges",
            {one.send: answer_of(self.template, one, values) for one in self.template.questions},
        )

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[int]:
        """Serve at *host*; yields the port, which the system chooses for 0."""
        tasks: set[asyncio.Task[None]] = set()

        def started(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(started, host, port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                if self.fault != "closes" and await self._let_in(reader, writer):
                    await self._answer(reader, writer)
        finally:
            writer.transport.abort()

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        login = self.template.file.login
        while self.password and login.prompt:
            writer.write(f"\r\n{login.prompt}".encode())
            said = await reader.read(1024)
            if not said:
                return False
            if said.strip() == self.password.encode():
                writer.write(f"\r\n{login.accepted}\r\n".encode())
                break
        return True

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = b""
        while data := await reader.read(1024):
            asked = (asked + data)[-4096:]
            for question, answer in self.exchanges.items():
                if asked.endswith(question):
                    said = self._spoilt(answer)
                    self.told(question, said)
                    await self._send(writer, said)
                    asked = b""
                    break

    def _spoilt(self, answer: bytes) -> bytes:
        if self.fault == "silent":
            return b""
        return bytes(byte ^ 0x55 for byte in answer) if self.fault == "garbage" else answer

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        step = 1 if self.fault == "slow" else len(answer) or 1
        for at in range(0, len(answer), step):
            writer.write(answer[at : at + step])
            await writer.drain()
            await asyncio.sleep(SLOW_S if step < len(answer) else 0)

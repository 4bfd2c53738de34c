"""One client at a simulated projector: greeted, made to prove the password, answered."""

import asyncio
import contextlib
import hmac
import re
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from agent.devices.pjlink.auth import md5_prefix, sha256_prefix
from simulator.projector.machine import Machine

Auth = Literal["none", "md5", "sha256"]

IDLE_S: Final = 30.0
"""By the specification, after the last answer."""

MOST_BYTES: Final = 512
BYTE_S: Final = 0.01

_QUESTION: Final = re.compile(r"%([12])([A-Z0-9]{4}) (.{1,128})", re.IGNORECASE)


async def gone(reader: asyncio.StreamReader) -> None:
    """Return when the client has gone, or its time is over."""
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(IDLE_S):
            while await reader.read(MOST_BYTES):
                pass


@dataclass(slots=True)
class Session:
    """Serves one connection; `told` hears each question and its answer, without the proof."""

    machine: Machine
    faults: set[str]
    password: str
    auth: Auth
    told: Callable[[str, str], object]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    random: str = field(default_factory=lambda: secrets.token_hex(4))
    random_2: str = field(default_factory=lambda: secrets.token_hex(16))
    _second: bool = False
    _proven: bool = False
    _asked: int = 0

    async def serve(self) -> None:
        """Serve until the client goes, is refused, or a fault ends it."""
        if "no_greeting" in self.faults:
            await gone(self.reader)
            return
        self._proven = self.auth == "none"
        await self._send(self._greeting())
        if "half_close" in self.faults:
            self.writer.write_eof()
            await gone(self.reader)
            return
        if "resets" in self.faults:
            self._reset()
            return
        while line := await self._line():
            if not await self._answered(line):
                return

    def _greeting(self) -> bytes:
        if "not_pjlink" in self.faults:
            return b"HTTP/1.1 400 Bad Request"
        return b"PJLINK 0" if self._proven else f"PJLINK 1 {self.random}".encode()

    def _reset(self) -> None:
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    async def _line(self) -> str:
        try:
            async with asyncio.timeout(IDLE_S):
                return (await self.reader.readuntil(b"\r"))[:MOST_BYTES].decode("latin-1")[:-1]
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
            return ""

    async def _answered(self, line: str) -> bool:
        """Answer *line*; returns whether the connection goes on."""
        if not self._proven:
            if line == "PJLINK 2" and self.auth == "sha256":
                self._second = True
                await self._send(f"PJLINK 2 {self.random_2}".encode())
                return True
            rest = self._without_proof(line)
            if rest is None:
                self.told("(a password)", "PJLINK ERRA")
                await self._send(b"PJLINK ERRA")
                return False
            self._proven, line = True, rest
        return await self._reply(line)

    def _without_proof(self, line: str) -> str | None:
        """Return the question behind the proof of the password; None where it is not proven."""
        if self._second:
            ours = line[:32].encode()
            if not re.fullmatch(rb"[0-9a-f]{32}", ours):
                return None
            proof = sha256_prefix(self.random_2.encode(), ours, self.password).decode()
        else:
            proof = md5_prefix(self.random.encode(), self.password).decode()
        given = line[: len(proof)]
        right = hmac.compare_digest(given.encode("latin-1"), proof.encode())
        return line[len(proof) :] if right and "erra" not in self.faults else None

    async def _reply(self, line: str) -> bool:
        found = _QUESTION.fullmatch(line)
        self._asked += 1
        if "silent" in self.faults:
            self.told(line, "(nothing)")
            return True
        if not found:
            self.told(line, "ERR1")
            await self._send(b"ERR1")
            return True
        version, body, parameter = int(found[1]), found[2].upper(), found[3]
        value = self._value(version, body, parameter)
        if self.faults & {"lkup_before", "lkup_close"}:
            await self._send(b"%2LKUP=d0:d9:4f:e5:bb:67")
        if "lkup_close" in self.faults and self._asked == 1:
            # At the next connection it answers, as those do that were seen.
            self.faults.discard("lkup_close")
            self.told(line, "(closed)")
            return False
        digit = 3 - version if "wrong_class" in self.faults else version
        self.told(line, value.decode("latin-1"))
        await self._send(f"%{digit}{body}=".encode() + value)
        return "closes" not in self.faults

    def _value(self, version: int, body: str, parameter: str) -> bytes:
        value = self.machine.answer(version, body, parameter)
        power = body == "POWR"
        for fault, hit, instead in (
            ("err4", power, b"ERR4"),
            ("err3", True, b"ERR3"),
            ("err3_details", not power, b"ERR3"),
            ("laser", body == "LAMP", b"ERR1"),
            ("class_words", body == "CLSS", b"Class " + value),
        ):
            if fault in self.faults and hit:
                return instead
        return value

    async def _send(self, line: bytes) -> None:
        greeting = line.startswith((b"PJLINK", b"HTTP"))
        if not greeting and "garbage" in self.faults:
            line = b"\xff\xfe?!"
        if not greeting and "long_line" in self.faults:
            line += b"x" * 100_000
        if not greeting and "small_letters" in self.faults:
            head, sign, value = line.partition(b"=")
            line = head.lower() + sign + value
        packet = line + b"\r" + b"\0" * (64 if "nul_padding" in self.faults else 0)
        pieces = [bytes([one]) for one in packet] if "slow" in self.faults else [packet]
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            if len(pieces) > 1:
                await asyncio.sleep(BYTE_S)

"""Asks the addresses of a network what they are: by ICMP, PJLink, SNMP, and doors that are open.

No password is guessed: SNMP is asked with the communities and the users of version 3 that are
given, and with none it is not asked at all. Bounded: so many addresses at once, so many begun in
a second.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agent.devices.profiles import Profiles
from agent.devices.recognise import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID, Recognised, recognise, words
from agent.devices.snmp.session import Session
from agent.devices.snmp.sessions import by_community, open_session
from core.echo import open_echo
from core.errors import MonitorError, TargetUnreachable

AT_ONCE: Final = 64
A_SECOND: Final = 50
"""Addresses that are begun: 200 small packets a second at most."""

TIMEOUT_S: Final = 1.5
PJLINK: Final = 4352
GREETING: Final = re.compile(rb"PJLINK (?:[01]|ERRA)\b[ -~]*", re.IGNORECASE)
LINE_END: Final = re.compile(rb"[\r\n]")
MOST_GREETING: Final = 64
DOORS: Final = {80: "HTTP", 443: "HTTPS", 554: "RTSP"}
"""Only tried, with nothing sent, where something else has answered already."""


@dataclass(frozen=True, slots=True)
class Community:
    """A community, and the file that it is from, None for the environment.

    What is written and shown names the file only.
    """

    file: Path | None
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserKeys:
    """A user of version 3 as a device of agent.toml has it: names and files, no password."""

    options: Mapping[str, Any]


Key = Community | UserKeys
"""By what SNMP was asked."""


@dataclass(frozen=True, slots=True)
class Found:
    """What answered at one address."""

    address: str
    ping_ms: float | None = None
    pjlink: str = ""
    """The greeting, without the random number in it."""
    snmp: Recognised | None = None
    key: Key | None = None
    name: str = ""
    """sysName: shown where the device is infrastructure, else it may be a person's."""
    model: str = ""
    doors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """How a network is asked; ports are fixed by the protocols, but for tests."""

    keys: Sequence[Key]
    profiles: Profiles
    snmp_port: int = 161
    pjlink_port: int = PJLINK
    timeout_s: float = TIMEOUT_S
    at_once: int = AT_ONCE
    a_second: float = A_SECOND

    async def all(self, addresses: Iterable[str]) -> AsyncIterator[Found]:
        """Yield what is found, as it is found."""
        turns = asyncio.Semaphore(self.at_once)

        async def one(address: str) -> Found | None:
            try:
                return await self.one(address)
            finally:
                turns.release()

        tasks: set[asyncio.Task[Found | None]] = set()
        try:
            for address in addresses:
                await turns.acquire()
                tasks.add(asyncio.create_task(one(address)))
                done = {task for task in tasks if task.done()}
                tasks -= done
                for task in done:
                    if found := task.result():
                        yield found
                await asyncio.sleep(1 / self.a_second)
            for ready in asyncio.as_completed(tasks):
                if found := await ready:
                    yield found
        finally:
            for task in tasks:
                task.cancel()

    async def one(self, address: str) -> Found | None:
        """Return what answers at *address*; None where nothing does."""
        ping, (there, greeting), said = await asyncio.gather(
            self._ping(address), self._pjlink(address), self._snmp(address)
        )
        if ping is None and not there and said is None:
            return None
        doors = await asyncio.gather(*(self._open(address, port) for port in DOORS))
        open_doors = tuple(port for port, is_open in zip(DOORS, doors, strict=True) if is_open)
        known, key, name, model = said or (None, None, "", "")
        return Found(address, ping, greeting, known, key, name, model, open_doors)

    async def _ping(self, address: str) -> float | None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with open_echo(family) as echo:
                answer = await echo.ask((family, (address, 0)), 1, self.timeout_s)
        except (MonitorError, OSError):  # no right to: the others tell
            return None
        return None if answer is None else round(1000 * answer.seconds, 1)

    async def _pjlink(self, address: str) -> tuple[bool, str]:
        """Return whether somebody is there, and the greeting if it is that of a projector."""
        try:
            async with asyncio.timeout(self.timeout_s):
                reader, writer = await asyncio.open_connection(address, self.pjlink_port)
        except ConnectionRefusedError:
            return True, ""
        except (OSError, TimeoutError):
            return False, ""
        line = b""
        try:
            async with asyncio.timeout(2 * self.timeout_s):
                # One that ends its half of the connection instead of its line has greeted as well.
                while not LINE_END.search(line) and len(line) < MOST_GREETING:
                    more = await reader.read(MOST_GREETING)
                    if not more:
                        break
                    line += more
        except (OSError, TimeoutError):
            pass
        finally:
            writer.close()
        greeting = GREETING.match(line[:MOST_GREETING])
        # What follows is a random number for the password.
        return True, " ".join(greeting[0].decode("ascii").split()[:2]) if greeting else ""

    async def _snmp(self, address: str) -> tuple[Recognised, Key, str, str] | None:
        for key in self.keys:
            with suppress(TargetUnreachable):
                return await self._said(self._session(address, key), key)
        return None

    def _session(self, address: str, key: Key) -> Session:
        if isinstance(key, Community):
            return by_community(
                address,
                key.text,
                port=self.snmp_port,
                timeout_s=self.timeout_s,
                retries=0,
            )
        return open_session(
            host=address,
            port=self.snmp_port,
            version="3",
            timeout_s=self.timeout_s,
            retries=0,
            **key.options,
        )

    async def _said(self, session: Session, key: Key) -> tuple[Recognised, Key, str, str]:
        system = await session.get(SYS_DESCR, SYS_OBJECT_ID, SYS_NAME)
        known = await recognise(session, self.profiles, system[SYS_OBJECT_ID], system[SYS_DESCR])
        return known, key, words(system[SYS_NAME]), words(system[SYS_DESCR])

    async def _open(self, address: str, port: int) -> bool:
        try:
            async with asyncio.timeout(self.timeout_s):
                _, writer = await asyncio.open_connection(address, port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

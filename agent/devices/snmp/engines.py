"""SNMP version 3 through pysnmp: one engine for each user and keys, never for each device.

An engine costs 50 ms to make and 5 MB to keep, with 5 kB for each device that it ever asked; and it
knows a user by name alone, so two with other keys would take each other's (libraries.md).

    pip install schoolwatch[snmp]
"""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from pyasn1.type.univ import Null
from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.entity import config
from pysnmp.entity.rfc3413 import cmdgen
from pysnmp.hlapi.v3arch.asyncio import (
    SnmpEngine,
    Udp6TransportTarget,
    UdpTransportTarget,
    UsmUserData,
)
from pysnmp.hlapi.v3arch.asyncio.lcd import CommandGeneratorLcdConfigurator
from pysnmp.proto.rfc1902 import ObjectName

from agent.devices.snmp.message import Question
from agent.devices.snmp.user import User
from core.echo import Address

MOST_TARGETS: Final = 1_000
"""Then the next engine takes over, since this one forgets none."""
MOST_USERS: Final = 16
"""Engines at once; the one that nobody asked for longest is closed."""

AUTH: Final = {
    "": config.USM_AUTH_NONE,
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA": config.USM_AUTH_HMAC96_SHA,
    "SHA-224": config.USM_AUTH_HMAC128_SHA224,
    "SHA-256": config.USM_AUTH_HMAC192_SHA256,
    "SHA-384": config.USM_AUTH_HMAC256_SHA384,
    "SHA-512": config.USM_AUTH_HMAC384_SHA512,
}
PRIV: Final = {
    "": config.USM_PRIV_NONE,
    "DES": config.USM_PRIV_CBC56_DES,
    "AES": config.USM_PRIV_CFB128_AES,
    # Keys by Reeder's draft, as Cisco, Huawei and H3C have them.
    "AES-192": config.USM_PRIV_CFB192_AES,
    "AES-256": config.USM_PRIV_CFB256_AES,
}
LCD: Final = CommandGeneratorLcdConfigurator()
GENERATORS: Final = {
    "get": cmdgen.GetCommandGenerator,
    "next": cmdgen.NextCommandGeneratorSingleRun,
    "bulk": cmdgen.BulkCommandGeneratorSingleRun,
}

Place = tuple[str, int]

Said = tuple[Any, int, int, Any]
"""Error indication, status, index, and the pairs of name and value, all as pysnmp has them."""


class _Only:
    """Hears only those who are being asked: pysnmp takes an answer from anybody."""

    def __init__(self, asked: Mapping[Place, int], heard: set[Place]) -> None:
        super().__init__()
        self._asked, self._heard = asked, heard

    def datagram_received(self, datagram: bytes, transportAddress: Any) -> None:  # noqa: N803
        place = tuple(transportAddress[:2])
        if place in self._asked:
            self._heard.add(place)
            super().datagram_received(datagram, transportAddress)  # type: ignore[misc]


class _Udp(_Only, udp.UdpAsyncioTransport):  # type: ignore[misc]
    pass


class _Udp6(_Only, udp6.Udp6AsyncioTransport):  # type: ignore[misc]
    pass


class Engine:
    """One engine of pysnmp and the user that it asks for."""

    def __init__(self, user: User) -> None:
        self.loop = asyncio.get_running_loop()
        self.targets: set[Place] = set()
        self._asked: dict[Place, int] = {}
        self._heard: set[Place] = set()
        """Of those that were asked last."""
        self._greeted: set[Place] = set()
        self._answered: set[Place] = set()
        self._worn = False
        self._engine = SnmpEngine()
        self._user = UsmUserData(
            user.name,
            user.auth_password or None,
            user.priv_password or None,
            authProtocol=AUTH[user.auth_protocol],
            privProtocol=PRIV[user.priv_protocol],
        )

    async def ask(self, address: Address, question: Question, timeout_s: float, tries: int) -> Said:
        """Return what is answered; raises TimeoutError where pysnmp forgets to give up."""
        family, place = address
        target = await _target(family, place, timeout_s, tries - 1)
        self._open(target)
        self._heard.discard(place)
        self._asked[place] = self._asked.get(place, 0) + 1
        try:
            async with asyncio.timeout(tries * timeout_s + 2):
                said = await self._send(target, question)
            if not said[0]:
                self._answered.add(place)
            elif place in self._heard:
                self._greeted.add(place)
            return said
        finally:
            self._asked[place] -= 1
            if not self._asked[place]:
                del self._asked[place]
            if self._worn and not self._asked:
                self.close()

    def retire(self) -> None:
        """Close as soon as nothing is being asked."""
        self._worn = True
        if not self._asked:
            self.close()

    def only_greets(self, place: Place) -> bool:
        """Return whether *place* says which engine it is, and has never answered a question."""
        return place in self._greeted and place not in self._answered

    def knew_another(self, place: Place) -> bool:
        """Return whether *place* answered once, and now says what pysnmp cannot read.

        So it does for minutes after a device got another engine id, by a new start say.
        """
        return place in self._heard and place in self._answered

    def close(self) -> None:
        """Let go of its sockets and its timer."""
        with suppress(Exception):  # half of it may be gone with its loop
            self._engine.close_dispatcher()

    def _open(self, target: Any) -> None:
        if config.get_transport(self._engine, target.TRANSPORT_DOMAIN) is None:
            kind = _Udp6 if target.TRANSPORT_DOMAIN == udp6.DOMAIN_NAME else _Udp
            transport = kind(self._asked, self._heard).open_client_mode()
            config.add_transport(self._engine, target.TRANSPORT_DOMAIN, transport)

    async def _send(self, target: Any, question: Question) -> Said:
        done: asyncio.Future[Said] = self.loop.create_future()

        def answered(_engine: Any, _handle: Any, *said: Any) -> None:
            if not done.done():
                done.set_result((said[0], int(said[1]), int(said[2]), said[3]))

        name, _ = LCD.configure(self._engine, self._user, target, b"")
        pairs = [(ObjectName(oid), Null("")) for oid in question.oids]
        bulk = (0, question.rows) if question.kind == "bulk" else ()
        generator = GENERATORS[question.kind]()
        generator.send_varbinds(self._engine, name, None, b"", *bulk, pairs, answered)
        return await done


@dataclass(slots=True, eq=False)
class Engines:
    """The engines in use, by user and keys, the last used last."""

    most_targets: int = MOST_TARGETS
    _engines: dict[User, Engine] = field(default_factory=dict)

    def of(self, user: User, place: Place) -> Engine:
        """Return the engine that asks *place* for *user*."""
        engine = self._engines.pop(user, None)
        if engine and engine.loop is not asyncio.get_running_loop():
            engine = None
        if engine and place not in engine.targets and len(engine.targets) >= self.most_targets:
            engine.retire()
            engine = None
        engine = self._engines[user] = engine or Engine(user)
        engine.targets.add(place)
        while len(self._engines) > MOST_USERS:
            self._engines.pop(next(iter(self._engines))).retire()
        return engine

    def drop(self, engine: Engine) -> None:
        """Let nobody use *engine* any more: it knows something that is no longer so."""
        for user in [user for user, one in self._engines.items() if one is engine]:
            del self._engines[user]
            engine.retire()

    def close(self) -> None:
        """Close all of them."""
        for engine in self._engines.values():
            engine.retire()
        self._engines.clear()


ENGINES: Final = Engines()
"""Those of this program: a user has one engine wherever it is asked for."""


async def _target(
    family: socket.AddressFamily, place: Place, timeout_s: float, retries: int
) -> Any:
    kind = Udp6TransportTarget if family == socket.AF_INET6 else UdpTransportTarget
    return await kind.create(place, timeout=timeout_s, retries=retries)

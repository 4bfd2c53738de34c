"""What a listener gets to hear of a connection, and when.

Nothing before `connected`: what comes earlier (the broker may deliver before SUBACK) waits for it.
Nothing after the connection was left, and `disconnected` once, if it was told `connected` at all.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Literal, ParamSpec

from core.mqtt.types import Connected, Listener, Message

_log = logging.getLogger(__name__)

P = ParamSpec("P")
Phase = Literal["down", "opening", "up", "leaving"]


class Audience:
    """Tells the listener; one that raises is logged, and *failed* is called to begin anew."""

    def __init__(self, listener: Listener, failed: Callable[[], None]) -> None:
        self.phase: Phase = "down"
        self._listener, self._failed = listener, failed
        self._told = False
        self._early: list[Message] = []
        self._watched: tuple[int, asyncio.Future[int]] | None = None

    def connected(self, connected: Connected) -> None:
        """Tell that the connection is ready, and then what came in meanwhile."""
        self.phase, self._told = "up", True
        self._hear(self._listener.connected, connected)
        early, self._early = self._early, []
        for message in early:
            self.received(message)

    def disconnected(self, why: str) -> bool:
        """Tell that the connection is over; return whether the listener knew of it."""
        told, self._told = self._told, False
        self.phase, self._early, self._watched = "down", [], None
        if told:
            self._hear(self._listener.disconnected, why)
        return told

    def received(self, message: Message) -> None:
        """Tell of a message, now or later."""
        if self.phase == "up":
            self._hear(self._listener.received, message)
        elif self.phase == "opening":
            self._early.append(message)

    def acknowledged(self, mid: int, code: int, name: str) -> None:
        """Tell of a PUBACK, unless it is the one that the session itself waits for."""
        if self._watched is not None and self._watched[0] == mid:
            self._watched[1].set_result(code)
            self._watched = None
        elif self.phase == "up":
            self._hear(self._listener.acknowledged, mid, code, name)

    def watch(self, mid: int) -> asyncio.Future[int]:
        """Return what will hold the reason code of the PUBACK for *mid*."""
        heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._watched = mid, heard
        return heard

    def _hear(self, listen: Callable[P, None], *what: P.args, **more: P.kwargs) -> None:
        try:
            listen(*what, **more)
        except Exception:  # noqa: BLE001 — logged with its traceback; the connection pays for it
            _log.exception("a listener failed; the connection to the broker is begun anew")
            self._failed()

"""The values that cross the border between the MQTT session and the programs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

Version = Literal["5", "3.1.1"]

_PLAIN: Final = str.maketrans("/+#$", "::::")


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and how to get in.

    With protocol `auto` every connect tries MQTT 5 first, and 3.1.1 where the broker turns that
    away. TLS is used where `ca_file` is given. The password stays out of every text.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    keepalive_s: int = 60
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    username: str = ""
    password: str = field(repr=False, default="")
    embedded: bool = False
    """rumqttd, which panics at the second client id with '/' in it and then serves nobody."""

    def __str__(self) -> str:
        """Return `host:port`."""
        return f"{self.host}:{self.port}"

    def client_id(self, name: str) -> str:
        """Return the client id that *name* has there."""
        return name.translate(_PLAIN) if self.embedded else name

    @property
    def versions(self) -> tuple[Version, ...]:
        """The protocol versions worth trying, the best first."""
        return ("5", "3.1.1") if self.protocol == "auto" else (self.protocol,)


class Message(msgspec.Struct, frozen=True):
    """What the broker delivered.

    `mid` is 0 for QoS 0, which nobody acknowledges; `conn` is the connection that it came by, and
    a mid means nothing in another one. A topic that is not UTF-8 arrives as U+FFFD.
    """

    topic: str
    payload: bytes
    retain: bool
    mid: int
    conn: int


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes when we vanish; also the last word of a clean stop."""

    topic: str
    payload: bytes
    retain: bool = True


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection that is ready: the broker answered and the subscriptions are renewed.

    `conn` grows with every try of this process, also one that fails: its will may have reached
    the broker, and must not be taken for the will of a later one.
    """

    conn: int
    session_present: bool
    protocol: Version
    receive_maximum: int


class Listener(Protocol):
    """Who hears of a session; every method is called in the event loop's thread.

    One that raises is logged with its traceback, and the connection is begun anew, so that what
    it left unacknowledged comes again.
    """

    def connected(self, connected: Connected, /) -> None:
        """Hear that publishing is possible now; what came meanwhile is told after this."""

    def disconnected(self, reason: str, /) -> None:
        """Hear that it is not any more: PUBACKs that did not come will never come."""

    def received(self, message: Message, /) -> None:
        """Hear of a message, in the order of arrival."""

    def acknowledged(self, mid: int, reason_code: int, reason: str, /) -> None:
        """Hear of a PUBACK as it is: 0x10 and 0x80 or more are no success; 0 on 3.1.1."""

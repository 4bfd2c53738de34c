"""One of the collector's two connections to the broker (wire.md, "The collector").

Two, because the broker holds back what follows an unacknowledged message: a database that refuses
readings must not hold up a birth, a will or an event.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from collector.config import CollectorConfig
from collector.counters import Counters
from collector.door import Door
from collector.inbox import Inbox
from core.mqtt import Broker, Connected, Message
from core.mqtt.configured import broker_of
from core.mqtt.reasons import REFUSED

_log = logging.getLogger(__name__)


class Connection:
    """Hears of a session and puts its messages into an inbox; `welcome` is called at connect."""

    def __init__(
        self,
        name: str,
        inbox: Inbox,
        door: Door,
        counters: Counters,
        welcome: Callable[[], None] | None = None,
    ) -> None:
        self._name, self._inbox, self._door = name, inbox, door
        self._counters, self._welcome = counters, welcome

    def connected(self, connected: Connected, /) -> None:
        """Hear that messages come from now on."""
        self._inbox.connected(session_present=connected.session_present)
        self._door.connected(self._name)
        if self._welcome:
            self._welcome()

    def disconnected(self, _reason: str, /) -> None:
        """Hear that none come any more."""
        self._door.disconnected(self._name)

    def received(self, message: Message, /) -> None:
        """Hear of a message."""
        self._inbox.put(message)

    def acknowledged(self, _mid: int, reason_code: int, reason: str, /) -> None:
        """Hear what the broker says to a receipt or a claim."""
        if reason_code >= REFUSED and self._counters.add("publishes_refused") == 1:
            _log.error(
                "the broker refuses what the collector publishes (%s, 0x%02x): "
                "allow it to write receipt, command, state and collector topics",
                reason,
                reason_code,
            )


def broker_for(config: CollectorConfig, connection: str) -> Broker:
    """Return how *connection* gets to the broker: some have a certificate of their own."""
    broker, table = broker_of(config.broker), config.collector
    cert, key = {
        "readings": (table.readings_cert_file, table.readings_key_file),
        "claims": (table.claims_cert_file, table.claims_key_file),
    }.get(connection, (None, None))
    return replace(broker, cert_file=cert, key_file=key) if cert else broker

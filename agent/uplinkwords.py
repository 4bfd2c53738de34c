"""What the uplink says in the log: once when it breaks, once when it heals."""

import logging
from dataclasses import dataclass, field
from typing import Final

from core.mqtt.reasons import REFUSED
from core.types import Identity

_log = logging.getLogger(__name__)

MOST_NAMED: Final = 100


@dataclass(slots=True)
class Words:
    """Remembers what was said of the broker, of the collector and of others that send receipts."""

    who: Identity
    _refused_code: int = 0
    _silent: bool = False
    _foreign: set[str] = field(default_factory=set)

    def acknowledged(self, code: int, reason: str) -> None:
        """Report a broker that refuses what we publish; PUBACK otherwise proves nothing."""
        if code >= REFUSED and code != self._refused_code:
            _log.error(
                "the broker refuses what this agent publishes: %s (0x%02x). Is %s allowed to"
                " write its own topics?",
                reason,
                code,
                self.who,
            )
        if code >= REFUSED or code == 0:
            self._refused_code = code

    def silent(self) -> None:
        """Say that nobody answers for the readings."""
        if not self._silent:
            _log.warning(
                "no receipt from the collector: readings wait in the spool. Is the collector "
                "running, and may %s read its receipts?",
                self.who,
            )
        self._silent = True

    def answered(self) -> None:
        """Say that somebody answers for the readings again; a new connection alone proves none."""
        if self._silent:
            _log.warning("the collector answers again")
        self._silent = False

    def foreign(self, collector: str, expected: str) -> None:
        """Name a collector whose receipts are left out."""
        if collector not in self._foreign and len(self._foreign) < MOST_NAMED:
            self._foreign.add(collector)
            _log.error("receipts of collector %r left out; expected %r", collector, expected)

"""What a watcher is, and the list of the words that name one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from agent.conditions import Tellable
from core.registry import COLLABORATOR, Registry
from core.types import Event

__all__ = ["COLLABORATOR", "LASTING", "Watcher", "by_default", "happened", "watchers"]


class Watcher(Protocol):
    """Is told by the system when something changes."""

    def watch(self, target: str) -> AsyncIterator[Sequence[Tellable]]:
        """Yield events as they happen, for ever; *target* is what they say of themselves.

        Begins with everything that it can say of the present: an event that says what is known
        already changes nothing. Raises NotPermitted or OSError where the system does not tell.
        """


by_default: Final = (
    *("link", "address", "gateway", "uplink", "disk"),
    *("logins", "ports", "integrity"),
)
"""The words of those that are on where the file switches none on."""

LASTING: Final[Mapping[str, tuple[str, ...]]] = {
    "link": ("link_down",),
    "address": ("address_lost", "address_duplicate"),
    "gateway": ("gateway_lost",),
    "uplink": ("uplink_failover",),
    "disk": ("disk_readonly", "disk_full"),
    "logins": ("logins_failed",),
    "ports": ("port_opened",),
    "integrity": ("agent_altered",),
}
"""What a watcher says that lasts. Once it is off nobody would say that it is over."""

watchers: Registry[Watcher] = Registry(
    "watcher",
    "agent.watchers",
    (
        "link",
        "address",
        "gateway",
        "uplink",
        "disk",
        "logins",
        "ports",
        "integrity",
    ),
)
"""One module for each word that an operator can write in `[watchers]`."""


def happened(event: Event) -> tuple[Event, Event]:
    """Return the events of what has no duration: it begins and ends at once."""
    return replace(event, active=True), replace(event, active=False, details={})

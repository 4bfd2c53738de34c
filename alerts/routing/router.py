"""Which channels a message is written for, as tables.py asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from alerts.audience import addressed
from alerts.step import EVERYBODY
from core.alerts import Notification


class Router(Protocol):
    """Whoever knows the channels."""

    def channels(self, said: Notification, to: Sequence[str]) -> Sequence[str]:
        """Return the channels that *said* is written for, of those that *to* names."""


@dataclass(frozen=True, slots=True)
class Channels:
    """All channels that there are; *schools* names the school of one that is for one school alone.

    A channel that is gone since the beginning was told can be told no end.
    """

    names: tuple[str, ...]
    schools: Mapping[str, str] = field(default_factory=dict)

    def channels(self, said: Notification, to: Sequence[str]) -> Sequence[str]:
        """Return those of *to* to which *said* is something; `*` stands for all."""
        names = dict.fromkeys(
            name for one in to for name in (self.names if one == EVERYBODY else (one,))
        )
        there = [one for one in names if one in self.names]
        return [one for one in there if addressed(said, self.schools.get(one, ""))]

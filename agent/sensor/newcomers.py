"""Signs against whoever was heard for the first time a moment ago: they may begin a flood.

What a newcomer does is told once it has been there for a while; until then a detector can take it
back, to tell of all newcomers together. Time comes from the facts.
"""

from collections.abc import Hashable
from dataclasses import replace
from typing import Final

from agent.sensor.incidents import NUMBERS_MAX, Incidents, Sign

ROOM: Final = 64
"""Newcomers that wait at a time; one more is told of at once."""


class Newcomers:
    """Hands signs on to *incidents*, those against newcomers *wait_s* after these came."""

    def __init__(self, incidents: Incidents, wait_s: float) -> None:
        self._incidents, self._wait_s = incidents, wait_s
        self._rows: dict[Hashable, tuple[float, list[Sign]]] = {}
        """By the key of the incident: when it may be told, and what is."""

    def __contains__(self, key: Hashable) -> bool:
        """Return whether an incident of this key waits to be told."""
        return key in self._rows

    def sign(self, sign: Sign, first: float) -> None:
        """Tell *sign* or keep it; *first* is when its source was first heard.

        Of several that are kept for one incident the last knows best who it is.
        """
        key = sign.key
        due, kept = self._rows.get(key, (first + self._wait_s, []))
        known = not kept and self._incidents.is_open(sign.kind, key)
        if known or sign.at >= due or (not kept and len(self._rows) >= ROOM):
            self._tell(key)
            self._incidents.sign(sign)
        elif len(kept) < NUMBERS_MAX:
            self._rows[key] = due, [*kept, sign]
        else:
            kept[-1] = replace(sign, count=kept[-1].count + sign.count)

    def take_back(self, key: Hashable) -> list[Sign]:
        """Return what waits to be told of the incident *key*, which then is not."""
        return self._rows.pop(key, (0.0, []))[1]

    def tick(self, now: float) -> None:
        """Tell what has waited long enough."""
        for key, (due, _) in list(self._rows.items()):
            if now >= due:
                self._tell(key)

    def _tell(self, key: Hashable) -> None:
        kept = self.take_back(key)
        for sign in kept:
            self._incidents.sign(replace(sign, source=kept[-1].source, target=kept[-1].target))

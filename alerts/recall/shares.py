"""Of how many members of a group something holds: pure but for what is remembered of members.

A member of which nobody can tell is neither on nor off: it leaves both sides of the share.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from alerts.rules import Said, Share

MOST_MEMBERS: Final = 50_000
"""Of all groups of one rule."""


class Part(NamedTuple):
    """What was last said of one series of a member, and when (ns)."""

    place: str
    is_on: bool
    at: int


class Count(NamedTuple):
    """Members of which it holds, and members that are known."""

    on: int
    known: int

    @property
    def percent(self) -> float:
        """The share."""
        return 100 * self.on / self.known


@dataclass(slots=True)
class Groups:
    """The groups of one rule."""

    of: Share
    parts: dict[str, dict[tuple[str, str], Part]] = field(default_factory=dict)
    dirty: set[str] = field(default_factory=set)
    size: int = 0
    first_at: int = 0
    """Since when it is looked at (ns)."""
    was_on: set[str] = field(default_factory=set)
    """Groups of which it held since then."""

    def take(self, place: str, target: str, said: str, at: int) -> bool:
        """Hear what was said of a series; return False where there is no room for it."""
        group = group_of(place, self.of.of)
        parts = self.parts.setdefault(group, {})
        key = (place, target)
        known = parts.get(key)
        if known is None and self.size >= MOST_MEMBERS:
            return False
        self.size += known is None
        is_on = said == "on" or (said == "between" and known is not None and known.is_on)
        parts[key] = Part(place, is_on, at)
        self.dirty.add(group)
        return True

    def count(self, group: str, is_known: Callable[[Part], bool]) -> Count:
        """Return how many members of *group* there are, and of how many it holds."""
        members: dict[str | tuple[str, str], bool] = {}
        for key, part in self.parts.get(group, {}).items():
            if is_known(part):
                member = _member(key, self.of.members)
                members[member] = members.get(member, False) or part.is_on
        return Count(sum(members.values()), len(members))

    def settled(self, group: str, said: Said | None, at: int, wait: int) -> Said | None:
        """Return what is *said* of a group; what goes on from before a start is not over until all
        members had time to speak (*wait*, ns), or it was seen to go on."""
        self.first_at = self.first_at or at
        if said == "on":
            self.was_on.add(group)
        early = self.is_early(at, wait) and group not in self.was_on
        return "between" if said == "off" and early else said

    def is_early(self, at: int, wait: int) -> bool:
        """Return whether it is looked at for less than *wait* (ns)."""
        self.first_at = self.first_at or at
        return at - self.first_at < wait

    def sizes(self, keys: Iterable[tuple[str, str]]) -> Counter[str]:
        """Return how many members each group has, of *keys*, known or not."""
        members = {(group_of(key[0], self.of.of), _member(key, self.of.members)) for key in keys}
        return Counter(group for group, _ in members)

    def keep(self, members: Container[tuple[str, str]]) -> None:
        """Forget what is no member any more."""
        for parts in self.parts.values():
            for key in [key for key in parts if key not in members]:
                del parts[key]
                self.size -= 1

    def keep_at(self, hold: Callable[[str], bool]) -> None:
        """Forget members at places that are not looked at any more."""
        self.keep({key for parts in self.parts.values() for key in parts if hold(key[0])})

    def move(self, by: int) -> None:
        """Hear that the clock was set by so much (ns)."""
        self.first_at += by if self.first_at else 0
        for parts in self.parts.values():
            parts.update({key: part._replace(at=part.at + by) for key, part in parts.items()})

    def forget(self, before: int) -> None:
        """Forget what was last heard of *before* (ns)."""
        for group, parts in list(self.parts.items()):
            for key in [key for key, part in parts.items() if part.at < before]:
                del parts[key]
                self.size -= 1
            if not parts:
                del self.parts[group]


def group_of(place: str, of: Literal["school", "region", "district"]) -> str:
    """Return the place of the group that the agent at *place* belongs to."""
    names = place.split("/")
    return {"school": "/".join(names[:2]), "region": names[0], "district": ""}[of]


def _member(key: tuple[str, str], members: str) -> str | tuple[str, str]:
    place, _ = key
    if members == "series":
        return key
    return place if members == "agents" else "/".join(place.split("/")[:2])

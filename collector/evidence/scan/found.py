"""What a search gives: numbers with their place and a mask, and places that cannot be read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from core import persondata
from core.persondata import Found

MAX_HITS: Final = 10_000
"""Findings that are held; more are only counted."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A number: in which file or database, where in it, and masked. `allowed` says why it may be
    there, "" where it may not.
    """

    place: str
    where: str
    kind: str
    mask: str
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A place that could not be read, so that nobody knows what is there."""

    place: str
    reason: str


@dataclass(slots=True)
class Report:
    """Everything that a search has come upon."""

    places: int = 0
    bytes: int = 0
    values: int = 0
    """Texts and tags of time series."""
    findings: int = 0
    allowed: int = 0
    hits: list[Hit] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)
    """Device and inode of what was read: each once, whichever names and links lead there."""
    progress: Callable[[str, int], None] = lambda _place, _bytes: None

    def begin(self, place: str) -> None:
        """Hear that *place* is being read."""
        self.places += 1
        for found in persondata.find(place.rpartition("/")[2]):
            self.hit(place, "in its name", found)
        self.progress(persondata.removed(place), self.bytes)

    def read(self, place: str, count: int) -> None:
        """Hear of *count* bytes more."""
        self.bytes += count
        self.progress(persondata.removed(place), self.bytes)

    def hit(self, place: str, where: str, found: Found, allowed: str = "") -> None:
        """Keep one number; only those of mobiles are ever allowed."""
        allowed = allowed if found.kind == "mobile_number" else ""
        self.allowed += bool(allowed)
        self.findings += not allowed
        if len(self.hits) < MAX_HITS:
            # A name of a file or a key of a record may be a number itself.
            place, where = persondata.removed(place), persondata.removed(where)
            self.hits.append(Hit(place, where, found.kind, found.mask, allowed))

    def trouble(self, place: str, reason: object) -> None:
        """Keep that *place* cannot be read."""
        self.troubles.append(Trouble(place, str(reason) or type(reason).__name__))

    @property
    def is_clean(self) -> bool:
        """Whether everything was read and nothing found that may not be there."""
        return not self.findings and not self.troubles

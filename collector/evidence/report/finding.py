"""What was found about a clause, and what that comes to: pure.

No data is never good: it is `unknown`. A log that has not run for six months is `young`, which is
neither good nor bad. Of what only a part can be seen here, the best verdict is `part`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from core.alerts import Text

Verdict = Literal["met", "part", "gap", "manual", "unknown", "young", "none"]
"""`none`: the level does not ask for it."""
Coverage = Literal["full", "part", "manual"]
Level = Literal[2, 3]
LEVELS: Final[tuple[Level, ...]] = (3, 2)


@dataclass(frozen=True, slots=True)
class Span:
    """From when to before when (ns) records count."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Records that a figure rests on, so that somebody else can count them again.

    `sha256` is of what was counted, in the order of its rows: lines of the log with their newline,
    rows of a database as canonical JSON with a newline each, or the bytes of a file. `rows` names
    the first and the last of them.
    """

    source: str
    query: str
    count: int
    sha256: str
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing, and what to do next.

    A `hole` is a duty that is not met; everything else is a flaw. `level3`: level 2 does not ask.
    """

    what: Text
    todo: Text
    hole: bool = False
    level3: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What one look at the system came to. `unknown`: there was nothing to see."""

    figure: Text
    counted: Sequence[Counted] = ()
    gaps: Sequence[Gap] = ()
    unknown: bool = False
    young: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Everything about one clause. `blocked` says why evidence could not be read."""

    coverage: Coverage
    found: Sequence[Found]
    gaps: Sequence[Gap] = ()
    blocked: Sequence[Text] = ()
    stated: Sequence[Text] = field(default_factory=tuple)

    def all_gaps(self, level: Level = 3) -> list[Gap]:
        """Return every gap that *level* knows, holes first."""
        every = [*self.gaps, *(gap for one in self.found for gap in one.gaps)]
        here = [gap for gap in every if level == 3 or not gap.level3]
        return sorted(here, key=lambda gap: not gap.hole)

    def verdict(self, level: Level = 3) -> Verdict:
        """Return what all of it comes to."""
        gaps = self.all_gaps(level)
        if any(gap.hole for gap in gaps):
            return "gap"
        if self.coverage == "manual":
            return "manual"
        known = [one for one in self.found if not one.unknown]
        if not known:
            return "unknown"
        if gaps or self.blocked or len(known) < len(self.found):
            return "part"
        if any(one.young for one in known):
            return "young"
        return "met" if self.coverage == "full" else "part"

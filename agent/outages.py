"""How often and for how long a target did not answer at all (domain.md R-08).

    answers ──▶ lost ──▶ lost … for `after_s`, and three rounds ──▶ outage ──▶ answers

An outage counts from its first lost round to the first round that is answered; what is shorter is
loss, and no outage. A target that never answered since the agent started has none: many let no
echo request through. Time in which nobody looked is unknown: a machine that slept, an agent that
was stopped, a probe that could not run. It is not counted, and neither begins nor ends an outage.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from core.clock import SECOND

ROUNDS: Final = 3
"""Lost without an answer in between: at a lossy line all requests of one round may be lost."""

MISSED_ROUNDS: Final = 3
"""Intervals without a round from which on nobody knows what was in between."""

Tags = Mapping[str, str]
Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """From when on silence is an outage, and after which gap nothing is known (ns)."""

    after: int
    longest_gap: int


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one target; times are those of a clock that no step reaches (ns).

    `lost_since` is when the first round of those was that are lost now, `seen` when the last was.
    """

    outages: int = 0
    out: int = 0
    """All time of outages, that of one which goes on included."""
    seen: int = 0
    answered: bool = False
    """Whether it ever did."""
    lost: int = 0
    lost_since: int = 0
    is_out: bool = False

    def after(self, at: int, rules: Rules, *, answers: bool) -> "Record":
        """Return the record after a round *at*, which the target answered or did not."""
        unknown = at - self.seen > rules.longest_gap or at < self.seen
        if self.is_out:
            # What lies in a gap is left out; that it is the same outage behind it is likelier.
            out = self.out + (0 if unknown else at - self.seen)
            return replace(self, seen=at, out=out, is_out=not answers, lost=0)
        if answers:
            return replace(self, seen=at, answered=True, lost=0)
        if not self.answered:
            return replace(self, seen=at)
        begins = unknown or not self.lost
        lost, since = (1, at) if begins else (self.lost + 1, self.lost_since)
        silent = replace(self, seen=at, lost=lost, lost_since=since)
        if lost < ROUNDS or at - since < rules.after:
            return silent
        return replace(silent, is_out=True, outages=self.outages + 1, out=self.out + at - since)

    def fields(self) -> dict[str, int]:
        """Return the fields of a reading, none for a target that never answered."""
        if not self.answered:
            return {}
        return {"outages": self.outages, "outage_s": self.out // SECOND}


@dataclass(slots=True)
class Outages:
    """The records of the targets by their tags; they outlive a reload, which makes probes anew."""

    _records: dict[Key, Record] = field(default_factory=dict)

    def take(self, tags: Tags, at: int, rules: Rules, *, answers: bool) -> dict[str, int]:
        """Take in a round, and return the fields that go with it."""
        record = self._records.get(_key(tags), Record()).after(at, rules, answers=answers)
        self._records[_key(tags)] = record
        return record.fields()

    def known(self, tags: Tags) -> dict[str, int]:
        """Return the fields of a round that says nothing."""
        return self._records.get(_key(tags), Record()).fields()

    def keep(self, series: Iterable[Tags]) -> None:
        """Forget all but *series*: what is asked no more."""
        kept = {_key(tags) for tags in series}
        self._records = {key: one for key, one in self._records.items() if key in kept}


def _key(tags: Tags) -> Key:
    return tuple(sorted(tags.items()))
